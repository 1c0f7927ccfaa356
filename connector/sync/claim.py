"""Who works on a run: one worker at a time, by a claim that a dead worker loses within seconds."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import DatabaseError, close_old_connections, connection
from django.db.models import Q
from django.utils import timezone

from connector.sync.models import Run

LASTS: Final = timedelta(seconds=20)
BEAT: Final = 5.0


class ClaimLost(Exception):
    """Another worker holds the run now: stop at once, what was written is whole and will be written again."""


@dataclass(frozen=True)
class Claim:
    """A held run. All changes of its row go through here, so that a worker that lost it changes nothing."""

    run: Run
    owner: str

    def save(self, **columns: Any) -> None:
        """Change the row and prolong the claim. Raises ClaimLost."""
        columns.setdefault("claimed_until", timezone.now() + LASTS)
        if not Run.objects.filter(pk=self.run.pk, owner=self.owner).update(**columns):
            raise ClaimLost
        for name, value in columns.items():
            setattr(self.run, name, value)


@contextmanager
def claimed(run_id: uuid.UUID) -> Iterator[Claim | None]:
    """The claim, kept alive by a thread while the block runs; None when there is nothing to do or someone is at it."""
    owner = uuid.uuid4().hex
    now = timezone.now()
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    # Compare-and-set: of several workers woken for one run, the database lets one through.
    won = Run.objects.filter(free, pk=run_id, state__in=Run.OPEN, due_at__lte=now).update(
        owner=owner, claimed_until=now + LASTS
    )
    if not won:
        yield None
        return
    stop = threading.Event()
    beat = threading.Thread(target=_keep, args=(run_id, owner, stop), name="run claim", daemon=True)
    if not connection.in_atomic_block:  # in a test's transaction another connection would see nothing
        beat.start()
    try:
        yield Claim(Run.objects.select_related("install__organization").get(pk=run_id), owner)
    finally:
        stop.set()
        if beat.is_alive():
            beat.join()  # or its last stroke could land after the release, and hold the run for nobody
        Run.objects.filter(pk=run_id, owner=owner).update(claimed_until=None)


def _keep(run_id: uuid.UUID, owner: str, stop: threading.Event) -> None:
    while not stop.wait(BEAT):
        close_old_connections()
        with suppress(DatabaseError):  # a database that is away for a moment must not end the beat
            Run.objects.filter(pk=run_id, owner=owner).update(claimed_until=timezone.now() + LASTS)
    connection.close()
