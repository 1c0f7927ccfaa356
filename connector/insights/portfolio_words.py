"""portfolio in words: the question, and the answer with the leading accounts of each measure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from connector.insights.measures import Measure
from connector.insights.measures_words import figure_words
from connector.insights.words import counted, spoken

MEASURES: Final = 3  # told in words; the rest is in the rows
LEADING: Final = 3  # accounts told of a measure
FAILED: Final = 3


def question_of(measures: Sequence[Measure], period: str, compared: str) -> str:
    names = ", ".join(each.title.lower() for each in measures)
    return f"How do accounts rank by {names} {spoken(period)}{f', against {compared}' if compared else ''}?"


def answer_of(measures: Sequence[Measure], rows: Sequence[Mapping[str, Any]], period: str) -> str:
    told = [_ranking(each, rows, period) for each in measures[:MEASURES]]
    if len(measures) > MEASURES:
        told.append(f"{counted(len(measures) - MEASURES, 'more measure')} in the rows.")
    return " ".join(part for part in [*told, _failed(rows)] if part)


def _ranking(measure: Measure, rows: Sequence[Mapping[str, Any]], period: str) -> str:
    held = [row for row in rows if row["measure"] == measure.name and "reason" not in row]
    if not held:
        return ""
    shown = ", ".join(f"{row['account']['name']} {_figure(measure, row)}" for row in held[:LEADING])
    left = f" and {counted(len(held) - LEADING, 'more account')}" if len(held) > LEADING else ""
    return f"{measure.title} {spoken(period)}: {shown}{left}."


def _figure(measure: Measure, row: Mapping[str, Any]) -> str:
    said = figure_words(measure, row["value"], row["currency"])
    return said if row["change_rate"] is None else f"{said} ({row['change_rate'] * 100:+.1f} %)"


def _failed(rows: Sequence[Mapping[str, Any]]) -> str:
    """The reasons, each once."""
    reasons = list(dict.fromkeys(row["reason"]["text"] for row in rows if "reason" in row))
    left = f" {counted(len(reasons) - FAILED, 'more reason')} in the rows." if len(reasons) > FAILED else ""
    return " ".join(reasons[:FAILED]) + left
