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
    PERIOD,
    PURCHASE_METRIC,
    SPEND_RESERVE,
    one_of,
    takes,
    text,
)
from connector.tools.tool import Groups, Tool

FLOW_PERFORMANCE: Final = Tool(
    name="flow_performance",
    title="Performance of flows",
    description=(
        "Use this when someone asks how flows or their messages did over time: deliveries, open rate with and without machines, "
        "clickers, attributed orders and revenue, by month, week, day or in total, per flow and for all together; archived and "
        "deleted flows too. Not the text of messages, not campaigns (campaign_performance), not who bought (people_who)."
    ),
    input_schema=takes(
        account=ACCOUNT,
        flow=text("Id or words of the name: every flow that fits; several with commas; none: all"),
        status=one_of("live", "manual", "draft"),
        period=PERIOD,
        interval=one_of("month", "week", "day", "total"),
        by=one_of("flow", "message", description="message: also one row per message"),
        sort_by=one_of(*SORTS, description="Order of flows, over the whole period"),
        order=one_of("desc", "asc"),
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
