"""compare_periods as doors list it."""

from typing import Final

from connector.insights.against import FORMS
from connector.insights.compare_periods import COLUMNS, compare_periods, suggestions
from connector.insights.measures import NAMED, USUAL
from connector.tools.schemas import ACCOUNT, CURSOR, LIMIT, PURCHASE_METRIC, one_of, period, takes, text
from connector.tools.tool import Groups, Tool

COMPARE_PERIODS: Final = Tool(
    name="compare_periods",
    title="Compare periods",
    description=(
        "Use this when someone asks how an account did in a period, or against the time before or a year ago: the shop's revenue, "
        "orders, buyers, average order, deliveries, openers, joins and leaves, as a whole or by day, week or month; when asked, "
        "revenue by campaigns, flows, e-mail and SMS, new buyers, refunds. Counts all campaigns and flows together: not one campaign "
        "(campaign_performance), not one flow (flow_performance), not several accounts ranked (portfolio). It tells what changed, "
        "not why."
    ),
    input_schema=takes(
        account=ACCOUNT,
        period=period("last_30_days"),
        against=text(f"{FORMS}; default previous, with period=all none"),
        measures=text(
            f"Several with commas, in that order; all; default {', '.join(each.name for each in USUAL)}; "
            f"also {', '.join(each.name for each in NAMED)}"
        ),
        interval=one_of("month", "week", "day", description="Also a series of buckets"),
        purchase_metric=PURCHASE_METRIC,
        limit=LIMIT,
        cursor=CURSOR,
    ),
    run=compare_periods,
    # The rows of measures are never cut; a series is one group, of which the newest buckets stay.
    groups=Groups(("series",), by="series", start="start"),
    columns=COLUMNS,
    suggest=suggestions,
)
