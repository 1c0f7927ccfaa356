"""Klaviyo's own reports as the basis of an answer: what they would cost, and reading them at the pace Klaviyo allows.

    requests = [CampaignValues(start=..., end=..., conversion_metric="Xy1Z2a")]
    cost = plan(install, requests, moment)
    reports = run(install, requests, moment, deadline=time.monotonic() + 20)

Each kind of report has 2 a minute and 225 in 24 hours, per Klaviyo account. What was read is kept (report_cache.py), so a
question that Refusal left `pending` goes on where it stopped when `run` is called again.
"""

import math
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from connector.insights.coverage import reconnect_needed
from connector.insights.periods import zone_of
from connector.insights.refusal import Refusal
from connector.insights.report_cache import Kept, is_kept, kept, once
from connector.insights.report_requests import FlowSeries, Question, Request, local, question_of
from connector.insights.report_rows import Row, rows_of
from connector.installs.access import klaviyo, reports_left
from connector.installs.limit_stores import limiter
from connector.installs.models import Install
from connector.klaviyo import reports as klaviyo_reports
from connector.klaviyo.errors import KlaviyoError, Reconnect, ScopeMissing, TryLater, UpgradePlan, UpstreamBroken
from connector.klaviyo.resources import OPERATIONS, REPORT, REPORT_BUCKETS

RESERVE: Final = 0.1
"""The part of a day's reports that is kept unless the question says otherwise."""
BURST: Final = 2.0
"""Seconds slept for Klaviyo's limit of one a second. A question that must wait longer is pending and holds no thread."""
SOON: Final = 120.0
"""A limit that ends within these seconds is the minute's: the answer is pending. Else it is the day's."""
SPACING: Final = 60 / REPORT.steady


@dataclass(frozen=True)
class Cost:
    """What a question spends: `reports` not kept yet, and the `seconds` that Klaviyo's pace makes of them (0: at once).

    `left_today`: what the scarcest of its kinds has left before it spends; None while the ledger is away.
    """

    reports: int
    seconds: int
    left_today: int | None

    def __str__(self) -> str:
        """As in "6 reports, 3 minutes, 14 of 225 left"."""
        number = "1 report" if self.reports == 1 else f"{self.reports} reports"
        minutes = math.ceil(self.seconds / 60)
        pace = "at once" if not minutes else "1 minute" if minutes == 1 else f"{minutes} minutes"
        left = "" if self.left_today is None else f", {self.left_today} of {REPORT.daily} left"
        return f"{number}, {pace}{left}"


@dataclass(frozen=True)
class Report:
    """The answer to one request. `read_at`: when Klaviyo gave it; None where its time has not begun (no rows then)."""

    request: Request
    rows: tuple[Row, ...]
    read_at: datetime | None

    @property
    def has_orders(self) -> bool:
        return self.request.conversion_metric is not None


def plan(install: Install, requests: Sequence[Request], moment: datetime) -> Cost:
    """What `run` would spend now. Raises Refusal (out_of_range, no_purchase_metric)."""
    asked = {question for request in requests if (question := question_of(install, request, moment))}
    missing = [question for question in asked if not is_kept(install, question, moment)]
    waits = [_pace(install, kind, number) for kind, number in Counter(one.kind for one in missing).items()]
    left = reports_left(install, {request.kind for request in requests})
    return Cost(len(missing), max(waits, default=0), left)


def run(
    install: Install, requests: Sequence[Request], moment: datetime, *, spend_reserve: bool = False, deadline: float
) -> list[Report]:
    """A report for each request, in their order. `deadline` is on time.monotonic(); not within a transaction.

    Raises Refusal: `pending` with retry_after when Klaviyo's pace does not allow the rest yet (call again: what was read
    is kept), quota_reserved, out_of_range, scope_missing, reconnect_needed, paused, no_purchase_metric, and error
    klaviyo_unavailable or rate_limited.
    """
    asked = [question_of(install, request, moment) for request in requests]
    found = {question: kept(install, question, moment) for question in asked if question}
    missing = [question for question, answer in found.items() if answer is None]
    if missing:
        _check_may_ask(install, missing)
        _check_reserve(install, missing, spend_reserve)
        found |= _read(install, missing, moment, deadline)
    return [
        _report(request, found[question] if question else None)
        for request, question in zip(requests, asked, strict=True)
    ]


def _pace(install: Install, kind: str, number: int) -> int:
    """Seconds for so many reports of a kind: none where the minute has room for all."""
    try:
        left = limiter().left(install.klaviyo_id, REPORT_BUCKETS[kind]).steady
    except TryLater:
        left = REPORT.steady
    return 0 if number <= left else round(SPACING * (number + REPORT.steady - left))


def _check_may_ask(install: Install, questions: Sequence[Question]) -> None:
    if install.status in (Install.Status.NEEDS_RECONNECT, Install.Status.DISCONNECTED):
        raise reconnect_needed(install)
    if install.status == Install.Status.PAUSED:
        raise Refusal(
            "refused",
            "paused",
            f"{install.name} is paused, so Klaviyo is not asked.",
            "Resume it on the page Accounts, or ask with basis=events.",
        )
    needed = {scope for question in questions for scope in OPERATIONS[question.kind].scopes}
    lacking = sorted(needed - set(install.scopes))
    if lacking:
        raise _scope_missing(install, lacking[0])


def _check_reserve(install: Install, questions: Sequence[Question], spend_reserve: bool) -> None:
    """Raises Refusal quota_reserved where less than a tenth of a kind's day would be left."""
    if spend_reserve or REPORT.daily is None:
        return
    for kind, number in Counter(question.kind for question in questions).items():
        left = reports_left(install, (kind,))
        if left is not None and left - number < REPORT.daily * RESERVE:
            raise Refusal(
                "refused",
                "quota_reserved",
                f"{install.name} has {left} of {REPORT.daily} reports of this kind left within 24 hours, and this"
                f" question needs {number}; the last tenth is kept for what matters most.",
                "Ask with basis=events, ask later, or call again with spend_reserve=true.",
            )


def _read(install: Install, questions: Sequence[Question], moment: datetime, deadline: float) -> dict[Question, Kept]:
    """Read what Klaviyo's pace allows now; a kind that must wait does not hold up the others."""
    found: dict[Question, Kept] = {}
    waits: dict[str, float] = {}
    for question in questions:
        if question.kind in waits:
            continue
        try:
            found[question] = once(
                install, question, moment, partial(_ask, install, question, moment, deadline), deadline
            )
        except TryLater as error:
            waits[question.kind] = error.retry_after
        except KlaviyoError as error:
            raise _refusal(install, error) from None
    if waits:
        raise _waiting(install, waits.values(), len(questions) - len(found))
    return found


def _ask(install: Install, question: Question, moment: datetime, deadline: float) -> klaviyo_reports.Report:
    patience = min(BURST, deadline - time.monotonic())
    if patience <= 0:
        raise TryLater(1.0)
    reports = klaviyo_reports.Reports(klaviyo(install, max_wait=patience))
    return question.ask(reports, local(moment, zone_of(install.time_zone)))


def _report(request: Request, answer: Kept | None) -> Report:
    if answer is None:
        return Report(request, (), None)
    interval = request.interval if isinstance(request, FlowSeries) else ""
    rows = rows_of(answer.report, request.owner, interval, request.conversion_metric is not None)
    wanted = None if request.wanted is None else set(request.wanted)
    return Report(request, tuple(row for row in rows if wanted is None or row.owner in wanted), answer.read_at)


def _waiting(install: Install, waits: Collection[float], number: int) -> Refusal:
    """A minute's limit ends soon: the answer is pending. A longer one is the day's, or Klaviyo's own word."""
    if max(waits) <= SOON:
        still = "1 report is" if number == 1 else f"{number} reports are"
        return Refusal(
            "pending",
            text=f"{still} still to be read for {install.name}; Klaviyo gives {REPORT.steady} of a kind a minute.",
            retry_after=math.ceil(min(waits)),
        )
    return Refusal(
        "error",
        "rate_limited",
        f"Klaviyo gives no more reports of {install.name} for now.",
        "Ask with basis=events, or later.",
        retry_after=math.ceil(max(waits)),
    )


def _refusal(install: Install, error: KlaviyoError) -> Refusal:
    """Anything but a wait."""
    if isinstance(error, Reconnect):
        return reconnect_needed(install)
    if isinstance(error, ScopeMissing):
        return _scope_missing(install, error.scope)
    if isinstance(error, UpgradePlan):
        return Refusal("refused", "scope_missing", f"{install.name}: {error}", "Ask with basis=events.")
    return Refusal(
        "error",
        "klaviyo_unavailable",
        f"Klaviyo gave no report of {install.name}: {error}",
        "Ask again in a minute, or with basis=events.",
        retry_after=math.ceil(error.retry_after) if isinstance(error, UpstreamBroken) else None,
    )


def _scope_missing(install: Install, scope: str) -> Refusal:
    return Refusal(
        "refused",
        "scope_missing",
        f"Klaviyo did not grant {scope} for {install.name}, which its reports need.",
        "Ask an owner, admin or manager to reconnect the account and grant it, or ask with basis=events.",
    )
