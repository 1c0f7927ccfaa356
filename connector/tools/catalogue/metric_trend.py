"""metric_trend as doors list it."""

from typing import Final

from connector.insights.metric_trend import COLUMNS, metric_trend
from connector.tools.schemas import (
    ACCOUNT,
    CAMPAIGN,
    CURSOR,
    EVENT_NAMES,
    LIMIT,
    MACHINE_OPENS,
    PURCHASE_METRIC,
    VERB,
    first_of,
    period,
    takes,
    text,
)
from connector.tools.tool import Groups, Tool

METRIC_TREND: Final = Tool(
    name="metric_trend",
    title="Trend of a metric",
    description=(
        "Use this when someone asks how one kind of event developed: events, people and value by day, week or month, also by "
        "campaign, flow, product, country or a property; also metrics that have no verb here, by name. Every event counts, duplicates "
        "too, as on Klaviyo's metric page; `value` is the sum of the events' own. Not for revenue or orders that must equal other "
        "answers (compare_periods), not for people over the whole period or who did not (people_who), not rates."
    ),
    input_schema=takes(
        metric=text("Required. " + VERB.replace(", member", "")),
        account=ACCOUNT,
        campaign=text(f"Only its events: {CAMPAIGN}"),
        flow=text("Only its events: id or words, all that fit"),
        period=period("last_6_months"),
        interval=first_of("month", "week", "day", "total"),
        group_by=text(
            "campaign, flow, item, country, currency, property:NAME (a profile's custom property that an admin opened), or "
            f"{EVENT_NAMES}"
        ),
        machine_opens=MACHINE_OPENS,
        purchase_metric=PURCHASE_METRIC,
        limit=LIMIT,
        cursor=CURSOR,
    ),
    run=metric_trend,
    groups=Groups(("rows",), by="group", order="groups", start="start"),
    columns=COLUMNS,
    required=("metric",),
)
