"""Klaviyo's own figures: the five reports and metric aggregates. They match Klaviyo's pages, not a count of events.

A report costs one of its kind's two a minute and 225 in 24 hours: `Limiter.left(account, REPORT_BUCKETS[kind]).daily`
tells what is left. So what Klaviyo would refuse is refused here, before it costs one.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from connector.klaviyo import payloads
from connector.klaviyo.client import Klaviyo
from connector.klaviyo.errors import UpstreamBroken
from connector.klaviyo.filters import Filter, all_of, at_least, before, contains_any, equals
from connector.klaviyo.resources import REPORTS

LONGEST: Final = timedelta(days=366)
INTERVALS: Final = {"hourly": 7, "daily": 60, "weekly": None, "monthly": 52 * 7}
"""Interval -> days that a series of it may span."""
LARGEST_FILTER: Final = 100


@dataclass(frozen=True)
class Timeframe:
    """A named span of Klaviyo's (`last_30_days`), or two local times of the account: Klaviyo ignores offsets here."""

    key: str | None = None
    start: datetime | None = None
    end: datetime | None = None

    def body(self) -> dict[str, str]:
        if self.key is not None:
            return {"key": self.key}
        start, end = self.span()
        return {"start": _local(start), "end": _local(end)}

    def span(self) -> tuple[datetime, datetime]:
        if self.start is None or self.end is None or self.start.tzinfo or self.end.tzinfo:
            raise ValueError("A report's time is a key, or a start and an end in the account's local time.")
        if not timedelta(0) < self.end - self.start <= LONGEST:
            raise ValueError("A report covers more than nothing and up to one year.")
        return self.start, self.end


class Row(msgspec.Struct, frozen=True):
    """One grouping, such as {"campaign_id", "campaign_message_id", "send_channel"}, and its figures; of a series, one
    for each of the report's times. Rates are fractions of one."""

    groupings: dict[str, Any]
    statistics: dict[str, Decimal | list[Decimal | None] | None]


@dataclass(frozen=True)
class Report:
    rows: list[Row]
    times: list[str]


@dataclass(frozen=True)
class Aggregate:
    """Counts of one metric. `rows`: dimension values -> measurement -> one number for each of `dates`."""

    dates: list[str]
    rows: list[tuple[tuple[str, ...], dict[str, list[Decimal]]]]


class _Attributes(msgspec.Struct):
    results: list[Row]
    date_times: list[str] = []


class _Data(msgspec.Struct):
    attributes: _Attributes


class _Links(msgspec.Struct):
    next: str | None = None


class _Report(msgspec.Struct):
    data: _Data
    links: _Links | None = None


class _AggregateRow(msgspec.Struct):
    dimensions: list[str]
    measurements: dict[str, list[Decimal]]


class _AggregateAttributes(msgspec.Struct):
    dates: list[str]
    data: list[_AggregateRow]


class _AggregateData(msgspec.Struct):
    attributes: _AggregateAttributes


class _Aggregate(msgspec.Struct):
    data: _AggregateData
    links: _Links | None = None


class Reports:
    """The reports of one account."""

    def __init__(self, klaviyo: Klaviyo) -> None:
        self._klaviyo = klaviyo

    def campaign_values(self, statistics: Collection[str], timeframe: Timeframe, conversion_metric: str, *,
                        group_by: Collection[str] = (), filter: Filter | None = None) -> Report:  # fmt: skip
        """Of campaigns sent in the timeframe, by campaign and message always, and by channel unless `group_by` names
        other groupings."""
        groups = _grouped(group_by, "campaign_id", "campaign_message_id")
        return self._report("campaign-values", _asked(statistics, timeframe, conversion_metric, groups, filter))

    def flow_values(self, statistics: Collection[str], timeframe: Timeframe, conversion_metric: str, *,
                    group_by: Collection[str] = (), filter: Filter | None = None) -> Report:  # fmt: skip
        """By flow and message always, and by channel unless `group_by` names other groupings."""
        groups = _grouped(group_by, "flow_id", "flow_message_id")
        return self._report("flow-values", _asked(statistics, timeframe, conversion_metric, groups, filter))

    def flow_series(self, statistics: Collection[str], timeframe: Timeframe, conversion_metric: str, interval: str, *,
                    group_by: Collection[str] = (), filter: Filter | None = None) -> Report:  # fmt: skip
        """Figures of flows for each hourly, daily, weekly or monthly `interval` of the time. One report."""
        groups = _grouped(group_by, "flow_id", "flow_message_id")
        asked = _asked(statistics, timeframe, conversion_metric, groups, filter)
        return self._report("flow-series", {**asked, "interval": _interval(interval, timeframe)})

    def segment_values(self, statistics: Collection[str], timeframe: Timeframe, *,
                       filter: Filter | None = None) -> Report:  # fmt: skip
        """Statistics: members_added, members_removed, net_members_changed, total_members."""
        return self._report("segment-values", _asked(statistics, timeframe, None, (), filter))

    def segment_series(self, statistics: Collection[str], timeframe: Timeframe, interval: str, *,
                       filter: Filter | None = None) -> Report:  # fmt: skip
        """Sizes of segments for each interval of the time: total_members, members_added and the like. One report."""
        asked = _asked(statistics, timeframe, None, (), filter)
        return self._report("segment-series", {**asked, "interval": _interval(interval, timeframe)})

    def aggregates(
        self,
        metric_id: str,
        since: datetime,
        until: datetime,
        *,
        measurements: Sequence[str] = ("count", "unique", "sum_value"),
        interval: str = "day",
        by: Collection[str] = (),
        timezone: str = "UTC",
    ) -> Aggregate:
        """Events of one metric counted by Klaviyo, since <= time < until. Intervals: hour, day, week, month."""
        attributes = {
            "metric_id": metric_id,
            "measurements": list(measurements),
            "interval": interval,
            "filter": [at_least("datetime", since), before("datetime", until)],
            "timezone": timezone,
            "page_size": 500,
            **({"by": list(by)} if by else {}),
        }
        dates: list[str] = []
        rows: list[tuple[tuple[str, ...], dict[str, list[Decimal]]]] = []
        for part in self._pages("metric-aggregates", "metric-aggregate", attributes, _Aggregate):
            dates = part.data.attributes.dates
            rows += [(tuple(row.dimensions), row.measurements) for row in part.data.attributes.data]
        return Aggregate(dates, rows)

    def _report(self, name: str, attributes: Mapping[str, Any]) -> Report:
        rows: list[Row] = []
        times: list[str] = []
        for part in self._pages(name, f"{name}-report", attributes, _Report):
            rows += part.data.attributes.results
            times = part.data.attributes.date_times
        series = [figures for row in rows for figures in row.statistics.values() if isinstance(figures, list)]
        if any(len(figures) != len(times) for figures in series):
            raise UpstreamBroken(f"Klaviyo's series of {name} does not fit its times.")
        return Report(rows, times)

    def _pages(self, name: str, type: str, attributes: Mapping[str, Any], shape: Any) -> Iterator[Any]:
        """A long report goes on under another cursor: in the query of a report, in the body of an aggregate."""
        cursor: str | None = None
        seen: set[str | None] = set()
        while cursor not in seen:
            seen.add(cursor)
            in_body = {"page_cursor": cursor} if cursor and name not in REPORTS else {}
            in_query = {"page_cursor": cursor} if cursor and name in REPORTS else None
            body = payloads.resource(type, {**attributes, **in_body})
            part = self._klaviyo.ask(name, body, in_query, parse=msgspec.json.Decoder(shape).decode)
            yield part
            cursor = _cursor(part.links.next) if part.links and part.links.next else None
            if cursor is None:
                return
        raise UpstreamBroken(f"Klaviyo's pages of {name} go in a circle.")


def of_campaigns(ids: Collection[str]) -> Filter:
    return _one_or_any("campaign_id", ids)


def of_flows(ids: Collection[str]) -> Filter:
    return _one_or_any("flow_id", ids)


def of_channel(channel: str) -> Filter:
    """email, sms, push-notification or whatsapp."""
    return equals("send_channel", channel)


def together(*filters: Filter) -> Filter:
    """All of these: a report's filters are joined by `and`."""
    return filters[0] if len(filters) == 1 else Filter(f"and({all_of(*filters)})")


def _one_or_any(field: str, ids: Collection[str]) -> Filter:
    if not 0 < len(ids) <= LARGEST_FILTER:
        raise ValueError(f"A report is filtered by 1 to {LARGEST_FILTER} ids.")
    return equals(field, next(iter(ids))) if len(ids) == 1 else contains_any(field, ids)


def _asked(
    statistics: Collection[str],
    timeframe: Timeframe,
    conversion_metric: str | None,
    group_by: Collection[str],
    filter: Filter | None,
) -> dict[str, Any]:
    asked: dict[str, Any] = {"statistics": list(statistics), "timeframe": timeframe.body()}
    if conversion_metric is not None:
        asked["conversion_metric_id"] = conversion_metric
    if group_by:
        asked["group_by"] = list(group_by)
    if filter:
        asked["filter"] = filter
    return asked


def _grouped(group_by: Collection[str], *required: str) -> list[str]:
    """Klaviyo refuses groupings without the required ones; without any it chooses its own."""
    return [*required, *(name for name in group_by if name not in required)] if group_by else []


def _interval(interval: str, timeframe: Timeframe) -> str:
    if interval not in INTERVALS:
        raise ValueError("A series is hourly, daily, weekly or monthly.")
    days = INTERVALS[interval]
    if timeframe.key is None and days is not None:
        start, end = timeframe.span()
        if end - start > timedelta(days=days):
            raise ValueError(f"A {interval} series covers up to {days} days.")
    return interval


def _local(at: datetime) -> str:
    """Klaviyo's document wants an offset and ignores it: the time is the account's local one."""
    return at.isoformat() + "+00:00"


def _cursor(address: str) -> str | None:
    query = parse_qs(urlsplit(address).query)
    return next((values[0] for name, values in query.items() if name in ("page_cursor", "page[cursor]")), None)
