"""Sums and rounding as on paper: exact fractions, half up, at the end."""

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


def amount(world: World, events: list[Json]) -> Decimal:
    """The sum of `$value` in the account's currency, rounded once, after the sum."""
    values = [money(properties(event).get("$value")) for event in events if currency_of(event, world) == world.currency]
    return half_up(sum((Fraction(value) for value in values if value is not None), Fraction(0)), 2)
