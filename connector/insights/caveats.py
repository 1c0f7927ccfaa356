"""What must be said beside a figure: the codes in order of weight, and the sentences that many tools share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from connector.insights.words import amount

# Most important first: the order in which caveats are shown.
ORDER: Final = (
    "outside_range",
    "provisional",
    "window_open",
    "machine_opens",
    "no_purchase_metric",
    "two_purchase_metrics",
    "bots_included",
    "duplicate_orders",
    "future_events",
    "other_currency",
    "dominant_value",
    "small_base",
    "account_failed",
    "scope_missing",
    "renamed",
    "also_fits",
    "deleted_object",
    "floor_applied",
    "attribution_window",
    "erased",
    "suspicious_text",
)
SMALL_BASE: Final = 100
MANY: Final = 20  # amounts of fewer events are never said to be dominated by one
MACHINE_SHARE: Final = Decimal("0.1")


@dataclass(frozen=True)
class Caveat:
    """One thing to know beside the figures; `code` is one of ORDER."""

    code: str
    text: str


def machine_opens(opens: int, by_machines: int) -> list[Caveat]:
    """Where machines made more than a tenth of the opens asked about."""
    if not opens or Decimal(by_machines) / opens <= MACHINE_SHARE:
        return []
    share = Decimal(by_machines) * 100 / opens
    text = f"{share:.0f} % of these opens were made by mail servers or privacy proxies; the figures without machines leave them out."
    return [Caveat("machine_opens", text)]


def duplicate_orders(repeats: int) -> list[Caveat]:
    text = f"{repeats:,} further {_of(repeats, 'delivery', 'deliveries')} of the same orders {_were(repeats)} counted once."
    return [Caveat("duplicate_orders", text)] if repeats else []


def future_events(ahead: int) -> list[Caveat]:
    if not ahead:
        return []
    text = f"{ahead:,} {_of(ahead, 'event is', 'events are')} dated after this moment and {_were(ahead)} left out."
    return [Caveat("future_events", text)]


def other_currency(foreign: int, currency: str) -> list[Caveat]:
    if not foreign:
        return []
    text = f"{foreign:,} {_of(foreign, 'event', 'events')} in another currency than {currency} {_of(foreign, 'is', 'are')} not in the amounts."
    return [Caveat("other_currency", text)]


def dominant_value(
    what: str, valued: int, total: Decimal, largest: Mapping[str, Any] | None, zone: ZoneInfo, currency: str
) -> list[Caveat]:
    """Where one of `valued` amounts makes more than half of their `total`. `largest`: amount, us (microseconds since 1970)
    and order_id of the event with the largest; `what`: order, event."""
    if valued < MANY or largest is None or largest["amount"] * 2 <= total:
        return []
    day = datetime.fromtimestamp(largest["us"] // 1_000_000, zone).date()
    order = f" (order id {largest['order_id']})" if largest["order_id"] else ""
    text = (
        f"One {what} of {day}{order} makes {amount(float(largest['amount']), currency)} of "
        f"{amount(float(total), currency)}; check that it is no error."
    )
    return [Caveat("dominant_value", text)]


def floor_applied(floor: int, other: str) -> Caveat:
    """Where groups of too few people went to `other`."""
    return Caveat("floor_applied", f"Groups of fewer than {floor} people are counted together as “{other}”.")


def small_base(base: int, what: str) -> list[Caveat]:
    """`what`: the words for those that the rates are taken of, such as `people`."""
    text = f"The rates rest on {base:,} {what}, fewer than {SMALL_BASE}: a few more or less change them much."
    return [Caveat("small_base", text)] if base < SMALL_BASE else []


def by_weight(caveats: Iterable[Caveat]) -> list[Caveat]:
    return sorted(caveats, key=lambda caveat: ORDER.index(caveat.code))


def _of(number: int, one: str, many: str) -> str:
    return one if number == 1 else many


def _were(number: int) -> str:
    return _of(number, "was", "were")
