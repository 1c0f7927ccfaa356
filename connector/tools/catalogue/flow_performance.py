"""flow_performance as doors list it."""

from typing import Final

from connector.insights.flow_columns import COLUMNS, SORTS
from connector.insights.flow_performance import flow_performance
from connector.tools.schemas import (
    ACCOUNT,
    ATTRIBUTION,
    BASIS,
    CURSOR,
    LIMIT,
    PURCHASE_METRIC,
    SPEND_RESERVE,
    first_of,
    one_of,
    period,
    takes,
    text,
)
from connector.tools.tool import Groups, Tool

FLOW_PERFORMANCE: Final = Tool(
    name="flow_performance",
    title="Performance of flows",
    description=(
        "Use this when someone asks how flows or their messages did over time: deliveries, open rate with and without machines, "
        "clickers, attributed orders and revenue, by month, week, day or in total, per flow and for all together, with status, trigger "
        "and last send; archived and deleted flows too. Money is what Klaviyo attributes, by order time. Not the text of messages, "
        "not campaigns (campaign_performance), not who bought (people_who), not what lay in carts (top_items)."
    ),
    input_schema=takes(
        account=ACCOUNT,
        flow=text("Id or words of the name: every flow that contains them; several with commas; none: all"),
        status=one_of("live", "manual", "draft"),
        period=period("last_6_months"),
        interval=first_of("month", "week", "day", "total"),
        by=first_of("flow", "message", description="message: also one row per message"),
        sort_by=one_of(*SORTS, description="Order of flows, over the whole period; default revenue"),
        order=first_of("desc", "asc"),
        attribution=ATTRIBUTION,
        basis=BASIS,
        spend_reserve=SPEND_RESERVE,
        purchase_metric=PURCHASE_METRIC,
        limit=LIMIT,
        cursor=CURSOR,
    ),
    run=flow_performance,
    groups=Groups(("rows",), by="flow", order="flows", start="start"),
    columns=COLUMNS,
)
