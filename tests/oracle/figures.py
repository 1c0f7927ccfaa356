"""Sums and rounding as on paper: exact fractions, half up, at the end."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from tests.oracle.world import Json, World, currency_of, money, properties


def half_up(number: Fraction, places: int) -> Decimal:
    """To so many decimals; a half goes away from zero."""
    scaled = abs(number) * 10**places
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    whole += 2 * rest >= scaled.denominator
    rounded = Decimal(whole).scaleb(-places)
    return -rounded if number < 0 and rounded else rounded


def quotient(part: int, whole: int) -> Decimal | None:
    """Part of whole to 6 decimals; null when there is no whole."""
    return half_up(Fraction(part, whole), 6) if whole else None


def exact_amount(world: World, events: list[Json], currency: str | None = None) -> Fraction:
    """The sum of `$value` in the currency, the account's unless told."""
    wanted = currency or world.currency
    values = [money(properties(event).get("$value")) for event in events if currency_of(event, world) == wanted]
    return sum((Fraction(value) for value in values if value is not None), Fraction(0))


def amount(world: World, events: list[Json], currency: str | None = None) -> Decimal:
    """Rounded once, after the sum."""
    return half_up(exact_amount(world, events, currency), 2)


def share(world: World, events: list[Json], parts: int, *, places: int) -> Decimal | None:
    """The exact sum of `$value` by so many parts, rounded once; null of none."""
    return half_up(exact_amount(world, events) / parts, places) if parts else None


def median_days(delays: list[timedelta]) -> Decimal | None:
    """In days of 24 hours; null of none."""
    if not delays:
        return None
    days = sorted(Fraction(int(delay.total_seconds()), 86400) for delay in delays)
    middle = len(days) // 2
    return half_up(days[middle] if len(days) % 2 else (days[middle - 1] + days[middle]) / 2, 6)
