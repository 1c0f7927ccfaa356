"""campaign_performance as doors list it."""

from typing import Final

from connector.insights.campaign_columns import COLUMNS, SORTS
from connector.insights.campaign_performance import campaign_performance
from connector.tools.schemas import (
    ACCOUNT,
    ATTRIBUTION,
    BASIS,
    CURSOR,
    LIMIT,
    PURCHASE_METRIC,
    SPEND_RESERVE,
    number,
    one_of,
    takes,
    text,
)
from connector.tools.tool import Groups, Tool

CAMPAIGN_PERFORMANCE: Final = Tool(
    name="campaign_performance",
    title="Performance of campaigns",
    description=(
        "Use this when someone asks how campaigns did, which did best, when to send, or what is scheduled or in draft. "
        "Per campaign: deliveries, openers with and without machines, clicks, unsubscribes, complaints, attributed orders and "
        "revenue, whenever they happened, with a total. Not the number of buyers or who did not buy (people_who), not flows "
        "(flow_performance); never add the two: compare_periods has campaign and flow revenue by order time."
    ),
    input_schema=takes(
        account=ACCOUNT,
        campaign=text("Id or name, several with commas; words*: every sent one with these words; latest, latest:words"),
        status=one_of("sent", "scheduled", "draft", description="The last two: what is planned, without figures"),
        period=text(
            "By send time, default last_90_days, with campaign all. Forms as in other tools; scheduled also tomorrow, next_week, "
            "next_N_days"
        ),
        channel=one_of("email", "sms", "mobile_push"),
        min_deliveries=number(0, 1_000_000_000, "Leave out campaigns with fewer"),
        group_by=one_of("channel", "month", "week", "weekday", "hour", description="Instead of rows; local send time"),
        sort_by=one_of(*SORTS),
        order=one_of("desc", "asc"),
        attribution=ATTRIBUTION,
        basis=BASIS,
        spend_reserve=SPEND_RESERVE,
        purchase_metric=PURCHASE_METRIC,
        limit=LIMIT,
        cursor=CURSOR,
    ),
    run=campaign_performance,
    groups=Groups(("rows", "groups")),
    columns=COLUMNS,
)
