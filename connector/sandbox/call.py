"""One request as the handlers see it, and their answer."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import msgspec

from connector.sandbox.changes import Changes
from connector.sandbox.facts import Operation
from connector.sandbox.query import Query
from connector.sandbox.world.account import Account

JSON_API = "application/vnd.api+json"


@dataclass(frozen=True)
class Call:
    """`origin` is how the caller reached us, for links; `body` the decoded JSON; `upload` a form's file and fields."""

    account: Account
    operation: Operation
    id: str
    query: Query
    origin: str
    path: str
    now: int
    changes: Changes
    body: dict[str, Any] = field(default_factory=dict)
    upload: dict[str, Any] = field(default_factory=dict)

    @property
    def data(self) -> Any:
        return self.body.get("data", {})

    @property
    def address(self) -> str:
        return f"{self.origin}{self.path}"

    def page_address(self, cursor: str | None) -> str:
        query = self.query.with_cursor(cursor)
        return f"{self.address}?{query}" if query else self.address

    def at(self, *steps: str) -> str:
        """The address of something under /api/."""
        return f"{self.origin}/api/" + "/".join(quote(step, safe="$:-_") for step in steps) + "/"


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def answered(document: dict[str, Any], status: int = 200) -> Answer:
    return Answer(status, msgspec.json.encode(document), {"Content-Type": JSON_API})


def nothing() -> Answer:
    return Answer(204)
