"""What single campaigns did, as campaign_performance counts it, for tools that need it beside something else."""

from collections.abc import Sequence
from typing import Any

from connector.insights import campaign_performance_sql as sql
from connector.insights.campaign_performance import columns, reached_of
from connector.insights.caveats import Caveat
from connector.insights.objects import KlaviyoObject
from connector.insights.question import AccountQuestion
from connector.insights.sold import sales_caveats, sold_of


def figures_of(
    asked: AccountQuestion, campaigns: Sequence[KlaviyoObject], purchase: KlaviyoObject | None
) -> tuple[list[dict[str, Any]], list[Caveat]]:
    """The columns of each campaign, in their order (orders and revenue None without `purchase`), by Klaviyo's own
    attribution, and what must be said of their orders."""
    if not campaigns:
        return [], []
    params = sql.bound_kinds(asked.resolver.ids_of) | sql.bound_owners(campaigns, [0] * len(campaigns))
    reached = reached_of(asked.rows(sql.reach(False, False), params))
    if purchase is None:
        return [columns(reached["campaign", number], None) for number in range(len(campaigns))], []
    rows = asked.rows(sql.sales(False, "klaviyo"), params | {"order_metrics": [purchase.id]})
    sold = {row.part: row for row in rows if row.level == "campaign"}
    figures = [columns(reached["campaign", number], sold_of(sold.get(number))) for number in range(len(campaigns))]
    return figures, sales_caveats(asked, [row for row in rows if row.level == "total"])
