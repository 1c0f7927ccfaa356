"""kill -9 at any moment: the lake is always a whole state, never older than what was said to be done."""

import os
import random
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from connector.lake.location import location_of
from connector.lake.models import Lease
from connector.lake.query import newest, reading
from connector.lake.store import writing
from connector.lake.tidy import sweep
from tests.lake.processes import kill, rows_of, start, window_of

KILLS = 250 if os.environ.get("DRILL") == "full" else 10

Held = dict[str, tuple[object, ...]]


@pytest.mark.drill
@pytest.mark.django_db(transaction=True)
def test_a_writer_killed_at_any_moment_leaves_a_whole_state(install_id: UUID, lake_folder: Path) -> None:
    chance = random.Random(4)
    model: Held = {}
    version = -1
    connection.close()
    for turn in range(KILLS):
        writer = start("loop", install_id, turn, lake_folder)
        first = writer.stdout.readline() if writer.stdout else ""  # until then it only imports
        assert first.startswith("begin"), "the writer did not start"
        time.sleep(chance.uniform(0, 0.4))
        done, begun = told([first.strip(), *kill(writer)])

        for step in done:
            replace(model, step)
        may_be = dict(model)
        if begun is not None:
            replace(may_be, begun)
        held = held_by(install_id)
        assert held in (model, may_be), f"after kill {turn}"
        model = held
        assert newest(install_id).events >= version
        version = newest(install_id).events
        Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))  # as if its time had passed

    with writing(install_id, "after the drill") as last:
        last.settle()
    assert held_by(install_id) == model
    assert len(model) > 100


def test_half_written_files_of_a_killed_writer_are_swept_after_a_day(install_id: UUID, lake_folder: Path) -> None:
    folder = lake_folder / str(install_id) / "events" / "month=2024-12"
    folder.mkdir(parents=True)
    old, young, live = (folder / name for name in ("part-1.parquet#1", "part-2.parquet#1", "part-3.parquet"))
    for file in (old, young, live):
        file.write_bytes(b"half")
    os.utime(old, (0, 0))
    os.utime(live, (0, 0))

    assert sweep(location_of(install_id)) == 1

    assert sorted(folder.iterdir()) == [young, live]


def told(lines: list[str]) -> tuple[list[int], int | None]:
    """The steps said to be done, and the one begun last if it was not."""
    words = [line.split() for line in lines if line]
    done = [int(number) for word, number in words if word == "done"]
    begun = [int(number) for word, number in words if word == "begin"]
    return done, begun[-1] if begun and begun[-1] not in done else None


def replace(model: Held, step: int) -> None:
    since, until = window_of(step)
    for id in [id for id, row in model.items() if since <= row[0] < until]:  # type: ignore[operator]  # a time
        del model[id]
    model.update({row["id"]: (row["time"], row["metric"], row["person"]) for row in rows_of(step)})


def held_by(install_id: UUID) -> Held:
    with reading(install_id, newest(install_id)) as lake:
        rows = lake.rows("select id, time, metric, person from read_parquet($events, hive_partitioning=false)")
    assert len({row[0] for row in rows}) == len(rows)
    return {id: tuple(rest) for id, *rest in rows}
