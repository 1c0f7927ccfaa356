"""A sandbox on a free port of this machine, in this process, with a clock that a test can move."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import uvicorn

from connector.sandbox.asgi import App, Breakable
from connector.sandbox.changes import Changes
from connector.sandbox.limits import Windows
from connector.sandbox.oauth import App as Registered
from connector.sandbox.oauth import Oauth
from connector.sandbox.server import Sandbox
from connector.sandbox.state import State
from connector.sandbox.world.account import Size
from connector.sandbox.world.making import Plan, World

REVISION = "2026-07-15"
REDIRECT = "http://localhost:8000/oauth/klaviyo/callback/"
BASE = 1_795_608_000  # 2026-11-25T12:00:00Z
SMALL = Size(people=120, events=3000)
AMERICA, EUROPE, ASIA, EMPTY = "Nw7Kq2", "Kz4Bd9", "Kh8Jp3", "Em0Ty1"


@dataclass
class Clock:
    """Seconds since 1970, as `time.time`, with what a test has added."""

    added: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.added

    def forward(self, seconds: float) -> None:
        self.added += seconds


@dataclass
class Running:
    """The sandbox, and an HTTP client's view of it."""

    url: str
    sandbox: Sandbox
    clock: Clock
    app: Registered

    def client(self, account: str = AMERICA, scopes: list[str] | None = None) -> httpx.Client:
        """A client with a new access token of the account."""
        token = self.grant(account, scopes)["access_token"]
        headers = {"Authorization": f"Bearer {token}", "revision": REVISION}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def grant(self, account: str = AMERICA, scopes: list[str] | None = None) -> dict[str, Any]:
        return self.control("grant", account=account, scopes=scopes)

    def control(self, action: str, **body: Any) -> dict[str, Any]:
        answer = httpx.post(f"{self.url}/_sandbox/{action}", json=body, timeout=60)
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def trigger(self, kind: str, **options: Any) -> Any:
        return self.control("trigger", kind=kind, **options)

    def raw(self, kind: str, account: str = AMERICA) -> list[dict[str, Any]]:
        """Everything of a kind, as the sandbox itself holds it."""
        answer = httpx.get(f"{self.url}/_sandbox/raw/{account}/{kind}", timeout=60)
        return [msgspec.json.decode(line) for line in answer.content.splitlines()]


@contextmanager
def running(
    folder: Path,
    *,
    accounts: int = 3,
    size: Size = SMALL,
    base: int = BASE,
    limits: bool = False,
    empty: bool = False,
    life: int = 3600,
    rotate: bool = False,
) -> Iterator[Running]:
    """Serve until the block ends. The state in `folder` outlives it."""
    clock, state = Clock(), State(folder)
    clock.forward(base - time.time())
    world = World(Plan(seed=7, base=base, accounts=accounts, size=size, empty=empty))
    app = Registered("the-app", "its/secret", (REDIRECT,), life, rotate)
    windows = Windows(state, on=limits)
    oauth = Oauth(app, state, world.shops, windows)
    sandbox = Sandbox(state, Changes(state, world), oauth, windows, clock=clock)
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(App(sandbox), http=Breakable, log_level="critical", access_log=False, server_header=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        _wait_for(url)
        yield Running(url, sandbox, clock, app)
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def _wait_for(url: str) -> None:
    for _ in range(100):
        try:
            if httpx.get(f"{url}/healthz").status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise AssertionError("The sandbox did not start.")
