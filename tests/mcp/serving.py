"""The product's web entry under a real server, on a free port, in a thread of the test; tokens for it; raw requests."""

import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import uvicorn
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.test import override_settings
from django.utils import timezone

from accounts.caller import digest
from accounts.grants import resource
from accounts.models import AccessToken, Membership
from connector.mcp.edge import Edge
from tests.factories import ConnectionFactory

LEGACY, MODERN = "2025-11-25", "2026-07-28"
ERAS = [LEGACY, MODERN]


@contextmanager
def serving(graceful: int = 2) -> Iterator[str]:
    """The public URL of a running product; settings follow the port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with override_settings(PUBLIC_URL=url, OAUTH2_PROVIDER=settings.OAUTH2_PROVIDER | {"OIDC_ISS_ENDPOINT": url}):
            config = uvicorn.Config(
                Edge(get_asgi_application()), log_config=None, lifespan="on", timeout_graceful_shutdown=graceful
            )
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="web")
            thread.start()
            try:
                _wait_until_started(server)
                yield url
            finally:
                server.should_exit = True
                thread.join(30)


def _wait_until_started(server: uvicorn.Server) -> None:
    deadline = time.monotonic() + 20
    while not server.started:
        if time.monotonic() > deadline:
            raise TimeoutError("the web server did not start")
        time.sleep(0.02)


def granted(
    membership: Membership, *, scope: str = "read write", installs: list[str] | None = None, **token: Any
) -> str:
    """An access token as the consent page would have led to; the flow itself is tested in tests/oauth and test_clients."""
    secret = secrets.token_urlsafe(24)
    connection = ConnectionFactory(
        organization=membership.organization,
        user=membership.user,
        scope=scope,
        installs=installs,
        resource=[resource()],
        client_name="",
        client_version="",
    )
    facts = {"resource": [resource()], "expires": timezone.now() + timedelta(hours=1), "scope": scope} | token
    AccessToken.objects.create(connection=connection, user=membership.user, token_checksum=digest(secret), **facts)
    return secret


def post(
    url: str,
    message: Any,
    *,
    token: str | None = None,
    era: str = LEGACY,
    path: str = "/mcp",
    timeout: float = 30,
    **headers: str,
) -> httpx.Response:
    """One POST as a client of this era sends it; `message` may be bytes. A header given as "" is left out."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    usual = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": era,
    } | ({"Authorization": f"Bearer {token}"} if token is not None else {})
    if era == MODERN and isinstance(message, dict):
        params = message.get("params")
        name = params.get("name") if isinstance(params, dict) else None
        usual |= {"Mcp-Method": str(message.get("method"))} | ({"Mcp-Name": name} if isinstance(name, str) else {})
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value for name, value in (usual | named).items() if value}
    return httpx.post(url + path, content=body, headers=sent, timeout=timeout)


def request(
    method: str, era: str = LEGACY, *, id: Any = 1, client: tuple[str, str] | None = None, **params: Any
) -> dict[str, Any]:
    """A JSON-RPC request with what this era wants in it."""
    if era == MODERN:
        meta: dict[str, Any] = {
            "io.modelcontextprotocol/protocolVersion": era,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        if client:
            meta["io.modelcontextprotocol/clientInfo"] = {"name": client[0], "version": client[1]}
        params["_meta"] = meta | params.get("_meta", {})
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}


def initialize(client: tuple[str, str] = ("ChatGPT", "1.2026.300"), version: str = LEGACY) -> dict[str, Any]:
    return request(
        "initialize", protocolVersion=version, capabilities={}, clientInfo={"name": client[0], "version": client[1]}
    )


def answered(response: httpx.Response) -> dict[str, Any]:
    """The JSON-RPC answer, from JSON or from the one event of a stream."""
    if response.headers["content-type"].startswith("text/event-stream"):
        data = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
        return json.loads(data[-1])
    return response.json()


def eventually(holds: Callable[[], bool], seconds: float = 5.0) -> bool:
    """True as soon as it holds: what happens after an answer has left needs a moment."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
