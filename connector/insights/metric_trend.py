"""metric_trend: how often something happened, day by day, week by week, month by month, and by group."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any, Final

from connector.insights import caveats, metric_trend_sql, metric_trend_words
from connector.insights.arguments import bad, check_period
from connector.insights.attributes import PROPERTY, bound_property, is_attribute, property_of
from connector.insights.buckets import Bucket, buckets
from connector.insights.carried import bound_names, check_name, name_of
from connector.insights.caveats import Caveat
from connector.insights.columns import Column, Kind
from connector.insights.coverage import AccountState, Span
from connector.insights.groups import OTHER, Group, parted, too_small
from connector.insights.metric_trend_sql import Shape
from connector.insights.metrics import Action
from connector.insights.objects import KlaviyoObject
from connector.insights.outcome import Outcome, common_names
from connector.insights.periods import Period
from connector.insights.question import AccountQuestion, Answer, Question, each_account
from connector.insights.relations import bound_buckets, bound_objects
from connector.insights.resolver import Resolver, tried
from connector.insights.rounding import money

Args = Mapping[str, Any]
Row = dict[str, Any]
Cell = tuple[int, Group, bool]  # number of the bucket, a group of it, whether it is `other`

PERIOD: Final = "last_6_months"
GROUPS: Final = ("campaign", "flow", "item", "country", "currency")
OBJECTS: Final = ("campaign", "flow")
LOCAL: Final = ("weekday", "hour")  # of event:NAME, not here: the rows are times already
MOST: Final = 10_000  # groups of an account that are read; of more the number is told
COLUMNS: Final = (
    Column("start", Kind.TIME, "From", "first local day of the day, week or month"),
    Column("group", Kind.OBJECT, "Group", "what its events have in common; null for none"),
    Column("count", Kind.COUNT, "Events", "every event, an order as often as it was delivered"),
    Column("people", Kind.COUNT, "People", "distinct people behind them"),
    Column("value", Kind.MONEY, "Value", "sum of $value in the account's currency, by currency in that one"),
    Column("running", Kind.TEXT, "Not over yet", "the day, week or month is not over yet"),
)


def metric_trend(question: Question) -> Outcome:
    """Raises BadArguments; Refusal when no account can be told."""
    args = question.args
    check_period(args, "period", question.moment)
    check_group(str(args.get("group_by", "")))
    accounts = each_account(question, _answer)
    return Outcome(
        accounts,
        question=metric_trend_words.question(args, common_names(accounts)),
        definition=metric_trend_words.definition(args),
        period_label=str(args.get("period", PERIOD)),
        method={"machine_opens": args.get("machine_opens", "include")},
    )


def check_group(text: str) -> None:
    """Raises BadArguments for a group_by that is none."""
    check_name(text, without=LOCAL)
    if text and text not in GROUPS and not name_of(text) and not property_of(text):
        raise bad("group_by", f"{text!r} is not known; give {', '.join(GROUPS)}, {PROPERTY}NAME or event:NAME")


def _answer(asked: AccountQuestion) -> Answer:
    action, objects, period = _resolved(asked)
    shape = Shape(
        of=tuple(kind for kind in objects if objects[kind]),
        humans_only=asked.args.get("machine_opens") == "exclude",
        group=str(asked.args.get("group_by", "")),
        whole=asked.args.get("interval") == "total",
    )
    rows = buckets(period, str(asked.args.get("interval", "month")), asked.account.zone, asked.moment)
    params = {"metrics": action.ids, "start": period.start, "stop": period.end, **bound_buckets(rows)}
    params |= _bound(asked.resolver, shape, objects)
    notes = asked.rows(metric_trend_sql.notes(shape), params)[0]
    told = _caveats(asked, action, shape, notes)
    figures = _groups(asked, shape, params, rows, told) if shape.group else _series(asked, shape, params, rows)
    sentence = metric_trend_words.sentence(asked, figures, notes, period)
    return Answer(figures, sentence, period, Span(period.start, min(period.end, asked.moment)), told)


def _resolved(asked: AccountQuestion) -> tuple[Action, dict[str, list[KlaviyoObject]], Period]:
    """The metric, the campaigns and flows asked, the period. Raises Refusal."""
    resolver = asked.resolver
    campaigns, flows, action, _ = tried(
        resolver.campaigns,
        resolver.flows,
        lambda: resolver.action("metric"),
        lambda: resolver.check_attribute(str(asked.args.get("group_by", "")), "group_by"),
    )
    resolver.told("metric", list(action.metrics))
    period = resolver.period(default=PERIOD)
    asked.check_held(period)
    return action, {"campaign": campaigns, "flow": flows}, period


def _bound(resolver: Resolver, shape: Shape, objects: Mapping[str, list[KlaviyoObject]]) -> dict[str, Any]:
    """What the conditions and the group need."""
    # Of attributes of people all are read: what goes to `other` is told by their people.
    most = 2**62 if is_attribute(shape.group) else MOST
    params: dict[str, Any] = {"most": most, **bound_property(shape.group)}
    for kind in objects:
        params |= bound_objects("x", kind, objects[kind])
    if shape.humans_only:
        params["open_metrics"] = resolver.ids_of("opened_email") or [""]
        params["click_metrics"] = resolver.ids_of("clicked_email", "clicked_sms") or [""]
    if shape.group in OBJECTS:
        owners = {key: each.id for each in resolver.records.every(shape.group) for key in (*each.messages, each.id)}
        params |= {"owned": list(owners) or [""], "owners": list(owners.values()) or [""]}
    return params | (bound_names(resolver, name_of(shape.group)) if name_of(shape.group) else {})


def _caveats(asked: AccountQuestion, action: Action, shape: Shape, notes: Any) -> list[Caveat]:
    told = caveats.machine_opens(notes.events, notes.machines) if action.verb == "opened_email" else []
    told += caveats.future_events(notes.ahead)
    if shape.group not in ("currency", "item"):
        told += caveats.other_currency(notes.foreign_events, asked.account.currency)
    if shape.group != "item":
        zone, currency = asked.account.zone, asked.account.currency
        told += caveats.dominant_value("event", notes.valued, notes.amount, notes.largest, zone, currency)
    return told


def _series(asked: AccountQuestion, shape: Shape, params: dict[str, Any], held: list[Bucket]) -> dict[str, Any]:
    found = {row.bucket: row for row in asked.rows(metric_trend_sql.series(shape), params)}
    return {"rows": [_row(bucket, found.get(at)) for at, bucket in enumerate(held)]}


def _row(bucket: Bucket, found: Any) -> Row:
    """Of a row of the lake or a group; zeros where nothing was found."""
    return {
        "start": str(bucket.start),
        "count": found.events if found else 0,
        "people": found.people if found else 0,
        "value": money(found.amount) if found else 0.0,
        "running": bucket.running,
    }


def _groups(
    asked: AccountQuestion, shape: Shape, params: dict[str, Any], held: list[Bucket], told: list[Caveat]
) -> dict[str, Any]:
    """`rows`, and `groups`: those with rows, in their order. Raises Refusal (too_small). Adds to the caveats `told`."""
    found = asked.rows(metric_trend_sql.groups(shape), params)
    cells = _floored(found, asked.account, told) if is_attribute(shape.group) else [_cell(row) for row in found]
    names = {each.id: each.name for each in asked.resolver.records.every(shape.group)} if shape.group in OBJECTS else {}
    with_rows = {group.value for _, group, is_other in cells if not is_other}
    order = {row.place: row.value for row in found if row.value in with_rows}
    figures: dict[str, Any] = {
        "rows": [_group_row(held[at], group, is_other, names) for at, group, is_other in cells],
        "groups": [_shown(order[place], names) for place in sorted(order)],
    }
    if found and found[0].held > params["most"]:
        figures["groups_left_out"] = found[0].held - params["most"]
    return figures


def _cell(row: Any) -> Cell:
    return row.bucket, Group(row.value, row.people, row.people, row.events, row.amount), False


def _floored(found: list[Any], account: AccountState, told: list[Caveat]) -> list[Cell]:
    """In each bucket groups of too few people are counted together, last. Raises Refusal where nothing else is left."""
    cells: list[Cell] = []
    for at, rows in groupby(found, key=lambda row: row.bucket):
        shown, other = parted([_cell(row)[1] for row in rows], account.floor)
        cells += [(at, group, False) for group in shown]
        cells += [(at, other, True)] if other else []
    if cells and all(is_other for *_, is_other in cells):
        raise too_small(account.floor)
    if any(is_other for *_, is_other in cells):
        told.append(caveats.floor_applied(account.floor, OTHER))
    return cells


def _group_row(bucket: Bucket, group: Group, is_other: bool, names: Mapping[str, str]) -> Row:
    if is_other:
        return _row(bucket, group) | {"group": OTHER, "other": True}
    return _row(bucket, group) | {"group": _shown(group.value, names)}


def _shown(value: Any, names: Mapping[str, str]) -> Any:
    """A campaign or flow with its name, a text as it is."""
    return {"id": value, "name": names[value]} if value in names else value
