"""Workers that finish pending questions. The row is the truth: a job may be worked twice, its answer is stored once."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from connector.tools import jobs
from connector.tools.call import call
from connector.tools.models import Job

BATCH: Final = 20
CLAIM: Final = timedelta(seconds=60)
GIVE_UP: Final = timedelta(days=1)


@shared_task
def schedule_jobs() -> None:
    """Wake the jobs that are due."""
    due = Job.objects.filter(state=Job.State.WAITING, due_at__lte=timezone.now()).order_by("due_at")
    for key in due.values_list("pk", flat=True)[:BATCH]:
        work_job.delay(job_id=str(key))


@shared_task
def work_job(*, job_id: str) -> None:
    """Ask one pending question again; keep the answer once it is one."""
    now = timezone.now()
    # Moving the due time is the claim: whoever comes second finds it in the future.
    if not Job.objects.filter(pk=UUID(job_id), state=Job.State.WAITING, due_at__lte=now).update(due_at=now + CLAIM):
        return
    job = Job.objects.get(pk=job_id)
    caller = jobs.caller_of(job)
    if caller is None or now - job.created_at > GIVE_UP:
        Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED, finished_at=now)
        return
    # Without waiting: the members it may need are fetched by workers too, and this is one of them.
    answer = call(caller, job.tool, job.args, patience=0)
    if answer["status"] == "pending" or answer.get("job"):
        Job.objects.filter(pk=job.pk, state=Job.State.WAITING).update(due_at=timezone.now() + jobs.pause_of(job))
        return
    Job.objects.filter(pk=job.pk, state=Job.State.WAITING).update(
        state=Job.State.DONE, answer=answer, done=1, finished_at=timezone.now()
    )
