"""audience_growth as doors list it."""

from typing import Final

from connector.insights.audience_growth import COLUMNS, audience_growth
from connector.tools.schemas import ACCOUNT, CURSOR, LIMIT, PERIOD, one_of, takes, text
from connector.tools.tool import Groups, Tool

AUDIENCE_GROWTH: Final = Tool(
    name="audience_growth",
    title="Growth of lists",
    description=(
        "Use this when someone asks how lists grew: joins, leaves and net by day, week or month. Counts list events and the "
        "people behind them. Not who left e-mail altogether (compare_periods, unsubscribed_email), not present sizes (list_health)."
    ),
    input_schema=takes(
        account=ACCOUNT,
        list=text("List id or name, several with commas; none: all lists"),
        period=PERIOD,
        interval=one_of("month", "week", "day"),
        limit=LIMIT,
        cursor=CURSOR,
    ),
    run=audience_growth,
    groups=Groups(("rows",), by="list", start="start"),
    columns=COLUMNS,
)
