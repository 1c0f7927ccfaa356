"""The ASGI entry: /mcp for assistants with a token, everything else for Django.

The MCP SDK's own edge answers otherwise than assistants need (no scope in its challenge, 401 to a browser's preflight,
redirects that lose the token), so tokens, CORS and methods are ours; from there its session manager takes over.
"""

import asyncio
import json
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import OperationalError
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from accounts.bearer import bearer_caller
from accounts.caller import Caller
from accounts.grants import note_use
from accounts.limits import ip_of
from connector.mcp.challenge import challenge
from connector.mcp.server import CALLER, CLIENT, LISTS_TOOLS, build_server
from connector.mcp.threads import Threads
from connector.tools import group_commit

logger = logging.getLogger(__name__)
PATHS: Final = ("/mcp", "/mcp/")  # a redirect from one to the other would lose the token
LARGEST_BODY: Final = 1024 * 1024
CALL_THREADS: Final = 8
LOOKUP_THREADS: Final = 4  # of their own: slow answers must not keep the next assistant at the door
RETRY_AFTER: Final = "30"  # seconds
USE_NOTED_EVERY: Final = 60.0
MOST_NOTED: Final = 10_000
CORS: Final = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "WWW-Authenticate, Mcp-Session-Id"}
PREFLIGHT: Final = CORS | {
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Accept, Last-Event-ID, Mcp-Session-Id, MCP-Protocol-Version, Mcp-Method, Mcp-Name"
    ),
    "Access-Control-Max-Age": "86400",
}
_BEARER: Final = re.compile(r"bearer +([A-Za-z0-9._~+/-]{1,512}=*) *", re.IGNORECASE)


class Edge:
    """The application that config/asgi.py serves."""

    def __init__(self, django_application: Callable[..., Awaitable[None]]) -> None:
        self._django = django_application
        self._door: Door | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        elif scope["path"] in PATHS:
            await self._admit(scope, receive, send)
        else:
            await self._django(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Django knows no lifespan; the SDK's session manager needs one, new at every start."""
        await receive()
        async with open_door() as self._door:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        self._door = None
        await send({"type": "lifespan.shutdown.complete"})

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=PREFLIGHT)(scope, receive, send)
        elif self._door is None:
            await refusal(503, "unavailable", "Starting or stopping. Try again in a moment.")(scope, receive, send)
        else:
            await self._door.serve(scope, receive, send)


class Door:
    """One start of the process: the session manager, its threads, and who was noted as having called."""

    def __init__(self, manager: StreamableHTTPSessionManager, lookups: Threads) -> None:
        self._manager = manager
        self._lookups = lookups
        self._noted: dict[UUID, tuple[float, tuple[str, str]]] = {}

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = await self._caller(scope)
        if isinstance(caller, Response):
            await caller(scope, receive, send)
        elif scope["method"] != "POST":
            answer = refusal(405, "method_not_allowed", "Use POST: there are no sessions and no streams to open.")
            answer.headers["Allow"] = "POST, OPTIONS"
            await answer(scope, receive, send)
        else:
            scope[CALLER] = caller
            await self._manager.handle_request(scope, receive, _Outgoing(scope, send))
            await self._note(caller, scope.get(CLIENT, ("", "")))

    async def _caller(self, scope: Scope) -> Caller | Response:
        """The token's caller, or the 401 or 403 that tells an assistant where to get one (never from the address)."""
        headers = Headers(scope=scope)
        given = headers.getlist("authorization")
        if not given:
            return refusal(401, "unauthorized", "An access token is needed.", challenge())
        found = _BEARER.fullmatch(given[0]) if len(given) == 1 else None
        origin = {"ip": ip_of((scope.get("client") or ("",))[0]), "request_id": headers.get("x-request-id", "")[:64]}
        try:
            caller = await self._lookups.run(bearer_caller, found[1], **origin) if found else None
        except OperationalError as error:
            logger.error("the database: %s", type(error.__cause__ or error).__name__)
            answer = refusal(503, "unavailable", "The database cannot be reached just now. Try again in a moment.")
            answer.headers["Retry-After"] = RETRY_AFTER
            return answer
        if caller is None:
            text = "The access token is not valid or no longer valid."
            return refusal(401, "invalid_token", text, challenge("invalid_token", text))
        if "read" not in caller.scopes:
            text = "The access token may not ask questions."
            return refusal(403, "insufficient_scope", text, challenge("insufficient_scope", text))
        return caller

    async def _note(self, caller: Caller, client: tuple[str, str]) -> None:
        """After the answer, and at most once a minute unless the assistant gives another name."""
        now, key = time.monotonic(), caller.connection_id
        if key is None:
            return
        at, name = self._noted.get(key, (-USE_NOTED_EVERY, ("", "")))
        if now - at < USE_NOTED_EVERY and (not client[0] or client == name):
            return
        if len(self._noted) >= MOST_NOTED:
            self._noted.clear()
        self._noted[key] = now, client if client[0] else name
        await self._lookups.run(note_use, key, client=client[0], version=client[1])


@asynccontextmanager
async def open_door() -> AsyncIterator[Door]:
    """From start to stop of the process."""
    calls, lookups = Threads("mcp-call", CALL_THREADS), Threads("mcp-lookup", LOOKUP_THREADS)
    manager = StreamableHTTPSessionManager(
        app=build_server(calls),
        stateless=True,
        security_settings=allowed_origins(),
        max_request_body_size=LARGEST_BODY,
    )
    try:
        async with manager.run():
            yield Door(manager, lookups)
    finally:
        await calls.close()
        await lookups.close()
        await asyncio.to_thread(group_commit.stop)


def allowed_origins() -> TransportSecuritySettings:
    """Whose pages may call (a missing Origin passes: assistants send none), and under which names we answer."""
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[urlsplit(settings.PUBLIC_URL).netloc, "localhost:*", "127.0.0.1:*"],
        allowed_origins=[
            settings.PUBLIC_URL,
            "https://chatgpt.com",
            "https://claude.ai",
            "http://localhost:*",
            "http://127.0.0.1:*",
        ],
    )


def refusal(status: int, code: str, text: str, www_authenticate: str = "") -> Response:
    headers = (
        CORS | {"Cache-Control": "no-store"} | ({"WWW-Authenticate": www_authenticate} if www_authenticate else {})
    )
    return JSONResponse({"error": code, "error_description": text}, status_code=status, headers=headers)


class _Outgoing:
    """The way out of the session manager: CORS on everything, `securitySchemes` at the top level of listed tools."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._held: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            cors = [(name.lower().encode(), value.encode()) for name, value in CORS.items()]
            message = {**message, "headers": [*message.get("headers", []), *cors]}
            if any(name.lower() == b"content-length" for name, _ in message["headers"]):
                self._held = message  # its length may change with the body, which follows at once
                return
        elif message["type"] == "http.response.body" and self._scope.get(LISTS_TOOLS):
            message = {**message, "body": with_security_schemes(message.get("body", b""))}
        if self._held:
            held, self._held = self._held, None
            await self._send(_resized(held, len(message.get("body", b""))) if self._scope.get(LISTS_TOOLS) else held)
        await self._send(message)


def _resized(start: Message, length: int) -> Message:
    headers = [
        (name, str(length).encode() if name.lower() == b"content-length" else value) for name, value in start["headers"]
    ]
    return {**start, "headers": headers}


def with_security_schemes(body: bytes) -> bytes:
    """A tools/list answer, as JSON or as one event, with each tool's `_meta.securitySchemes` copied up."""
    if b'"securitySchemes"' not in body:
        return body
    if body.startswith(b"{"):
        return _copied_up(body)
    lines = body.split(b"\r\n")
    return b"\r\n".join(b"data: " + _copied_up(line[6:]) if line.startswith(b"data: ") else line for line in lines)


def _copied_up(text: bytes) -> bytes:
    answer: Mapping[str, Any] = json.loads(text)
    for tool in answer["result"]["tools"]:
        tool["securitySchemes"] = tool["_meta"]["securitySchemes"]
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
