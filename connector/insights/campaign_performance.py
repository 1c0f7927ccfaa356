"""campaign_performance: what each campaign did, whenever it happened; campaigns are chosen by when they were sent."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from connector.insights import campaign_performance_klaviyo as klaviyo
from connector.insights import campaign_performance_sql as sql
from connector.insights import caveats
from connector.insights.arguments import BadArguments, Problem, check_period
from connector.insights.campaign_choice import STATUSES, Chosen, Grouping, Table, choose, described, of_period
from connector.insights.campaign_columns import NUMBERS
from connector.insights.campaign_performance_words import DEFINITIONS, REPORTED, question_of, sentence
from connector.insights.caveats import Caveat
from connector.insights.coverage import Span
from connector.insights.klaviyo_basis import cost_of
from connector.insights.objects import KlaviyoObject
from connector.insights.outcome import Outcome, common_names
from connector.insights.question import AccountQuestion, Answer, Question, each_account
from connector.insights.relations import TOUCH_LASTS
from connector.insights.rounding import money, quotient
from connector.insights.sold import Sold, bound_touches, sales_caveats, sold_of

ONLY_SENT: Final = {
    "group_by": None,
    "min_deliveries": 0,
    "sort_by": "revenue",
    "order": "desc",
    "attribution": "klaviyo",
    "basis": "events",
}
RATES: Final = {
    "open_rate": "unique_opens",
    "open_rate_human": "unique_opens_human",
    "click_rate": "unique_clicks_human",
    "unsubscribe_rate": "unsubscribes",
    "spam_rate": "spam_complaints",
}
COUNTED: Final = ("deliveries", "recipients", "bounces", *(name for name in sql.PEOPLE if name != "recipients"))

Args = Mapping[str, Any]


def campaign_performance(question: Question) -> Outcome:
    """Raises BadArguments for arguments that exclude each other, Refusal when no account can be told."""
    args = question.args
    check(args, question.moment)
    reported = args.get("basis") == "klaviyo_report"
    accounts = each_account(
        question,
        _answer,
        needs_events=not reported and args.get("status", "sent") == "sent",
        estimate=None if reported else klaviyo.estimate,
    )
    return Outcome(
        accounts,
        question=question_of(args, common_names(accounts)),
        definition=REPORTED if reported else DEFINITIONS[args.get("attribution", "klaviyo")],
        period_label=args.get("period") or ("all" if _is_unbounded(args) else "last_90_days"),
        basis="klaviyo_report" if reported else "events",
        exactness="klaviyo_report" if reported else "exact",
        method={"attribution": args.get("attribution", "klaviyo"), "machine_opens": "include"} | cost_of(accounts),
    )


def check(args: Args, moment: datetime) -> None:
    """Raises BadArguments for what cannot hold together."""
    status = args.get("status", "sent")
    check_period(args, "period", moment, future=status == "scheduled")
    problems = []
    if status != "sent":
        problems = [
            Problem(name, f"goes with status=sent only, not with status={status}")
            for name, usual in ONLY_SENT.items()
            if name in args and args[name] != usual
        ]
    elif args.get("basis") == "klaviyo_report" and args.get("attribution") == "last_touch":
        problems = [Problem("attribution", "last_touch does not go with basis=klaviyo_report, which has Klaviyo's own")]
    if problems:
        raise BadArguments(problems)


def _is_unbounded(args: Args) -> bool:
    return bool(args.get("campaign")) or args.get("status", "sent") != "sent"


def _answer(asked: AccountQuestion) -> Answer:
    if asked.args.get("status", "sent") != "sent":
        return _unsent(asked)
    if asked.args.get("basis") == "klaviyo_report":
        return klaviyo.answer(asked)
    return _sent(asked)


def _sent(asked: AccountQuestion) -> Answer:
    chosen = choose(asked, check_held=True)
    groups, least = Grouping(asked, chosen.campaigns), asked.args.get("min_deliveries", 0)
    params = sql.bound_kinds(asked.resolver.ids_of) | sql.bound_owners(chosen.campaigns, groups.numbers)
    params |= {"least": least, "order_metrics": [chosen.purchase.id] if chosen.purchase else [""]}
    reached = reached_of(asked.rows(sql.reach(groups.is_asked, least > 0), params))
    every = range(len(chosen.campaigns))
    kept = [number for number in every if reached["campaign", number]["deliveries"] >= least]
    sales = _sales(asked, chosen, groups, kept, params)

    def figures(level: str, part: int, _: Sequence[int]) -> dict[str, Any]:
        sold = None if chosen.purchase is None else sold_of(sales.get((level, part)))
        return columns(reached[level, part], sold)

    shown = Table(chosen, groups, kept, figures).shown(asked)
    told = _caveats(asked, chosen, kept, reached["total", 0], shown)
    told += sales_caveats(asked, [sales["total", 0]] if sales else [])
    told += caveats.future_events(asked.rows(sql.AHEAD, params)[0].ahead)
    start = min((each.at for each in chosen.campaigns if each.at), default=chosen.period.start)
    span = Span(min(start, asked.moment), asked.moment)
    return Answer(shown, sentence(asked, shown, chosen.period), chosen.period, span, told)


def _sales(
    asked: AccountQuestion, chosen: Chosen, groups: Grouping, kept: Sequence[int], params: Mapping[str, Any]
) -> dict[tuple[str, int], Any]:
    """The orders of the campaigns kept, by level and part; none where what counts as an order is not known."""
    if chosen.purchase is None:
        return {}
    owners = sql.bound_owners(chosen.campaigns, groups.numbers, kept)
    text = sql.sales(groups.is_asked, asked.args.get("attribution", "klaviyo"))
    rows = asked.rows(text, {**params, **bound_touches(asked), **owners})
    return {(row.level, row.part): row for row in rows}


def reached_of(rows: Iterable[Any]) -> "defaultdict[tuple[str, int], Counter[str]]":
    """What was counted, by level and part; groups and the total have a row of events and one of people."""
    found: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for row in rows:
        found[row.level, row.part].update({name: int(getattr(row, name) or 0) for name in (*sql.COUNTS, *sql.PEOPLE)})
    return found


def columns(reached: Mapping[str, int], sold: Sold | None) -> dict[str, Any]:
    """The figures of what was counted and of the orders (None: not known what those are)."""
    counts = {name: reached[name] for name in COUNTED}
    deliveries = counts["deliveries"]
    return {
        **counts,
        "orders": sold.orders if sold else None,
        "revenue": money(sold.revenue) if sold else None,
        **{rate: quotient(counts[part], deliveries) for rate, part in RATES.items()},
        "order_rate": quotient(sold.orders, deliveries) if sold else None,
        "revenue_per_delivery": quotient(sold.revenue, deliveries) if sold else None,
        "bounce_rate": quotient(counts["bounces"], deliveries + counts["bounces"]),
    }


def _caveats(
    asked: AccountQuestion, chosen: Chosen, kept: Sequence[int], total: Mapping[str, int], shown: Mapping[str, Any]
) -> list[Caveat]:
    told = caveats.machine_opens(total["opens"], total["machine_opens"])
    least = min((row["deliveries"] for row in shown.get("rows", ()) if row["deliveries"]), default=None)
    if least is not None:
        what = "delivery" if least == 1 else "deliveries"
        told += caveats.small_base(least, what if len(kept) == 1 else f"{what} of the smallest campaign")
    times = [chosen.campaigns[number].at for number in kept]
    late = sum(at is not None and asked.moment - at < TOUCH_LASTS for at in times)
    if late and chosen.purchase:
        were = "was" if late == 1 else "were"
        text = f"{late:,} of these campaigns {were} sent less than 5 days ago: orders may still be attributed."
        told.append(Caveat("attribution_window", text))
    return told


def _unsent(asked: AccountQuestion) -> Answer:
    """Scheduled campaigns and drafts: what is planned, without figures."""
    status, resolver = STATUSES[asked.args["status"]], asked.resolver
    named = resolver.campaigns(status=status)
    given = asked.args["status"] == "scheduled" and asked.args.get("period", "all") != "all"
    period = resolver.period(future=True) if given else None
    found = of_period(asked, status, named, period)
    found.sort(key=lambda each: (each.at is None, each.at or asked.moment, each.id))
    resolver.rests_on(found)
    keys = sorted({key for each in found for key in (*each.include, *each.exclude)})
    audiences = resolver.records.named_ids(["list", "segment"], keys)
    rows = [
        head
        | dict.fromkeys(NUMBERS)
        | {"include": _audiences(each.include, audiences), "exclude": _audiences(each.exclude, audiences)}
        for head, each in zip(described(asked, found, "send_at"), found, strict=True)
    ]
    figures = {"rows": rows, "total": {"campaigns": len(rows), **dict.fromkeys(NUMBERS)}}
    return Answer(figures, sentence(asked, figures, period), period)


def _audiences(keys: Sequence[str], known: Mapping[str, KlaviyoObject]) -> list[dict[str, Any]]:
    """An audience that is not known any more stands with its id alone."""
    return [
        {"id": key, "name": known[key].name, "kind": known[key].kind}
        if key in known
        else {"id": key, "name": None, "kind": None}
        for key in keys
    ]
