"""Trouble on demand: what the next requests meet instead of a good answer."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, quote, urlencode

from connector.sandbox.call import JSON_API, Answer
from connector.sandbox.query import opened

FAULTS = ("429", "500", "503", "slow", "html403", "truncated", "malformed", "reset", "duplicate-page", "looping-cursor",
          "lost-answer")  # fmt: skip
CHALLENGE = (
    b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>"
)


@dataclass
class Fault:
    """The next `times` requests whose path begins with `path` get this; `seconds` for slow and 429."""

    kind: str
    times: int = 1
    path: str = "/api/"
    account: str | None = None
    seconds: float = 2.0


@dataclass
class Trouble:
    """The faults that wait. `last` remembers answers, for those that repeat one."""

    waiting: list[Fault] = field(default_factory=list)
    last: dict[str, Answer] = field(default_factory=dict)

    def next(self, path: str, account: str | None) -> Fault | None:
        """The fault that this request meets, used up by it."""
        for fault in self.waiting:
            if path.startswith(fault.path) and fault.account in (None, account):
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
                return fault
        return None

    def remember(self, path: str, answer: Answer) -> None:
        self.last[path] = answer


def instead(fault: Fault) -> Answer | None:
    """An answer that comes without asking the sandbox at all."""
    if fault.kind == "429":
        body = _errors(429, "throttled", "Request was throttled.")
        return Answer(429, body, {"Content-Type": JSON_API, "Retry-After": str(int(fault.seconds))})
    if fault.kind in ("500", "503"):
        return Answer(
            int(fault.kind), _errors(int(fault.kind), "error", "A server error occurred."), {"Content-Type": JSON_API}
        )
    if fault.kind == "html403":
        return Answer(403, CHALLENGE, {"Content-Type": "text/html; charset=UTF-8", "cf-mitigated": "challenge"})
    return None


def _errors(status: int, code: str, title: str) -> bytes:
    error = {"id": "trouble", "status": status, "code": code, "title": title, "detail": title}
    return json.dumps({"errors": [error | {"source": {"pointer": "/data/"}}]}).encode()


def bent(fault: Fault, answer: Answer, before: Answer | None) -> Answer:
    """A good answer made bad."""
    if fault.kind == "malformed":
        return replace(answer, body=answer.body[: len(answer.body) // 2] + b"<oops>")
    if fault.kind == "duplicate-page" and before is not None:
        return _with_next(before, _respelled(_links(answer).get("self")))
    if fault.kind == "looping-cursor":
        return _with_next(answer, _links(answer).get("self"))
    return answer


def _links(answer: Answer) -> Mapping[str, str | None]:
    links: Mapping[str, str | None] = json.loads(answer.body or b"{}").get("links", {})
    return links


def _respelled(address: str | None) -> str | None:
    """The same page under another spelling of its cursor, so that a repeated page is not a repeated cursor."""
    if address is None:
        return None
    start, _, query = address.partition("?")
    said = dict(parse_qsl(query))
    if "page[cursor]" in said:
        place = json.dumps(opened(said["page[cursor]"]), indent=1)
        said["page[cursor]"] = base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")
    return f"{start}?{urlencode(said, quote_via=quote)}"


def _with_next(answer: Answer, following: str | None) -> Answer:
    document = json.loads(answer.body)
    document["links"]["next"] = following
    return replace(answer, body=json.dumps(document).encode())
