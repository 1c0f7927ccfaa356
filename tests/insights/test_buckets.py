"""The rows of a series."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.insights.buckets import buckets
from connector.insights.periods import parse
from tests.insights.budget import examples
from tests.oracle import periods as naive

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 6, 2, 10, 15, tzinfo=UTC)  # a Tuesday, 12:15 there
FIRST = datetime(2026, 5, 20, 8, 30, tzinfo=UTC)
ZONES = ["Europe/Berlin", "America/Santiago", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca"]


def shown(text: str, interval: str, first: datetime | None = FIRST) -> list[str]:
    """`start from..to`, with ! while running."""

    def local(at: datetime) -> str:
        return f"{at.astimezone(BERLIN):%m-%dT%H:%M}"

    period = parse(text, BERLIN, NOON, lambda: first)
    return [
        f"{bucket.start} {local(bucket.from_instant)}..{local(bucket.to_instant)}{'!' if bucket.running else ''}"
        for bucket in buckets(period, interval, BERLIN, NOON)
    ]


@pytest.mark.parametrize(
    ("text", "interval", "rows"),
    [
        ("last_2_days", "day", ["2026-05-31 05-31T00:00..06-01T00:00", "2026-06-01 06-01T00:00..06-02T00:00"]),
        ("today", "day", ["2026-06-02 06-02T00:00..06-02T12:15!"]),
        # a bucket begins on its own first day, but only what lies in the period counts
        ("2026-05-20..2026-05-26", "week", ["2026-05-18 05-20T00:00..05-25T00:00", "2026-05-25 05-25T00:00..05-27T00:00"]),
        ("2026-05-20..2026-05-26", "month", ["2026-05-01 05-20T00:00..05-27T00:00"]),
        ("last_month..now", "month", ["2026-05-01 05-01T00:00..06-01T00:00", "2026-06-01 06-01T00:00..06-02T12:15!"]),
        ("last_week..now", "week", ["2026-05-25 05-25T00:00..06-01T00:00", "2026-06-01 06-01T00:00..06-02T12:15!"]),
        ("2026-06-01..2026-06-01", "week", ["2026-06-01 06-01T00:00..06-02T00:00!"]),  # the week is not over
        # none begins after now
        ("2026-06-01..2026-06-30", "day", ["2026-06-01 06-01T00:00..06-02T00:00", "2026-06-02 06-02T00:00..06-03T00:00!"]),
        ("2026-Q3", "month", []),
        ("2026-06-03", "day", []),
        # one for all
        ("2026-05-20..2026-05-26", "total", ["2026-05-20 05-20T00:00..05-27T00:00"]),
        ("this_month", "total", ["2026-06-01 06-01T00:00..06-02T12:15!"]),
        ("2026-06", "total", ["2026-06-01 06-01T00:00..07-01T00:00!"]),
        ("all", "total", ["2026-05-20 05-20T10:30..06-02T12:15!"]),
        ("2026-07", "total", []),
        # from the first event
        ("all", "month", ["2026-05-01 05-20T10:30..06-01T00:00", "2026-06-01 06-01T00:00..06-02T12:15!"]),
        ("..2026-05-21", "day", ["2026-05-20 05-20T10:30..05-21T00:00", "2026-05-21 05-21T00:00..05-22T00:00"]),
        ("..2026-05-19", "day", []),  # nothing is held of it
    ],
)  # fmt: skip
def test_buckets_of_a_period(text: str, interval: str, rows: list[str]) -> None:
    assert shown(text, interval) == rows


@pytest.mark.parametrize(("interval", "number"), [("day", 0), ("week", 0), ("month", 0), ("total", 1)])
def test_an_account_without_events_has_no_bucket_but_the_whole(interval: str, number: int) -> None:
    assert len(shown("all", interval, first=None)) == number


def test_a_day_that_a_zone_skipped_is_no_bucket() -> None:
    apia, now = ZoneInfo("Pacific/Apia"), datetime(2012, 6, 1, tzinfo=UTC)
    found = buckets(parse("2011-12-29..2011-12-31", apia, now, lambda: None), "day", apia, now)

    assert [bucket.start.day for bucket in found] == [29, 31]
    assert buckets(parse("2011-12-30", apia, now, lambda: None), "day", apia, now) == []


@examples(300, 10_000)
@given(
    first=st.dates(date(2005, 1, 1), date(2030, 1, 1)),
    length=st.integers(0, 100),
    interval=st.sampled_from(["day", "week", "month"]),
    zone=st.sampled_from(ZONES),
    age=st.integers(-60, 200),
)
@example(first=date(2026, 9, 1), length=10, interval="day", zone="America/Santiago", age=200)
@example(first=date(2026, 3, 25), length=10, interval="day", zone="Asia/Beirut", age=200)
@example(first=date(2011, 12, 1), length=60, interval="month", zone="Pacific/Apia", age=200)
@example(first=date(2026, 4, 1), length=10, interval="week", zone="Australia/Lord_Howe", age=7)
def test_buckets_follow_the_calendar_leave_no_gap_and_share_no_moment(
    first: date, length: int, interval: str, zone: str, age: int
) -> None:
    there, last = ZoneInfo(zone), first + timedelta(days=length)
    now = datetime(last.year, last.month, last.day, 12, 34, tzinfo=UTC) + timedelta(days=age)
    period = parse(f"{first}..{last}", there, now, lambda: None)

    found = buckets(period, interval, there, now)

    days = [first + timedelta(days=number) for number in range(length + 1)]
    own = {"day": lambda day: day, "week": lambda day: day - timedelta(days=day.weekday())}.get(
        interval, lambda day: day.replace(day=1)
    )
    starts = sorted(
        {own(day) for day in days if naive.day_start(day, zone) < naive.day_start(day + timedelta(1), zone)}
    )
    assert [bucket.start for bucket in found] == [start for start in starts if naive.day_start(start, zone) <= now]
    assert all(one.to_instant == other.from_instant for one, other in pairwise(found))
    assert all(
        bucket.from_instant == max(naive.day_start(bucket.start, zone), naive.day_start(first, zone))
        for bucket in found
    )
    if now >= period.end:
        assert found[0].from_instant == period.start and found[-1].to_instant == period.end
