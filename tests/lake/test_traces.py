"""No id of a person or an event stands in the log of a table, in plain text or inside a checkpoint."""

import datetime
from pathlib import Path
from uuid import UUID

import pyarrow.parquet as pq
import pytest

from connector.lake.store import writing
from tests.lake.events import at, event, event_columns, profile, profile_columns

pytestmark = pytest.mark.django_db

TRACE = "Zq7Trace"  # begins every id of a person or event below


def test_no_person_and_no_event_is_named_in_a_log_or_checkpoint(install_id: UUID, lake_folder: Path) -> None:
    start = at("2024-12-01")
    with writing(install_id, "test") as writer:
        for hour in range(55):  # past the checkpoint each 50 versions
            since = start + datetime.timedelta(hours=hour)
            row = event(f"{TRACE}E{hour}", since, person=f"{TRACE}P{hour % 7}", order_id=f"{TRACE}O{hour}")
            writer.replace_events([event_columns([row])], since, since + datetime.timedelta(hours=1))
        writer.replace_events([], start, start + datetime.timedelta(hours=3))
        for city in ("Ulm", "Trier"):
            people = [profile(f"{TRACE}P{n}", city=city, email_hmac=f"{TRACE}M{n}") for n in range(7)]
            writer.upsert_profiles(profile_columns(people))
        for size in (7, 5):
            writer.replace_members("VIP", [f"{TRACE}P{n}" for n in range(size)])
        writer.settle()

    logs = [path for path in lake_folder.rglob("*") if path.is_file() and "_delta_log" in path.parts]
    checkpoints = [path for path in logs if path.suffix == ".parquet"]
    assert checkpoints
    for path in logs:
        assert TRACE.encode() not in path.read_bytes(), path.name
    for path in checkpoints:
        assert TRACE not in str(pq.read_table(path).to_pylist()), path.name


def test_the_log_keeps_no_row_that_was_refused(install_id: UUID, lake_folder: Path) -> None:
    row = event(f"{TRACE}E", "2024-12-24 10:00", person=f"{TRACE}P")

    with writing(install_id, "test") as writer, pytest.raises(ValueError, match="lie outside"):
        writer.replace_events([event_columns([row])], at("2024-12-22"), at("2024-12-23"))

    assert not [path for path in lake_folder.rglob("*") if path.is_file() and TRACE.encode() in path.read_bytes()]
