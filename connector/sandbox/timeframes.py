"""The times that reports are asked for. Days are the account's; an offset in a custom frame is ignored."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connector.sandbox.errors import bad_body

LONGEST = timedelta(days=366)
INTERVALS = {"hourly": timedelta(days=7), "daily": timedelta(days=60), "monthly": timedelta(weeks=52)}
WHERE = "/data/attributes/timeframe"


@dataclass(frozen=True)
class Frame:
    """start <= time < end, in seconds; `zone` is the account's."""

    start: int
    end: int
    zone: ZoneInfo


def frame(said: dict[str, Any], zone: ZoneInfo, now: int) -> Frame:
    """A named or a custom timeframe. Raises 400 when it is backwards or longer than a year."""
    if "key" in said:
        first, last = KEYS[said["key"]](datetime.fromtimestamp(now, zone).date())
        start, end = _midnight(first, zone), _midnight(last, zone)
    else:
        start, end = (_local(said[name], zone) for name in ("start", "end"))
    if start >= end:
        raise bad_body(WHERE, "The start must be before the end.")
    if end - start > LONGEST.total_seconds() + 3600:
        raise bad_body(WHERE, "The timeframe is longer than one year.")
    return Frame(start, end, zone)


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def _local(text: str, zone: ZoneInfo) -> int:
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())
    except ValueError:
        raise bad_body(WHERE, "This is not a datetime.") from None


def _month(day: date, back: int) -> date:
    months = day.year * 12 + day.month - 1 - back
    return date(months // 12, months % 12 + 1, 1)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _last_days(count: int) -> Callable[[date], tuple[date, date]]:
    return lambda day: (day - timedelta(days=count - 1), day + timedelta(days=1))


KEYS: dict[str, Callable[[date], tuple[date, date]]] = {
    "today": _last_days(1),
    "yesterday": lambda day: (day - timedelta(days=1), day),
    "this_week": lambda day: (_monday(day), day + timedelta(days=1)),
    "last_week": lambda day: (_monday(day) - timedelta(days=7), _monday(day)),
    "this_month": lambda day: (day.replace(day=1), day + timedelta(days=1)),
    "last_month": lambda day: (_month(day, 1), day.replace(day=1)),
    "this_year": lambda day: (date(day.year, 1, 1), day + timedelta(days=1)),
    "last_year": lambda day: (date(day.year - 1, 1, 1), date(day.year, 1, 1)),
    "last_7_days": _last_days(7),
    "last_30_days": _last_days(30),
    "last_90_days": _last_days(90),
    "last_365_days": _last_days(365),
    "last_3_months": lambda day: (_month(day, 3), day.replace(day=1)),
    "last_12_months": lambda day: (_month(day, 12), day.replace(day=1)),
}


def buckets(whole: Frame, interval: str) -> list[Frame]:
    """The frame in parts of one interval, each beginning at the account's hour, day, Monday or month."""
    longest = INTERVALS.get(interval)
    if longest and whole.end - whole.start > longest.total_seconds() + 3600:
        raise bad_body("/data/attributes/interval", f"The timeframe is too long for the interval {interval}.")
    starts = [whole.start]
    while (following := _next(starts[-1], interval, whole.zone)) < whole.end:
        starts.append(following)
    ends = [*starts[1:], whole.end]
    return [Frame(start, end, whole.zone) for start, end in zip(starts, ends, strict=True)]


def _next(at: int, interval: str, zone: ZoneInfo) -> int:
    if interval in ("hour", "hourly"):
        return at - at % 3600 + 3600
    day = datetime.fromtimestamp(at, zone).date()
    if interval in ("week", "weekly"):
        return _midnight(_monday(day) + timedelta(days=7), zone)
    if interval in ("month", "monthly"):
        return _midnight(_month(day, -1), zone)
    return _midnight(day + timedelta(days=1), zone)
