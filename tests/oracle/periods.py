"""Periods in words, read the slow way: by walking the local calendar and looking at the clock."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DATE = r"\d{4}-\d{2}-\d{2}"
Span = tuple[datetime, datetime]


def parse(text: str, zone: str, now: datetime, first_event: datetime | None, *, ahead: bool = False) -> Span:
    """From (inclusive) and to (exclusive) of the period, in UTC. Raises ValueError for what is no period.

    `ahead`: also the forms of what is to come.
    """
    text = text.strip()
    if ahead and (coming := _coming(text, zone, now)):
        return coming
    try:
        return (
            _open(text, zone, now, first_event)
            or _running(text, zone, now, first_event)
            or _ended(text, zone, now)
            or _dated(text, zone)
        )
    except OverflowError as far:
        raise ValueError(f"{text} lies outside the calendar") from far


def _open(text: str, zone: str, now: datetime, first_event: datetime | None) -> Span | None:
    """`A..`, `..B` and `P..now`."""
    if re.fullmatch(rf"{DATE}\.\.", text, re.ASCII):
        return day_start(date.fromisoformat(text[:-2]), zone), now.astimezone(UTC)
    if re.fullmatch(rf"\.\.{DATE}", text, re.ASCII):
        stop = day_start(date.fromisoformat(text[2:]) + timedelta(days=1), zone)
        return min(first_event or now, now, stop).astimezone(UTC), stop
    if text.startswith("last_") and text.endswith("..now"):
        ended = _ended(text.removesuffix("..now"), zone, now)
        return (ended[0], now.astimezone(UTC)) if ended else None
    return None


def _coming(text: str, zone: str, now: datetime) -> Span | None:
    """`tomorrow`, `next_week`, `next_N_days`: whole ones, after the running one."""
    tomorrow = now.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    monday = _week(tomorrow + timedelta(days=6))
    found = re.fullmatch(r"next_([1-9]\d*)_days", text, re.ASCII)
    if text == "tomorrow" or found:
        return _days(tomorrow, tomorrow + timedelta(days=int(found[1]) if found else 1), zone)
    return _days(monday, monday + timedelta(days=7), zone) if text == "next_week" else None


def day_start(day: date, zone: str) -> datetime:
    """The first instant of the local date: no clock change at midnight, and no skipped date, can fool a walk."""
    return _day_start(day, zone)


@lru_cache(maxsize=100_000)
def _day_start(day: date, zone: str) -> datetime:
    there = ZoneInfo(zone)
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=26)
    step = timedelta(minutes=15)
    while at.astimezone(there).date() < day:
        at += step
    at -= step
    while at.astimezone(there).date() < day:
        at += timedelta(seconds=1)
    return at


def _running(text: str, zone: str, now: datetime, first_event: datetime | None) -> Span | None:
    now = now.astimezone(UTC)
    today = now.astimezone(ZoneInfo(zone)).date()
    if text == "all":
        return (min(first_event.astimezone(UTC), now) if first_event else now, now)
    starts = {
        "today": today,
        "this_week": _week(today),
        "this_month": _month(today),
        "this_quarter": _quarter(today),
        "this_year": _year(today),
    }
    return (day_start(starts[text], zone), now) if text in starts else None


def _ended(text: str, zone: str, now: datetime) -> Span | None:
    today = now.astimezone(ZoneInfo(zone)).date()
    if text == "yesterday":
        return _days(today - timedelta(days=1), today, zone)
    found = re.fullmatch(r"last_(?:([1-9]\d*)_)?(day|week|month|quarter|year)(s?)", text, re.ASCII)
    if not found or bool(found[1]) != bool(found[3]) or (found[2] == "day" and not found[1]):
        return None
    count, unit = int(found[1] or 1), found[2]
    if count > 4_000_000:
        raise ValueError(f"{text} lies outside the calendar")
    if unit == "day":
        return _days(today - timedelta(days=count), today, zone)
    if unit == "week":
        return _days(_week(today) - timedelta(weeks=count), _week(today), zone)
    begin = {"month": _month, "quarter": _quarter, "year": _year}[unit](today)
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    return _days(_months_later(begin, -count * months), begin, zone)


def _dated(text: str, zone: str) -> Span:
    if re.fullmatch(rf"{DATE}\.\.{DATE}", text, re.ASCII):
        first, last = (date.fromisoformat(part) for part in text.split(".."))
        if last < first:
            raise ValueError(f"{text} ends before it begins")
        return _days(first, last + timedelta(days=1), zone)
    if re.fullmatch(DATE, text, re.ASCII):
        day = date.fromisoformat(text)
        return _days(day, day + timedelta(days=1), zone)
    if re.fullmatch(r"\d{4}-\d{2}", text, re.ASCII):
        month = date.fromisoformat(f"{text}-01")
        return _days(month, _months_later(month, 1), zone)
    if re.fullmatch(r"\d{4}-Q[1-4]", text, re.ASCII):
        quarter = date(int(text[:4]), 3 * int(text[-1]) - 2, 1)
        return _days(quarter, _months_later(quarter, 3), zone)
    if re.fullmatch(r"\d{4}", text, re.ASCII):
        return _days(date(int(text), 1, 1), date(int(text) + 1, 1, 1), zone)
    raise ValueError(f"{text} is no period")


def _days(first: date, after: date, zone: str) -> Span:
    return day_start(first, zone), day_start(after, zone)


def _week(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _month(day: date) -> date:
    return day.replace(day=1)


def _quarter(day: date) -> date:
    return date(day.year, {1: 1, 2: 1, 3: 1, 4: 4, 5: 4, 6: 4, 7: 7, 8: 7, 9: 7, 10: 10, 11: 10, 12: 10}[day.month], 1)


def _year(day: date) -> date:
    return date(day.year, 1, 1)


def _months_later(day: date, months: int) -> date:
    """A first of a month, so many months on."""
    year, month = day.year, day.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        if month == 13:
            year, month = year + 1, 1
        if month == 0:
            year, month = year - 1, 12
    return date(year, month, 1)
