"""What must be said beside a figure: the codes in order of weight, and the sentences that many tools share."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

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
