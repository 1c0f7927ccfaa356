"""Wake a worker. By the task's name: the web process enqueues without importing what writes the lake."""

from typing import Any
from uuid import UUID

from celery import current_app
from django.db import transaction


def work_run(run_id: UUID, *, first_load: bool) -> None:
    """On commit, have a worker go on with the run. A lost message costs seconds: beat wakes what is due."""
    _send("connector.sync.tasks.work_run", "first_load" if first_load else None, run_id=str(run_id))


def fetch_members(record_id: UUID | str) -> None:
    """On commit, have a worker fetch the members of a list or segment that a question waits for."""
    _send("connector.sync.tasks.fetch_members", record_id=str(record_id))


def _send(task: str, queue: str | None = None, **arguments: Any) -> None:
    """To the queue that the task is routed to, unless one is named."""

    def send() -> None:  # Django names it when it fails, which it cannot with a partial
        current_app.send_task(task, kwargs=arguments, queue=queue)

    # robust: a broker that is away must not break the page that asked; beat wakes the row all the same
    transaction.on_commit(send, robust=True)
