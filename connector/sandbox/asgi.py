"""The sandbox over HTTP: addresses, bodies, and connections that break when they are asked to."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from connector.sandbox.call import Answer
from connector.sandbox.control import controlled
from connector.sandbox.pages import of_an_object
from connector.sandbox.server import Request, Sandbox
from connector.sandbox.state import Install
from connector.sandbox.trouble import Fault, bent, instead

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
LARGEST = 6 * 1024 * 1024
LOOPBACK = ("127.0.0.1", "::1", "")


class Breakable(HttpToolsProtocol):
    """Uvicorn's own protocol, with the connection within reach of the application, which may have to cut it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["transport"] = self.transport  # type: ignore[typeddict-unknown-key]


@dataclass
class App:
    """The ASGI application. Requests are answered one at a time: the state needs no locks."""

    sandbox: Sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            request = await _request(scope, receive)
            if request.path.startswith("/_sandbox/"):
                await self._control(request, send)
            elif request.path.startswith("/api/"):
                await self._api(request, scope, send)
            else:
                await _send(self._page(request), send)

    def _page(self, request: Request) -> Answer:
        oauth, now = self.sandbox.oauth, self.sandbox.clock()
        if request.path == "/healthz":
            return Answer(200, b'{"status":"ok"}', {"Content-Type": "application/json"})
        if request.path.rstrip("/") == "/oauth/authorize" and request.method in ("GET", "POST"):
            return oauth.authorize(request.method, request.query, request.form, now)
        if request.method == "POST" and request.path.rstrip("/") == "/oauth/token":
            return oauth.token(request.headers, request.form, now)
        if request.method == "POST" and request.path.rstrip("/") == "/oauth/revoke":
            return oauth.revoke(request.headers, request.form)
        return of_an_object(request.method, request.path) or Answer(404, b"Not found", {"Content-Type": "text/plain"})

    async def _control(self, request: Request, send: Send) -> None:
        if request.peer not in LOOPBACK:
            await _send(Answer(404, b"Not found", {"Content-Type": "text/plain"}), send)
            return
        answer, stream = controlled(self.sandbox, request)
        if stream is None:
            await _send(answer, send)
            return
        await _start(answer, None, send)
        for chunk in stream:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _api(self, request: Request, scope: Scope, send: Send) -> None:
        install = self.sandbox.install_of(request)
        if install is not None:
            # A large account takes seconds to make: the first request waits for it, the others do not.
            await asyncio.to_thread(self.sandbox.changes.account, install.account)
        fault = self.sandbox.fault(request, install)
        if fault is None:
            answer = self.sandbox.answer(request, install)
            self.sandbox.trouble.remember(request.path, answer)
            await _send(answer, send)
        elif fault.kind == "reset":
            await _cut(scope)
        else:
            await self._troubled(fault, request, install, scope, send)

    async def _troubled(
        self, fault: Fault, request: Request, install: Install | None, scope: Scope, send: Send
    ) -> None:
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        at_once = instead(fault)
        if at_once is not None:
            self.sandbox.seen.append(
                (self.sandbox.clock(), install.account if install else "", fault.kind, at_once.status)
            )
            await _send(at_once, send)
            return
        again = self.sandbox.respelled(request) if fault.kind == "duplicate-page" else ""
        before = self.sandbox.trouble.last.get(request.path)
        answer = bent(fault, self.sandbox.answer(request, install), before, again)
        if fault.kind == "lost-answer":
            await _cut(scope)
        elif fault.kind == "truncated":
            await _start(answer, len(answer.body), send)
            await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
            await _cut(scope, gently=True)
        else:
            await _send(answer, send)


async def _cut(scope: Scope, gently: bool = False) -> None:
    """Close the connection under the request; not gently, the peer sees a reset."""
    transport = scope["transport"]
    if gently:
        transport.close()
    else:
        transport.abort()
    await asyncio.sleep(0.01)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return


async def _request(scope: Scope, receive: Receive) -> Request:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    parts, more, size = [], True, 0
    while more:
        event = await receive()
        parts.append(event.get("body", b""))
        size += len(parts[-1])
        more = event.get("more_body", False) and size < LARGEST
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=b"".join(parts),
        origin=f"{scope['scheme']}://{headers.get('host', '127.0.0.1')}",
        peer=(scope.get("client") or ("",))[0],
    )


async def _send(answer: Answer, send: Send) -> None:
    await _start(answer, len(answer.body), send)
    await send({"type": "http.response.body", "body": answer.body})


async def _start(answer: Answer, length: int | None, send: Send) -> None:
    headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    if length is not None and answer.status != 204:
        headers.append((b"Content-Length", str(length).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
