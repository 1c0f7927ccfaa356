"""A measure's figure as a sentence writes it."""

from connector.insights.columns import Kind
from connector.insights.measures import Figure, Measure
from connector.insights.words import amount, percent


def figure_words(measure: Measure, value: Figure, currency: str) -> str:
    """`12,345.00 EUR`, `41.2 %`, `310`; `not known` for null."""
    if value is None:
        return "not known"
    if measure.kind == Kind.MONEY:
        return amount(value, currency)
    return percent(value) if measure.kind == Kind.RATE else f"{value:,}"
