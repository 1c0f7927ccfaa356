"""metric_trend as doors list it."""

from typing import Final

from connector.insights.metric_trend import COLUMNS, metric_trend
from connector.tools.schemas import ACCOUNT, CURSOR, LIMIT, MACHINE_OPENS, PERIOD, VERB, one_of, takes, text
from connector.tools.tool import Groups, Tool

METRIC_TREND: Final = Tool(
    name="metric_trend",
    title="Trend of a metric",
    description=(
        "Use this when someone asks how one kind of event developed: events, people and value by day, week or month, also by "
        "campaign, flow, product, country or a property. Every event counts, as on Klaviyo's metric page. Not for revenue or orders "
        "that must equal other answers (compare_periods), not for who did it and not something else (people_who)."
    ),
    input_schema=takes(
        metric=text("Required. " + VERB.replace(", member", "")),
        account=ACCOUNT,
        campaign=text("Only its events: id or name, several with commas; words* takes every sent one"),
        flow=text("Only its events: id or name"),
        period=PERIOD,
        interval=one_of("month", "week", "day", "total"),
        group_by=text(
            "campaign, flow, item, country, currency, property:NAME (allow-listed), or event:NAME (Bounce Type, Client Type, "
            "Discount Codes, Form Name, form_id, List, Method, Source Name, Subject, URL, $variation)"
        ),
        machine_opens=MACHINE_OPENS,
        purchase_metric=text("Metric id that counts as an order; one account only"),
        limit=LIMIT,
        cursor=CURSOR,
    ),
    run=metric_trend,
    groups=Groups(("rows",), by="group", order="groups", start="start"),
    columns=COLUMNS,
    required=("metric",),
)
