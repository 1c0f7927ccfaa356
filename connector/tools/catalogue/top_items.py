"""top_items as doors list it."""

from typing import Final

from connector.insights.top_items import COLUMNS, top_items
from connector.tools.schemas import (
    ACCOUNT,
    AUDIENCE,
    CAMPAIGN,
    CURSOR,
    LIMIT,
    PURCHASE_METRIC,
    first_of,
    number,
    period,
    takes,
    text,
)
from connector.tools.tool import Groups, Tool

TOP_ITEMS: Final = Tool(
    name="top_items",
    title="Top products",
    description=(
        "Use this when someone asks which products were viewed, put into carts, left in checkouts or ordered most, or bought "
        "together. Counts line items by title, with people, quantity and the catalog's price. Contents of carts: added_to_cart; left "
        "without an order: abandoned_checkout; sold: ordered. Revenue here is price × quantity of lines: for the shop's revenue and "
        "orders use compare_periods, for who bought one thing and not another people_who, by month metric_trend. No stock, no margins."
    ),
    input_schema=takes(
        event=first_of("added_to_cart", "started_checkout", "abandoned_checkout", "ordered", "viewed_product"),
        account=ACCOUNT,
        period=period("last_6_months"),
        within_days=number(1, 3_650, "abandoned_checkout: without an order in so many × 24 hours; default 7"),
        sort_by=first_of("count", "quantity", "people", "revenue"),
        item=text("Only these titles, several with commas"),
        with_item=text("Only events that also hold this title: bought together with it"),
        audience=text(f"Only present members. {AUDIENCE}"),
        campaign=text(f"Only events of it (orders: attributed to it): {CAMPAIGN}"),
        flow=text("Only events of it"),
        purchase_metric=PURCHASE_METRIC,
        limit=LIMIT,
        cursor=CURSOR,
    ),
    run=top_items,
    groups=Groups(("rows",), limit=20),
    columns=COLUMNS,
)
