"""One run, one worker: the second is turned away, a dead one is overtaken, and who was overtaken changes nothing."""

import threading
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from connector.installs.models import Install
from connector.sync import claim as claims
from connector.sync import work
from connector.sync.claim import LASTS, ClaimLost, claimed
from connector.sync.models import Run
from connector.sync.plan import open_run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(install: Install) -> Run:
    return open_run(install)


def test_of_two_workers_one_gets_the_run(run: Run) -> None:
    with claimed(work.due().filter(pk=run.pk)) as first:
        assert first is not None and first.row.pk == run.pk
        with claimed(work.due().filter(pk=run.pk)) as second:
            assert second is None

    with claimed(work.due().filter(pk=run.pk)) as after:
        assert after is not None


def test_of_many_woken_at_once_one_gets_the_run(run: Run) -> None:
    ready, held, winners = threading.Barrier(6), threading.Event(), list[str]()

    def worker() -> None:
        ready.wait()
        with claimed(work.due().filter(pk=run.pk)) as claim:
            if claim:
                winners.append(claim.owner)
                held.wait(5)
        connection.close()

    threads = [threading.Thread(target=worker) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads[:]:
        thread.join(0.5)
    held.set()
    for thread in threads:
        thread.join()

    assert len(winners) == 1


def test_a_dead_worker_is_overtaken_once_its_claim_is_over(run: Run) -> None:
    now = timezone.now()
    Run.objects.filter(pk=run.pk).update(owner="a worker that was killed", claimed_until=now + LASTS)

    with time_machine.travel(now + LASTS - timedelta(seconds=1)), claimed(work.due().filter(pk=run.pk)) as early:
        assert early is None
    with time_machine.travel(now + LASTS + timedelta(seconds=1)), claimed(work.due().filter(pk=run.pk)) as late:
        assert late is not None


def test_a_living_worker_keeps_its_claim(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "BEAT", 0.02)
    with claimed(work.due().filter(pk=run.pk)) as claim:
        assert claim is not None
        Run.objects.filter(pk=run.pk).update(claimed_until=timezone.now())
        prolonged = threading.Event()
        for _ in range(100):
            if Run.objects.get(pk=run.pk).claimed_until > timezone.now() + LASTS / 2:  # type: ignore[operator]  # claimed
                prolonged.set()
                break
            threading.Event().wait(0.02)

    assert prolonged.is_set()
    assert Run.objects.get(pk=run.pk).claimed_until is None
    assert not [thread for thread in threading.enumerate() if thread.name == "claim" and not thread.daemon]


def test_who_was_overtaken_changes_nothing_and_frees_nothing(run: Run) -> None:
    with claimed(work.due().filter(pk=run.pk)) as slow:
        assert slow is not None
        until = timezone.now() + LASTS
        Run.objects.filter(pk=run.pk).update(owner="another worker", claimed_until=until)

        with pytest.raises(ClaimLost):
            slow.save(phase="events", done=7)

    run.refresh_from_db()
    assert (run.owner, run.claimed_until, run.phase, run.done) == ("another worker", until, "", 0)


def test_an_overtaken_worker_stops_at_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[str] = []

    def overtaken(step: Any) -> bool:
        Run.objects.filter(pk=run.pk).update(owner="another worker")
        step.save(done=1)
        reached.append("a step after the claim was lost")
        return True

    monkeypatch.setitem(work.PHASES, Run.Kind.INCREMENT, (("first", overtaken), ("second", overtaken)))

    assert work.work(run.pk) is False

    run.refresh_from_db()
    assert reached == []
    assert (run.owner, run.state, run.error, run.attempts) == ("another worker", Run.State.RUNNING, "", 0)


@pytest.mark.parametrize(
    "columns",
    [
        {"state": Run.State.DONE},
        {"state": Run.State.FAILED},
        {"due_at": timezone.now() + timedelta(hours=1)},
    ],
)
def test_what_is_over_or_not_due_is_nobodys_work(run: Run, columns: dict[str, Any]) -> None:
    Run.objects.filter(pk=run.pk).update(**columns)

    with claimed(work.due().filter(pk=run.pk)) as claim:
        assert claim is None


def test_a_block_that_breaks_gives_the_run_back(run: Run) -> None:
    with pytest.raises(RuntimeError), claimed(work.due().filter(pk=run.pk)):
        raise RuntimeError

    with claimed(work.due().filter(pk=run.pk)) as claim:
        assert claim is not None


def test_trouble_that_nobody_foresaw_is_counted_and_ends_in_words(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(step: Any) -> bool:
        raise ZeroDivisionError("of maria@shop.example")

    monkeypatch.setitem(work.PHASES, Run.Kind.INCREMENT, (("first", broken),))

    for _ in range(work.TRIES):
        Run.objects.filter(pk=run.pk).update(due_at=timezone.now())
        assert work.work(run.pk) is False

    run.refresh_from_db()
    assert run.state == Run.State.FAILED
    assert "ZeroDivisionError" in run.error and "maria" not in run.error
    assert "ZeroDivisionError" in caplog.text
