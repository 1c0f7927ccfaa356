"""One writer per install, whoever dies."""

import threading
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from connector.lake import lease as leases
from connector.lake.errors import LeaseHeld, LeaseLost
from connector.lake.models import Lease
from connector.lake.query import newest, reading
from connector.lake.store import drop, writing
from tests.lake.events import at, event, event_columns
from tests.lake.processes import start

DAY = (at("2024-12-22"), at("2024-12-23"))


@pytest.mark.django_db
def test_a_second_writer_is_turned_away_until_the_first_is_done(install_id: UUID) -> None:
    with writing(install_id, "first"):
        with pytest.raises(LeaseHeld), writing(install_id, "second"):
            pass
        with pytest.raises(LeaseHeld):
            drop(install_id)
        with writing(uuid4(), "another install"):
            pass

    with writing(install_id, "second"):
        assert Lease.objects.get(install=install_id).owner == "second"
    assert not Lease.objects.exists()


@pytest.mark.django_db
def test_the_lease_is_given_back_when_the_writer_fails(install_id: UUID) -> None:
    with pytest.raises(ZeroDivisionError), writing(install_id, "first"):
        raise ZeroDivisionError

    with writing(install_id, "second"):
        pass


@pytest.mark.django_db
def test_a_lease_that_ran_out_is_taken_and_its_slow_holder_writes_nothing_more(install_id: UUID) -> None:
    with writing(install_id, "slow") as slow:
        slow.replace_events([event_columns([event("a", "2024-12-22 10:00")])], *DAY)
        Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

        with writing(install_id, "next") as writer:
            with pytest.raises(LeaseLost):
                slow.replace_events([], *DAY)
            writer.replace_events([event_columns([event("b", "2024-12-22 11:00")])], *DAY)
            taken = Lease.objects.get(install=install_id)

    assert taken.owner == "next"
    with reading(install_id, newest(install_id)) as lake:
        assert lake.rows("select id from read_parquet($events, hive_partitioning=false)") == [("b",)]


@pytest.mark.django_db
def test_the_slow_holder_does_not_give_back_the_lease_of_the_next(install_id: UUID) -> None:
    with writing(install_id, "slow"):
        Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        next_one = writing(install_id, "next")
        next_one.__enter__()

    assert Lease.objects.get(install=install_id).owner == "next"
    next_one.__exit__(None, None, None)


@pytest.mark.django_db(transaction=True)
def test_the_heart_beats_while_the_writer_is_busy_elsewhere(install_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.05)

    with writing(install_id, "busy"):
        taken = Lease.objects.get(install=install_id)
        deadline = time.monotonic() + 10
        while Lease.objects.get(install=install_id).heartbeat_at == taken.heartbeat_at:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        beaten = Lease.objects.get(install=install_id)

    assert beaten.id == taken.id
    assert beaten.expires_at > taken.expires_at


@pytest.mark.django_db(transaction=True)
def test_a_beat_that_fails_is_tried_again(
    install_id: UUID, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.05)
    fails = threading.Semaphore(2)
    beaten = threading.Event()
    renew = leases.Held.renew

    def renew_at_the_third_time(held: leases.Held) -> None:
        if fails.acquire(blocking=False):
            raise DatabaseError("the database is away")
        renew(held)
        beaten.set()

    monkeypatch.setattr(leases.Held, "renew", renew_at_the_third_time)
    with writing(install_id, "patient"):
        assert beaten.wait(10)

    assert caplog.text.count("lease heartbeat failed") == 2


@pytest.mark.django_db(transaction=True)
def test_two_processes_are_never_inside_together(install_id: UUID, lake_folder: Path) -> None:
    connection.close()
    processes = [start("hold", install_id, 10, lake_folder) for _ in range(2)]

    said = [process.communicate(timeout=120)[0] for process in processes]

    assert [process.returncode for process in processes] == [0, 0]
    assert said == ["finished\n", "finished\n"]
    with reading(install_id, newest(install_id)) as lake:
        held = lake.rows("select count(*), count(distinct id) from read_parquet($events, hive_partitioning=false)")
    assert held == [(20, 20)]
