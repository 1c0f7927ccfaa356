"""The members of an audience are read once, however many ask, step by step, and a question sees old or new, whole."""

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from django.db import connection
from django.utils import timezone

from connector.installs.models import Allowance, Install
from connector.klaviyo.resources import SCOPES
from connector.lake.location import location_of
from connector.lake.models import Lease
from connector.lake.query import newest, reading
from connector.lake.store import writing
from connector.records import upsert
from connector.records.models import Audience, Kind, Record
from connector.sandbox.world.account import Size
from connector.sync import audiences, enqueue, members, tasks
from connector.sync.models import Run
from tests.connected import connected, finished, forget_limits, point_at
from tests.sandbox.running import AMERICA, Running, running
from tests.sync import readers

pytestmark = pytest.mark.django_db(transaction=True)
KILLS = 100 if os.environ.get("DRILL") == "full" else 4
MEMBERS = "select person from read_parquet($members, hive_partitioning=false) where audience = $audience"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Audiences that a worker was told of."""
    found: list[UUID] = []
    monkeypatch.setattr(enqueue, "read_members", lambda record_id: found.append(UUID(str(record_id))))
    return found


@pytest.fixture
def klaviyo_sandbox(tmp_path: Path, settings: Any) -> Iterator[Running]:
    """Lists of several pages."""
    with running(tmp_path, base=int(time.time()), size=Size(people=1200, events=1200)) as started:
        point_at(settings, started)
        forget_limits(started)
        yield started


@pytest.fixture
def shop(klaviyo_sandbox: Running, northwind: Any, settings: Any, tmp_path: Path, told: list[UUID]) -> Install:
    """The American account, of which the names of lists and segments are known."""
    settings.LAKE_URL = str(tmp_path / "lake")
    install = connected(klaviyo_sandbox, northwind)
    for kind in (Kind.LIST, Kind.SEGMENT):
        upsert.upsert(install, kind, [upsert.audience_row(thing) for thing in klaviyo_sandbox.raw(kind)])
    return install


@pytest.fixture
def newsletter(shop: Install) -> Record:
    """A list of several pages that nobody has asked for."""
    return Record.objects.get(install=shop, kind=Kind.LIST, name="Newsletter")


@pytest.fixture
def asked(newsletter: Record) -> Record:
    """The same, and a question waits for its members."""
    audiences.request([newsletter.pk])
    return newsletter


@pytest.fixture
def short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step is over after its first page."""
    monkeypatch.setattr(members, "STEP", 0.0)


def truth(klaviyo: Running, record: Record) -> set[str]:
    lines = httpx.get(f"{klaviyo.url}/_sandbox/members/{AMERICA}/{record.klaviyo_id}").text.splitlines()
    return {line.strip('"') for line in lines}


def pages(klaviyo: Running, record: Record) -> int:
    """Pages that one reading takes."""
    return -(-len(truth(klaviyo, record)) // 100)


def pages_asked(klaviyo: Running) -> int:
    """Pages of members that the sandbox was asked for so far."""
    asked = httpx.get(f"{klaviyo.url}/_sandbox/requests").text.splitlines()
    return sum("get_profile_ids_for_" in line for line in asked)


def held(record: Record) -> set[str]:
    with reading(record.install_id, newest(record.install_id)) as lake:
        rows = [person for (person,) in lake.rows(MEMBERS, audience=record.klaviyo_id)]
    assert len(rows) == len(set(rows))
    return set(rows)


def worked(record: Record) -> int:
    """Step after step until there is no more to do; how many went on."""
    for steps in range(1000):
        if not members.read(record.pk):
            return steps
    raise AssertionError("no end")


def staged(record: Record) -> list[Path]:
    return sorted(Path(location_of(record.install_id).root).glob("staged/*/*"))


def in_threads(work: Callable[[], Any], number: int) -> None:
    def run() -> None:
        work()
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_five_askings_make_one_reading(klaviyo_sandbox: Running, newsletter: Record, told: list[UUID]) -> None:
    before = pages_asked(klaviyo_sandbox)

    in_threads(lambda: audiences.request([str(newsletter.pk)]), 5)
    in_threads(lambda: tasks.read_members(record_id=str(newsletter.pk)), 5)

    assert told == [newsletter.pk]
    assert held(newsletter) == truth(klaviyo_sandbox, newsletter)
    assert pages_asked(klaviyo_sandbox) - before == pages(klaviyo_sandbox, newsletter) > 1


def test_who_waits_is_known_until_all_are_read(asked: Record, shop: Install) -> None:
    other = Record.objects.get(install=shop, kind=Kind.SEGMENT, name="VIP Customers")
    assert audiences.waiting([str(asked.pk), other.pk]) == {str(asked.pk)}

    worked(asked)

    assert audiences.waiting([asked.pk, other.pk]) == set()


def test_a_fresh_audience_is_not_read_again(klaviyo_sandbox: Running, asked: Record, told: list[UUID]) -> None:
    worked(asked)
    before = pages_asked(klaviyo_sandbox)

    audiences.request([asked.pk])
    Audience.objects.update(due_at=timezone.now())  # a message that came too late
    tasks.read_members(record_id=str(asked.pk))

    assert len(told) == 1
    assert pages_asked(klaviyo_sandbox) == before
    assert audiences.waiting([asked.pk]) == set()


def test_many_turns_make_one_reading_and_show_it_whole_at_its_end(
    klaviyo_sandbox: Running, shop: Install, asked: Record, short_turns: None
) -> None:
    with writing(shop.pk, "test") as lake:
        lake.replace_members(asked.klaviyo_id, ["of before"])
    before, began = pages_asked(klaviyo_sandbox), timezone.now()
    needed = pages(klaviyo_sandbox, asked)

    for _ in range(needed - 1):
        assert members.read(asked.pk)
        assert held(asked) == {"of before"}
    assert len(staged(asked)) == needed - 1
    assert not members.read(asked.pk)

    audience = Audience.objects.get()
    assert held(asked) == truth(klaviyo_sandbox, asked)
    assert audience.members == len(held(asked))
    assert pages_asked(klaviyo_sandbox) - before == needed
    assert audience.fetched_at and audience.ended_at and began < audience.fetched_at < audience.ended_at
    assert (audience.checkpoint, audience.due_at, staged(asked)) == ({}, None, [])


def test_a_turn_that_is_not_the_last_queues_its_successor(asked: Record, short_turns: None, told: list[UUID]) -> None:
    tasks.read_members(record_id=str(asked.pk))

    assert told == [asked.pk, asked.pk]


def test_an_audience_that_a_living_worker_holds_is_left_to_it(klaviyo_sandbox: Running, asked: Record) -> None:
    before = pages_asked(klaviyo_sandbox)
    Audience.objects.update(owner="another", claimed_until=timezone.now() + timedelta(seconds=20))

    assert not members.read(asked.pk)
    assert pages_asked(klaviyo_sandbox) == before

    Audience.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    worked(asked)
    assert held(asked) == truth(klaviyo_sandbox, asked)


@pytest.mark.drill
def test_workers_killed_at_any_moment_lose_a_turn_at_most(
    klaviyo_sandbox: Running, shop: Install, asked: Record, tmp_path: Path
) -> None:
    chance = random.Random(5)
    with writing(shop.pk, "test") as lake:
        lake.replace_members(asked.klaviyo_id, ["of before"])
    reached = 0
    connection.close()
    for _ in range(KILLS):
        worker = readers.start(asked.pk, tmp_path / "lake", klaviyo_sandbox.url)
        _killed_soon(worker, chance)
        assert held(asked) in ({"of before"}, truth(klaviyo_sandbox, asked))
        if not audiences.waiting([asked.pk]):
            break
        parts = Audience.objects.get().checkpoint.get("parts", 0)
        assert parts >= reached
        reached = parts
        Lease.objects.all().delete()  # both run out by themselves within half a minute
        Audience.objects.update(claimed_until=None)
    worked(asked)

    assert held(asked) == truth(klaviyo_sandbox, asked)
    assert Audience.objects.get().members == len(held(asked))


def _killed_soon(worker: Any, chance: random.Random) -> None:
    """Some time after its first sign of life at the database, or when it has ended by itself."""
    while worker.poll() is None and not Audience.objects.filter(claimed_until__isnull=False).exists():
        time.sleep(0.01)
    time.sleep(chance.random() * 0.3)
    worker.kill()
    worker.wait()


def test_a_page_that_klaviyo_no_longer_knows_begins_the_reading_again(
    klaviyo_sandbox: Running, asked: Record, short_turns: None
) -> None:
    members.read(asked.pk)
    audience = Audience.objects.get()
    address = f"{klaviyo_sandbox.url}/api/lists/{asked.klaviyo_id}/relationships/profiles?page%5Bcursor%5D=long-ago"
    Audience.objects.update(checkpoint=audience.checkpoint | {"next": address})

    worked(asked)

    assert held(asked) == truth(klaviyo_sandbox, asked)
    assert Audience.objects.get().members == len(held(asked))


def test_a_reading_that_cannot_get_past_a_page_ends_in_words(asked: Record, klaviyo_sandbox: Running) -> None:
    address = f"{klaviyo_sandbox.url}/api/lists/{asked.klaviyo_id}/relationships/profiles?page%5Bcursor%5D=long-ago"
    now = timezone.now().isoformat()
    checkpoint = {"began": now, "saved": now, "next": address, "parts": 0, "restarts": members.RESTARTS}
    Audience.objects.update(checkpoint=checkpoint)

    assert worked(asked) == 0

    assert "no longer knows its own link" in Audience.objects.get().problem
    assert audiences.waiting([asked.pk]) == set()


def test_staged_members_that_are_gone_are_read_again(
    klaviyo_sandbox: Running, asked: Record, short_turns: None
) -> None:
    members.read(asked.pk)
    members.read(asked.pk)
    staged(asked)[0].unlink()

    worked(asked)

    assert held(asked) == truth(klaviyo_sandbox, asked)


def test_a_place_saved_long_ago_is_not_gone_on_from(asked: Record, short_turns: None) -> None:
    members.read(asked.pk)
    checkpoint = Audience.objects.get().checkpoint
    began = timezone.now()
    Audience.objects.update(checkpoint=checkpoint | {"saved": (began - timedelta(minutes=11)).isoformat()})

    worked(asked)

    fetched_at = Audience.objects.get().fetched_at
    assert fetched_at and fetched_at > began


def test_a_limit_in_the_middle_keeps_what_was_read_and_beat_goes_on_from_there(
    klaviyo_sandbox: Running, asked: Record, told: list[UUID]
) -> None:
    before = pages_asked(klaviyo_sandbox)
    path = f"/api/lists/{asked.klaviyo_id}/relationships/profiles*page[[]cursor]"
    klaviyo_sandbox.trigger("429", times=1, path=path, seconds=120)

    assert not members.read(asked.pk)

    audience = Audience.objects.get()
    assert audience.due_at and timedelta(minutes=1) < audience.due_at - timezone.now() < timedelta(minutes=3)
    assert (audience.checkpoint["parts"], audiences.waiting([asked.pk])) == (1, {str(asked.pk)})
    tasks.schedule_audiences()
    assert told == [asked.pk]

    Audience.objects.update(due_at=timezone.now())
    tasks.schedule_audiences()
    tasks.schedule_audiences()
    assert told == [asked.pk, asked.pk]
    _over_at_klaviyo(klaviyo_sandbox)
    worked(asked)
    assert held(asked) == truth(klaviyo_sandbox, asked)
    assert pages_asked(klaviyo_sandbox) - before == pages(klaviyo_sandbox, asked)


def _over_at_klaviyo(klaviyo: Running) -> None:
    """The wait that our own books keep."""
    Allowance.objects.all().delete()
    forget_limits(klaviyo)


def test_lost_messages_and_dead_workers_are_woken_by_beat(asked: Record, told: list[UUID]) -> None:
    told.clear()
    Audience.objects.update(due_at=timezone.now() - timedelta(seconds=9))
    tasks.schedule_audiences()
    Audience.objects.update(claimed_until=timezone.now() + timedelta(seconds=9))
    tasks.schedule_audiences()
    assert told == [asked.pk]

    Audience.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    tasks.schedule_audiences()
    assert told == [asked.pk, asked.pk]


def test_audiences_of_one_account_wait_for_each_other_and_for_a_run_to_write(
    klaviyo_sandbox: Running, shop: Install, asked: Record
) -> None:
    other = Record.objects.get(install=shop, kind=Kind.SEGMENT, name="VIP Customers")
    audiences.request([other.pk])
    written = threading.Event()

    def run() -> None:
        with writing(shop.pk, "a run"):
            written.set()
            time.sleep(1.0)
        connection.close()

    threads = [threading.Thread(target=run)]
    threads[0].start()
    written.wait()
    for record in (asked, other):
        threads.append(threading.Thread(target=_read, args=(record.pk,)))
        threads[-1].start()
    for thread in threads:
        thread.join()

    assert audiences.waiting([asked.pk, other.pk]) == set()
    for record in (asked, other):
        assert held(record) == truth(klaviyo_sandbox, record)


def _read(record_id: UUID) -> None:
    members.read(record_id)
    connection.close()


def test_a_failure_is_said_in_words_and_not_tried_again_at_once(
    klaviyo_sandbox: Running, asked: Record, told: list[UUID]
) -> None:
    klaviyo_sandbox.trigger("scope-removed", account=AMERICA, scope="lists:read")
    worked(asked)

    audience = Audience.objects.get()
    assert (audience.missing_scope, audience.due_at) == ("lists:read", None)
    audiences.request([asked.pk])
    assert len(told) == 1

    Audience.objects.update(wanted_at=timezone.now() - timedelta(seconds=31))
    audiences.request([asked.pk])
    assert len(told) == 2
    assert Audience.objects.get().problem == ""


def test_a_lake_that_cannot_be_written_is_said_in_words(asked: Record, tmp_path: Path) -> None:
    checkpoint = Path(location_of(asked.install_id).table("members"))
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_text("a file where the table's folder should be")

    worked(asked)

    assert Audience.objects.get().problem
    assert audiences.waiting([asked.pk]) == set()


def test_a_reading_longer_than_it_would_last_stands_for_some_minutes_from_its_end(asked: Record) -> None:
    now = timezone.now()
    slow = Audience(record=asked, fetched_at=now - timedelta(minutes=14), ended_at=now - timedelta(minutes=1))
    quick = Audience(record=asked, fetched_at=now - timedelta(minutes=11), ended_at=now - timedelta(minutes=10))

    assert audiences.is_fresh(slow, now)
    assert not audiences.is_fresh(slow, now + timedelta(minutes=5))
    assert not audiences.is_fresh(quick, now)


def test_what_readings_without_an_end_have_left_goes_at_night(
    klaviyo_sandbox: Running, shop: Install, asked: Record, short_turns: None
) -> None:
    other = Record.objects.get(install=shop, kind=Kind.SEGMENT, name="VIP Customers")
    members.read(asked.pk)
    with writing(shop.pk, "test") as lake:
        lake.stage_members(other.klaviyo_id, ["somebody"], 0)

    finished(shop, Run.Kind.RECONCILE)

    assert [path.parent.name for path in staged(asked)] == [asked.klaviyo_id]
    worked(asked)
    assert held(asked) == truth(klaviyo_sandbox, asked)


def test_a_list_that_is_gone_ends_the_reading(klaviyo_sandbox: Running, asked: Record) -> None:
    with klaviyo_sandbox.client(scopes=list(SCOPES)) as client:
        client.delete(f"/api/lists/{asked.klaviyo_id}")

    worked(asked)

    asked.refresh_from_db()
    assert asked.deleted_at
    assert audiences.waiting([asked.pk]) == set()
