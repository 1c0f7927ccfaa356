"""What a tool found, before a door sees it: one outcome per account, and what the whole question needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.insights.caveats import Caveat
from connector.insights.coverage import AccountState
from connector.insights.objects import KlaviyoObject
from connector.insights.refusal import Refusal
from connector.installs.models import Install
from connector.lake.query import Versions


@dataclass
class AccountOutcome:
    """One account's part. `install` is None for a name that fits no account, `account` until it is answered."""

    install: Install | None
    name: str
    status: str = "ok"
    reason: Refusal | None = None
    account: AccountState | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    period: dict[str, str] | None = None
    sentence: str = ""
    names: dict[str, str] = field(default_factory=dict)  # what each argument named, quoted for sentences
    sources: list[KlaviyoObject] = field(default_factory=list)
    caveats: list[Caveat] = field(default_factory=list)
    versions: Versions | None = None
    freshness: dict[str, Any] = field(default_factory=dict)  # besides the events' span: when members were fetched
    resolved: dict[str, Any] = field(default_factory=dict)
    beside: dict[str, Any] = field(default_factory=dict)  # for what a tool puts together over all accounts
    is_estimate: bool = False  # pending, with figures of Klaviyo's own report meanwhile

    def refuse(self, refusal: Refusal) -> "AccountOutcome":
        self.status, self.reason = refusal.status, refusal
        return self


@dataclass
class Outcome:
    """The whole answer of a figures tool, still in our own terms. `data`: fields of `data` beside `accounts`;
    `method`: fields of `method` beside those that every tool has, such as `attribution`."""

    accounts: list[AccountOutcome]
    question: str = ""  # what was asked, in words with the objects' own names
    definition: str = ""
    period_label: str | None = None
    basis: str = "events"
    method: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    exactness: str = "exact"
    answer: str | None = None  # instead of the accounts' sentences


def overall(statuses: Iterable[str]) -> str:
    """ok if all are; partial if some are ok or partial; else the first present of needs_choice, pending, error, refused."""
    present = set(statuses)
    if not present or present == {"ok"}:
        return "ok"
    if present & {"ok", "partial"}:
        return "partial"
    return next(status for status in ("needs_choice", "pending", "error", "refused") if status in present)


def common_names(accounts: Iterable[AccountOutcome]) -> dict[str, str]:
    """What each argument named, where all accounts that were answered agree."""
    found: dict[str, set[str]] = {}
    for entry in accounts:
        for argument, name in entry.names.items():
            found.setdefault(argument, set()).add(name)
    return {argument: next(iter(names)) for argument, names in found.items() if len(names) == 1}
