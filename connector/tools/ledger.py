"""Group commit for the records of reads: nothing is answered before its receipt and audit event are in the database.

One writer thread per process takes all rows that wait, commits them in one transaction, then lets the answers go. Under
load many calls share one commit; a lone call waits for its own (architecture 7.13).
"""

import logging
import os
import queue
import threading
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from django.db import close_old_connections, connection, models, transaction

logger = logging.getLogger(__name__)
BATCH: Final = 500
PATIENCE: Final = 30.0


class LedgerError(Exception):
    """The record of an answer could not be written, so the answer is not given."""


class _Waiting:
    def __init__(self, rows: Sequence[models.Model]) -> None:
        self.rows = rows
        self.done = threading.Event()
        self.failed = False


_queue: "queue.SimpleQueue[_Waiting]" = queue.SimpleQueue()
_lock = threading.Lock()
_writer_pid: int | None = None


def write(rows: Sequence[models.Model]) -> None:
    """Insert the rows and return once they are committed. Raises LedgerError.

    Inside a transaction of the caller they are part of it: another connection could not see what it has not committed.
    """
    if connection.in_atomic_block:
        _insert([rows])
        return
    waiting = _Waiting(rows)
    _start_writer()
    _queue.put(waiting)
    if not waiting.done.wait(PATIENCE) or waiting.failed:
        raise LedgerError("The answer could not be recorded, so it is not given. Try again.")


def _start_writer() -> None:
    """One thread per process; after a fork the child starts its own."""
    global _writer_pid, _queue
    with _lock:
        if _writer_pid != os.getpid():
            _queue, _writer_pid = queue.SimpleQueue(), os.getpid()
            threading.Thread(target=_work, args=(_queue,), name="ledger", daemon=True).start()


def _work(waiting_queue: "queue.SimpleQueue[_Waiting]") -> None:
    while True:
        batch = [waiting_queue.get()]
        while len(batch) < BATCH and not waiting_queue.empty():
            batch.append(waiting_queue.get())
        close_old_connections()
        if not _committed(batch):
            # One bad row must not take the others with it.
            for waiting in batch:
                waiting.failed = not _committed([waiting])
        for waiting in batch:
            waiting.done.set()
        close_old_connections()


def _committed(batch: Sequence[_Waiting]) -> bool:
    try:
        with transaction.atomic():
            _insert([waiting.rows for waiting in batch])
    except Exception as error:  # noqa: BLE001  (whatever went wrong is the caller's LedgerError; the thread must live on)
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
