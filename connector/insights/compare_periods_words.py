"""compare_periods in words: the question, and the sentence with the leading figures."""

from collections.abc import Sequence
from typing import Final

from connector.insights.measured import Measured
from connector.insights.measures import Figure, Measure, changed
from connector.insights.measures_words import figure_words
from connector.insights.periods import Period
from connector.insights.question import AccountQuestion
from connector.insights.words import spoken

TOLD: Final = 4  # measures in the sentence; the rest is in the rows
FIRST: Final = ("revenue", "orders", "buyers", "email_deliveries")  # told before others when nothing was named


def question_of(measures: Sequence[Measure], period: str, against: str, interval: str | None) -> str:
    names = [each.title.lower() for each in measures[:TOLD]]
    more = f" and {len(measures) - TOLD} more" if len(measures) > TOLD else ""
    compared = "" if against == "none" else f", against {against_words(against)}"
    return f"What were {', '.join(names)}{more} {spoken(period)}{compared}{f', by {interval}' if interval else ''}?"


def against_words(against: str) -> str:
    known = {
        "previous": "the time before",
        "year_before": "the same dates a year before",
        "year_before_weekday": "the same weekdays a year before",
    }
    return known.get(against) or spoken(against).removeprefix("in ")


def sentence(
    asked: AccountQuestion, measures: Sequence[Measure], found: Measured, period: Period, before: Period | None
) -> str:
    is_named = bool(asked.args.get("measures")) and asked.args["measures"] != "all"
    told = list(measures) if is_named else sorted(measures, key=_weight)
    currency = asked.account.currency
    parts = [
        f"{each.title.lower()} {_compared(each, found.value[each.name], found.before.get(each.name), currency)}"
        for each in told[:TOLD]
    ]
    compared = f" Compared with {_bare(before.words())}." if before else ""
    return f"{asked.account.name}, {period.words()}: {', '.join(parts)}.{compared}"


def _weight(measure: Measure) -> int:
    return FIRST.index(measure.name) if measure.name in FIRST else len(FIRST)


def _compared(measure: Measure, value: Figure, before: Figure, currency: str) -> str:
    """`310 (+5.0 %)`, `12 (0 before)`, `4` where nothing is compared."""
    said = figure_words(measure, value, currency)
    rate = changed(value, before)["change_rate"]
    if rate is not None:
        return f"{said} ({rate * 100:+.1f} %)"
    return said if before is None else f"{said} ({figure_words(measure, before, currency)} before)"


def _bare(words: str) -> str:
    """The words for a period without the preposition they begin with."""
    for preposition in ("from ", "on ", "in "):
        if words.startswith(preposition):
            return words.removeprefix(preposition)
    return words
