"""Periods in words against a second reading of the calendar that only walks and looks at the clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.insights.periods import BadPeriod, parse
from tests.insights.budget import examples
from tests.oracle import periods as naive

# What each is here for: clock changes in north and south, half hours, none at all, changes at midnight, a skipped date
# (30 December 2011 in Apia), and a clock that goes back for Ramadan.
ZONES = [
    "America/New_York",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Beirut",
    "Pacific/Apia",
    "Africa/Casablanca",
    "America/Havana",
    "Asia/Kathmandu",
    "UTC",
]

moments = st.datetimes(datetime(2003, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  (hypothesis wants its bounds naive)
days = st.dates(date(2000, 1, 1), date(2036, 12, 31))
relative = st.one_of(
    st.sampled_from(
        [
            "today",
            "yesterday",
            "last_week",
            "last_month",
            "last_quarter",
            "last_year",
            "this_week",
            "this_month",
            "this_quarter",
            "this_year",
            "all",
        ]
    ),
    st.builds("last_{}_{}".format, st.integers(1, 60), st.sampled_from(["days", "weeks", "months", "quarters"])),
    st.builds("last_{}_years".format, st.integers(1, 5)),
)
dated = st.one_of(
    days.map(lambda day: f"{day:%Y}"),
    days.map(lambda day: f"{day:%Y}-Q{(day.month + 2) // 3}"),
    days.map(lambda day: f"{day:%Y-%m}"),
    days.map(str),
    st.tuples(days, days).map(lambda pair: f"{min(pair)}..{max(pair)}"),
    st.tuples(days, st.integers(0, 45)).map(lambda pair: f"{pair[0]}..{pair[0] + timedelta(days=pair[1])}"),
)


def read(text: str, zone: str, now: datetime, first: datetime | None = None) -> naive.Span:
    period = parse(text, ZoneInfo(zone), now, first)
    return period.start.astimezone(UTC), period.end.astimezone(UTC)


@examples(400, 20_000)
@given(text=relative, zone=st.sampled_from(ZONES), now=moments, age=st.one_of(st.none(), st.integers(0, 9_000)))
@example(text="last_1_days", zone="America/Santiago", now=datetime(2026, 9, 6, 12, tzinfo=UTC), age=None)
@example(text="today", zone="Asia/Beirut", now=datetime(2026, 3, 29, 1, tzinfo=UTC), age=None)
@example(text="yesterday", zone="Pacific/Apia", now=datetime(2011, 12, 30, 12, tzinfo=UTC), age=None)
@example(text="last_12_months", zone="Europe/Berlin", now=datetime(2024, 2, 29, 22, 59, 59, tzinfo=UTC), age=None)
@example(text="last_4_quarters", zone="America/New_York", now=datetime(2026, 1, 1, 4, 59, 59, tzinfo=UTC), age=None)
@example(text="this_week", zone="America/Havana", now=datetime(2026, 11, 1, 5, 30, tzinfo=UTC), age=None)
def test_a_period_counted_from_now_is_what_the_calendar_on_the_wall_says(
    text: str, zone: str, now: datetime, age: int | None
) -> None:
    first = None if age is None else now - timedelta(hours=age)

    assert read(text, zone, now, first) == naive.parse(text, zone, now, first)


@examples(400, 20_000)
@given(text=dated, zone=st.sampled_from(ZONES), now=moments)
@example(text="2024-02-29", zone="America/New_York", now=datetime(2026, 1, 1, tzinfo=UTC))
@example(text="2026-09-06", zone="America/Santiago", now=datetime(2026, 1, 1, tzinfo=UTC))
@example(text="2026-03-29", zone="Asia/Beirut", now=datetime(2026, 1, 1, tzinfo=UTC))
@example(text="2011-12-29", zone="Pacific/Apia", now=datetime(2026, 1, 1, tzinfo=UTC))
@example(text="2011-12-30", zone="Pacific/Apia", now=datetime(2026, 1, 1, tzinfo=UTC))
@example(text="2026-11-01", zone="America/Havana", now=datetime(2026, 1, 1, tzinfo=UTC))
def test_a_period_of_dates_goes_from_midnight_to_midnight_right_across_clock_changes(
    text: str, zone: str, now: datetime
) -> None:
    assert read(text, zone, now) == naive.parse(text, zone, now, None)


@examples(200, 5_000)
@given(day=days, zone=st.sampled_from(ZONES))
def test_neighbouring_days_leave_no_gap_and_share_no_second(day: date, zone: str) -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    following = day + timedelta(days=1)

    assert read(str(day), zone, now)[1] == read(str(following), zone, now)[0]
    assert read(f"{day}..{following}", zone, now) == (read(str(day), zone, now)[0], read(str(following), zone, now)[1])


@pytest.mark.parametrize(
    ("text", "zone", "start", "end"),
    [
        (
            "2026-09-06",
            "America/Santiago",
            "2026-09-06T04:00:00",
            "2026-09-07T03:00:00",
        ),  # begins at 01:00: no midnight
        ("2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00", "2026-03-29T22:00:00"),  # 23 hours
        ("2026-11-01", "America/New_York", "2026-11-01T04:00:00", "2026-11-02T05:00:00"),  # 25 hours
        ("2026-11-01", "America/Havana", "2026-11-01T04:00:00", "2026-11-02T05:00:00"),  # its midnight comes twice
        ("2026-04-05", "Australia/Lord_Howe", "2026-04-04T13:00:00", "2026-04-05T13:30:00"),  # 24 and a half hours
        ("2011-12", "Pacific/Apia", "2011-12-01T10:00:00", "2011-12-31T10:00:00"),  # without the 30th
        ("2024-02", "Asia/Kolkata", "2024-01-31T18:30:00", "2024-02-29T18:30:00"),
        ("2026-Q4", "Asia/Tokyo", "2026-09-30T15:00:00", "2026-12-31T15:00:00"),
    ],
)
def test_days_by_hand(text: str, zone: str, start: str, end: str) -> None:
    expected = (datetime.fromisoformat(f"{start}+00:00"), datetime.fromisoformat(f"{end}+00:00"))
    now = datetime(2026, 6, 1, tzinfo=UTC)

    assert naive.parse(text, zone, now, None) == expected
    assert read(text, zone, now) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "never",
        "2026-13",
        "2026-02-30",
        "2026-Q5",
        "2026-Q0",
        "2026-3-1",
        "20260301",
        "2026-W09",
        "26",
        "last_0_days",
        "last_-1_days",
        "last_1.5_days",
        "last_days",
        "last_3_day",
        "last_3_hours",
        "this_day",
        "2026-03-02..2026-03-01",
        "2026-03-01...2026-03-02",
        "2026-03-01 .. 2026-03-32",
        "last_99999_years",
        "last_99999999999999999999_days",
        "0000",
    ],
)
def test_what_is_no_period_is_told_in_one_sentence(text: str) -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)

    with pytest.raises(ValueError, match="."):
        naive.parse(text, "Europe/Berlin", now, None)
    with pytest.raises(BadPeriod) as refused:
        parse(text, ZoneInfo("Europe/Berlin"), now, None)
    assert str(refused.value).strip()
