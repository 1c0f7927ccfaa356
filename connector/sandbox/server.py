"""The sandbox as a whole: one request in, one answer out."""

import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from connector.sandbox import bodies, reads
from connector.sandbox.call import JSON_API, Answer, Call
from connector.sandbox.changes import Changes
from connector.sandbox.errors import Refusal, bad_parameter, forbidden, unauthenticated
from connector.sandbox.facts import Operation, find, raw
from connector.sandbox.limits import Windows
from connector.sandbox.oauth import Oauth
from connector.sandbox.query import Query, closed, parsed
from connector.sandbox.state import Install, State
from connector.sandbox.trouble import Fault, Trouble
from connector.sandbox.writes import WRITES

REVISION = re.compile(r"\d{4}-\d{2}-\d{2}(\.[a-z]+)?")
Seen = tuple[float, str, str, int]


@dataclass(frozen=True)
class Request:
    """Header names are in lower case; `origin` is scheme and host as the caller wrote them."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    origin: str
    peer: str

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))


@dataclass
class Sandbox:
    """`seen` is every API request: when, whose account, which operation, which status."""

    state: State
    changes: Changes
    oauth: Oauth
    windows: Windows
    trouble: Trouble = field(default_factory=Trouble)
    clock: Callable[[], float] = time.time
    seen: deque[Seen] = field(default_factory=lambda: deque(maxlen=500_000))

    def install_of(self, request: Request) -> Install | None:
        """Whose token this is."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return self.state.by_access(token, self.clock()) if scheme == "Bearer" and token else None

    def fault(self, request: Request, install: Install | None) -> Fault | None:
        address = unquote(f"{request.path}?{request.query}")
        return self.trouble.next(address, install.account if install else None)

    def answer(self, request: Request, install: Install | None) -> Answer:
        """An API request, answered as Klaviyo would."""
        held = install.account if install else ""
        operation_id = "unknown"
        try:
            operation, id = find(request.method, request.path.rstrip("/"))
            operation_id = operation.id
            answer = self._served(request, operation, id, install)
        except Refusal as refusal:
            answer = Answer(refusal.status, refusal.body(), {"Content-Type": JSON_API} | refusal.headers)
        self.seen.append((self.clock(), held, operation_id, answer.status))
        marks = {"X-Klaviyo-API-Revision": raw()["revision"]} | ({"CID": held} if held else {})
        return Answer(answer.status, answer.body, answer.headers | marks)

    def _served(self, request: Request, operation: Operation, id: str, install: Install | None) -> Answer:
        if install is None:
            raise unauthenticated("Missing or invalid access token.")
        _check_revision(request.headers.get("revision"))
        missing = tuple(scope for scope in operation.scopes if scope not in install.scopes)
        if missing:
            raise forbidden(missing)
        query = parsed(operation, request.query)
        headers = self.windows.admit(install.account, operation, query, self.clock())
        try:
            answer = self._handled(self._call(request, operation, id, query, install))
        except Refusal as refusal:
            # What was counted says so, whatever came of it; a 429 alone leaves these headers out.
            refusal.headers = headers | refusal.headers
            raise
        return Answer(answer.status, answer.body, answer.headers | headers)

    def _call(self, request: Request, operation: Operation, id: str, query: Query, install: Install) -> Call:
        media = request.headers.get("content-type", "")
        json = operation.media == JSON_API
        return Call(
            account=self.changes.account(install.account),
            operation=operation,
            id=id,
            query=query,
            origin=request.origin,
            path=request.path,
            now=int(self.clock()),
            changes=self.changes,
            body=bodies.decoded(operation, media, request.body) if json else {},
            upload=bodies.form(media, request.body) if operation.media and not json else {},
        )

    def respelled(self, request: Request) -> str:
        """The request's address with its cursor written in another way: the same page, and not the same text."""
        operation, _ = find(request.method, request.path.rstrip("/"))
        query = parsed(operation, request.query)
        cursor = closed(query.mark, *query.cursor, spaced=True) if query.cursor else None
        return f"{request.origin}{request.path}?{query.with_cursor(cursor)}"

    def _handled(self, call: Call) -> Answer:
        call.account.settle(self.clock())
        handler = reads.read if call.operation.method == "GET" else WRITES[call.operation.id]
        return handler(call)


def _check_revision(said: str | None) -> None:
    if not said:
        raise bad_parameter("revision", "A revision header is required.")
    if not REVISION.fullmatch(said) or said.split(".")[0] != raw()["revision"]:
        raise bad_parameter(
            "revision", f"The revision '{said}' is not one that is served here: {raw()['revision']} is."
        )
