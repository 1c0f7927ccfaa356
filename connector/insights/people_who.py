"""people_who: how many people did X (and not Y), exactly, account by account."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from connector.insights import caveats, people_who_sql, people_who_words
from connector.insights.arguments import BadArguments, Problem, check_period
from connector.insights.attributes import conditions
from connector.insights.caveats import Caveat
from connector.insights.columns import Column, Kind
from connector.insights.groups import OTHER, Group, floored, ordered
from connector.insights.metrics import VERBS
from connector.insights.outcome import Outcome, common_names
from connector.insights.people_who_plan import Args, Plan, group_of, plan
from connector.insights.people_who_sql import Shape
from connector.insights.people_who_words import definition, sentence
from connector.insights.question import AccountQuestion, Answer, Question, each_account
from connector.insights.refusal import Refusal
from connector.insights.rounding import days, money, quotient

__all__ = ["COLUMNS", "VERBS", "people_who"]

COLUMNS: Final = (
    Column("people", Kind.COUNT, "People", "did it, and not the other"),
    Column("did", Kind.COUNT, "Did it", "people who did it in the period"),
    Column("also_did", Kind.COUNT, "Did both", "did less people"),
    Column("share", Kind.RATE, "Share", "people / did: the part that did not do the other"),
    Column("also_share", Kind.RATE, "Did both, share", "also_did / did"),
    Column("base", Kind.COUNT, "Did it at least once", "people with at least one in the period"),
    Column("base_share", Kind.RATE, "So often, share", "did / base: the part that did it at least so often"),
    Column("human", Kind.OBJECT, "Without machines", "the same without opens by machines and clicks by bots"),
    Column("events", Kind.COUNT, "Events", "their events in the period, orders once each"),
    Column("amount", Kind.MONEY, "Amount", "value of these events in the account's currency"),
    Column("median_days", Kind.DAYS, "Median time between the two", "median days from the first to the other"),
    Column("audience", Kind.OBJECT, "Audience", "present members of the list or segment"),
    Column("value", Kind.TEXT, "Group", "what the group has in common"),
)


def people_who(question: Question) -> Outcome:
    """Raises BadArguments for arguments that exclude each other, Refusal when no account can be told."""
    args = question.args
    check(args)
    for name in ("period", "but_not_period"):
        check_period(args, name, question.moment)
    conditions(args.get("where"))
    group_of(args.get("group_by"))  # raises BadArguments; whatever else stands in the way is said after it
    accounts = each_account(question, _answer)
    names = common_names(accounts)
    return Outcome(
        accounts,
        question=people_who_words.question(args, names),
        definition=definition(args, names),
        period_label=args.get("period", "all"),
        method={"machine_opens": args.get("machine_opens", "include")},
    )


def check(args: Args) -> None:
    """Raises BadArguments for what cannot hold together (design: answers, people_who)."""
    problems = [*_member_problems(args), *_timing_problems(args)]
    if not args.get("but_not"):
        extra = [name for name in args if name.startswith("but_not_") or name == "within_days"]
        problems += [Problem(name, "goes with but_not only") for name in extra]
    if problems:
        raise BadArguments(problems)


def _member_problems(args: Args) -> Iterable[Problem]:
    if args.get("but_not") == "member":
        if not args.get("but_not_audience"):
            yield Problem("but_not_audience", "is required with but_not=member")
        for name in ("but_not_when", "within_days", "but_not_period"):
            if name in args:
                yield Problem(name, "does not go with but_not=member, which is about the present")
    elif "but_not_audience" in args:
        yield Problem("but_not_audience", "goes with but_not=member only")
    if args["did"] == "member":
        for name in ("campaign", "flow", "item", "at_least"):
            if name in args:
                yield Problem(name, "does not go with did=member, which is no event")
        if args.get("group_by") == "times" or str(args.get("group_by", "")).startswith("event:"):
            yield Problem("group_by", "with did=member takes attributes of people only, such as country")


def _timing_problems(args: Args) -> Iterable[Problem]:
    if "but_not_period" in args:
        for name in ("but_not_when", "within_days"):
            if name in args:
                yield Problem(name, "does not go with but_not_period")
    elif "within_days" in args and args.get("but_not_when", "after") not in ("after", "before"):
        yield Problem("within_days", "goes with but_not_when after or before only")


def _answer(asked: AccountQuestion) -> Answer:
    made = plan(asked)
    row = asked.rows(people_who_sql.figures(made.shape), made.params)[0]
    if made.shape.where and 0 < row.did < asked.account.floor:
        raise _too_few(asked.account.floor)
    figures = _figures(made.shape, row)
    audience = [_audience(each.id, each.name, each.kind, asked) for each in made.audience]
    if audience and asked.args.get("audience"):
        figures["audience"] = audience[0] if len(audience) == 1 else audience
    told = _caveats(asked, made, row)
    if made.shape.group:
        figures["groups"], floored_caveats = _groups(asked, made.shape.group, row.groups or [])
        told += floored_caveats
    return Answer(figures, sentence(asked, made, figures), made.period, made.span, told)


def _too_few(floor: int) -> Refusal:
    text = f"Fewer than {floor} people with these attributes did it; so few are not counted, so that nobody can be made out."
    return Refusal("refused", "too_small", text, "Ask about more people: fewer conditions, or a longer period.")


def _figures(shape: Shape, row: Any) -> dict[str, Any]:
    people = row.did - row.done
    timed = shape.but_not == "events" and shape.when == "after"
    return {
        "people": people,
        "did": row.did,
        "also_did": row.done,
        "share": quotient(people, row.did),
        "also_share": quotient(row.done, row.did),
        "base": row.base if shape.repeated else None,
        "base_share": quotient(row.did, row.base) if shape.repeated else None,
        "events": _events(shape, row) if shape.has_events else None,
        "amount": _amounts(shape, row) if shape.has_events else None,
        "median_days": days(row.median_seconds) if timed else None,
        "human": {"people": row.human_did - row.human_done, "did": row.human_did} if shape.tells_humans else None,
    }


def _events(shape: Shape, row: Any) -> dict[str, int]:
    """An event without a person is of did, and of people while nothing is asked that only a person can fail."""
    did = int(row.events or 0)
    return {"people": int((row.named_events or 0) - (row.events_done or 0)) if shape.but_not else did, "did": did}


def _amounts(shape: Shape, row: Any) -> dict[str, float | None]:
    did = row.amount or Decimal(0)
    people = (row.named_amount or Decimal(0)) - (row.amount_done or Decimal(0)) if shape.but_not else did
    return {"people": money(people), "did": money(did)}


def _audience(key: str, name: str, kind: str, asked: AccountQuestion) -> dict[str, Any]:
    rows = asked.rows(people_who_sql.MEMBERS_OF, {"audience_id": key})
    return {"id": key, "name": name, "kind": kind, "members": rows[0].members}


def _groups(asked: AccountQuestion, by: str, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Caveat]]:
    """Every group in order, `other` last, and a caveat where the privacy floor joined some. Raises Refusal (too_small)."""
    numeric = by in ("event:hour", "event:weekday")
    has_events = asked.args["did"] != "member"
    found = [_group(row, numeric, has_events) for row in rows]
    whole = ordered(found, by_number=numeric or by == "times")
    if not by.startswith("profile:"):
        return [group.shown() for group in whole], []
    return _floored(whole, asked.account.floor)


def _group(row: dict[str, Any], numeric: bool, has_events: bool) -> Group:
    value = int(row["value"]) if numeric and row["value"] is not None else row["value"]
    if not has_events:
        return Group(value, row["people"], row["did"], None, None)
    return Group(value, row["people"], row["did"], int(row["events"]), row["amount"] or Decimal(0))


def _floored(whole: list[Group], floor: int) -> tuple[list[dict[str, Any]], list[Caveat]]:
    shown, other = floored(whole, floor)
    if other is None:
        return [group.shown() for group in shown], []
    rows = [*(group.shown() for group in shown), other.shown() | {"other": True}]
    return rows, [caveats.floor_applied(floor, OTHER)]


def _caveats(asked: AccountQuestion, made: Plan, row: Any) -> list[Caveat]:
    told = []
    windows_open = row.windows - row.windows_done
    if windows_open:
        text = f"For {windows_open:,} of the people counted the {asked.args['within_days']} days are not over yet; they count as not done."
        told.append(Caveat("window_open", text))
    if made.did.verb == "opened_email":
        told += caveats.machine_opens(int(row.asked or 0), int((row.asked or 0) - (row.asked_human or 0)))
    told += caveats.duplicate_orders(int(row.further or 0)) + caveats.future_events(row.ahead)
    told += caveats.other_currency(int(row.foreign_events or 0), asked.account.currency)
    told += _dominant_value(asked, made, row)
    return told + (caveats.small_base(row.did, "people") if made.but_not else [])


def _dominant_value(asked: AccountQuestion, made: Plan, row: Any) -> list[Caveat]:
    """Looked into only where one event may make more than half of an amount."""
    if row.amount is None:
        return []
    left = (row.named_amount or Decimal(0)) - (row.amount_done or Decimal(0)) if made.but_not else row.amount
    if row.largest is not None and row.largest * 2 <= min(row.amount, left):
        return []
    found, account = asked.rows(people_who_sql.largest(made.shape), made.params)[0], asked.account
    sides = (
        (found.did_valued, found.did_amount, found.did_largest),
        (found.people_valued, found.people_amount, found.people_largest),
    )
    told = (caveats.dominant_value("event", *side, account.zone, account.currency) for side in sides)
    return next((each for each in told if each), [])


def suggestions(args: Args, envelope: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same without machines, where they made many of the opens."""
    told = {caveat["code"] for caveat in envelope["caveats"]}
    if "machine_opens" not in told or args.get("machine_opens") == "exclude":
        return []
    return [{"args": {**args, "machine_opens": "exclude"}, "why": "The same without opens by machines."}]
