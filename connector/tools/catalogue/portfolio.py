"""portfolio as doors list it."""

from typing import Final

from connector.insights.against import FORMS
from connector.insights.measures import OF_ACCOUNTS
from connector.insights.portfolio import COLUMNS, portfolio
from connector.tools.schemas import ACCOUNT, BASIS, CURSOR, LIMIT, PURCHASE_METRIC, SPEND_RESERVE, period, takes, text
from connector.tools.tool import Groups, Tool

PORTFOLIO: Final = Tool(
    name="portfolio",
    title="Accounts side by side",
    description=(
        "Use this when someone asks which of several accounts or clients leads or lags, or which flows fell silent: ranks accounts "
        "by one or more measures, money within its currency, an account without a figure last with the reason. Currencies are "
        "never added. Works for one account too, for rates and silent flows that compare_periods has not. Not an account in depth "
        "(compare_periods), not campaigns or flows ranked (campaign_performance, flow_performance)."
    ),
    input_schema=takes(
        account=text(f"{ACCOUNT['description'].split(';')[0]}; default all"),
        measure=text(f"Several with commas, default revenue: {', '.join(OF_ACCOUNTS)}"),
        period=period("last_30_days"),
        against=text(f"{FORMS}; default previous"),
        basis=BASIS,
        spend_reserve=SPEND_RESERVE,
        purchase_metric=PURCHASE_METRIC,
        limit=LIMIT,
        cursor=CURSOR,
    ),
    run=portfolio,
    groups=Groups(("rows",), in_data=True),
    columns=COLUMNS,
)
