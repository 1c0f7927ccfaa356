"""campaign_performance as doors list it."""

from typing import Final

from connector.insights.campaign_columns import COLUMNS, SORTS
from connector.insights.campaign_performance import campaign_performance
from connector.tools.schemas import (
    ACCOUNT,
    ATTRIBUTION,
    BASIS,
    CAMPAIGN,
    CURSOR,
    LIMIT,
    PERIODS,
    PURCHASE_METRIC,
    SPEND_RESERVE,
    first_of,
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
        "Use this when someone asks how one or more campaigns did, which did best, at which weekday or hour sending worked, or what "
        "is scheduled or in draft. Per campaign: deliveries, openers with and without machines, clicks, bounces, unsubscribes, "
        "complaints, rates, attributed orders and revenue, whenever they happened, with subject, send time and a total. Money is "
        "what Klaviyo attributes, not the shop's revenue. Not the number of buyers or who did not buy (people_who), not flows "
        "(flow_performance), not subjects for one audience (copy_brief); never add campaigns and flows: compare_periods has campaign "
        "and flow revenue by order time."
    ),
    input_schema=takes(
        account=ACCOUNT,
        campaign=text(f"{CAMPAIGN}; none: all of the period"),
        status=first_of("sent", "scheduled", "draft", description="The last two: what is planned, without figures"),
        period=text(
            f"By send time: {PERIODS}; scheduled also tomorrow, next_week, next_N_days; default last_90_days, with campaign all"
        ),
        channel=one_of("email", "sms", "mobile_push"),
        min_deliveries=number(0, 1_000_000_000, "Leave out campaigns with fewer"),
        group_by=one_of(
            "channel", "month", "week", "weekday", "hour", description="Groups instead of campaigns; local send time"
        ),
        sort_by=one_of(*SORTS, description="default revenue"),
        order=first_of("desc", "asc"),
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
