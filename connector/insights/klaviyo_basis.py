"""Klaviyo's own reports as the basis of a tool's figures: read once per question, with what they cost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from connector.insights.caveats import Caveat
from connector.insights.days import day_start
from connector.insights.outcome import AccountOutcome
from connector.insights.periods import utc_text
from connector.insights.question import AccountQuestion
from connector.insights.refusal import Refusal
from connector.insights.report_requests import Request
from connector.insights.report_rows import Row
from connector.insights.reports import Report, plan, run
from connector.installs.access import reports_left

BOTS: Final = Caveat(
    "bots_included", "These are Klaviyo's own figures: clicks by bots and opens by machines are in them."
)


@dataclass(frozen=True)
class Reading:
    """The rows of each report of a question, in the order of its requests. `reports` were spent on it, `seconds` is what Klaviyo's pace makes of
    them; `left_today` what the scarcest of their kinds has left afterwards, None while that is not known."""

    by_request: list[list[Row]]
    reports: int
    seconds: int
    left_today: int | None
    read_at: datetime | None

    @property
    def rows(self) -> list[Row]:
        return [row for rows in self.by_request for row in rows]

    def cost(self) -> dict[str, Any]:
        return {"reports": self.reports, "seconds": self.seconds, "left_today": self.left_today}


def read(asked: AccountQuestion, requests: Sequence[Request]) -> Reading:
    """Klaviyo's answers; those that a receipt was answered from, when it is run again. Raises Refusal as `run` does."""
    reading: Reading = asked.resolver.book.once("klaviyo_report", Reading, lambda: _read(asked, requests))
    asked.resolver.freshness["report_read_at"] = utc_text(reading.read_at)
    return reading


def _read(asked: AccountQuestion, requests: Sequence[Request]) -> Reading:
    cost = plan(asked.install, requests, asked.moment)
    may_spend = bool(asked.args.get("spend_reserve"))
    deadline = asked.question.deadline
    reports = run(asked.install, requests, asked.moment, spend_reserve=may_spend, deadline=deadline)
    left = reports_left(asked.install, {request.kind for request in requests})
    return Reading([list(report.rows) for report in reports], cost.reports, cost.seconds, left, _oldest(reports))


def estimated(asked: AccountQuestion, requests: Sequence[Request]) -> list[Row] | None:
    """The rows of the one report that gives an estimate; None where it takes several, or Klaviyo gives none now.

    Leaves the day's reserve alone.
    """
    if len(requests) != 1:
        return None
    try:
        return _rows(run(asked.install, requests, asked.moment, deadline=asked.question.deadline))
    except Refusal:
        return None


def whole_days(asked: AccountQuestion, times: Iterable[datetime]) -> tuple[datetime, datetime]:
    """From the start of the local day of the first to the end of that of the last; there is at least one."""
    zone = asked.account.zone
    days = [at.astimezone(zone).date() for at in times]
    return day_start(min(days), zone), day_start(max(days) + timedelta(days=1), zone)


def cost_of(accounts: Iterable[AccountOutcome]) -> dict[str, Any]:
    """`method.cost` of all accounts together, nothing where no report was asked: accounts are asked side by side."""
    costs = [entry.figures["cost"] for entry in accounts if "cost" in entry.figures]
    if not costs:
        return {}
    left = [cost["left_today"] for cost in costs if cost["left_today"] is not None]
    return {
        "cost": {
            "reports": sum(cost["reports"] for cost in costs),
            "seconds": max(cost["seconds"] for cost in costs),
            "left_today": min(left, default=None),
        }
    }


def _rows(reports: Iterable[Report]) -> list[Row]:
    return [row for report in reports for row in report.rows]


def _oldest(reports: Iterable[Report]) -> datetime | None:
    return min((report.read_at for report in reports if report.read_at), default=None)
