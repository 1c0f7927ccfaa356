"""Periods in an account's local calendar: half open, from local midnight to local midnight, right across clock changes."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UNITS: Final = ("day", "week", "month", "quarter", "year")
HINT: Final = "such as last_30_days, this_month, last_quarter, 2026-11, 2026-Q4 or 2026-01-01..2026-03-31"


class BadPeriod(ValueError):
    """No period can be read from the text; the message says what would do."""


@dataclass(frozen=True)
class Period:
    """`start` inclusive, `end` exclusive, aware instants (UTC); `running` while not over yet."""

    start: datetime
    end: datetime
    label: str
    running: bool = False

    def shown(self, zone: ZoneInfo) -> dict[str, str]:
        return {"from": self.start.astimezone(zone).isoformat(), "to": self.end.astimezone(zone).isoformat()}

    def shown_days(self, zone: str) -> tuple[str, str]:
        """The first and the last local date in it."""
        last = max(self.end - timedelta(microseconds=1), self.start)
        return f"{self.start.astimezone(zone_of(zone)):%Y-%m-%d}", f"{last.astimezone(zone_of(zone)):%Y-%m-%d}"


def utc_text(at: datetime | None) -> str | None:
    """An instant as answers write it: ISO 8601 in UTC, ending in Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def zone_of(name: str) -> ZoneInfo:
    """The zone, or UTC where Klaviyo's name is none that we know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local date, in UTC: 00:00, or where clocks jump over it the moment of the jump."""
    local = datetime.combine(day, time(), zone)
    instant = local.astimezone(UTC)
    if instant.astimezone(zone).date() == day and instant.astimezone(zone).time() == time():
        return instant
    # A gap at midnight (e.g. Santiago, Beirut): the day begins when the gap ends. Both offsets name instants around it.
    late = local.replace(fold=1).astimezone(UTC)
    return _first_instant_of(day, zone, min(instant, late), max(instant, late))


def _first_instant_of(day: date, zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    low -= timedelta(hours=3)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (low, middle) if middle.astimezone(zone).date() >= day else (middle, high)
    return high.replace(microsecond=0)


def parse(text: str, zone: ZoneInfo, now: datetime, first_event: datetime | None) -> Period:
    """The period that `text` names at the moment `now`; raises BadPeriod.

    `all` begins with the account's first event held (with none: now).
    """
    today = now.astimezone(zone).date()
    if text == "all":
        return Period(min(first_event or now, now), now, "all", running=True)
    if text in ("today", "yesterday"):
        first = today if text == "today" else today - timedelta(days=1)
        return (
            _until_now(first, text, zone, now)
            if text == "today"
            else _days(first, first + timedelta(days=1), text, zone, now)
        )
    for read in (_last, _this, _calendar, _range):
        period = read(text, today, zone, now)
        if period:
            return period
    raise BadPeriod(f"{text!r} is no period; give one {HINT}")


def _last(text: str, today: date, zone: ZoneInfo, now: datetime) -> Period | None:
    found = re.fullmatch(r"last_(?:([1-9]\d{0,3})_)?(day|week|month|quarter|year)(s?)", text, re.ASCII)
    if not found or bool(found[1]) != bool(found[3]) or (found[2] == "day" and not found[1]):
        return None
    end = floor(today, found[2])
    try:
        return _days(step(end, found[2], -int(found[1] or 1)), end, text, zone, now)
    except (ValueError, OverflowError):
        raise BadPeriod(f"{text!r} reaches too far back") from None


def _this(text: str, today: date, zone: ZoneInfo, now: datetime) -> Period | None:
    found = re.fullmatch(r"this_(week|month|quarter|year)", text, re.ASCII)
    return _until_now(floor(today, found[1]), text, zone, now) if found else None


def _calendar(text: str, today: date, zone: ZoneInfo, now: datetime) -> Period | None:
    for pattern, unit in (
        (r"(\d{4})", "year"),
        (r"(\d{4})-Q([1-4])", "quarter"),
        (r"(\d{4})-(\d\d)", "month"),
        (r"(\d{4})-(\d\d)-(\d\d)", "day"),
    ):
        found = re.fullmatch(pattern, text, re.ASCII)
        if not found:
            continue
        numbers = [int(part) for part in found.groups()]
        month = 3 * numbers[1] - 2 if unit == "quarter" else numbers[1] if len(numbers) > 1 else 1
        first = _date(numbers[0], month, numbers[2] if unit == "day" else 1, text)
        return _days(first, step(first, unit, 1), text, zone, now)
    return None


def _range(text: str, today: date, zone: ZoneInfo, now: datetime) -> Period | None:
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)\.\.(\d{4})-(\d\d)-(\d\d)", text, re.ASCII)
    if not found:
        return None
    numbers = [int(part) for part in found.groups()]
    first, last = _date(numbers[0], numbers[1], numbers[2], text), _date(numbers[3], numbers[4], numbers[5], text)
    if last < first:
        raise BadPeriod(f"{text!r} ends before it begins")
    return _days(first, last + timedelta(days=1), text, zone, now)


def _date(year: int, month: int, day: int, text: str) -> date:
    try:
        found = date(year, month, day)
    except ValueError:
        raise BadPeriod(f"{text!r} names a date that does not exist") from None
    if not 1990 <= year <= 2100:
        raise BadPeriod(f"{text!r} lies outside the years 1990 to 2100")
    return found


def _days(first: date, end: date, label: str, zone: ZoneInfo, now: datetime) -> Period:
    start, stop = day_start(first, zone), day_start(end, zone)
    return Period(start, stop, label, running=start <= now < stop)


def _until_now(first: date, label: str, zone: ZoneInfo, now: datetime) -> Period:
    return Period(day_start(first, zone), now, label, running=True)


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
