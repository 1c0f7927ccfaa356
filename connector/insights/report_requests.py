"""What is asked of Klaviyo's reports: requests in our words, and the question that Klaviyo is asked for them.

Klaviyo is asked for all campaigns (flows) of a time and for every column at once, so that requests about different
campaigns of the same time cost one report together.
"""

import hashlib
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

import msgspec

from connector.insights.days import day_start, floor, step
from connector.insights.periods import zone_of
from connector.insights.refusal import Refusal
from connector.installs.models import Install
from connector.klaviyo import reports as klaviyo
from connector.klaviyo.reports import INTERVALS, Timeframe
from connector.records.models import Kind, Record

SERIES: Final = {"day": "daily", "week": "weekly", "month": "monthly"}
"""Interval -> Klaviyo's word for it."""
STATISTICS: Final = (
    "delivered", "recipients", "bounced", "opens_unique", "clicks_unique", "unsubscribe_uniques", "spam_complaints",
    "conversions", "conversion_uniques", "conversion_value", "open_rate", "click_rate", "unsubscribe_rate",
    "spam_complaint_rate", "conversion_rate", "revenue_per_recipient", "bounce_rate",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class CampaignValues:
    """Campaigns sent at or after `start` and before `end` (aware instants), with all that came of them until now.

    `conversion_metric` (a Klaviyo id) is what counts as an order; None where that is not known: no orders, no revenue.
    `campaigns`: ids of those wanted, None for all.
    """

    kind: ClassVar[str] = "campaign-values"
    owner: ClassVar[str] = "campaign"
    start: datetime
    end: datetime
    conversion_metric: str | None
    campaigns: Collection[str] | None = None

    @property
    def wanted(self) -> Collection[str] | None:
        return self.campaigns


@dataclass(frozen=True, kw_only=True)
class FlowValues:
    """What flows did from `start` to before `end`: one row for the whole time of each message and channel."""

    kind: ClassVar[str] = "flow-values"
    owner: ClassVar[str] = "flow"
    start: datetime
    end: datetime
    conversion_metric: str | None
    flows: Collection[str] | None = None

    @property
    def wanted(self) -> Collection[str] | None:
        return self.flows


@dataclass(frozen=True, kw_only=True)
class FlowSeries(FlowValues):
    """The same for each `day`, `week` (from Monday) or `month`. `flow_series` makes those of a long time."""

    kind: ClassVar[str] = "flow-series"
    interval: str = "month"


Request = CampaignValues | FlowValues


@dataclass(frozen=True)
class Question:
    """What Klaviyo is asked. Times are the account's local ones; `end` None: until now, however late that is."""

    kind: str
    start: datetime
    end: datetime | None
    metric: str
    interval: str = ""

    @property
    def digest(self) -> str:
        return hashlib.sha256(msgspec.json.encode([self.shown(), STATISTICS])).hexdigest()

    def shown(self) -> dict[str, Any]:
        facts: dict[str, Any] = msgspec.to_builtins(asdict(self))
        return facts

    def ask(self, reports: klaviyo.Reports, now: datetime) -> klaviyo.Report:
        """One report. `now` is the account's local time. Raises KlaviyoError."""
        timeframe = Timeframe(start=self.start, end=self.end or now)
        if self.kind == CampaignValues.kind:
            return reports.campaign_values(STATISTICS, timeframe, self.metric)
        if self.kind == FlowValues.kind:
            return reports.flow_values(STATISTICS, timeframe, self.metric)
        return reports.flow_series(STATISTICS, timeframe, self.metric, SERIES[self.interval])


def question_of(install: Install, request: Request, moment: datetime) -> Question | None:
    """What Klaviyo is asked at `moment`; None when the request's time has not begun. Raises Refusal out_of_range."""
    zone = zone_of(install.time_zone)
    start, end, now = (local(at, zone) for at in (request.start, request.end, moment))
    if start >= min(end, now):
        return None
    if min(end, now) > _year_after(start):
        raise Refusal(
            "refused",
            "out_of_range",
            "Klaviyo's own reports cover up to one year at a time; this period is longer.",
            "Ask about a year or less, or with basis=events.",
        )
    metric = request.conversion_metric or _stand_in(install)
    interval = request.interval if isinstance(request, FlowSeries) else ""
    return Question(request.kind, start, None if end >= now else end, metric, interval)


def flow_series(
    install: Install,
    start: datetime,
    end: datetime,
    interval: str,
    *,
    conversion_metric: str | None,
    flows: Collection[str] | None = None,
) -> list[FlowSeries]:
    """Requests for a series of buckets, one for each stretch that Klaviyo gives at once: 60 days of days, 52 weeks of
    months. They meet at a bucket's edge, so that their rows are simply put together."""
    zone = zone_of(install.time_zone)
    edges = [start, *_between(start, end, interval, zone), end]
    cuts, longest = [start], INTERVALS[SERIES[interval]]
    for edge, following in zip(edges[1:], [*edges[2:], None], strict=True):
        if following is None or (longest and _span(cuts[-1], following, zone) > timedelta(days=longest)):
            cuts.append(edge)
    return [
        FlowSeries(start=a, end=b, conversion_metric=conversion_metric, flows=flows, interval=interval)
        for a, b in pairwise(cuts)
    ]


def local(at: datetime, zone: ZoneInfo) -> datetime:
    """An instant as the clock on the account's wall says it, in whole seconds."""
    return at.astimezone(zone).replace(tzinfo=None, microsecond=0)


def _span(start: datetime, end: datetime, zone: ZoneInfo) -> timedelta:
    return local(end, zone) - local(start, zone)


def _between(start: datetime, end: datetime, interval: str, zone: ZoneInfo) -> list[datetime]:
    """The instants after `start` and before `end` at which a new bucket begins."""
    found, day = [], step(floor(start.astimezone(zone).date(), interval), interval, 1)
    while (edge := day_start(day, zone)) < end:
        found.append(edge)
        day = step(day, interval, 1)
    return found


def _year_after(start: datetime) -> datetime:
    try:
        return start.replace(year=start.year + 1)
    except ValueError:  # 29 February
        return start.replace(year=start.year + 1, month=3, day=1)


def _stand_in(install: Install) -> str:
    """Any metric of the account: Klaviyo gives no report without one, also where nobody asks for orders."""
    metric = Record.objects.filter(install=install, kind=Kind.METRIC, deleted_at=None).order_by("klaviyo_id").first()
    if metric is None:
        raise Refusal(
            "refused",
            "no_purchase_metric",
            f"Klaviyo gives no report without a metric, and none of {install.name} is known.",
            "Ask again when its metrics are loaded, or name one with purchase_metric.",
        )
    return metric.klaviyo_id
