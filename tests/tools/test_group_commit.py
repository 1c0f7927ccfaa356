"""Nothing is answered before it is recorded, many answers share one commit, and one bad row takes no other with it."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.caller import Caller
from audit.models import AuditEvent
from audit.record import build
from connector.receipts.models import Receipt
from connector.tools import group_commit
from connector.tools.call import call
from connector.tools.group_commit import NotRecorded, commit
from tests.factories import InstallFactory, ReceiptFactory
from tests.pool import pooled

pytestmark = pytest.mark.django_db(transaction=True)


def event(**facts: Any) -> AuditEvent:
    return build("tool.called", via="mcp", **facts)[0]


def side_by_side(works: list[Callable[[], None]]) -> list[BaseException]:
    """All at once, each on a thread of its own; what they raised."""
    raised: list[BaseException] = []
    ready = threading.Barrier(len(works))

    def one(work: Callable[[], None]) -> None:
        ready.wait()
        try:
            work()
        except BaseException as error:  # noqa: BLE001  (handed to the test)
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_what_is_written_is_there_when_the_call_returns() -> None:
    commit([event(subject_id="one"), event(subject_id="other")])

    assert set(AuditEvent.objects.values_list("subject_id", flat=True)) == {"one", "other"}


def test_many_who_write_at_once_all_find_their_rows() -> None:
    def writer(number: int) -> Callable[[], None]:
        def work() -> None:
            commit([event(subject_id=str(number))])
            assert AuditEvent.objects.filter(subject_id=str(number)).count() == 1

        return work

    assert side_by_side([writer(number) for number in range(24)]) == []
    assert AuditEvent.objects.count() == 24


def test_many_who_write_at_once_share_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    commits, go = list[int](), threading.Event()
    committed = group_commit._committed

    def counted(batch: Any) -> bool:
        go.wait(5)
        commits.append(len(batch))
        return committed(batch)

    monkeypatch.setattr(group_commit, "_committed", counted)
    works = [lambda: commit([event()]) for _ in range(20)]
    threading.Timer(0.5, go.set).start()

    assert side_by_side(works) == []
    assert sum(commits) == 20 and len(commits) <= 3


def test_a_row_that_cannot_be_kept_is_refused_alone(caplog: pytest.LogCaptureFixture) -> None:
    install = InstallFactory()
    kept = [ReceiptFactory.build(install=install, organization=install.organization) for _ in range(6)]
    twice = ReceiptFactory(install=install)  # its key is taken
    again = Receipt(pk=twice.pk, organization=twice.organization, tool="people_who", args={}, resolved={}, versions={},
                    answer={}, install_text="", took_ms=1, created_at=twice.created_at, via="mcp")  # fmt: skip

    raised = side_by_side([*(lambda row=row: commit([event(), row]) for row in kept), lambda: commit([event(), again])])

    assert [type(error) for error in raised] == [NotRecorded]
    assert Receipt.objects.count() == 7
    assert AuditEvent.objects.count() == 6  # the refused row's event went with it
    assert "people_who" not in caplog.text


def test_after_a_failure_the_next_one_is_written() -> None:
    twice = ReceiptFactory()
    with pytest.raises(NotRecorded):
        commit([Receipt(pk=twice.pk, organization=twice.organization, tool="x", args={}, resolved={}, versions={}, answer={},
                       install_text="", took_ms=1, created_at=twice.created_at, via="mcp")])  # fmt: skip

    commit([event()])

    assert AuditEvent.objects.count() == 1


def test_an_answer_that_cannot_be_recorded_is_not_given(
    alice_caller: Caller, install: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "_committed", lambda batch: False)

    with pytest.raises(NotRecorded, match="not given"):
        call(alice_caller, "list_accounts", {})


def test_a_writer_that_never_answers_ends_in_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = threading.Event()
    monkeypatch.setattr(group_commit, "PATIENCE", 0.2)
    monkeypatch.setattr(group_commit, "_committed", lambda batch: stuck.wait(5))

    with pytest.raises(NotRecorded):
        commit([event()])
    stuck.set()


def test_within_a_transaction_the_rows_are_part_of_it() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        commit([event()])
        assert AuditEvent.objects.count() == 1
        raise RuntimeError

    assert not AuditEvent.objects.exists()


@pytest.mark.services
def test_twenty_who_wait_leave_a_pool_of_two_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has used a connection, and all wait at once: whoever kept it would keep the others from coming so far."""
    used, all_have, committed = threading.Semaphore(0), list[bool](), group_commit._committed

    def held_up(batch: Any) -> bool:
        if not all_have:
            all_have.append(all(used.acquire(timeout=5) for _ in range(20)))
        return committed(batch)

    def work() -> None:
        AuditEvent.objects.count()
        used.release()
        commit([event()])

    monkeypatch.setattr(group_commit, "_committed", held_up)
    with pooled(2):
        assert side_by_side([work] * 20) == []
        assert AuditEvent.objects.count() == 20
    assert all_have == [True]


@pytest.mark.services
def test_a_pool_that_is_in_use_keeps_nobody_from_being_recorded() -> None:
    with pooled(1):
        with connection.cursor():  # held by this thread, as by a page that takes long
            assert side_by_side([lambda: commit([event()])]) == []
        assert AuditEvent.objects.count() == 1


def test_after_a_stop_another_writer_takes_over() -> None:
    commit([event()])
    group_commit.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "group commit"]

    commit([event()])

    assert AuditEvent.objects.count() == 2


def test_what_waits_at_a_stop_is_committed_first(monkeypatch: pytest.MonkeyPatch) -> None:
    committed = group_commit._committed

    def slowly(batch: Any) -> bool:
        time.sleep(0.05)
        return committed(batch)

    monkeypatch.setattr(group_commit, "_committed", slowly)
    assert side_by_side([*(lambda: commit([event()]) for _ in range(8)), *[group_commit.stop] * 3]) == []

    assert AuditEvent.objects.count() == 8


def test_one_thread_serves_the_process() -> None:
    side_by_side([lambda: commit([event()]) for _ in range(8)])

    assert len([thread for thread in threading.enumerate() if thread.name == "group commit"]) == 1
