"""top_items as doors list it."""

from typing import Final

from connector.insights.top_items import COLUMNS, top_items
from connector.tools.schemas import ACCOUNT, CURSOR, LIMIT, PERIOD, PURCHASE_METRIC, number, one_of, takes, text
from connector.tools.tool import Groups, Tool

TOP_ITEMS: Final = Tool(
    name="top_items",
    title="Top products",
    description=(
        "Use this when someone asks which products were viewed, put into carts, left in checkouts or ordered most, or bought "
        "together. Counts line items by title. Revenue here is price × quantity of lines: for the shop's revenue and orders use "
        "compare_periods, for how many people bought something people_who."
    ),
    input_schema=takes(
        event=one_of("added_to_cart", "started_checkout", "abandoned_checkout", "ordered", "viewed_product"),
        account=ACCOUNT,
        period=PERIOD,
        within_days=number(1, 3_650, "abandoned_checkout: without an order in so many × 24 hours; 7"),
        sort_by=one_of("count", "quantity", "people", "revenue"),
        item=text("Only these titles"),
        with_item=text("Only events that also hold this title"),
        audience=text("List or segment: only its present members"),
        campaign=text("Only events of it: id or name, several with commas"),
        flow=text("Only events of it"),
        purchase_metric=PURCHASE_METRIC,
        limit=LIMIT,
        cursor=CURSOR,
    ),
    run=top_items,
    groups=Groups(("rows",), limit=20),
    columns=COLUMNS,
)
