"""portfolio: accounts side by side, ranked measure by measure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from connector.insights import portfolio_klaviyo as klaviyo
from connector.insights.against import NONE, against_of, before_of, check_against, held_before, span_of
from connector.insights.arguments import bad, check_period
from connector.insights.caveats import Caveat, small_base
from connector.insights.columns import Column, Kind
from connector.insights.compare_periods_words import against_words
from connector.insights.coverage import Span, state_of
from connector.insights.klaviyo_basis import BOTS, cost_of
from connector.insights.measured import Measured, check_choices, measured
from connector.insights.measures import OF_ACCOUNTS, Figure, Measure, Part, changed, chosen
from connector.insights.metrics import no_purchase_metric
from connector.insights.outcome import AccountOutcome, Outcome
from connector.insights.periods import Period
from connector.insights.portfolio_words import answer_of, question_of
from connector.insights.question import AccountQuestion, Answer, Question, each_account
from connector.insights.ranking import ranked
from connector.insights.refusal import Refusal, foremost

PERIOD: Final = "last_30_days"
USUAL: Final = (OF_ACCOUNTS["revenue"],)
COLUMNS: Final = (
    Column("measure", Kind.TEXT, "Measure"),
    Column("rank", Kind.COUNT, "Rank", "by value, largest first; money within its currency"),
    Column("account", Kind.OBJECT, "Account"),
    Column("value", Kind.COUNT, "In the period", "the measure in the period"),
    Column("before", Kind.COUNT, "Before", "the same in the time compared with"),
    Column("change_rate", Kind.RATE, "Change, share", "(value - before) / before; null unless before is above 0"),
    *(each.column for each in OF_ACCOUNTS.values()),
)
DEFINITION: Final = (
    "Each account's measure from its own events, in its own calendar and currency; ranks largest first, money within its "
    "currency. An order counts once, at its earliest delivery; attributed revenue is of order events as Klaviyo marked them."
)


@dataclass(frozen=True)
class Line:
    """One measure of one account, or why there is none."""

    value: Figure = None
    before: Figure = None
    reason: Refusal | None = None


def portfolio(question: Question) -> Outcome:
    """Raises BadArguments; Refusal when no account can be told."""
    question = replace(question, args={"account": "all", **question.args})
    args, period = question.args, str(question.args.get("period", PERIOD))
    check_period(args, "period", question.moment)
    check_against(args, period, question.moment)
    measures, against = chosen("measure", args.get("measure"), OF_ACCOUNTS, USUAL), against_of(args, period)
    reported = args.get("basis") == "klaviyo_report"
    _check(measures, against, reported)
    accounts = each_account(
        question,
        lambda asked: (_reported if reported else _answer)(asked, measures, period),
        needs_events=not reported,
    )
    rows = [row for each in measures for row in _rows(each, accounts)]
    return Outcome(
        accounts,
        question=question_of(measures, period, "" if against == NONE else against_words(against)),
        definition=klaviyo.DEFINITION if reported else DEFINITION,
        period_label=period,
        basis="klaviyo_report" if reported else "events",
        exactness="klaviyo_report" if reported else "exact",
        method={"against": against, "attribution": "klaviyo"} | cost_of(accounts),
        data={"rows": rows},
        answer=answer_of(measures, rows, period),
    )


def _check(measures: Sequence[Measure], against: str, reported: bool) -> None:
    """Raises BadArguments for what cannot hold together."""
    names = [each.name for each in measures]
    if against == NONE and "silent_flows" in names:
        raise bad("against", "silent_flows are told by the time compared with; give previous, year_before or a period")
    other = next((name for name in names if name not in klaviyo.MEASURES), None) if reported else None
    if other:
        raise bad("measure", f"{other} is not in Klaviyo's reports; with basis=klaviyo_report give {klaviyo.FORMS}")


def _answer(asked: AccountQuestion, measures: Sequence[Measure], name: str) -> Answer:
    period = asked.resolver.period(default=PERIOD)
    open_to, lines = _answerable(asked, measures)
    asked.check_held(period)
    before, told = held_before(asked, period, name)
    found = measured(asked, open_to, period, before)
    lines |= {each.name: Line(found.value[each.name], found.before.get(each.name)) for each in open_to}
    caveats = [*told, *found.caveats, *_small_bases(found, open_to)]
    return _told(measures, lines, Answer({}, "", period, _span(asked, open_to, period, before), caveats))


def _answerable(asked: AccountQuestion, measures: Sequence[Measure]) -> tuple[list[Measure], dict[str, Line]]:
    """The measures that the account can tell, and why it cannot tell the others. Raises Refusal where it can tell none."""
    refused: dict[str, Line] = {}
    for each in measures:
        try:
            _check_purchases(asked, each)
        except Refusal as refusal:
            refused[each.name] = Line(reason=refusal)
    if len(refused) == len(measures):
        raise foremost(line.reason for line in refused.values() if line.reason)
    return [each for each in measures if each.name not in refused], refused


def _check_purchases(asked: AccountQuestion, measure: Measure) -> None:
    check_choices(asked, [measure])
    if measure.is_of_orders and asked.resolver.purchase_metric() is None:
        raise no_purchase_metric(asked.account.name)


def _reported(asked: AccountQuestion, measures: Sequence[Measure], name: str) -> Answer:
    """By Klaviyo's own reports."""
    period = asked.resolver.period(default=PERIOD)
    open_to, lines = _answerable(asked, measures)
    before = before_of(asked, period, name)
    figures, cost = klaviyo.figures(asked, open_to, period, before)
    lines |= {each: Line(value, was) for each, (value, was) in figures.items()}
    return _told(measures, lines, Answer({"cost": cost}, "", period, caveats=[BOTS]))


def _told(measures: Sequence[Measure], lines: dict[str, Line], answer: Answer) -> Answer:
    """With the lines of the table beside it."""
    answer.beside = {each.name: lines[each.name] for each in measures}
    answer.is_partial = any(line.reason for line in lines.values())
    return answer


def _span(asked: AccountQuestion, measures: Sequence[Measure], period: Period, before: Period | None) -> Span:
    """What is opened and clicked at any time is read up to now."""
    span = span_of(asked, period, before)
    reads = {read.part for each in measures for read in each.reads}
    return Span(span.start, asked.moment) if Part.REACTIONS in reads else span


def _small_bases(found: Measured, measures: Sequence[Measure]) -> list[Caveat]:
    """For rates: the smallest number that one of them is taken of."""
    bases = [base for each in measures if (base := each.base(found.counts)) is not None]
    return small_base(min(bases), "e-mails or people who received one") if bases else []


def _rows(measure: Measure, accounts: Sequence[AccountOutcome]) -> list[dict[str, Any]]:
    """Ranked, nulls last; after them the accounts without a figure, by id."""
    told = [(entry, _line(entry, measure)) for entry in accounts]
    held = [_row(measure, entry, line) for entry, line in told if line.reason is None]
    failed = [_row(measure, entry, line) for entry, line in told if line.reason is not None]
    currencies = sorted({row["currency"] for row in held}) if measure.is_money else [None]
    shown = []
    for currency in currencies:
        among = [row for row in held if currency in (None, row["currency"])]
        places = enumerate(ranked(among, "value", "desc", _account_id), start=1)
        shown += [{**row, "rank": place} for place, row in places]
    return shown + sorted(failed, key=_account_id)


def _line(entry: AccountOutcome, measure: Measure) -> Line:
    return entry.beside.get(measure.name) or Line(reason=entry.reason)


def _row(measure: Measure, entry: AccountOutcome, line: Line) -> dict[str, Any]:
    account = entry.account or (state_of(entry.install) if entry.install else None)
    shown = {
        "measure": measure.name,
        "rank": None,
        "account": {"id": account.id, "name": account.name} if account else {"id": None, "name": entry.name},
        "currency": account.currency if account else None,
        "value": line.value,
        "before": line.before,
        "change_rate": changed(line.value, line.before)["change_rate"],
        "status": line.reason.status if line.reason else "partial" if _is_cut(entry) else "ok",
    }
    return shown | ({"reason": line.reason.shown()} if line.reason else {})


def _is_cut(entry: AccountOutcome) -> bool:
    return any(caveat.code == "outside_range" for caveat in entry.caveats)


def _account_id(row: Mapping[str, Any]) -> str:
    return str(row["account"]["id"] or "")
