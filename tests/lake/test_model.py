"""Whatever is read in whatever order: the lake holds what a plain dictionary would."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.lake.query import Versions, newest, reading
from connector.lake.store import writing
from tests.lake.events import Row, at, event, event_columns

pytestmark = pytest.mark.django_db

HOURS = 96  # around a year's end
START = at("2024-12-30")
ROWS = "select id, time, metric, person from read_parquet($events, hive_partitioning=false)"
Model = dict[str, tuple[Any, ...]]


@st.composite
def windows(draw: st.DrawFn) -> tuple[datetime, datetime, list[list[Row]]]:
    """A window and the pages read for it: events may repeat, and the same id may come again with another person."""
    first = draw(st.integers(0, HOURS - 1))
    hours = draw(st.integers(1, HOURS - first))
    # An event's time never changes in Klaviyo, so it follows from its id: hour, and a number within it.
    ids = st.tuples(st.integers(first, first + hours - 1), st.integers(0, 2))
    rows = st.builds(_row, ids, st.sampled_from(["p1", "p2", None]))
    pages = draw(st.lists(st.lists(rows, max_size=6), max_size=3))
    return START + timedelta(hours=first), START + timedelta(hours=first + hours), pages


def _row(id: tuple[int, int], person: str | None) -> Row:
    hour, number = id
    return event(f"e{hour}-{number}", START + timedelta(hours=hour, seconds=number), f"Metric{number}", person=person)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.one_of(windows(), st.just("settle"), st.just("again")), min_size=1, max_size=6))
def test_any_sequence_of_windows_equals_a_dictionary(
    steps: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("lake")
    install_id = uuid4()
    model: Model = {}
    history: list[tuple[Versions, Model]] = []

    with override_settings(LAKE_URL=str(folder), HOME=folder):
        last = None
        with writing(install_id, "model") as writer:
            for step in steps:
                if step == "settle":
                    writer.settle()
                elif step == "again" and last is not None:
                    assert writer.replace_events(*last).version == newest(install_id).events
                elif step != "again":
                    since, until, pages = step
                    last = ([event_columns(page) for page in pages], since, until)
                    writer.replace_events(*last)
                    model = _replaced(model, since, until, pages)
                history.append((newest(install_id), dict(model)))

        for versions, then in history:
            with reading(install_id, versions) as lake:
                rows = lake.rows(ROWS)
            assert len(rows) == len(then)
            assert {id: tuple(rest) for id, *rest in rows} == then


def _replaced(model: Model, since: datetime, until: datetime, pages: list[list[Row]]) -> Model:
    kept = {id: row for id, row in model.items() if not since <= row[0] < until}
    for page in pages:
        for row in page:
            kept[row["id"]] = (row["time"], row["metric"], row["person"])
    return kept
