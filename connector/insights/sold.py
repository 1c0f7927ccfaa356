"""What attributed orders come to: the figures of a row of SALES (relations.py), and what must be said beside them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from connector.insights import caveats
from connector.insights.caveats import Caveat
from connector.insights.question import AccountQuestion
from connector.insights.relations import EPOCH
from connector.insights.words import amount

MANY: Final = 20  # amounts of fewer events are never dominated by one


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


def sales_caveats(asked: AccountQuestion, row: Any) -> list[Caveat]:
    """Of the row that holds all orders once."""
    currency = asked.account.currency
    return [
        *caveats.duplicate_orders(int(row.repeats or 0)),
        *caveats.other_currency(row.foreign_orders, currency),
        *_dominant(asked, row, currency),
    ]


def _dominant(asked: AccountQuestion, row: Any, currency: str) -> list[Caveat]:
    if row.valued < MANY or row.largest["amount"] * 2 <= row.revenue:
        return []
    at = (EPOCH + timedelta(microseconds=row.largest["us"])).astimezone(asked.account.zone).date()
    order = f", order {row.largest['order_id']}" if row.largest["order_id"] else ""
    text = (
        f"One order of {at}{order} makes {amount(float(row.largest['amount']), currency)} of "
        f"{amount(float(row.revenue), currency)}; check that it is no error."
    )
    return [Caveat("dominant_value", text)]
