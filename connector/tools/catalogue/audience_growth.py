"""audience_growth as doors list it."""

from typing import Final

from connector.insights.audience_growth import COLUMNS, audience_growth
from connector.tools.schemas import ACCOUNT, CURSOR, LIMIT, NAMES, first_of, period, takes, text
from connector.tools.tool import Groups, Tool

AUDIENCE_GROWTH: Final = Tool(
    name="audience_growth",
    title="Growth of lists",
    description=(
        "Use this when someone asks how lists grew: joins, leaves and net by day, week or month. Counts list events and the "
        "people behind them, list by list; segments keep no history. Not the account as a whole or who left e-mail altogether "
        "(compare_periods: subscribed_list, unsubscribed_email), not present sizes (list_health), not what joiners bought "
        "(compare_cohorts)."
    ),
    input_schema=takes(
        account=ACCOUNT,
        list=text(f"List {NAMES}; none: all lists"),
        period=period("last_6_months"),
        interval=first_of("month", "week", "day"),
        limit=LIMIT,
        cursor=CURSOR,
    ),
    run=audience_growth,
    groups=Groups(("rows",), by="list", start="start"),
    columns=COLUMNS,
)
