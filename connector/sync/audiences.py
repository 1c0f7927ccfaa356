"""Lists and segments whose members questions wait for: asking for them, and whether they are still being read.

The members are read by workers (members.py), once, however many ask meanwhile.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from connector.records.models import Audience, Record
from connector.sync import enqueue

AUDIENCE_LASTS: Final = timedelta(minutes=10)
"""From the moment that a reading began, its members stand for those at present."""
AFTER_ITS_END: Final = timedelta(minutes=5)
"""At least so long from its end: reading a million members takes longer than they would last."""
FAILURE_LASTS: Final = timedelta(seconds=30)


def request(record_ids: Collection[UUID | str]) -> None:
    """Note that a question waits for the members of these lists and segments, and wake a worker for each.

    Nothing happens for those that are being read already, that are fresh, or that could not be read just now.
    """
    ids, now = _uuids(record_ids), timezone.now()
    with transaction.atomic():
        _make_missing(ids)
        for audience in Audience.objects.filter(record__in=ids, due_at=None):
            if not is_fresh(audience, now) and not has_failed(audience, now):
                _begin(audience, now)


def waiting(record_ids: Collection[UUID | str]) -> set[str]:
    """Which of these lists and segments are still being read. One query."""
    rows = Audience.objects.filter(record__in=_uuids(record_ids), due_at__isnull=False)
    return {str(record_id) for record_id in rows.values_list("record", flat=True)}


def is_fresh(audience: Audience | None, moment: datetime) -> bool:
    """Recent enough to stand for "present"."""
    if audience is None or audience.fetched_at is None:
        return False
    fades = audience.fetched_at + AUDIENCE_LASTS
    return moment < (max(fades, audience.ended_at + AFTER_ITS_END) if audience.ended_at else fades)


def has_failed(audience: Audience | None, moment: datetime) -> bool:
    """Just now: an older failure is no reason not to try again."""
    return bool(audience and audience.problem and audience.wanted_at and moment - audience.wanted_at < FAILURE_LASTS)


def _uuids(record_ids: Collection[UUID | str]) -> list[UUID]:
    return [UUID(str(record_id)) for record_id in record_ids]


def _make_missing(record_ids: list[UUID]) -> None:
    new = Record.objects.filter(pk__in=record_ids, audience=None).values_list("pk", "organization")
    rows = [Audience(record_id=record, organization_id=organization) for record, organization in new]
    Audience.objects.bulk_create(rows, ignore_conflicts=True)


def _begin(audience: Audience, now: datetime) -> None:
    """Compare-and-set: of several who ask at once, one wakes a worker."""
    columns = {"wanted_at": now, "due_at": now, "problem": "", "missing_scope": "", "checkpoint": {}}
    if Audience.objects.filter(pk=audience.pk, due_at=None).update(**columns):
        audience.due_at = now
        if enqueue.is_news(audience):
            enqueue.read_members(audience.record_id)
