"""Small pieces of sentences that all tools share."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

SHOWN: Final = 3  # names in a sentence; beyond them a count
WITHOUT_CENTS: Final = frozenset(  # ISO 4217: currencies whose smallest unit is the whole one
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)


def quoted(names: Iterable[str]) -> str:
    """The names, each once with how many bear it, on one line: any of them is meant."""
    counts = Counter(" ".join(name.split()) for name in names)
    shown = [f"“{name}”" + (f" ({number} of that name)" if number > 1 else "") for name, number in counts.items()]
    if len(shown) > SHOWN:
        return f"{', '.join(shown[:SHOWN])} or {len(shown) - SHOWN} more"
    return " or ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def people(number: int) -> str:
    return f"{number:,} {'person' if number == 1 else 'people'}"


def counted(number: int, one: str, many: str = "") -> str:
    """`1 order`, `2,300 orders`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def percent(share: float | None) -> str:
    """`41.2 %`, `none` where there is nothing to divide by."""
    return "none" if share is None else f"{share * 100:.1f} %"


def amount(value: float, currency: str) -> str:
    """`1,234.50 EUR`, `1,235 JPY`."""
    return f"{value:,.{0 if currency in WITHOUT_CENTS else 2}f} {currency}"


def spoken(period: str) -> str:
    """`last_6_months` -> `in the last 6 months`; the forms are those of answers' `period` argument."""
    if period == "all":
        return "over all time"
    start, between, end = period.partition("..")
    if between and end == "now":
        return f"{spoken(start)} up to now"
    if between and not (start and end):
        return f"from {start} to now" if start else f"from the first event to {end}"
    if between:
        return f"from {start} to {end}"
    if period[:1].isdigit():
        return f"in {period}"
    text = period.replace("_", " ")
    return f"in the {text}" if any(char.isdigit() for char in text) else text
