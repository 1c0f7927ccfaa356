"""What beat wakes: lost runs again, increments when they are due, organizations in turn."""

import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from celery import current_app
from django.utils import timezone

from accounts.models import Organization
from connector.installs.models import Install
from connector.sync import enqueue, tasks, work
from connector.sync.models import Run
from tests.factories import InstallFactory, OrganizationFactory, RunFactory

pytestmark = pytest.mark.django_db
Woken = list[tuple[UUID, bool]]


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> Woken:
    """Runs that a worker was told of, and whether as a first load."""
    told: Woken = []
    monkeypatch.setattr(enqueue, "work_run", lambda run_id, *, first_load: told.append((run_id, first_load)))
    return told


def ago(**span: float) -> Any:
    return timezone.now() - timedelta(**span)


def ids(runs: Woken) -> list[UUID]:
    return [key for key, _ in runs]


def installs_of(runs: Woken) -> list[Install]:
    return [Run.objects.get(pk=key).install for key in ids(runs)]


def test_runs_whose_message_or_worker_was_lost_are_woken_again(woken: Woken) -> None:
    lost = RunFactory(kind=Run.Kind.FIRST, state=Run.State.QUEUED, due_at=ago(seconds=9))
    dead = RunFactory(state=Run.State.RUNNING, due_at=ago(minutes=1), claimed_until=ago(seconds=1))
    waited = RunFactory(state=Run.State.WAITING, due_at=ago(seconds=1))
    RunFactory(state=Run.State.RUNNING, due_at=ago(minutes=1), claimed_until=ago(seconds=-15))  # a worker is at it
    RunFactory(state=Run.State.WAITING, due_at=ago(seconds=-30))  # its limit is not over yet
    RunFactory(state=Run.State.DONE, due_at=ago(minutes=1))
    RunFactory(state=Run.State.FAILED, due_at=ago(minutes=1))

    tasks.requeue_stale_runs()

    assert woken == [(dead.pk, False), (lost.pk, True), (waited.pk, False)]


def test_a_run_in_a_long_queue_is_not_told_of_at_every_beat(woken: Woken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enqueue, "WAKE_EVERY", 2)
    run = RunFactory(state=Run.State.QUEUED, due_at=ago(minutes=5))

    tasks.requeue_stale_runs()
    tasks.requeue_stale_runs()
    assert ids(woken) == [run.pk]

    time.sleep(3.1)  # whole seconds in the database; not by a clock of ours: the cache may be Redis, which has its own
    tasks.requeue_stale_runs()
    assert ids(woken) == [run.pk, run.pk]


def test_each_wait_that_is_over_wakes_its_run_at_once(woken: Woken) -> None:
    run = RunFactory(state=Run.State.WAITING, due_at=ago(seconds=2))

    tasks.requeue_stale_runs()
    Run.objects.filter(pk=run.pk).update(due_at=ago(seconds=1))
    tasks.requeue_stale_runs()

    assert ids(woken) == [run.pk, run.pk]


def test_an_increment_is_due_after_the_organizations_minutes(woken: Woken) -> None:
    quick = OrganizationFactory(sync_minutes=5)
    due = InstallFactory(organization=quick, last_sync_at=ago(minutes=6))
    InstallFactory(organization=quick, last_sync_at=ago(minutes=4))
    InstallFactory(organization=OrganizationFactory(sync_minutes=60), last_sync_at=ago(minutes=50))
    never = InstallFactory(last_sync_at=None, complete_from=None, complete_to=None, status=Install.Status.CONNECTING)

    tasks.schedule_increments()

    assert set(installs_of(woken)) == {due, never}
    kinds = dict(Run.objects.values_list("install", "kind"))
    assert (kinds[due.pk], kinds[never.pk]) == (Run.Kind.INCREMENT, Run.Kind.FIRST)
    assert dict(woken)[Run.objects.get(install=never).pk] is True


@pytest.mark.parametrize("status", ["paused", "scope_missing", "disconnected", "needs_reconnect"])
def test_who_cannot_or_should_not_be_read_is_left_alone(woken: Woken, status: str) -> None:
    InstallFactory(last_sync_at=ago(days=1), status=status)

    tasks.schedule_increments()

    assert woken == []


def test_one_run_at_a_time(woken: Woken) -> None:
    install = InstallFactory(last_sync_at=ago(days=1))
    RunFactory(install=install, state=Run.State.RUNNING)

    tasks.schedule_increments()

    assert woken == []
    assert install.runs.count() == 1


def test_what_just_failed_waits_a_quarter_of_an_hour(woken: Woken) -> None:
    lately, earlier = (InstallFactory(last_sync_at=ago(days=1), status=Install.Status.ERROR) for _ in range(2))
    RunFactory(install=lately, state=Run.State.FAILED, finished_at=ago(minutes=14))
    RunFactory(install=earlier, state=Run.State.FAILED, finished_at=ago(minutes=16))

    tasks.schedule_increments()

    assert installs_of(woken) == [earlier]


def test_a_failure_of_last_week_delays_nobody_who_has_finished_since(woken: Woken) -> None:
    install = InstallFactory(organization=OrganizationFactory(sync_minutes=5), last_sync_at=ago(minutes=6))
    RunFactory(install=install, state=Run.State.FAILED, finished_at=ago(days=7))
    RunFactory(install=install, state=Run.State.DONE, finished_at=ago(minutes=5))

    tasks.schedule_increments()

    assert installs_of(woken) == [install]


def test_the_organization_served_longest_ago_comes_first(woken: Woken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "BATCH", 3)
    large, small = OrganizationFactory(served_at=ago(hours=2)), OrganizationFactory(served_at=ago(hours=1))
    of_large = [InstallFactory(organization=large, last_sync_at=ago(days=1)) for _ in range(4)]
    of_small = InstallFactory(organization=small, last_sync_at=ago(minutes=16))
    new = InstallFactory(organization=OrganizationFactory(served_at=None), last_sync_at=ago(minutes=16))

    tasks.schedule_increments()
    first = installs_of(woken)
    woken.clear()
    tasks.schedule_increments()
    second = installs_of(woken)

    assert first[0] == new and set(first[1:]) < set(of_large)
    assert second[0] == of_small and set(second[1:]) < set(of_large)
    assert Organization.objects.get(pk=small.pk).served_at > ago(minutes=1)


def test_the_last_week_is_read_again_once_a_day(woken: Woken) -> None:
    due = InstallFactory(reconciled_at=ago(hours=25))
    InstallFactory(reconciled_at=ago(hours=23))
    InstallFactory(reconciled_at=None, status=Install.Status.SYNCING)
    busy = InstallFactory(reconciled_at=ago(hours=25))
    RunFactory(install=busy, state=Run.State.QUEUED)

    tasks.schedule_reconciles()

    assert installs_of(woken) == [due]
    assert Run.objects.get(install=due).kind == Run.Kind.RECONCILE


def test_a_turn_that_is_not_the_last_queues_its_successor(woken: Woken, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunFactory(kind=Run.Kind.FIRST, state=Run.State.QUEUED)
    steps = iter([True, False])
    monkeypatch.setattr(work, "work", lambda run_id: next(steps))

    tasks.work_run(run_id=str(run.pk))
    tasks.work_run(run_id=str(run.pk))

    assert woken == [(run.pk, True)]


@pytest.mark.parametrize(("first_load", "queue"), [(True, "first_load"), (False, "increment")])
def test_a_worker_is_told_once_the_row_is_there(
    install: Install,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
    first_load: bool,
    queue: str,
) -> None:
    sent: list[tuple[str, Any, str]] = []

    def send(name: str, *, kwargs: Any, queue: str | None) -> None:
        sent.append((name, kwargs, queue or current_app.amqp.router.route({}, name)["queue"].name))

    monkeypatch.setattr(current_app, "send_task", send)

    with django_capture_on_commit_callbacks(execute=True):
        enqueue.work_run(install.pk, first_load=first_load)
        assert sent == []

    assert sent == [("connector.sync.tasks.work_run", {"run_id": str(install.pk)}, queue)]


def test_a_broker_that_is_away_breaks_nothing(
    install: Install, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise OSError("nobody listens")

    monkeypatch.setattr(current_app, "send_task", away)

    with django_capture_on_commit_callbacks(execute=True):
        enqueue.work_run(install.pk, first_load=False)
