"""What a period is compared with."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.insights.comparisons import previous, year_before, year_before_weekday
from connector.insights.periods import Period, parse
from tests.insights.budget import examples
from tests.oracle import periods as naive

BERLIN, NEW_YORK, SANTIAGO, APIA = (
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Pacific/Apia",
)
FIRST = datetime(2024, 2, 21, 8, 30, tzinfo=UTC)
Compare = Callable[[Period, ZoneInfo, datetime], Period | None]


def compared(compare: Compare, text: str, zone: str, now: str) -> tuple[str, str] | None:
    """Its local start and end, asked at a local time."""
    there = ZoneInfo(zone)
    moment = datetime.fromisoformat(now).replace(tzinfo=there).astimezone(UTC)
    found = compare(parse(text, there, moment, lambda: FIRST), there, moment)
    if found is None:
        return None
    assert not found.running and not found.to_now
    return (f"{found.start.astimezone(there):%Y-%m-%d %H:%M}", f"{found.end.astimezone(there):%Y-%m-%d %H:%M}")


@pytest.mark.parametrize(
    ("text", "zone", "now", "start", "end"),
    [
        # whole ones: as many of the units before
        ("last_30_days", BERLIN, "2026-06-02 12:15", "2026-04-03 00:00", "2026-05-03 00:00"),
        ("yesterday", BERLIN, "2026-06-02 12:15", "2026-05-31 00:00", "2026-06-01 00:00"),
        ("last_week", BERLIN, "2026-06-02 12:15", "2026-05-18 00:00", "2026-05-25 00:00"),
        ("last_2_weeks", BERLIN, "2026-06-02 12:15", "2026-05-04 00:00", "2026-05-18 00:00"),
        ("last_month", BERLIN, "2026-04-30 12:15", "2026-02-01 00:00", "2026-03-01 00:00"),
        ("last_3_months", BERLIN, "2026-06-02 12:15", "2025-12-01 00:00", "2026-03-01 00:00"),
        ("last_quarter", BERLIN, "2026-02-02 12:15", "2025-07-01 00:00", "2025-10-01 00:00"),
        ("last_2_years", BERLIN, "2026-06-02 12:15", "2022-01-01 00:00", "2024-01-01 00:00"),
        ("2026", BERLIN, "2026-06-02 12:15", "2025-01-01 00:00", "2026-01-01 00:00"),  # whole, though not over yet
        ("2026-Q1", BERLIN, "2026-06-02 12:15", "2025-10-01 00:00", "2026-01-01 00:00"),
        ("2024-03", BERLIN, "2026-06-02 12:15", "2024-02-01 00:00", "2024-03-01 00:00"),
        ("2024-03-01", BERLIN, "2026-06-02 12:15", "2024-02-29 00:00", "2024-03-01 00:00"),
        ("2026-05-10..2026-05-19", BERLIN, "2026-06-02 12:15", "2026-04-30 00:00", "2026-05-10 00:00"),
        ("2026-03-01..2026-03-31", BERLIN, "2026-06-02 12:15", "2026-01-29 00:00", "2026-03-01 00:00"),
        ("2026-05-30..2026-06-02", BERLIN, "2026-06-02 12:15", "2026-05-26 00:00", "2026-05-30 00:00"),
        ("..2024-02-25", BERLIN, "2026-06-02 12:15", "2024-02-16 00:00", "2024-02-21 00:00"),
        # running ones: the one before, up to as long after its start, at most its end
        ("today", BERLIN, "2026-06-02 12:15", "2026-06-01 00:00", "2026-06-01 12:15"),
        ("this_week", BERLIN, "2026-06-02 12:15", "2026-05-25 00:00", "2026-05-26 12:15"),
        ("this_month", BERLIN, "2026-06-02 12:15", "2026-05-01 00:00", "2026-05-02 12:15"),
        ("this_month", BERLIN, "2026-05-30 12:15", "2026-04-01 00:00", "2026-04-30 12:15"),
        ("this_month", BERLIN, "2026-05-31 12:15", "2026-04-01 00:00", "2026-05-01 00:00"),
        ("this_month", BERLIN, "2026-03-30 12:15", "2026-02-01 00:00", "2026-03-01 00:00"),
        ("this_quarter", BERLIN, "2026-06-30 12:15", "2026-01-01 00:00", "2026-04-01 00:00"),
        ("this_quarter", BERLIN, "2026-06-29 12:15", "2026-01-01 00:00", "2026-03-31 12:15"),
        ("this_year", BERLIN, "2024-03-01 12:15", "2023-01-01 00:00", "2023-03-02 12:15"),  # the 61st day of each
        ("this_year", BERLIN, "2024-12-31 12:15", "2023-01-01 00:00", "2024-01-01 00:00"),
        # dates that end now: as many days before, to the same time of day
        ("2026-05-24..", BERLIN, "2026-06-02 12:15", "2026-05-14 00:00", "2026-05-23 12:15"),
        ("last_7_days..now", BERLIN, "2026-06-02 12:15", "2026-05-18 00:00", "2026-05-25 12:15"),
        ("last_month..now", BERLIN, "2026-06-02 12:15", "2026-03-29 00:00", "2026-04-30 12:15"),
        # clock changes: the time on the wall counts, not the hours gone by
        ("today", BERLIN, "2026-03-29 12:15", "2026-03-28 00:00", "2026-03-28 12:15"),
        ("today", BERLIN, "2026-03-30 02:30", "2026-03-29 00:00", "2026-03-29 03:00"),  # no 02:30 there: the jump
        ("today", BERLIN, "2026-10-26 02:30", "2026-10-25 00:00", "2026-10-25 02:30"),
        ("today", SANTIAGO, "2026-09-07 00:30", "2026-09-06 01:00", "2026-09-06 01:00"),  # its day begins at 01:00
        ("yesterday", SANTIAGO, "2026-09-08 09:00", "2026-09-06 01:00", "2026-09-07 00:00"),
        ("2011-12-31", APIA, "2012-06-01 09:00", "2011-12-31 00:00", "2011-12-31 00:00"),  # the 30th was skipped
    ],
)  # fmt: skip
def test_previous(text: str, zone: str, now: str, start: str, end: str) -> None:
    assert compared(previous, text, zone, now) == (start, end)


@pytest.mark.parametrize(
    ("text", "zone", "now", "start", "end"),
    [
        ("last_30_days", BERLIN, "2026-06-02 12:15", "2025-05-03 00:00", "2025-06-02 00:00"),
        ("last_week", BERLIN, "2026-06-02 12:15", "2025-05-25 00:00", "2025-06-01 00:00"),
        ("2024-02-29", BERLIN, "2026-06-02 12:15", "2023-02-28 00:00", "2023-03-01 00:00"),
        ("2024-02", BERLIN, "2026-06-02 12:15", "2023-02-01 00:00", "2023-03-01 00:00"),
        ("2025-02", BERLIN, "2026-06-02 12:15", "2024-02-01 00:00", "2024-02-29 00:00"),  # the same dates
        ("2024-02-29..2024-03-02", BERLIN, "2026-06-02 12:15", "2023-02-28 00:00", "2023-03-03 00:00"),
        ("2026", BERLIN, "2026-06-02 12:15", "2025-01-01 00:00", "2026-01-01 00:00"),
        ("today", BERLIN, "2024-02-29 12:15", "2023-02-28 00:00", "2023-02-28 12:15"),
        ("this_month", BERLIN, "2026-06-02 12:15", "2025-06-01 00:00", "2025-06-02 12:15"),
        ("this_year", NEW_YORK, "2026-11-01 09:00", "2025-01-01 00:00", "2025-11-01 09:00"),
        ("2026-05-24..", BERLIN, "2026-06-02 12:15", "2025-05-24 00:00", "2025-06-02 12:15"),
        ("last_90_days..now", BERLIN, "2026-06-02 12:15", "2025-03-04 00:00", "2025-06-02 12:15"),
        ("..2024-02-25", BERLIN, "2026-06-02 12:15", "2023-02-21 00:00", "2023-02-26 00:00"),
        ("today", BERLIN, "2027-03-29 02:30", "2026-03-29 00:00", "2026-03-29 03:00"),
    ],
)  # fmt: skip
def test_year_before(text: str, zone: str, now: str, start: str, end: str) -> None:
    assert compared(year_before, text, zone, now) == (start, end)


@pytest.mark.parametrize(
    ("text", "zone", "now", "start", "end"),
    [
        ("last_week", BERLIN, "2026-06-02 12:15", "2025-05-26 00:00", "2025-06-02 00:00"),  # Monday to Sunday too
        ("2026-11-27", NEW_YORK, "2026-12-02 12:15", "2025-11-28 00:00", "2025-11-29 00:00"),  # Black Friday
        ("2024-02-29", BERLIN, "2026-06-02 12:15", "2023-03-02 00:00", "2023-03-03 00:00"),
        ("2026-05", BERLIN, "2026-06-02 12:15", "2025-05-02 00:00", "2025-06-02 00:00"),
        ("today", BERLIN, "2026-06-02 12:15", "2025-06-03 00:00", "2025-06-03 12:15"),
        ("this_week", BERLIN, "2026-06-02 12:15", "2025-06-02 00:00", "2025-06-03 12:15"),
        ("last_7_days..now", BERLIN, "2026-06-02 12:15", "2025-05-27 00:00", "2025-06-03 12:15"),
    ],
)  # fmt: skip
def test_year_before_weekday(text: str, zone: str, now: str, start: str, end: str) -> None:
    assert compared(year_before_weekday, text, zone, now) == (start, end)


@pytest.mark.parametrize("compare", [previous, year_before, year_before_weekday])
def test_all_has_nothing_to_compare_with(compare: Compare) -> None:
    assert compared(compare, "all", BERLIN, "2026-06-02 12:15") is None


@pytest.mark.parametrize(
    ("text", "compare", "words"),
    [
        ("last_month", previous, "from 1 Apr 2026 to 30 Apr 2026"),
        ("yesterday", previous, "on 31 May 2026"),
        ("today", previous, "on 1 Jun 2026 until 12:15"),
        ("this_month", year_before, "from 1 Jun 2025 to 2 Jun 2025, 12:15"),
    ],
)
def test_it_is_told_by_its_dates(text: str, compare: Compare, words: str) -> None:
    now = datetime(2026, 6, 2, 10, 15, tzinfo=UTC)
    found = compare(parse(text, ZoneInfo(BERLIN), now, lambda: FIRST), ZoneInfo(BERLIN), now)

    assert found is not None and found.words() == words


@examples(200, 5_000)
@given(
    count=st.integers(1, 400),
    zone=st.sampled_from([BERLIN, NEW_YORK, SANTIAGO, APIA, "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Beirut"]),
    now=st.datetimes(datetime(2005, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_days_are_compared_with_as_many_whole_days_right_before(count: int, zone: str, now: datetime) -> None:
    there = ZoneInfo(zone)
    today = now.astimezone(there).date()

    found = previous(parse(f"last_{count}_days", there, now, lambda: None), there, now)

    ends = [naive.day_start(today - timedelta(days=count * times), zone) for times in (2, 1)]
    assert found is not None and [found.start, found.end] == ends


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25), date(2026, 6, 1)])
def test_to_now_both_end_at_the_same_time_on_the_wall(day: date) -> None:
    there = ZoneInfo(BERLIN)
    for minutes in range(0, 1440, 15):
        now = (datetime(2026, day.month, day.day, minutes // 60, minutes % 60, tzinfo=there)).astimezone(UTC)
        found = previous(parse("last_7_days..now", there, now, lambda: None), there, now)
        assert found is not None
        assert found.end.astimezone(there).time() == now.astimezone(there).time()
