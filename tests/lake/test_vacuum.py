"""Old files go after 30 days, unless a receipt or a draft still speaks of their version."""

import json
import os
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.utils import timezone

from connector.lake.errors import VersionGone
from connector.lake.pins import pin
from connector.lake.query import Versions, newest, reading
from connector.lake.store import writing
from tests.lake.events import at, event, event_columns

pytestmark = pytest.mark.django_db

IDS = "select id from read_parquet($events, hive_partitioning=false) order by id"
DAY = (at("2024-12-22"), at("2024-12-23"))


def three_versions(install_id: UUID) -> list[Versions]:
    versions = []
    with writing(install_id, "test") as writer:
        for id in "abc":
            writer.replace_events([event_columns([event(id, "2024-12-22 10:00")])], *DAY)
            versions.append(newest(install_id))
    return versions


def make_older(lake: Path, days: int) -> None:
    """As if all of it had been written that long ago: the log's times and the files' own."""
    past = timedelta(days=days)
    for file in (path for path in lake.rglob("*") if path.is_file()):
        os.utime(file, (file.stat().st_atime, file.stat().st_mtime - past.total_seconds()))
    for log in lake.rglob("_delta_log/*.json"):
        actions = [json.loads(line) for line in log.read_text().splitlines()]
        for action in actions:
            if "remove" in action:
                action["remove"]["deletionTimestamp"] -= int(past.total_seconds() * 1000)
        log.write_text("\n".join(map(json.dumps, actions)) + "\n")


def ids(install_id: UUID, versions: Versions) -> list[str]:
    with reading(install_id, versions) as lake:
        return [id for (id,) in lake.rows(IDS)]


def test_files_of_the_last_thirty_days_stay(install_id: UUID, lake_folder: Path) -> None:
    first, second, third = three_versions(install_id)
    make_older(lake_folder, 29)

    with writing(install_id, "night") as writer:
        assert writer.vacuum() == 0

    assert [ids(install_id, versions) for versions in (first, second, third)] == [["a"], ["b"], ["c"]]


def test_older_files_go_but_those_of_pinned_and_newest_versions(install_id: UUID, lake_folder: Path) -> None:
    first, second, third = three_versions(install_id)
    pin(install_id=install_id, versions=first, until=timezone.now() + timedelta(days=1), why="a receipt")
    pin(install_id=install_id, versions=second, until=timezone.now() - timedelta(days=1), why="a receipt that ended")
    make_older(lake_folder, 31)

    with writing(install_id, "night") as writer:
        assert writer.vacuum() == 1

    assert ids(install_id, first) == ["a"]
    assert ids(install_id, third) == ids(install_id, newest(install_id)) == ["c"]
    with pytest.raises(VersionGone):
        ids(install_id, second)


def test_files_that_no_commit_names_go_after_thirty_days(install_id: UUID, lake_folder: Path) -> None:
    three_versions(install_id)
    orphan = lake_folder / str(install_id) / "events" / "month=2024-12" / "part-00000-of-a-killed-writer.zstd.parquet"
    orphan.write_bytes(b"half")
    make_older(lake_folder, 31)

    with writing(install_id, "night") as writer:
        writer.vacuum()

    assert not orphan.exists()
