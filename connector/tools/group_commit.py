"""Group commit for the records of reads: nothing is answered before its receipt and audit event are in the database.

One writer thread per process takes all rows that wait, commits them in one transaction, then lets the answers go. Under
load many calls share one commit; a lone call waits for its own (architecture 7.13). Who waits holds no connection, and
the writer has one apart from the pool: otherwise those who wait for it could hold all that it needs.
"""

import logging
import os
import queue
import threading
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from django.db import DEFAULT_DB_ALIAS, close_old_connections, connection, connections, models, transaction

from accounts.database import release_connections, separate_connection

logger = logging.getLogger(__name__)
BATCH: Final = 500
PATIENCE: Final = 30.0


class NotRecorded(Exception):
    """The record of an answer could not be written, so the answer is not given."""


class _Waiting:
    def __init__(self, rows: Sequence[models.Model]) -> None:
        self.rows = rows
        self.done = threading.Event()
        self.failed = False


Waiters = queue.SimpleQueue[_Waiting | None]  # None ends the writer


class _Writer:
    """The thread of one process, and what waits for it."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.waiters: Waiters = queue.SimpleQueue()
        self.thread = threading.Thread(target=_work, args=(self.waiters,), name="group commit", daemon=True)
        self.thread.start()


_lock = threading.Lock()
_writer: _Writer | None = None


def commit(rows: Sequence[models.Model]) -> None:
    """Insert the rows and return once they are committed. Raises NotRecorded.

    Inside a transaction of the caller they are part of it: another connection could not see what it has not committed.
    """
    if connection.in_atomic_block:
        _insert([rows])
        return
    waiting = _Waiting(rows)
    _queue_up(waiting)
    release_connections()
    if not waiting.done.wait(PATIENCE) or waiting.failed:
        raise NotRecorded("The answer could not be recorded, so it is not given. Try again.")


def stop() -> None:
    """Commit what waits, end this process's writer and close its connection. The next commit starts another."""
    global _writer
    with _lock:
        ending, _writer = _writer, None
        if ending is not None and ending.pid == os.getpid():
            ending.waiters.put(None)
            ending.thread.join(PATIENCE)


def _queue_up(waiting: _Waiting) -> None:
    """For the one thread of this process; after a fork the child starts its own."""
    global _writer
    with _lock:
        if _writer is None or _writer.pid != os.getpid():
            _writer = _Writer()
        _writer.waiters.put(waiting)


def _work(waiters: Waiters) -> None:
    connections[DEFAULT_DB_ALIAS] = separate_connection()
    while (batch := _batch(waiters)) is not None:
        close_old_connections()
        if not _committed(batch):
            # One bad row must not take the others with it.
            for waiting in batch:
                waiting.failed = not _committed([waiting])
        for waiting in batch:
            waiting.done.set()
    connections[DEFAULT_DB_ALIAS].close()


def _batch(waiters: Waiters) -> list[_Waiting] | None:
    """Those who wait, at least one; None at the end."""
    first = waiters.get()
    if first is None:
        return None
    batch = [first]
    while len(batch) < BATCH and not waiters.empty():
        following = waiters.get()
        if following is None:
            waiters.put(None)  # the last of the queue: first those before it, then the end
            break
        batch.append(following)
    return batch


def _committed(batch: Sequence[_Waiting]) -> bool:
    try:
        with transaction.atomic():
            _insert([waiting.rows for waiting in batch])
    except Exception as error:  # noqa: BLE001  (whatever went wrong is the caller's NotRecorded; the thread must live on)
        logger.error("could not record %d answers: %s", len(batch), type(error).__name__)
        return False
    return True


def _insert(groups: Sequence[Sequence[models.Model]]) -> None:
    by_model: dict[type[models.Model], list[models.Model]] = defaultdict(list)
    for rows in groups:
        for row in rows:
            by_model[type(row)].append(row)
    for model, rows in by_model.items():
        model._default_manager.bulk_create(rows)
