"""How figures are rounded: half up, from exact decimals, once, at the end."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

CENT: Final = Decimal("0.01")
MICRO: Final = Decimal("0.000001")


def money(amount: Decimal | None) -> float | None:
    """An exact sum as a JSON number with at most 2 decimals."""
    return None if amount is None else float(amount.quantize(CENT, ROUND_HALF_UP))


def quotient(part: Decimal | int | None, whole: Decimal | int | None) -> float | None:
    """part / whole, 6 decimals; null when there is nothing to divide by."""
    if part is None or not whole:
        return None
    return float((Decimal(part) / Decimal(whole)).quantize(MICRO, ROUND_HALF_UP))


def days(seconds: Decimal | float | None) -> float | None:
    """Seconds as fractional days, 6 decimals."""
    return None if seconds is None else quotient(Decimal(str(seconds)), 86400)
