"""Wake a worker. By the task's name: the web process enqueues without importing what writes the lake."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from celery import current_app
from django.core.cache import cache
from django.db import transaction

from connector.records.models import Audience
from connector.sync.models import Run

WAKE_EVERY: Final = 30  # seconds between two messages about one row that nobody has begun


def work_run(run_id: UUID, *, first_load: bool) -> None:
    """On commit, have a worker go on with the run. A lost message costs seconds: beat wakes what is due."""
    _send("connector.sync.tasks.work_run", "first_load" if first_load else None, run_id=str(run_id))


def read_members(record_id: UUID | str) -> None:
    """On commit, have a worker go on with reading the members of a list or segment."""
    _send("connector.sync.tasks.read_members", record_id=str(record_id))


def is_news(row: Run | Audience) -> bool:
    """Whether no worker has just been told of the row as it stands. True for one asker.

    A row may stand in a long queue: told every time, the queue would grow faster than it is worked. Another wait that
    is over, another worker that died, is another reason to wake it at once.
    """
    return cache.add(f"woken:{row.pk}:{_moment(row.due_at)}:{_moment(row.claimed_until)}", True, WAKE_EVERY)


def _moment(at: datetime | None) -> str:
    return f"{at.timestamp():.3f}" if at else "never"


def _send(task: str, queue: str | None = None, **arguments: Any) -> None:
    """To the queue that the task is routed to, unless one is named."""

    def send() -> None:  # Django names it when it fails, which it cannot with a partial
        current_app.send_task(task, kwargs=arguments, queue=queue)

    # robust: a broker that is away must not break the page that asked; beat wakes the row all the same
    transaction.on_commit(send, robust=True)
