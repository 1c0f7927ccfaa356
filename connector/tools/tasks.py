"""Workers that finish pending questions. The row is the truth: a job may be worked twice, its answer is stored once."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Final
from uuid import UUID

from celery import shared_task
from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone

from connector.tools import jobs
from connector.tools.call import job_answer
from connector.tools.models import Job

BATCH: Final = 20
CLAIM: Final = timedelta(seconds=60)
BEAT: Final = 15.0  # seconds between two prolongings of the claim
GIVE_UP: Final = timedelta(days=1)
BUDGET: Final = 600.0  # seconds of work, what it waits for not counted (architecture 7.28)


@shared_task
def schedule_jobs() -> None:
    """Wake the jobs that are due."""
    due = Job.objects.filter(state=Job.State.WAITING, due_at__lte=timezone.now()).order_by("due_at")
    for key in due.values_list("pk", flat=True)[:BATCH]:
        work_job.delay(job_id=str(key))


@shared_task(soft_time_limit=BUDGET + 20, time_limit=BUDGET + 40)
def work_job(*, job_id: str) -> None:
    """Ask one pending question again; keep the answer once it is one."""
    now, waiting = timezone.now(), Job.objects.filter(pk=UUID(job_id), state=Job.State.WAITING)
    # Moving the due time is the claim: whoever comes second finds it in the future.
    if not waiting.filter(due_at__lte=now).update(due_at=now + CLAIM):
        return
    job = Job.objects.get(pk=job_id)
    caller, left = jobs.caller_of(job), BUDGET - job.worked_ms / 1000
    if caller is None or left <= 0 or now - job.created_at > GIVE_UP:
        waiting.update(state=Job.State.FAILED, finished_at=now)
        return
    began = time.monotonic()
    with _claim_kept(job.pk):
        answer = job_answer(caller, job.tool, job.args, left)
    worked_ms = job.worked_ms + int((time.monotonic() - began) * 1000)
    if answer["status"] == "pending" or jobs.is_unfinished(answer):
        waiting.update(due_at=timezone.now() + jobs.pause_of(job), worked_ms=worked_ms, done=jobs.settled(answer))
        return
    waiting.update(state=Job.State.DONE, answer=answer, done=job.total, worked_ms=worked_ms, finished_at=timezone.now())


@contextmanager
def _claim_kept(key: UUID) -> Iterator[None]:
    """Prolong the claim while the block runs: a worker that dies loses it within a minute."""
    stop = threading.Event()
    beat = threading.Thread(target=_keep, args=(key, stop), name="job claim", daemon=True)
    if not connection.in_atomic_block:  # in a test's transaction another connection would see nothing
        beat.start()
    try:
        yield
    finally:
        stop.set()
        if beat.is_alive():
            beat.join()


def _keep(key: UUID, stop: threading.Event) -> None:
    while not stop.wait(BEAT):
        close_old_connections()
        with suppress(DatabaseError):  # a database that is away for a moment must not end the beat
            Job.objects.filter(pk=key, state=Job.State.WAITING).update(due_at=timezone.now() + CLAIM)
    connection.close()
