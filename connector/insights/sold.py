"""What attributed orders come to: the figures of a row of SALES (relations.py), and what must be said beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from connector.insights import caveats
from connector.insights.caveats import Caveat
from connector.insights.question import AccountQuestion
from connector.insights.relations import EPOCH


@dataclass(frozen=True)
class Sold:
    """Attributed orders and their exact value in the account's currency."""

    orders: int
    revenue: Decimal


def sold_of(row: Any) -> Sold:
    """Of a row of SALES; None: nothing was sold."""
    return Sold(row.orders, row.revenue) if row else Sold(0, Decimal(0))


def bound_touches(asked: AccountQuestion, since: datetime = EPOCH) -> dict[str, Any]:
    """The parameters of `last_touches`: touches count from `since` on."""
    clicks = asked.resolver.ids_of("clicked_email", "clicked_sms")
    return {
        "touch_metrics": [*asked.resolver.ids_of("opened_email"), *clicks] or [""],
        "click_metrics": clicks or [""],
        "touched_since": since,
    }


def sales_caveats(asked: AccountQuestion, rows: Sequence[Any]) -> list[Caveat]:
    """Of rows that hold all orders between them, each once."""
    currency = asked.account.currency
    return [
        *caveats.duplicate_orders(sum(int(row.repeats or 0) for row in rows)),
        *caveats.other_currency(sum(row.foreign_orders for row in rows), currency),
        *_dominant(asked, rows, currency),
    ]


def _dominant(asked: AccountQuestion, rows: Sequence[Any], currency: str) -> list[Caveat]:
    valued, whole = sum(row.valued for row in rows), sum((row.revenue for row in rows), Decimal(0))
    largest = max((row.largest for row in rows if row.largest), key=lambda order: order["amount"], default=None)
    return caveats.dominant_value("order", valued, whole, largest, asked.account.zone, currency)
