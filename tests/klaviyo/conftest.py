"""A Klaviyo that says what a test tells it to say, over real HTTP."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connector.klaviyo.client import Klaviyo
from connector.klaviyo.limits import Limiter, MemoryStore

JSON = "application/vnd.api+json"


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """`cut` sends so many bytes and closes; `hang` seconds pass before the first byte, `drip` between any two."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    hang: float = 0.0
    drip: float = 0.0


def reply(data: Any, status: int = 200, **headers: str) -> Reply:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(data).encode(), {"content-type": JSON, **given})


def refusal(status: int, code: str, detail: str = "", title: str = "No.") -> Reply:
    return reply({"errors": [{"id": "1", "code": code, "title": title, "detail": detail}]}, status)


def html(status: int) -> Reply:
    """What stands before Klaviyo speaks, not Klaviyo."""
    headers = {"content-type": "text/html; charset=UTF-8", "cf-mitigated": "challenge"}
    return Reply(status, b"<html>Just a moment...</html>", headers)


class Told(ThreadingHTTPServer):
    """Answers each request with the next of `script`, the last one for ever; or by `handler`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: list[Reply] = []
        self.handler: Callable[[Request], Reply] | None = None
        self.requests: list[Request] = []
        self.lock = threading.Lock()
        self.stopped = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, request: Request) -> Reply:
        with self.lock:
            self.requests.append(request)
            if self.handler is None:
                return self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return self.handler(request)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Told

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        said = self.server.answer(Request(self.command, parts.path, query, headers, body))
        if said.hang:
            self.server.stopped.wait(said.hang)
        if said.cut == 0:
            self.close_connection = True
            return
        self.send_response(said.status)
        for name, value in {"content-length": str(len(said.body)), **said.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for part in [bytes([one]) for one in said.body] if said.drip else [said.body[: said.cut]]:
                self.wfile.write(part)
                if said.drip:
                    self.server.stopped.wait(said.drip)
        except ConnectionError:
            self.close_connection = True
        self.close_connection = said.cut is not None

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_PATCH(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class Tokens:
    """A token source that counts what it is asked."""

    def __init__(self) -> None:
        self.token = "token-1"
        self.renewals: list[str] = []

    def access(self) -> str:
        return self.token

    def renew(self, stale: str) -> str:
        self.renewals.append(stale)
        self.token = f"token-{len(self.renewals) + 1}"
        return self.token


@contextmanager
def listening() -> Iterator[Told]:
    told = Told()
    thread = threading.Thread(target=told.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield told
    told.stopped.set()
    told.shutdown()
    told.server_close()


@pytest.fixture
def server() -> Iterator[Told]:
    with listening() as told:
        yield told


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def pauses() -> list[float]:
    return []


class Clock:
    """A clock on which whoever sleeps wakes at once, and later."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.skipped

    def sleep(self, seconds: float) -> None:
        self.skipped += seconds


@pytest.fixture
def klaviyo(server: Told, tokens: Tokens, pauses: list[float]) -> Klaviyo:
    """A client of the server for which waiting takes no time; its limits are kept in memory."""
    clock = Clock()
    limiter = Limiter(MemoryStore(clock), clock=clock, sleep=clock.sleep, jitter=lambda: 0.0)
    return Klaviyo("AcCt01", tokens, limiter, api_url=server.url, sleep=pauses.append, chance=lambda: 0.5)
