"""What workers do for sync: a docstring, an id, one call. Safe to run twice; `schedule_*` chooses, the others do."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from celery import shared_task
from django.core.cache import cache
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import Organization
from connector.installs.models import Install
from connector.klaviyo.errors import TryLater
from connector.lake.errors import LeaseHeld
from connector.records.models import Record
from connector.sync import people, wake, work
from connector.sync.models import Run
from connector.sync.plan import open_run

BATCH: Final = 50
WAKE_EVERY: Final = 30  # seconds between two messages about one run that nobody has begun
RECONCILE_EVERY: Final = timedelta(hours=24)
RETRY_AFTER: Final = timedelta(minutes=15)


@shared_task
def work_run(*, run_id: str) -> None:
    """Bring one run forward by one turn; queue its successor while there is more to do."""
    if work.work(UUID(run_id)):
        run = Run.objects.get(pk=run_id)
        wake.work_run(run.pk, first_load=run.kind == Run.Kind.FIRST)


@shared_task(autoretry_for=(TryLater, LeaseHeld), retry_backoff=1, retry_backoff_max=20, max_retries=6)
def fetch_members(*, record_id: str) -> None:
    """Fetch the members of one list or segment."""
    people.fetch_members(Record.objects.select_related("install__organization").get(pk=record_id))


@shared_task
def requeue_stale_runs() -> None:
    """Wake runs that are due and that no living worker holds: lost messages, dead workers, waits that are over."""
    now = timezone.now()
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    due = Run.objects.filter(free, state__in=Run.OPEN, due_at__lte=now).order_by("due_at")
    for run in due[:BATCH]:
        # A run may just as well stand in a long queue: told every time, the queue would grow faster than it is worked.
        # Another wait that is over, another worker that died, is another reason to wake it at once.
        if cache.add(f"woken:{run.pk}:{_moment(run.due_at)}:{_moment(run.claimed_until)}", True, WAKE_EVERY):
            wake.work_run(run.pk, first_load=run.kind == Run.Kind.FIRST)


def _moment(at: datetime | None) -> str:
    return f"{at.timestamp():.3f}" if at else "never"


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
        wake.work_run(run.pk, first_load=run.kind == Run.Kind.FIRST)


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
        wake.work_run(open_run(install, Run.Kind.RECONCILE).pk, first_load=False)
