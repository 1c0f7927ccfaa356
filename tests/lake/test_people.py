"""Profiles and the members of lists and segments."""

from pathlib import Path
from uuid import UUID

import pytest

from connector.lake.errors import RowsRefused, StagedGone
from connector.lake.query import Versions, newest, reading
from connector.lake.store import writing
from tests.lake.events import profile, profile_columns

pytestmark = pytest.mark.django_db

PROFILES = "select id, city from read_parquet($profiles, hive_partitioning=false) order by id"
MEMBERS = "select audience, person from read_parquet($members, hive_partitioning=false) order by all"


def rows(install_id: UUID, sql: str, versions: Versions | None = None) -> list[tuple[object, ...]]:
    with reading(install_id, versions or newest(install_id)) as lake:
        return lake.rows(sql)


def test_a_profile_read_again_takes_the_place_of_its_old_self(install_id: UUID) -> None:
    with writing(install_id, "test") as writer:
        writer.upsert_profiles(profile_columns([profile("p1", city="Hamburg"), profile("p2", city="Kiel")]))
        before = newest(install_id)
        written = writer.upsert_profiles(profile_columns([profile("p2", city="Bremen"), profile("p3")]))

    assert rows(install_id, PROFILES) == [("p1", "Hamburg"), ("p2", "Bremen"), ("p3", None)]
    assert rows(install_id, PROFILES, before) == [("p1", "Hamburg"), ("p2", "Kiel")]
    assert (written.added, written.rewritten) == (1, True)


def test_profiles_read_again_unchanged_make_no_version(install_id: UUID) -> None:
    people = profile_columns([profile("p1", properties={"b": "2", "a": "1"}), profile("p2")])

    with writing(install_id, "test") as writer:
        first = writer.upsert_profiles(people)
        again = writer.upsert_profiles(people)

    assert again.version == first.version
    assert not again.rewritten


def test_new_profiles_are_added_without_rewriting_the_old(install_id: UUID, lake_folder: Path) -> None:
    with writing(install_id, "test") as writer:
        writer.upsert_profiles(profile_columns([profile("p1")]))
        held = set(lake_folder.rglob("*.parquet"))
        written = writer.upsert_profiles(profile_columns([profile("p1"), profile("p2")]))

    assert held < set(lake_folder.rglob("*.parquet"))
    assert not written.rewritten
    assert rows(install_id, PROFILES) == [("p1", None), ("p2", None)]


def test_an_audience_becomes_exactly_the_people_given(install_id: UUID) -> None:
    with writing(install_id, "test") as writer:
        writer.replace_members("VIP", ["p1", "p2", "p2"])
        writer.replace_members("News", ["p1", "p9"])
        first = newest(install_id)
        writer.replace_members("VIP", ["p2", "p3"])

    assert rows(install_id, MEMBERS) == [("News", "p1"), ("News", "p9"), ("VIP", "p2"), ("VIP", "p3")]
    assert rows(install_id, MEMBERS, first) == [("News", "p1"), ("News", "p9"), ("VIP", "p1"), ("VIP", "p2")]


def test_an_audience_that_everyone_left_is_empty(install_id: UUID) -> None:
    with writing(install_id, "test") as writer:
        writer.replace_members("VIP", ["p1"])
        written = writer.replace_members("VIP", [])
        assert written.removed == 1
        assert writer.replace_members("VIP", []).version == written.version

    assert rows(install_id, MEMBERS) == []


def test_an_audience_whose_id_cannot_stand_in_quotes_is_refused(install_id: UUID) -> None:
    with writing(install_id, "test") as writer, pytest.raises(RowsRefused):
        writer.replace_members("x' or '1'='1", ["p1"])


def test_members_staged_part_by_part_are_seen_at_the_end_alone_and_once(install_id: UUID) -> None:
    with writing(install_id, "test") as writer:
        writer.replace_members("VIP", ["p1", "p9"])
        writer.stage_members("VIP", ["p1", "p2"], 0)
        writer.stage_members("VIP", ["p7"], 1)
        writer.stage_members("VIP", ["p3", "p2"], 1)
        before = newest(install_id)
        assert rows(install_id, MEMBERS) == [("VIP", "p1"), ("VIP", "p9")]
        written = writer.replace_members("VIP", ["p4", "p1"], parts=2)
        writer.forget_staged("VIP")

    assert rows(install_id, MEMBERS) == [("VIP", "p1"), ("VIP", "p2"), ("VIP", "p3"), ("VIP", "p4")]
    assert rows(install_id, MEMBERS, before) == [("VIP", "p1"), ("VIP", "p9")]
    assert (written.given, written.added, written.removed, written.rewritten) == (4, 3, 1, True)


def test_the_same_members_again_make_no_version_and_new_ones_rewrite_no_file(
    install_id: UUID, lake_folder: Path
) -> None:
    with writing(install_id, "test") as writer:
        first = writer.replace_members("VIP", ["p1", "p2"])
        again = writer.replace_members("VIP", ["p2", "p1"])
        held = set(lake_folder.rglob("part-*.parquet"))
        more = writer.replace_members("VIP", ["p1", "p2", "p3"])

    assert (again.version, again.given, again.added) == (first.version, 2, 0)
    assert held and held < set(lake_folder.rglob("part-*.parquet"))
    assert (more.given, more.added, more.removed, more.rewritten) == (3, 1, 0, False)
    assert rows(install_id, MEMBERS) == [("VIP", "p1"), ("VIP", "p2"), ("VIP", "p3")]


def test_staged_members_that_are_gone_are_told_and_change_nothing(install_id: UUID) -> None:
    with writing(install_id, "test") as writer:
        writer.replace_members("VIP", ["p1"])
        writer.stage_members("VIP", ["p2"], 0)
        writer.clear_staged(but=["News"])
        with pytest.raises(StagedGone):
            writer.replace_members("VIP", ["p3"], parts=1)

    assert rows(install_id, MEMBERS) == [("VIP", "p1")]


def test_settling_joins_profiles_and_changes_no_row(install_id: UUID, lake_folder: Path) -> None:
    with writing(install_id, "test") as writer:
        for number in range(5):
            writer.upsert_profiles(profile_columns([profile(f"p{number}", city="Köln", properties={"a": "1"})]))
            writer.replace_members(f"A{number}", ["p1"])
        before = rows(install_id, PROFILES), rows(install_id, MEMBERS)
        writer.settle()

    assert (rows(install_id, PROFILES), rows(install_id, MEMBERS)) == before
    with reading(install_id, newest(install_id)) as lake:
        files = lake.rows(
            "select count(distinct filename) from read_parquet($profiles, filename=true, hive_partitioning=false)"
        )
    assert files == [(1,)]
