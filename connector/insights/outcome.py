"""What a tool found, before a door sees it: one outcome per account, and what the whole question needs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from connector.installs.models import Install
from connector.lake.query import Versions
from connector.records.models import Record

# Most important first: the order in which caveats are shown.
CAVEATS: Final = (
    "outside_range",
    "provisional",
    "window_open",
    "machine_opens",
    "no_purchase_metric",
    "two_purchase_metrics",
    "bots_included",
    "duplicate_orders",
    "future_events",
    "other_currency",
    "small_base",
    "account_failed",
    "scope_missing",
    "renamed",
    "deleted_object",
    "floor_applied",
    "attribution_window",
    "erased",
    "suspicious_text",
)


@dataclass(frozen=True)
class Caveat:
    code: str
    text: str


@dataclass(eq=False)  # not frozen: raising sets the traceback
class Refusal(Exception):
    """Why an account gives no figures. `status` is refused, error, pending or needs_choice."""

    status: str
    code: str = ""
    text: str = ""
    what_to_do: str = ""
    retry_after: int | None = None
    choices: tuple[Record | Install, ...] = ()
    suggestion: dict[str, Any] | None = None  # arguments to call again with, for `next`
    waits_for: tuple[str, ...] = ()  # audiences that a task must fetch first (record ids)

    def __str__(self) -> str:
        return self.text


@dataclass
class AccountOutcome:
    """One account's part. `install` is None for a name that fits no account."""

    install: Install | None
    name: str
    status: str = "ok"
    reason: Refusal | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    period: dict[str, str] | None = None
    sentence: str = ""
    sources: list[Record] = field(default_factory=list)
    caveats: list[Caveat] = field(default_factory=list)
    versions: Versions | None = None
    freshness: dict[str, Any] = field(default_factory=dict)  # besides the events' span: when members were fetched
    resolved: dict[str, Any] = field(default_factory=dict)

    def refuse(self, refusal: Refusal) -> "AccountOutcome":
        self.status, self.reason = refusal.status, refusal
        return self


@dataclass
class Outcome:
    """The whole answer of a figures tool, still in our own terms."""

    accounts: list[AccountOutcome]
    definition: str = ""
    period_label: str = ""
    machine_opens: str | None = None
    basis: str = "events"


def overall(statuses: Iterable[str]) -> str:
    """ok if all are; partial if some are ok or partial; else the first present of needs_choice, pending, error, refused."""
    present = set(statuses)
    if not present or present == {"ok"}:
        return "ok"
    if present & {"ok", "partial"}:
        return "partial"
    return next(status for status in ("needs_choice", "pending", "error", "refused") if status in present)
