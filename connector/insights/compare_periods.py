"""compare_periods: the measures of an account in a period, against another, and bucket by bucket."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from connector.insights.against import NONE, against_of, check_against, held_before, span_of
from connector.insights.arguments import check_period
from connector.insights.buckets import Bucket, buckets
from connector.insights.columns import Column, Kind
from connector.insights.compare_periods_words import question_of, sentence
from connector.insights.measured import Measured, check_choices, measured
from connector.insights.measures import OF_PERIODS, USUAL, Measure, changed, chosen
from connector.insights.outcome import Outcome
from connector.insights.question import AccountQuestion, Answer, Question, each_account
from connector.insights.resolver import tried

PERIOD: Final = "last_30_days"
COLUMNS: Final = (
    Column("measure", Kind.TEXT, "Measure"),
    Column("value", Kind.COUNT, "In the period", "the measure in the period"),
    Column("before", Kind.COUNT, "Before", "the same in the time compared with"),
    Column("change", Kind.COUNT, "Change", "value less before"),
    Column("change_rate", Kind.RATE, "Change, share", "change / before; null unless before is above 0"),
    Column("start", Kind.TIME, "From", "first local day of the day, week or month"),
    *(each.column for each in OF_PERIODS.values()),
)
DEFINITION: Final = (
    "Each measure counted by itself in the period and in the one compared with, from events. An order counts once, at its "
    "earliest delivery; attributed revenue is of order events as Klaviyo marked them, by order time."
)


def compare_periods(question: Question) -> Outcome:
    """Raises BadArguments; Refusal when no account can be told."""
    args = question.args
    check_period(args, "period", question.moment)
    check_against(args, _period(args), question.moment)
    asked_for = _measures(args)
    accounts = each_account(question, lambda asked: _answer(asked, asked_for))
    return Outcome(
        accounts,
        question=question_of(asked_for, _period(args), against_of(args, _period(args)), args.get("interval")),
        definition=DEFINITION,
        period_label=_period(args),
        method={"against": against_of(args, _period(args)), "attribution": "klaviyo"},
    )


def _period(args: Mapping[str, Any]) -> str:
    return str(args.get("period", PERIOD))


def _measures(args: Mapping[str, Any]) -> list[Measure]:
    text = args.get("measures")
    return list(OF_PERIODS.values()) if text == "all" else chosen("measures", text, OF_PERIODS, USUAL)


def _answer(asked: AccountQuestion, measures: Sequence[Measure]) -> Answer:
    period = asked.resolver.period(default=PERIOD)
    tried(lambda: check_choices(asked, measures), lambda: asked.check_held(period))
    before, told = held_before(asked, period, _period(asked.args))
    interval = asked.args.get("interval")
    rows = buckets(period, interval, asked.account.zone, asked.moment) if interval else []
    found = measured(asked, measures, period, before, rows)
    figures: dict[str, Any] = {
        "against": before.shown(asked.account.zone) if before else None,
        "rows": [_row(each, found) for each in measures],
    }
    if interval:
        figures["series"] = _series(rows, found)
    text = sentence(asked, measures, found, period, before)
    return Answer(figures, text, period, span_of(asked, period, before), [*told, *found.caveats])


def _row(measure: Measure, found: Measured) -> dict[str, Any]:
    value, before = found.value[measure.name], found.before.get(measure.name)
    return {"measure": measure.name, "value": value, "before": before} | changed(value, before)


def _series(rows: Sequence[Bucket], found: Measured) -> list[dict[str, Any]]:
    return [{"start": str(row.start)} | figures for row, figures in zip(rows, found.series, strict=True)]


def suggestions(args: Mapping[str, Any], envelope: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same bucket by bucket, where only the whole was asked."""
    if args.get("interval") or args.get("cursor") or envelope["status"] not in ("ok", "partial"):
        return []
    short = {**args, "interval": "day", "against": NONE}
    return [{"args": short, "why": "The same measures day by day."}]
