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


BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 6, 2, 10, 15, tzinfo=UTC)  # a Tuesday, 12:15 there
FIRST = datetime(2024, 2, 21, 8, 30, tzinfo=UTC)


def local(at: datetime) -> str:
    return f"{at.astimezone(BERLIN):%Y-%m-%dT%H:%M}"


def read(text: str, zone: str, now: datetime, first: datetime | None = None) -> naive.Span:
    period = parse(text, ZoneInfo(zone), now, lambda: first)
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
        parse(text, ZoneInfo("Europe/Berlin"), now, lambda: None)
    assert str(refused.value).strip()


@pytest.mark.parametrize(
    "text",
    [
        "..", "2026-03..", "..2026", "..2026-02-30", "2026-02-30..", "..now", "2026-03-01..now", "today..now", "this_month..now",
        "last_month..", "last_month..2026-03-01", "last_0_days..now", "2027-01-01..", "2026-06-04..", "1989-12-31", "2101",
        "last_127_years", "last_9999_months", "last_9999_years..now", "tomorrow", "next_week", "next_7_days", "ALL", " all",
    ],
)  # fmt: skip
def test_what_is_no_period_either_is_told_in_one_sentence(text: str) -> None:
    with pytest.raises(BadPeriod) as refused:
        parse(text, BERLIN, NOON, lambda: None)
    assert text in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["tomorow", "next_month", "next_0_days", "next_day", "next_7_day", "next_99999_days"])
def test_what_is_to_come_is_a_day_a_week_or_days(text: str) -> None:
    with pytest.raises(BadPeriod, match="tomorrow, next_week, next_14_days"):
        parse(text, BERLIN, NOON, lambda: None, future=True)


@pytest.mark.parametrize(
    ("text", "start", "end", "unit", "count", "to_now"),
    [
        ("2026-05-03..", "2026-05-03T00:00", "now", "day", 31, True),
        ("2026-06-02..", "2026-06-02T00:00", "now", "day", 1, True),
        ("last_90_days..now", "2026-03-04T00:00", "now", "day", 91, True),
        ("last_week..now", "2026-05-25T00:00", "now", "day", 9, True),
        ("last_2_weeks..now", "2026-05-18T00:00", "now", "day", 16, True),
        ("last_quarter..now", "2026-01-01T00:00", "now", "day", 153, True),
        ("last_1_years..now", "2025-01-01T00:00", "now", "day", 518, True),
        ("..2026-05-03", "2024-02-21T09:30", "2026-05-04T00:00", "day", 803, False),
        ("..2026-06-02", "2024-02-21T09:30", "2026-06-03T00:00", "day", 833, False),
        ("..2026-12-31", "2024-02-21T09:30", "2027-01-01T00:00", "day", 1045, False),
        ("..2024-02-21", "2024-02-21T09:30", "2024-02-22T00:00", "day", 1, False),
        ("..2024-02-20", "2024-02-21T00:00", "2024-02-21T00:00", "day", 1, False),  # before all that is held: nothing
        ("all", "2024-02-21T09:30", "now", "", 0, True),
        ("today", "2026-06-02T00:00", "now", "day", 1, True),
        ("this_quarter", "2026-04-01T00:00", "now", "quarter", 1, True),
        ("last_6_months", "2025-12-01T00:00", "2026-06-01T00:00", "month", 6, False),
        ("last_week", "2026-05-25T00:00", "2026-06-01T00:00", "week", 1, False),
        ("2026", "2026-01-01T00:00", "2027-01-01T00:00", "year", 1, False),
        ("2026-Q2", "2026-04-01T00:00", "2026-07-01T00:00", "quarter", 1, False),
        ("2026-02", "2026-02-01T00:00", "2026-03-01T00:00", "month", 1, False),
        ("2026-03-29", "2026-03-29T00:00", "2026-03-30T00:00", "day", 1, False),
        ("2026-05-01..2026-05-03", "2026-05-01T00:00", "2026-05-04T00:00", "day", 3, False),
        ("tomorrow", "2026-06-03T00:00", "2026-06-04T00:00", "day", 1, False),
        ("next_week", "2026-06-08T00:00", "2026-06-15T00:00", "week", 1, False),
        ("next_14_days", "2026-06-03T00:00", "2026-06-17T00:00", "day", 14, False),
        ("next_1_days", "2026-06-03T00:00", "2026-06-04T00:00", "day", 1, False),
    ],
)  # fmt: skip
def test_a_period_knows_how_it_was_given(text: str, start: str, end: str, unit: str, count: int, to_now: bool) -> None:
    period = parse(text, BERLIN, NOON, lambda: FIRST, future=True)

    assert local(period.start) == start
    assert local(period.end) == (local(NOON) if end == "now" else end)
    assert (period.unit, period.count, period.to_now) == (unit, count, to_now)
    assert period.running == (period.start <= NOON and (to_now or period.end > NOON))
    assert period.label == text


def test_from_a_day_that_has_begun_elsewhere_alone_nothing_is_meant_yet() -> None:
    now = datetime(2026, 6, 2, 10, 15, tzinfo=UTC)  # already the third in Kiritimati

    here, there = (
        parse("2026-06-03..", ZoneInfo(zone), now, lambda: None) for zone in (str(BERLIN), "Pacific/Kiritimati")
    )

    assert here.start == here.end > now and there.start < there.end == now


@pytest.mark.parametrize("text", ["all", "..2026-05-03"])
def test_without_an_event_what_begins_with_the_first_one_is_empty(text: str) -> None:
    period = parse(text, BERLIN, NOON, lambda: None)

    assert period.start == period.end


def test_the_first_event_is_asked_for_only_where_a_period_begins_with_it() -> None:
    def first() -> datetime:
        raise AssertionError("asked")

    for text in ("today", "last_month", "2026", "2026-05-01..", "last_90_days..now"):
        parse(text, BERLIN, NOON, first)
    with pytest.raises(BadPeriod):
        parse("..2026-13-01", BERLIN, NOON, first)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("today", "today"),
        ("yesterday", "yesterday"),
        ("last_1_days", "yesterday"),
        ("last_30_days", "in the last 30 days"),
        ("last_week", "last week"),
        ("last_1_months", "last month"),
        ("last_6_months", "in the last 6 months"),
        ("this_year", "this year"),
        ("2026", "in 2026"),
        ("2026-Q4", "in Q4 2026"),
        ("2026-11", "in November 2026"),
        ("2026-11-05", "on 5 Nov 2026"),
        ("2026-05-01..2026-05-03", "from 1 May 2026 to 3 May 2026"),
        ("2026-05-01..2026-05-01", "on 1 May 2026"),
        ("2026-05-01..", "from 1 May 2026 to now"),
        ("last_90_days..now", "from 4 Mar 2026 to now"),
        ("..2026-05-03", "from the first event (21 Feb 2024) to 3 May 2026"),
        ("all", "since the first event (21 Feb 2024)"),
        ("tomorrow", "tomorrow"),
        ("next_week", "next week"),
        ("next_14_days", "in the next 14 days"),
    ],
)
def test_a_period_in_words_ends_a_sentence(text: str, words: str) -> None:
    assert parse(text, BERLIN, NOON, lambda: FIRST, future=True).words() == words


def test_all_without_an_event_is_any_time() -> None:
    assert parse("all", BERLIN, NOON, lambda: None).words() == "at any time"
