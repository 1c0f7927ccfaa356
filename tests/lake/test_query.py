"""Questions: constant SQL over pinned versions, walled into one install's files, ended by a deadline."""

import json
import threading
import time
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import duckdb
import pytest
from django.test import override_settings

from connector.lake import engine, query
from connector.lake.engine import close_engines, using_engine
from connector.lake.errors import DeadlinePassed, LakeUnwritable, TooBusy, TooLarge, VersionGone
from connector.lake.location import location_of
from connector.lake.query import Versions, newest, reading
from connector.lake.semaphore import FairSemaphore
from connector.lake.store import drop, writing
from tests.lake.events import at, event, event_columns

pytestmark = pytest.mark.django_db

COUNT = "select count(*) from read_parquet($events, hive_partitioning=false)"
LONG = "select count(*) from range(100000000000) a, read_parquet($events, hive_partitioning=false)"
DAY = (at("2024-12-22"), at("2024-12-23"))


def put(install_id: UUID, *ids: str) -> Versions:
    with writing(install_id, "test") as writer:
        writer.replace_events([event_columns([event(id, "2024-12-22 10:00", person="p") for id in ids])], *DAY)
    return newest(install_id)


def count(install_id: UUID, versions: Versions) -> int:
    with reading(install_id, versions) as lake:
        [(events,)] = lake.rows(COUNT)
    return int(events)


def test_an_install_without_data_has_empty_tables_of_all_columns(install_id: UUID) -> None:
    assert newest(install_id) == Versions(-1, -1, -1)

    with reading(install_id, Versions()) as lake:
        assert lake.rows(COUNT) == [(0,)]
        assert lake.rows("select id, items, time from read_parquet($events) where month(time) = 1") == []
        assert lake.rows("select email_hmac from read_parquet($profiles)") == []
        assert lake.rows("select audience from read_parquet($members)") == []


@pytest.mark.parametrize(
    "moment", ["2024-10-31 23:59:59", "2024-12-01", "2024-12-31 23:59:59", "2025-01-01", "2025-02-28", "2025-03-02"]
)
def test_events_ahead_of_a_moment_are_found_without_the_files_of_earlier_months(install_id: UUID, moment: str) -> None:
    times = ["2024-11-30 23:59:59", "2024-12-31 23:59:59", "2025-01-01", "2025-03-01"]
    with writing(install_id, "test") as writer:
        held = [event(str(number), text, person="p") for number, text in enumerate(times)]
        writer.replace_events([event_columns(held)], at("2024-11-01"), at("2025-04-01"))

    # In any zone: the month that counts is that of UTC.
    asked = at(moment).astimezone(ZoneInfo("Pacific/Auckland"))
    with reading(install_id, newest(install_id)) as lake:
        [(ahead,)] = lake.rows(
            "select count(*) from read_parquet($events_ahead, hive_partitioning=false) where time > $moment",
            moment=asked,
        )
        files = lake._bound("$events_ahead", {"moment": asked}, [])["events_ahead"]

    assert ahead == sum(at(text) > at(moment) for text in times)
    assert all("/month=2024-11/" not in file for file in files) or asked < at("2024-12-01")  # type: ignore[attr-defined]  # addresses


def test_a_pinned_version_answers_the_same_after_replacing_settling_and_emptying(install_id: UUID) -> None:
    pinned = put(install_id, "a", "b")

    put(install_id, "a", "c", "d")
    with writing(install_id, "test") as writer:
        writer.settle()
        writer.replace_events([], *DAY)
        writer.vacuum()

    assert count(install_id, pinned) == 2
    assert count(install_id, newest(install_id)) == 0


def test_a_folder_may_have_a_name_that_people_give(tmp_path: Path) -> None:
    install_id = uuid4()

    with override_settings(LAKE_URL=str(tmp_path / "Café d'Été #1 (100 %)" / "lake"), HOME=tmp_path):
        pinned = put(install_id, "a")
        put(install_id, "b")
        with writing(install_id, "test") as writer:
            writer.replace_members("VIP", ["p"])
            writer.settle()
            writer.vacuum()
        assert (count(install_id, pinned), count(install_id, newest(install_id))) == (1, 1)
    close_engines()


def test_a_folder_that_the_store_cannot_take_is_refused_in_words(tmp_path: Path) -> None:
    with (
        override_settings(LAKE_URL=str(tmp_path / "lake [1]"), HOME=tmp_path),
        pytest.raises(LakeUnwritable, match="set LAKE_URL"),
    ):
        newest(uuid4())


def test_versions_survive_json(install_id: UUID) -> None:
    versions = put(install_id, "a")

    assert Versions.of(json.loads(json.dumps(versions.as_dict()))) == versions
    assert Versions.of({"events": 3}) == Versions(events=3)


def test_a_version_whose_files_are_gone_says_so(install_id: UUID, lake_folder: Path) -> None:
    pinned = put(install_id, "a")
    assert count(install_id, pinned) == 1

    for file in lake_folder.rglob("part-*.parquet"):
        file.unlink()

    with reading(install_id, pinned) as lake, pytest.raises(VersionGone, match="no longer held"):
        lake.rows(COUNT)


def test_a_version_that_never_was_says_so(install_id: UUID) -> None:
    put(install_id, "a")

    with reading(install_id, Versions(events=99)) as lake, pytest.raises(VersionGone):
        lake.rows(COUNT)
    with reading(uuid4(), Versions(events=0)) as lake, pytest.raises(VersionGone):
        lake.rows(COUNT)


def test_an_install_dropped_and_loaded_again_is_read_anew(install_id: UUID, lake_folder: Path) -> None:
    before = put(install_id, "a")
    assert count(install_id, before) == 1

    drop(install_id)
    assert newest(install_id) == Versions()
    assert not (lake_folder / str(install_id)).exists()
    drop(install_id)

    after = put(install_id, "b", "c")
    assert after == before
    assert count(install_id, after) == 2


def test_a_question_past_its_deadline_is_stopped(install_id: UUID) -> None:
    versions = put(install_id, "a")
    begun = time.monotonic()

    with reading(install_id, versions, deadline=0.3) as lake:
        with pytest.raises(DeadlinePassed):
            lake.rows(LONG)
        with pytest.raises(DeadlinePassed):
            lake.rows(COUNT)

    assert time.monotonic() - begun < 3
    assert count(install_id, versions) == 1


def test_only_so_many_questions_run_at_once_and_the_rest_wait_no_longer_than_their_deadline(
    install_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = put(install_id, "a")
    monkeypatch.setattr(query, "_questions", FairSemaphore(1))

    with reading(install_id, versions), pytest.raises(TooBusy), reading(install_id, versions, deadline=0.1):
        pass

    assert count(install_id, versions) == 1


def test_questions_of_two_organizations_are_let_in_by_turns(install_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    semaphore, order = FairSemaphore(1), list[str]()
    monkeypatch.setattr(query, "_questions", semaphore)
    versions = put(install_id, "a")

    def ask(name: str) -> None:
        with reading(install_id, versions, turn=name[0]):
            order.append(name)

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("north", "north again", "south")]
    with reading(install_id, versions, turn="n"):
        for waiting, thread in enumerate(threads, 1):
            thread.start()
            while sum(map(len, list(semaphore._waiting.values()))) < waiting:
                time.sleep(0.01)
    for thread in threads:
        thread.join()

    assert order == ["north", "south", "north again"]


def test_a_question_that_needs_too_much_memory_is_refused_in_words(install_id: UUID) -> None:
    versions = put(install_id, "a")

    with reading(install_id, versions) as lake, pytest.raises(TooLarge):
        lake.rows("select list(x) from (select repeat('x', 1000) || i as x from range(20000000) t(i))")


def test_many_threads_may_ask_one_install_at_once(install_id: UUID) -> None:
    versions = put(install_id, "a", "b", "c")
    answers: list[int] = []

    threads = [threading.Thread(target=lambda: answers.append(count(install_id, versions))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [3] * 12


@pytest.mark.parametrize(
    "sql",
    [
        "copy (select 1) to '{lake}/x.csv'",
        "select 1; select 2",
        "set memory_limit='8GB'",
        "attach '/tmp/x.duckdb'",
        "install httpfs",
        "create table x as select 1",
        "pragma version",
        "",
    ],
)
def test_a_question_is_one_select_and_nothing_else(install_id: UUID, lake_folder: Path, sql: str) -> None:
    with reading(install_id, put(install_id, "a")) as lake, pytest.raises(ValueError, match="exactly one select"):
        lake.rows(sql.format(lake=lake_folder / str(install_id)))


@pytest.mark.parametrize(
    "file",
    [
        "/etc/passwd",
        "{lake}/{other}/events/x.parquet",
        "{lake}/{own}/../{other}/events/x.parquet",
        "{lake}/{own}x/y.parquet",
        "https://example.test/x.parquet",
    ],
)
def test_no_other_file_can_be_read(install_id: UUID, lake_folder: Path, file: str) -> None:
    other = uuid4()
    put(other, "theirs")
    path = file.format(lake=lake_folder, own=install_id, other=other)

    with reading(install_id, put(install_id, "a")) as lake:
        for function in ("read_parquet", "read_csv", "read_text", "read_blob", "glob"):
            with pytest.raises(duckdb.PermissionException):
                lake.rows(f"select * from {function}($file)", file=path)


def test_the_walls_of_an_instance_cannot_be_moved(install_id: UUID, lake_folder: Path, tmp_path: Path) -> None:
    put(install_id, "a")
    walls = (
        "set enable_external_access=true",
        "set allowed_directories=['/']",
        "set lock_configuration=false",
        "set threads=16",
        f"copy (select 1) to '{tmp_path}/x.csv'",
        f"copy (select 1) to '{lake_folder}/x.csv'",
        f"attach '{tmp_path}/x.duckdb'",
        "install httpfs",
        "load httpfs",
    )

    with using_engine(location_of(install_id)) as used:
        cursor = used.connection.cursor()
        for sql in walls:
            with pytest.raises(duckdb.Error):
                cursor.execute(sql)


def test_times_are_read_in_utc_whatever_the_host(install_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    versions = put(install_id, "a")
    close_engines()

    with reading(install_id, versions) as lake:
        rows = lake.rows(
            "select date_trunc('day', time), hour(time) from read_parquet($events, hive_partitioning=false)"
        )

    assert rows == [(at("2024-12-22"), 10)]


def test_scratch_of_a_process_that_was_killed_is_removed_and_that_of_a_living_one_stays(
    install_id: UUID, tmp_path: Path
) -> None:
    left = tmp_path / "scratch" / "left"
    left.mkdir(parents=True)
    (left / "lock").touch()
    versions = put(install_id, "a")

    with reading(install_id, versions) as lake:
        assert lake.rows(COUNT) == [(1,)]
        assert not left.exists()
        [living] = (tmp_path / "scratch").iterdir()
        other = uuid4()
        assert count(other, put(other, "b")) == 1
        assert living.exists()

    close_engines()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_instances_that_nobody_uses_are_closed_once_there_are_many(
    install_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "KEPT", 2)
    versions = put(install_id, "a")

    with reading(install_id, versions) as lake:
        for _ in range(4):
            assert count(uuid4(), Versions()) == 0
        assert lake.rows(COUNT) == [(1,)]

    assert len(engine._engines) == 2
    assert count(install_id, versions) == 1
