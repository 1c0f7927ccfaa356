"""compare_periods as doors list it."""

from typing import Final

from connector.insights.against import FORMS
from connector.insights.compare_periods import COLUMNS, compare_periods, suggestions
from connector.insights.measures import NAMED, USUAL
from connector.tools.schemas import ACCOUNT, CURSOR, LIMIT, PERIOD, PURCHASE_METRIC, one_of, takes, text
from connector.tools.tool import Groups, Tool

COMPARE_PERIODS: Final = Tool(
    name="compare_periods",
    title="Compare periods",
    description=(
        "Use this when someone asks how an account did in a period, or against the time before or a year ago: revenue, orders, "
        "buyers, deliveries, openers, joins and leaves, as a whole or by day, week or month. Counts all campaigns and flows "
        "together: not one campaign (campaign_performance), not one flow (flow_performance), not several accounts ranked (portfolio)."
    ),
    input_schema=takes(
        account=ACCOUNT,
        period=PERIOD,
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
