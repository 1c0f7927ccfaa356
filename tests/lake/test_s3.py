"""The same lake in a bucket: LAKE_URL and the usual AWS_* variables are all that changes."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import boto3
import duckdb
import pytest
from django.test import override_settings
from moto.server import ThreadedMotoServer

from connector.lake.engine import close_engines
from connector.lake.errors import LakeError, StagedGone, VersionGone
from connector.lake.query import Versions, newest, reading, summary
from connector.lake.store import drop, writing
from tests.lake.events import at, event, event_columns, profile, profile_columns

pytestmark = pytest.mark.django_db

IDS = "select id from read_parquet($events, hive_partitioning=false) order by id"
DAY = (at("2024-12-22"), at("2024-12-23"))


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(name, value)
    name = f"lake-{uuid4().hex}"
    boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    with override_settings(LAKE_URL=f"s3://{name}/plumbline", HOME=tmp_path):
        yield name
    close_engines()
    server.stop()


def ids(install_id: UUID, versions: Versions) -> list[str]:
    with reading(install_id, versions) as lake:
        return [id for (id,) in lake.rows(IDS)]


def test_windows_profiles_members_and_versions_work_in_a_bucket(bucket: str) -> None:
    install_id = uuid4()
    with writing(install_id, "test") as writer:
        writer.replace_events([event_columns([event("a", "2024-12-22 10:00"), event("b", "2024-12-22 11:00")])], *DAY)
        pinned = newest(install_id)
        writer.replace_events([event_columns([event("c", "2024-12-22 10:00")])], *DAY)
        writer.upsert_profiles(profile_columns([profile("p1", city="Ulm")]))
        writer.upsert_profiles(profile_columns([profile("p1", city="Trier")]))
        writer.replace_members("VIP", ["p1"])
        writer.vacuum()

    assert ids(install_id, newest(install_id)) == ["c"]
    assert ids(install_id, pinned) == ["a", "b"]
    with reading(install_id, newest(install_id)) as lake:
        assert lake.rows("select city from read_parquet($profiles)") == [("Trier",)]
        assert lake.rows("select audience, person from read_parquet($members)") == [("VIP", "p1")]
    assert summary(install_id)["events"] == 1
    assert summary(install_id)["bytes"] > 0


def test_members_are_staged_in_a_bucket(bucket: str) -> None:
    install_id = uuid4()
    with writing(install_id, "test") as writer:
        writer.clear_staged(but=[])
        writer.stage_members("VIP", ["p1"], 0)
        writer.stage_members("News", ["p1"], 0)
        writer.replace_members("VIP", ["p2"], parts=1)
        writer.forget_staged("VIP")
        writer.forget_staged("VIP")
        with pytest.raises(StagedGone):
            writer.replace_members("VIP", [], parts=1)
        writer.clear_staged(but=["News"])
        writer.replace_members("News", [], parts=1)

    with reading(install_id, newest(install_id)) as lake:
        held = lake.rows("select audience, person from read_parquet($members) order by all")
    assert held == [("News", "p1"), ("VIP", "p1"), ("VIP", "p2")]


def test_a_crowded_month_is_joined_in_a_bucket(bucket: str) -> None:
    install_id = uuid4()
    with writing(install_id, "test") as writer:
        for hour in range(5):
            since = DAY[0] + timedelta(hours=hour)
            writer.replace_events([event_columns([event(f"e{hour}", since)])], since, since + timedelta(hours=1))
        writer.settle()

    with reading(install_id, newest(install_id)) as lake:
        files = lake.rows("select count(distinct filename), count(*) from read_parquet($events, filename=true)")
    assert files == [(1, 5)]


def test_one_install_cannot_read_anothers_prefix(bucket: str) -> None:
    ours, theirs = uuid4(), uuid4()
    for install_id in (ours, theirs):
        with writing(install_id, "test") as writer:
            writer.replace_events([event_columns([event("a", "2024-12-22 10:00")])], *DAY)
    with reading(theirs, newest(theirs)) as lake:
        [(file,)] = lake.rows("select filename from read_parquet($events, filename=true)")

    with reading(ours, newest(ours)) as lake, pytest.raises(duckdb.PermissionException):
        lake.rows("select * from read_parquet($file)", file=file)


def test_a_dropped_install_leaves_no_object(bucket: str) -> None:
    install_id, other = uuid4(), uuid4()
    for each in (install_id, other):
        with writing(each, "test") as writer:
            writer.replace_events([event_columns([event("a", "2024-12-22 10:00")])], *DAY)
    pinned = newest(install_id)
    assert ids(install_id, pinned) == ["a"]

    drop(install_id)

    keys = [found["Key"] for found in boto3.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys
    assert all(key.startswith(f"plumbline/{other}/") for key in keys)
    with reading(install_id, pinned) as lake, pytest.raises(VersionGone):
        lake.rows(IDS)


def test_a_bucket_that_does_not_answer_is_said_in_words_and_soon(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    install_id = uuid4()
    with writing(install_id, "test") as writer:
        writer.replace_events([event_columns([event("a", "2024-12-22 10:00")])], *DAY)
    pinned = newest(install_id)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    begun = time.monotonic()

    with pytest.raises(LakeError, match="cannot be reached"):
        newest(install_id)
    with reading(install_id, pinned) as lake, pytest.raises(LakeError, match="cannot be reached") as refused:
        lake.rows(IDS)
    with writing(install_id, "test") as writer, pytest.raises(LakeError, match="could not be written"):
        writer.replace_events([], *DAY)

    assert not isinstance(refused.value, VersionGone)
    assert time.monotonic() - begun < 20
