"""Who works on a run or an audience: one worker at a time, by a claim that a dead worker loses within seconds."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

from django.db import DatabaseError, close_old_connections, connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from connector.records.models import Audience
from connector.sync.models import Run

LASTS: Final = timedelta(seconds=20)
BEAT: Final = 5.0

Row = TypeVar("Row", Run, Audience)


class ClaimLost(Exception):
    """Another worker holds the row now: stop at once, what was written is whole and will be written again."""


@dataclass(frozen=True)
class Claim(Generic[Row]):
    """A held row. All changes of it go through here, so that a worker that lost it changes nothing."""

    row: Row
    owner: str

    def save(self, **columns: Any) -> None:
        """Change the row and prolong the claim. Raises ClaimLost."""
        columns.setdefault("claimed_until", timezone.now() + LASTS)
        if not type(self.row).objects.filter(pk=self.row.pk, owner=self.owner).update(**columns):
            raise ClaimLost
        for name, value in columns.items():
            setattr(self.row, name, value)


def free() -> Q:
    """No living worker holds the row."""
    return Q(claimed_until=None) | Q(claimed_until__lt=timezone.now())


@contextmanager
def claimed(due: QuerySet[Row]) -> Iterator[Claim[Row] | None]:
    """The claim on a row, kept alive by a thread while the block runs; None when someone is at it, or `due`, of one row
    at most, has none."""
    owner = uuid.uuid4().hex
    # Compare-and-set: of several workers woken for one row, the database lets one through.
    if not due.filter(free()).update(owner=owner, claimed_until=timezone.now() + LASTS):
        yield None
        return
    row = due.get()
    mine = due.model.objects.filter(pk=row.pk, owner=owner)
    stop = threading.Event()
    beat = threading.Thread(target=_keep, args=(mine, stop), name="claim", daemon=True)
    if not connection.in_atomic_block:  # in a test's transaction another connection would see nothing
        beat.start()
    try:
        yield Claim(row, owner)
    finally:
        stop.set()
        if beat.is_alive():
            beat.join()  # or its last stroke could land after the release, and hold the run for nobody
        mine.update(claimed_until=None)


def _keep(mine: QuerySet[Row], stop: threading.Event) -> None:
    while not stop.wait(BEAT):
        close_old_connections()
        with suppress(DatabaseError):  # a database that is away for a moment must not end the beat
            mine.update(claimed_until=timezone.now() + LASTS)
    connection.close()
