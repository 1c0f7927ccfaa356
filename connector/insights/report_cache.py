"""Answers of Klaviyo's reports, kept by question: of periods that are over for good, of running ones for a quarter hour.

Whoever asks Klaviyo holds a claim on the question's row; who else wants the same answer waits for it. So it is asked
once, by all processes together, and what was read is there for whoever asks again.
"""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from django.db.models import Q, QuerySet
from django.utils import timezone

from connector.insights.periods import zone_of
from connector.insights.report_requests import Question
from connector.installs.models import Install
from connector.klaviyo.errors import TryLater
from connector.klaviyo.reports import Report
from connector.records.models import KlaviyoReport

RUNNING_LASTS: Final = timedelta(minutes=15)
LAG: Final = timedelta(hours=2)
"""Klaviyo tells of some events so late: figures of a period that has just ended may still grow."""
CLAIM: Final = timedelta(minutes=4)  # longer than a request's time-outs together; a dead claimant is then overtaken
FORGOTTEN: Final = timedelta(days=1)  # after that what is not kept for good goes
POLL: Final = 0.1


@dataclass(frozen=True)
class Kept:
    """An answer and when Klaviyo gave it."""

    report: Report
    read_at: datetime


def is_kept(install: Install, question: Question, moment: datetime) -> bool:
    return _rows(install, question).filter(_usable(moment)).exists()


def kept(install: Install, question: Question, moment: datetime) -> Kept | None:
    """The answer that may still be given at `moment`, if one is kept."""
    row = _rows(install, question).filter(_usable(moment)).first()
    return Kept(msgspec.convert(row.answer, Report), row.read_at) if row and row.read_at else None


def once(install: Install, question: Question, moment: datetime, ask: Callable[[], Report], deadline: float) -> Kept:
    """The kept answer, or that of `ask`, which runs outside of transactions and for one caller at a time.

    `deadline` is on time.monotonic(). Raises what `ask` raises, and TryLater when another caller still asks by then.
    """
    while True:
        found = kept(install, question, moment)
        if found:
            return found
        row = _row(install, question)
        owner = _claimed(row, moment)
        if owner:
            return _asked(row, owner, question, ask)
        if time.monotonic() + POLL > deadline:
            raise TryLater(1.0, "This report is being read already.")
        time.sleep(POLL)


def _rows(install: Install, question: Question) -> QuerySet[KlaviyoReport]:
    return KlaviyoReport.objects.filter(install=install, kind=question.kind, digest=question.digest)


def _usable(moment: datetime) -> Q:
    return Q(read_at__isnull=False) & (Q(final=True) | Q(read_at__gt=moment - RUNNING_LASTS))


def _row(install: Install, question: Question) -> KlaviyoReport:
    row, _ = (
        KlaviyoReport.objects.select_related("install")
        .defer("answer")
        .get_or_create(
            install=install,
            kind=question.kind,
            digest=question.digest,
            defaults={"organization_id": install.organization_id, "asked": question.shown()},
        )
    )
    return row


def _claimed(row: KlaviyoReport, moment: datetime) -> str | None:
    """Compare-and-set. An answer that another caller brought since we looked is no longer asked for."""
    owner, now = uuid.uuid4().hex, timezone.now()
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    stale = KlaviyoReport.objects.filter(free, pk=row.pk).exclude(_usable(moment))
    return owner if stale.update(owner=owner, claimed_until=now + CLAIM) else None


def _asked(row: KlaviyoReport, owner: str, question: Question, ask: Callable[[], Report]) -> Kept:
    held = KlaviyoReport.objects.filter(pk=row.pk, owner=owner)
    read_at = timezone.now()
    try:
        report = ask()
        final = _is_final(row.install, question, read_at)
        held.update(answer=msgspec.to_builtins(report), read_at=read_at, final=final)
    finally:
        held.update(claimed_until=timezone.now())
    _forget(row.install, read_at)
    return Kept(report, read_at)


def _is_final(install: Install, question: Question, read_at: datetime) -> bool:
    if question.end is None:
        return False
    over = question.end.replace(tzinfo=zone_of(install.time_zone), fold=1).astimezone(UTC)
    return read_at >= over + LAG


def _forget(install: Install, now: datetime) -> None:
    before = now - FORGOTTEN
    KlaviyoReport.objects.filter(install=install, final=False, claimed_until__lt=before).delete()
