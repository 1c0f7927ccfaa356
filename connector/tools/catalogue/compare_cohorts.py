"""compare_cohorts as doors list it."""

from typing import Final

from connector.insights.compare_cohorts import COLUMNS, compare_cohorts
from connector.tools.schemas import ACCOUNT, CURSOR, LIMIT, PURCHASE_METRIC, first_of, period, takes
from connector.tools.tool import Groups, Tool

COMPARE_COHORTS: Final = Tool(
    name="compare_cohorts",
    title="Cohorts of subscribers",
    description=(
        "Use this when someone asks what new subscribers are worth: how many of those who joined by SMS, by e-mail form or "
        "otherwise, or in each month, ordered since, how soon, how often and for how much. Not how lists grew (audience_growth), not "
        "what a list or segment bought (people_who, top_items with audience), not new buyers (compare_periods, new_buyers); "
        "lifetime value is not predicted."
    ),
    input_schema=takes(
        by=first_of("signup_source", "signup_month"),
        account=ACCOUNT,
        period=period("this_year"),
        joined=first_of(
            "first_ever",
            "first_in_period",
            description="first_ever: only who had never subscribed before the period",
        ),
        count_until=first_of("now", "period_end", description="Orders up to then"),
        purchase_metric=PURCHASE_METRIC,
        limit=LIMIT,
        cursor=CURSOR,
    ),
    run=compare_cohorts,
    groups=Groups(("rows",)),
    columns=COLUMNS,
)
