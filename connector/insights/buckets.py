"""The rows of a series: local days, weeks from Monday, months, or the whole period as one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from connector.insights.days import day_start, floor, step
from connector.insights.periods import Period


@dataclass(frozen=True)
class Bucket:
    """`start` is its own first day, also where the period cuts it; [from_instant, to_instant) is what of it lies in the
    period; `running` while the bucket itself is not over."""

    start: date
    from_instant: datetime
    to_instant: datetime
    running: bool


def buckets(period: Period, interval: str, zone: ZoneInfo, now: datetime) -> list[Bucket]:
    """Those of the interval (day, week, month, total) that the period touches, oldest first; none begins after now.

    `total`: one, which starts at the period's first day and runs as long as the period does.
    """
    if interval != "total":
        return list(_touched(period, interval, zone, now))
    first = period.start.astimezone(zone).date()
    return [Bucket(first, period.start, period.end, period.running)] if period.start <= now else []


def _touched(period: Period, interval: str, zone: ZoneInfo, now: datetime) -> Iterator[Bucket]:
    day = floor(period.first, interval)
    begin = day_start(day, zone)
    while begin <= now and begin < period.end:
        following = step(day, interval, 1)
        end = day_start(following, zone)
        inside = max(begin, period.start), min(end, period.end)
        if inside[0] < inside[1]:  # a date that a zone has skipped is no day, an empty period has none
            yield Bucket(day, *inside, running=end > now)
        day, begin = following, end
