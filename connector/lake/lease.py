"""One writer per install: a row with a heartbeat. Writes, compaction, erasure and vacuum all stand under it."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from connector.lake.errors import LeaseHeld, LeaseLost
from connector.lake.models import Lease

# A worker killed outright is waited for this long. A beat may be late by SQLite's time-out of 20 s.
LEASE_SECONDS = 30.0
BEAT_SECONDS = 5.0
POLL_SECONDS = 0.2

log = logging.getLogger(__name__)


@contextmanager
def lease(install_id: UUID, owner: str, patience: float = 0.0) -> Iterator["Held"]:
    """Hold the right to write an install's lake, kept alive by a thread, given back at the end.

    Raises LeaseHeld when another still holds it after `patience` seconds.
    """
    held = Held(_take_within(install_id, owner, patience))
    beating = threading.Thread(target=held.keep_alive, name=f"lease {install_id}", daemon=True)
    beating.start()
    try:
        yield held
    finally:
        held.ended.set()
        beating.join()
        Lease.objects.filter(id=held.row.id).delete()


class Held:
    """A lease in our hands."""

    def __init__(self, row: Lease) -> None:
        self.row = row
        self.ended = threading.Event()

    def renew(self) -> None:
        """Say that we still live; to be called before each commit.

        Raises LeaseLost when the lease ran out and another took it: what was read since then may be stale.
        """
        now = timezone.now()
        rows = Lease.objects.filter(id=self.row.id)
        if not rows.update(heartbeat_at=now, expires_at=now + timedelta(seconds=LEASE_SECONDS)):
            raise LeaseLost("The right to write this account's data ran out and went to another.")

    def keep_alive(self) -> None:
        """Renew until ended. A beat that fails is tried again at the next; losing the lease shows at the next commit."""
        try:
            while not self.ended.wait(BEAT_SECONDS):
                try:
                    self.renew()
                except LeaseLost:
                    return
                except DatabaseError:
                    log.warning("lease heartbeat failed", extra={"install": str(self.row.install)})
        finally:
            connection.close()


def _take_within(install_id: UUID, owner: str, patience: float) -> Lease:
    ends = time.monotonic() + patience
    while True:
        try:
            return _take(install_id, owner)
        except LeaseHeld:
            if time.monotonic() >= ends:
                raise
            time.sleep(POLL_SECONDS)


def _take(install_id: UUID, owner: str) -> Lease:
    now = timezone.now()
    # Two takers may both find it run out; only one can create the row that follows.
    if Lease.objects.filter(install=install_id, expires_at__lte=now).delete()[0]:
        log.warning("took over a lease that had run out", extra={"install": str(install_id)})
    try:
        with transaction.atomic():
            return Lease.objects.create(
                install=install_id,
                owner=owner[:120],
                taken_at=now,
                heartbeat_at=now,
                expires_at=now + timedelta(seconds=LEASE_SECONDS),
            )
    except IntegrityError:
        raise LeaseHeld("Another task is writing this account's data.") from None
