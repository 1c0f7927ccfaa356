"""Local dates and clocks as instants, right across clock changes, and steps through the calendar."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local date, in UTC: 00:00, or where clocks jump over it the moment of the jump."""
    return instant_at(day, time(), zone)


def instant_at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """When local clocks show this on the date, in UTC: the first of two such moments; where they jump over it, the jump."""
    local = datetime.combine(day, clock, zone)
    instant = local.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return instant
    # Before the jump one offset holds and after it the other; taken with each, the clock names instants around it.
    one, other = (local.replace(fold=fold, microsecond=0).astimezone(UTC) for fold in (0, 1))
    return _change(min(one, other), max(one, other), zone)


def floor(day: date, unit: str) -> date:
    """The first day of the week (Monday), month, quarter or year that holds the day."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "month":
        return day.replace(day=1)
    if unit == "quarter":
        return day.replace(month=day.month - (day.month - 1) % 3, day=1)
    return day.replace(month=1, day=1) if unit == "year" else day


def step(day: date, unit: str, count: int) -> date:
    """The day `count` units later; of months, quarters and years only first days are ever stepped."""
    if unit in ("day", "week"):
        return day + timedelta(days=count * (7 if unit == "week" else 1))
    months = day.year * 12 + day.month - 1 + count * {"month": 1, "quarter": 3, "year": 12}[unit]
    return date(months // 12, months % 12 + 1, day.day)


def days_in(first: date, last: date) -> int:
    """How many dates from the first to the last, both included."""
    return (last - first).days + 1


def offsets(zone: ZoneInfo, start: datetime, end: datetime) -> tuple[list[int], list[int]]:
    """The zone's offsets between two instants: microseconds since 1970 from which each holds, and its seconds.

    Python's tzdata is pinned with the requirements; the database's own copy would be another one.
    """
    starts: list[int] = []
    shifts: list[int] = []
    at = start - timedelta(days=1)
    while at <= end + timedelta(days=1):
        shift = _offset(at, zone)
        if not shifts or shift != shifts[-1]:
            starts.append(_micros(at if not shifts else _change(at - timedelta(days=1), at, zone)))
            shifts.append(shift)
        at += timedelta(days=1)
    return starts, shifts


def _change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The first second in (low, high] at which the offset of `high` holds."""
    wanted = _offset(high, zone)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (low, middle) if _offset(middle, zone) == wanted else (middle, high)
    return high


def _offset(at: datetime, zone: ZoneInfo) -> int:
    shift = at.astimezone(zone).utcoffset()
    return int(shift.total_seconds()) if shift is not None else 0


def _micros(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000
