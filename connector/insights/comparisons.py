"""The period that another is compared with: the one before, or the same dates or weekdays of a year before.

Each is whole where the period asked is; where that one ends now, it is cut at the same time of day by the wall clock.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from connector.insights.days import day_start, days_in, instant_at, step
from connector.insights.periods import Period

WEEKDAYS = timedelta(days=364)  # 52 weeks: the same weekday


def previous(period: Period, zone: ZoneInfo, now: datetime) -> Period | None:
    """As many of the units before it; of one that ends now, up to as long after its start, at most its end. None for all."""
    if not period.unit:
        return None
    first = step(period.first, period.unit, -period.count)
    last = period.first - timedelta(days=1)
    reached = first + (period.last - period.first)
    if period.to_now and reached <= last:
        return _cut(first, reached, "previous", zone, now)
    return _whole(first, last, "previous", zone)


def year_before(period: Period, zone: ZoneInfo, now: datetime) -> Period | None:
    """The same dates of the year before; the 28th for 29 February. None for all."""
    return _moved(period, _a_year_before(period.first), _a_year_before(period.last), "year_before", zone, now)


def year_before_weekday(period: Period, zone: ZoneInfo, now: datetime) -> Period | None:
    """The dates 364 days earlier. None for all."""
    return _moved(period, period.first - WEEKDAYS, period.last - WEEKDAYS, "year_before_weekday", zone, now)


def _moved(period: Period, first: date, last: date, label: str, zone: ZoneInfo, now: datetime) -> Period | None:
    if not period.unit:
        return None
    return _cut(first, last, label, zone, now) if period.to_now else _whole(first, last, label, zone)


def _a_year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _whole(first: date, last: date, label: str, zone: ZoneInfo) -> Period:
    start, end = day_start(first, zone), day_start(last + timedelta(days=1), zone)
    return Period(start, end, label, first, last, count=days_in(first, last))


def _cut(first: date, last: date, label: str, zone: ZoneInfo, now: datetime) -> Period:
    clock = now.astimezone(zone).time()
    start, end = day_start(first, zone), instant_at(last, clock, zone)
    return Period(start, max(start, end), label, first, last, count=days_in(first, last), until=clock)
