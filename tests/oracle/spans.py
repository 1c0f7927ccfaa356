"""Buckets of a period, and the period it is compared with: dates counted on the fingers, clocks looked at.

What ends now is compared with what ended at the same time by the clock on the wall.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.oracle.periods import Span, day_start, parse

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Bucket:
    """`start`: its own first day; what counts lies in [begin, end), which the period may cut; `over`: has it ended."""

    start: date
    begin: datetime
    end: datetime
    running: bool

    def holds(self, at: datetime) -> bool:
        return self.begin <= at < self.end


def buckets(span: Span, interval: str, zone: str, now: datetime) -> list[Bucket]:
    """Days, weeks from Monday, months, or `total`; oldest first, none that begins after now."""
    begin, end = span
    first = local(begin, zone).date()
    if interval == "total":
        return [Bucket(first, begin, end, end >= now)]
    found = []
    start = first_day(first, interval)
    while day_start(start, zone) < end and day_start(start, zone) <= now:
        after = next_first_day(start, interval)
        cut = (max(begin, day_start(start, zone)), min(end, day_start(after, zone)))
        if cut[0] < cut[1]:
            found.append(Bucket(start, *cut, day_start(after, zone) > now))
        start = after
    return found


def first_day(day: date, interval: str) -> date:
    """The first day of the day, week or month that holds it."""
    while (interval == "week" and day.weekday()) or (interval == "month" and day.day > 1):
        day -= DAY
    return day


def next_first_day(day: date, interval: str) -> date:
    day += DAY
    while first_day(day, interval) != day:
        day += DAY
    return day


def local(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone))


def compared(period: str, against: str, zone: str, now: datetime, first_event: datetime | None) -> Span | None:
    """The span that `period` is compared with; None for none. Raises ValueError for what is no period."""
    if against == "none":
        return None
    if against not in ("previous", "year_before", "year_before_weekday"):
        return parse(against, zone, now, first_event)
    if period.strip() == "all":
        raise ValueError("all has nothing before it")
    start, stop = parse(period, zone, now, first_event)
    first, after = local(start, zone).date(), local(stop - timedelta(microseconds=1), zone).date() + DAY
    if against == "previous":
        return _previous(period.strip(), first, after, zone, now)
    moved = _year_earlier if against == "year_before" else _weekdays_earlier
    if ends_now(period):
        today = local(now, zone).date()
        return day_start(moved(first), zone), at_clock_of(now, moved(today), zone)
    return day_start(moved(first), zone), day_start(moved(after - DAY) + DAY, zone)


def _previous(period: str, first: date, after: date, zone: str, now: datetime) -> Span:
    unit, count = _unit(period)
    if period == "today" or period.startswith("this_"):
        begin = earlier(first, unit, 1)
        gone = local(now, zone).date() - first  # whole days since its start; the rest is read off the clock
        if begin + gone >= first:
            return day_start(begin, zone), day_start(first, zone)
        return day_start(begin, zone), min(at_clock_of(now, begin + gone, zone), day_start(first, zone))
    if unit:
        return day_start(earlier(first, unit, count), zone), day_start(first, zone)
    if ends_now(period):
        days = local(now, zone).date() + DAY - first
        return day_start(first - days, zone), at_clock_of(now, local(now, zone).date() - days, zone)
    return day_start(first - (after - first), zone), day_start(first, zone)


def _unit(period: str) -> tuple[str, int]:
    """In what the period is given, and how many of them; ("", 0) for one given by its dates."""
    named = re.fullmatch(r"(?:last|this)_(?:(\d+)_)?(day|week|month|quarter|year)s?", period)
    if named:
        return named[2], int(named[1] or 1)
    if period in ("today", "yesterday"):
        return "day", 1
    forms = {r"\d{4}": "year", r"\d{4}-Q\d": "quarter", r"\d{4}-\d\d": "month", r"\d{4}-\d\d-\d\d": "day"}
    return next(((unit, 1) for form, unit in forms.items() if re.fullmatch(form, period)), ("", 0))


def earlier(day: date, unit: str, count: int) -> date:
    """A first day of such a unit, so many of them before."""
    for _ in range(count):
        if unit in ("day", "week"):
            day -= DAY if unit == "day" else 7 * DAY
            continue
        for _ in range({"month": 1, "quarter": 3, "year": 12}[unit]):
            day = first_day(day - DAY, "month")
    return day


def ends_now(period: str) -> bool:
    period = period.strip()
    return period in ("all", "today") or period.startswith("this_") or period.endswith(("..", "..now"))


def at_clock_of(now: datetime, day: date, zone: str) -> datetime:
    """When the clock on the wall showed on that day what it shows now; of two such moments the first."""
    wall = local(now, zone).replace(tzinfo=None, fold=0).time()
    return datetime.combine(day, wall, ZoneInfo(zone)).astimezone(UTC)


def _year_earlier(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def _weekdays_earlier(day: date) -> date:
    return day - 364 * DAY
