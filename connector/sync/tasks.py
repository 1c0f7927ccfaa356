"""What workers do for sync: a docstring, an id, one call. Safe to run twice; `schedule_*` chooses, the others do."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from celery import shared_task
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import Organization
from connector.installs.models import Install
from connector.sync import enqueue, members, work
from connector.sync.claim import free
from connector.sync.models import Run
from connector.sync.plan import open_run

BATCH: Final = 50
RECONCILE_EVERY: Final = timedelta(hours=24)
RETRY_AFTER: Final = timedelta(minutes=15)


@shared_task
def work_run(*, run_id: str) -> None:
    """Bring one run forward by one step; queue its successor while there is more to do."""
    if work.work(UUID(run_id)):
        run = Run.objects.get(pk=run_id)
        enqueue.work_run(run.pk, first_load=run.kind == Run.Kind.FIRST)


@shared_task
def read_members(*, record_id: str) -> None:
    """Bring the reading of one list's or segment's members forward by one step; queue its successor while there is more
    to do."""
    if members.read(UUID(record_id)):
        enqueue.read_members(record_id)


@shared_task
def requeue_stale_runs() -> None:
    """Wake runs that are due and that no living worker holds: lost messages, dead workers, waits that are over."""
    for run in work.due().filter(free()).order_by("due_at")[:BATCH]:
        if enqueue.is_news(run):
            enqueue.work_run(run.pk, first_load=run.kind == Run.Kind.FIRST)


@shared_task
def schedule_audiences() -> None:
    """Wake lists and segments whose reading is due and that no living worker holds, as requeue_stale_runs does."""
    for audience in members.due().filter(free()).order_by("due_at")[:BATCH]:
        if enqueue.is_news(audience):
            enqueue.read_members(audience.record_id)


@shared_task
def schedule_increments() -> None:
    """Open the runs that are due, organizations served longest ago first."""
    now = timezone.now()
    waiting = (
        Install.objects.usable()
        .exclude(status__in=[Install.Status.PAUSED, Install.Status.SCOPE_MISSING])
        .exclude(runs__state__in=Run.OPEN)
        .exclude(Exists(_just_failed(now)))
        .select_related("organization")
        .order_by(F("organization__served_at").asc(nulls_first=True), "last_sync_at")
    )
    for install in [install for install in waiting if _is_due(install)][:BATCH]:
        run = open_run(install)
        Organization.objects.filter(pk=install.organization_id).update(served_at=now)
        enqueue.work_run(run.pk, first_load=run.kind == Run.Kind.FIRST)


def _just_failed(now: datetime) -> QuerySet[Run]:
    """One run that is both: `exclude(runs__a, runs__b)` would also leave out who failed once and has finished since."""
    return Run.objects.filter(install=OuterRef("pk"), state=Run.State.FAILED, finished_at__gt=now - RETRY_AFTER)


def _is_due(install: Install) -> bool:
    every = timedelta(minutes=install.organization.sync_minutes)
    return install.last_sync_at is None or timezone.now() - install.last_sync_at >= every


@shared_task
def schedule_reconciles() -> None:
    """Once a day read the last week again: late events and changed attributions."""
    now = timezone.now()
    due = Install.objects.usable().filter(status=Install.Status.CONNECTED, reconciled_at__lt=now - RECONCILE_EVERY)
    for install in due.exclude(runs__state__in=Run.OPEN).order_by("reconciled_at")[:BATCH]:
        enqueue.work_run(open_run(install, Run.Kind.RECONCILE).pk, first_load=False)
