"""Windows of events: replaced whole, never doubled, never torn."""

import datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from connector.lake import engine
from connector.lake.errors import RowsRefused
from connector.lake.query import Versions, newest, reading
from connector.lake.store import Writer, writing
from tests.lake.events import Row, at, event, event_columns

pytestmark = pytest.mark.django_db

IDS = "select id from read_parquet($events, hive_partitioning=false) order by id"
DAY = (at("2024-12-22"), at("2024-12-23"))


def ids(install_id: UUID, versions: Versions | None = None) -> list[str]:
    with reading(install_id, versions or newest(install_id)) as lake:
        return [id for (id,) in lake.rows(IDS)]


def put(writer: Writer, rows: list[Row], since: datetime.datetime = DAY[0], until: datetime.datetime = DAY[1]) -> None:
    writer.replace_events([event_columns(rows)], since, until)


def test_a_window_read_twice_is_held_once(install_id: UUID) -> None:
    rows = [event("a", "2024-12-22 10:00"), event("b", "2024-12-22 11:00")]

    with writing(install_id, "test") as writer:
        first = writer.replace_events([event_columns(rows)], *DAY)
        again = writer.replace_events([event_columns(rows)], *DAY)

    assert ids(install_id) == ["a", "b"]
    assert (first.added, first.removed) == (2, 0)
    assert (again.added, again.removed, again.rewritten, again.version) == (0, 0, False, first.version)


def test_pages_of_one_window_with_the_same_event_hold_it_once_as_read_last(install_id: UUID) -> None:
    pages = [
        event_columns([event("a", "2024-12-22 10:00", person="old"), event("b", "2024-12-22 09:00")]),
        event_columns([event("a", "2024-12-22 10:00", person="new")]),
    ]

    with writing(install_id, "test") as writer:
        writer.replace_events(pages, *DAY)

    with reading(install_id, newest(install_id)) as lake:
        rows = lake.rows("select id, person from read_parquet($events, hive_partitioning=false) order by id")
    assert rows == [("a", "new"), ("b", None)]


def test_new_events_in_a_window_are_added_and_the_rest_stays(install_id: UUID) -> None:
    old = [event("a", "2024-12-22 10:00"), event("b", "2024-12-21 10:00")]

    with writing(install_id, "test") as writer:
        put(writer, old, at("2024-12-01"), at("2025-01-01"))
        written = writer.replace_events([event_columns([old[0], event("c", "2024-12-22 12:00")])], *DAY)

    assert ids(install_id) == ["a", "b", "c"]
    assert (written.added, written.removed, written.rewritten) == (1, 0, False)


def test_an_event_that_changed_takes_the_place_of_what_was_held(install_id: UUID) -> None:
    with writing(install_id, "test") as writer:
        put(writer, [event("a", "2024-12-22 10:00"), event("b", "2024-12-22 10:00")])
        attributed = event("a", "2024-12-22 10:00", attributed=[{"campaign": "C", "flow": None, "message": "M"}])
        written = writer.replace_events([event_columns([attributed, event("b", "2024-12-22 10:00")])], *DAY)

    with reading(install_id, newest(install_id)) as lake:
        rows = lake.rows("select id, attributed from read_parquet($events, hive_partitioning=false) order by id")
    assert rows == [("a", [{"campaign": "C", "flow": None, "message": "M"}]), ("b", None)]
    assert (written.added, written.removed, written.rewritten) == (0, 0, True)


def test_no_rows_empty_the_window_and_nothing_beside_it(install_id: UUID) -> None:
    edges = ["2024-12-21 23:59:59", "2024-12-22 00:00", "2024-12-22 23:59:59", "2024-12-23 00:00"]

    with writing(install_id, "test") as writer:
        put(writer, [event(f"e{n}", time) for n, time in enumerate(edges)], at("2024-12-01"), at("2025-01-01"))
        written = writer.replace_events([], *DAY)

    assert ids(install_id) == ["e0", "e3"]
    assert (written.added, written.removed) == (0, 2)


def test_a_window_across_a_month_end_is_one_commit(install_id: UUID) -> None:
    window = (at("2024-11-30 12:00"), at("2025-01-01 12:00"))

    with writing(install_id, "test") as writer:
        put(writer, [event("a", "2024-11-30 23:59:59"), event("b", "2024-12-01"), event("c", "2025-01-01")], *window)
        before = newest(install_id)
        put(writer, [event("a", "2024-11-30 23:59:59"), event("d", "2024-12-01"), event("e", "2025-01-01")], *window)

    assert ids(install_id) == ["a", "d", "e"]
    assert newest(install_id).events == before.events + 1
    assert ids(install_id, before) == ["a", "b", "c"]


def test_rows_outside_the_window_are_refused_without_naming_them(
    install_id: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [event("SecretEvent", "2024-12-24 10:00", person="SecretPerson"), event("b", "2024-12-22 10:00")]

    with writing(install_id, "test") as writer, pytest.raises(RowsRefused) as refusal:
        writer.replace_events([event_columns(rows)], *DAY)

    assert str(refusal.value) == "1 of 2 events lie outside the window that is being replaced."
    assert "Secret" not in caplog.text
    assert newest(install_id) == Versions()


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"id": ["SecretEvent"], "street": ["Secret Lane"]}, "The table events has no column street."),
        ({"id": ["a", "b"], "time": [at("2024-12-22")]}, "The columns for events are of different lengths."),
        ({"id": ["a"], "time": ["SecretTime"]}, "The column time holds a value that is no timestamp[us, tz=UTC]."),
        ({"id": [None]}, "The column id is empty in 1 of 1 rows."),
        (
            event_columns([event("a", "2024-12-22", value="SecretValue")]),
            "The column value holds a value that is no decimal128(20, 6).",
        ),
    ],
)
def test_rows_that_do_not_fit_are_refused_in_words(
    install_id: UUID, columns: dict[str, list[object]], sentence: str
) -> None:
    with writing(install_id, "test") as writer, pytest.raises(RowsRefused) as refusal:
        writer.replace_events([columns], *DAY)

    assert str(refusal.value) == sentence
    assert refusal.value.__cause__ is None


def test_every_column_comes_back_as_it_was_given(install_id: UUID) -> None:
    row = event(
        "a",
        "2024-12-22 10:00:01",
        person="01P",
        value=Decimal("19.990000"),
        currency="EUR",
        order_id="#1001",
        machine_open=True,
        list_name="VIP, “gold”",
        discount_codes=["TEN", "FREE"],
        items=[{"title": "靴", "quantity": Decimal("2.000000"), "price": None}],
        attributed=[{"campaign": "C", "flow": None, "message": "M"}],
        properties={"size": "42", "colour": "red"},
    )

    with writing(install_id, "test") as writer:
        put(writer, [row])

    with reading(install_id, newest(install_id)) as lake:
        [held] = lake.rows("select columns(*) from read_parquet($events, hive_partitioning=false)")
    given = event_columns([row])
    assert dict(zip(given, held, strict=True)) == {name: values[0] for name, values in given.items()}


def test_instants_may_be_whole_seconds_and_half_a_character_does_no_harm(install_id: UUID) -> None:
    row = event("a", at("2024-12-22 10:00"), url="https://shop.test/\ud83d") | {
        "time": int(at("2024-12-22 10:00").timestamp())
    }

    with writing(install_id, "test") as writer:
        put(writer, [row])

    with reading(install_id, newest(install_id)) as lake:
        rows = lake.rows("select time, url from read_parquet($events, hive_partitioning=false)")
    assert rows == [(at("2024-12-22 10:00"), "https://shop.test/?")]


def test_a_month_of_many_files_is_joined_and_sorted(install_id: UUID, lake_folder: Path) -> None:
    with writing(install_id, "test") as writer:
        for hour in range(20):
            row = event(f"e{hour:02}", at("2024-12-22") + datetime.timedelta(hours=hour), f"Metric{hour % 3}")
            put(writer, [row], row["time"], row["time"] + datetime.timedelta(hours=1))
        crowded = newest(install_id)
        writer.settle()

    assert ids(install_id) == ids(install_id, crowded) == [f"e{hour:02}" for hour in range(20)]
    with reading(install_id, newest(install_id)) as lake:
        [(files,)] = lake.rows(
            "select count(distinct filename) from read_parquet($events, filename=true, hive_partitioning=false)"
        )
        order = lake.rows("select metric, time from read_parquet($events, hive_partitioning=false)")
    assert files == 1
    assert order == sorted(order)


def test_every_rewrite_keeps_the_file_settings(install_id: UUID) -> None:
    row = event("a", "2024-12-22 10:00", person="p1")
    seen = set()

    with writing(install_id, "test") as writer:
        put(writer, [row, event("b", "2024-12-22 12:00", person="p2")])
        seen.add(settings_of(install_id))
        put(writer, [row | {"person": "p3"}, event("b", "2024-12-22 12:00", person="p2")])
        seen.add(settings_of(install_id))
        put(writer, [event("c", "2024-12-25 10:00")], at("2024-12-25"), at("2024-12-26"))
        writer.settle()
        seen.add(settings_of(install_id))

    assert seen == {("ZSTD", True, True)}


def settings_of(install_id: UUID) -> tuple[str, bool, bool]:
    """Codec of all columns, whether ids and times have the encodings that were chosen for them."""
    with reading(install_id, newest(install_id)) as lake:
        rows = lake.rows("select path_in_schema, compression, encodings from parquet_metadata($events)")
    encodings = {column: encoding for column, _, encoding in rows}
    codecs = "/".join(sorted({codec for _, codec, _ in rows}))
    return codecs, "DELTA_LENGTH_BYTE_ARRAY" in encodings["id"], "DELTA_BINARY_PACKED" in encodings["time"]


def test_a_month_too_large_to_join_stays_as_it_is_and_the_sync_goes_on(
    install_id: UUID, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(engine, "WRITER_MEMORY", "1MB")

    with writing(install_id, "test") as writer:
        for hour in range(3):
            since = DAY[0] + datetime.timedelta(hours=hour)
            rows = [event(f"e{hour}-{n}", since, url=f"https://shop.test/{n}" * 20) for n in range(3000)]
            put(writer, rows, since, since + datetime.timedelta(hours=1))
        writer.settle()

    assert "too large to join 3 files" in caplog.text
    assert len(ids(install_id)) == 9000
