"""Trouble on demand: what the next requests meet instead of a good answer."""

import json
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from connector.sandbox.call import JSON_API, Answer

FAULTS = ("429", "500", "503", "slow", "html403", "plan403", "truncated", "malformed", "reset", "duplicate-page", "looping-cursor",
          "lost-answer")  # fmt: skip
CHALLENGE = (
    b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>"
)


@dataclass
class Fault:
    """The next `times` requests whose address begins with `path` get this; `seconds` for slow and 429. The address is
    path and query in plain text, and `*` in `path` stands for anything: `/api/campaigns?*sms`."""

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

    def next(self, address: str, account: str | None) -> Fault | None:
        """The fault that this request meets, used up by it."""
        for fault in self.waiting:
            if fnmatchcase(address, f"{fault.path}*") and fault.account in (None, account):
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
    if fault.kind == "plan403":
        title = "This feature is not part of the account's plan."
        return Answer(403, _errors(403, "permission_denied", title), {"Content-Type": JSON_API})
    if fault.kind == "html403":
        return Answer(403, CHALLENGE, {"Content-Type": "text/html; charset=UTF-8", "cf-mitigated": "challenge"})
    return None


def _errors(status: int, code: str, title: str) -> bytes:
    error = {"id": "trouble", "status": status, "code": code, "title": title, "detail": title}
    return json.dumps({"errors": [error | {"source": {"pointer": "/data/"}}]}).encode()


def bent(fault: Fault, answer: Answer, before: Answer | None, again: str) -> Answer:
    """A good answer made bad. `before` was the last one of this path; `again` is this one's address, spelled anew."""
    if fault.kind == "malformed":
        return replace(answer, body=answer.body[: len(answer.body) // 2] + b"<oops>")
    if fault.kind == "duplicate-page" and before is not None:
        return _with_next(before, again)
    if fault.kind == "looping-cursor":
        return _with_next(answer, _links(answer).get("self"))
    return answer


MARK = b',"links":'
"""Links come last in a page, so the rest of it can stay as it was written."""


def _links(answer: Answer) -> dict[str, str | None]:
    place = answer.body.rfind(MARK)
    return {} if place < 0 else json.loads(answer.body[place + len(MARK) : -1])


def _with_next(answer: Answer, following: str | None) -> Answer:
    links = json.dumps(_links(answer) | {"next": following}).encode()
    return replace(answer, body=answer.body[: answer.body.rfind(MARK)] + MARK + links + b"}")
