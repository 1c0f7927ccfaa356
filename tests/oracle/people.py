"""people_who, counted by hand: who did X and not Y, by loops over raw events.

`people_who(world, args)` returns the account's entry with the same field names, numbers as int or Decimal, and
`caveats` as {code: number or True}. What cannot be answered is `{"status": ..., "reason": code}`.
"""

from datetime import datetime
from typing import Any

from tests.oracle import names
from tests.oracle.asked import Asked, refuse_contradictions, understood
from tests.oracle.figures import amount, median_days, quotient
from tests.oracle.groups import Counted, grouped, refuse_unkept
from tests.oracle.names import Unanswered
from tests.oracle.world import (
    Json,
    World,
    by_time,
    currency_of,
    is_bot_click,
    is_machine_open,
    money,
    order_of,
    properties,
    related,
    when,
)


def people_who(world: World, args: Json) -> Json:
    """One account's entry. Raises BadArguments for a question that contradicts itself."""
    refuse_contradictions(args)
    for by in [args.get("group_by"), *(part.partition("=")[0].strip() for part in args.get("where", "").split(";"))]:
        refuse_unkept(world, by)
    try:
        asked = understood(world, args)
        return _entry(world, args, asked)
    except Unanswered as why:
        return {"status": why.status, "reason": why.code}


# The count


def _count(world: World, asked: Asked, humans_only: bool) -> Counted:
    happened = [event for event in world.distinct_events() if when(event) <= world.now]
    if humans_only:
        happened = [event for event in happened if not _made_by_machine(world, event)]
    if asked.x_metrics is None:
        return _count_members(world, asked, happened)
    x_events = _x_events(asked, happened)
    theirs: dict[str, list[Json]] = {}
    for event in x_events:
        person = related(event, "profile")
        if person:
            theirs.setdefault(person, []).append(event)
    base = len(theirs)
    theirs = {person: events for person, events in theirs.items() if len(events) >= asked.at_least}
    if asked.at_least > 1:
        x_events = [event for event in x_events if related(event, "profile") in theirs]
    firsts = {person: min(events, key=by_time) for person, events in theirs.items()}
    counted = Counted(x_events, set(firsts), set(), [], 0, base)
    for person, first in firsts.items():
        never_y = {first["id"]}
        if asked.x_orders:
            never_y |= {
                e["id"] for e in happened if related(e, "metric") == asked.purchase and order_of(e) == order_of(first)
            }
        candidates = [event for event in _y_events(asked, happened, person) if event["id"] not in never_y]
        _judge(world, asked, counted, person, when(first), candidates)
    return counted


def _count_members(world: World, asked: Asked, happened: list[Json]) -> Counted:
    did = set(asked.audience) if asked.audience is not None else {profile["id"] for profile in world.profiles}
    counted = Counted([], did, set(), [], 0)
    for person in did:
        _judge(world, asked, counted, person, asked.start, _y_events(asked, happened, person))
    return counted


def _made_by_machine(world: World, event: Json) -> bool:
    name = world.metric(related(event, "metric") or "")["attributes"]["name"]
    return (name == "Opened Email" and is_machine_open(event)) or (
        name in ("Clicked Email", "Clicked SMS") and is_bot_click(event)
    )


def _x_events(asked: Asked, happened: list[Json]) -> list[Json]:
    """The X events of the period; of orders their earliest deliveries."""
    found = [event for event in happened if related(event, "metric") in (asked.x_metrics or set())]
    if asked.x_orders:
        earliest: dict[tuple[str | None, str], Json] = {}
        for event in sorted(found, key=by_time):
            earliest.setdefault(order_of(event), event)
        found = list(earliest.values())
    found = [event for event in found if asked.start <= when(event) < asked.stop and asked.x_of(event)]
    if asked.audience is not None:
        found = [event for event in found if related(event, "profile") in asked.audience]
    return found


def _y_events(asked: Asked, happened: list[Json], person: str) -> list[Json]:
    if asked.y_metrics is None:
        return []
    theirs = [event for event in happened if related(event, "profile") == person]
    return [event for event in theirs if related(event, "metric") in asked.y_metrics and asked.y_of(event)]


def _judge(world: World, asked: Asked, counted: Counted, person: str, moment: datetime, candidates: list[Json]) -> None:
    """Put one person who did X among those who did not do Y, or note how long Y took."""
    if asked.y_mode == "member":
        if person not in asked.y_audience:
            counted.people.add(person)
        return
    ys = sorted(when(event) for event in candidates if _is_y(asked, moment, when(event)))
    if not ys:
        counted.people.add(person)
        if asked.y_mode == "after" and asked.within and moment + asked.within > world.now:
            counted.window_open += 1
    elif asked.y_mode == "after":
        counted.delays.append(ys[0] - moment)


def _is_y(asked: Asked, moment: datetime, at: datetime) -> bool:
    if asked.y_mode == "after":
        return at >= moment and (asked.within is None or at < moment + asked.within)
    if asked.y_mode == "before":
        return at < moment and (asked.within is None or at >= moment - asked.within)
    if asked.y_mode == "in_period":
        return asked.start <= at < asked.stop
    if asked.y_mode == "but_not_period":
        return asked.y_start is not None and asked.y_stop is not None and asked.y_start <= at < asked.y_stop
    return asked.y_mode == "ever"


# The entry


def _entry(world: World, args: Json, asked: Asked) -> Json:
    include = args.get("machine_opens", "include") == "include"
    counted = _count(world, asked, humans_only=not include)
    member = asked.x_metrics is None
    human = None if member or not include else _count(world, asked, humans_only=True)
    people, did = len(counted.people), len(counted.did)
    if args.get("where") and 0 < did < world.floor:
        raise Unanswered("refused", "too_small")
    base = counted.base if asked.at_least > 1 else None
    groups = grouped(world, args["group_by"], counted) if args.get("group_by") else None
    return {
        "status": "ok",
        "period": {"from": asked.start, "to": asked.stop},
        "people": people,
        "did": did,
        "also_did": did - people,
        "share": quotient(people, did),
        "also_share": quotient(did - people, did),
        "human": human and {"people": len(human.people), "did": len(human.did)},
        "events": None if member else {"people": len(_of_people(asked, counted)), "did": len(counted.x_events)},
        "amount": None if member else _amounts(world, asked, counted),
        "median_days": median_days(counted.delays) if asked.y_mode == "after" else None,
        "base": base,
        "base_share": None if base is None else quotient(did, base),
        "audience": _audiences(world, args["audience"]) if args.get("audience") else None,
        "groups": groups,
        "caveats": _caveats(world, asked, counted, include=include, grouped_rows=groups),
    }


def _of_people(asked: Asked, counted: Counted) -> list[Json]:
    """X events of the people of X and not Y; without a but_not these are all X events."""
    return counted.events_of(counted.people) if asked.y_mode else counted.x_events


def _amounts(world: World, asked: Asked, counted: Counted) -> Json:
    return {"people": amount(world, _of_people(asked, counted)), "did": amount(world, counted.x_events)}


def _audiences(world: World, wanted: str) -> Json | list[Json]:
    rows: list[Json] = [
        {
            "id": one["id"],
            "name": one["attributes"]["name"],
            "kind": one["type"],
            "members": len(set(world.members.get(one["id"], []))),
        }
        for one in names.audiences(world, wanted)
    ]
    return rows[0] if len(rows) == 1 else rows


def _caveats(world: World, asked: Asked, counted: Counted, *, include: bool, grouped_rows: Any) -> Json:
    found: Json = {"window_open": counted.window_open}
    found["future_events"] = len(_future(world, asked))
    found["duplicate_orders"] = _repeated_deliveries(world, asked, counted) if asked.x_orders else 0
    found["other_currency"] = sum(
        currency_of(event, world) != world.currency and money(properties(event).get("$value")) is not None
        for event in counted.x_events
    )
    found["two_purchase_metrics"] = _events_of_namesakes(world, asked)
    found["small_base"] = bool(asked.y_mode) and len(counted.did) < 100
    found["floor_applied"] = any(row["value"] == "other" for row in grouped_rows or [])
    found["machine_opens"] = include and _are_opens_by_machines(world, asked)
    found["dominant_value"] = _is_dominated(world, counted.x_events) or _is_dominated(world, _of_people(asked, counted))
    return {code: number for code, number in found.items() if number}


def _is_dominated(world: World, events: list[Json]) -> bool:
    """Whether one event makes more than half of the amount of 20 or more that have a value in the account's currency."""
    held = [money(properties(event).get("$value")) for event in events if currency_of(event, world) == world.currency]
    values = [value for value in held if value is not None]
    return len(values) >= 20 and 2 * max(values) > sum(values)


def _are_opens_by_machines(world: World, asked: Asked) -> bool:
    """Whether more than 10 % of the opens in the period, of whomever, were made by machines."""
    happened = [event for event in world.distinct_events() if when(event) <= world.now]
    opens = [event for event in _x_events(asked, happened) if _metric_name(world, event) == "Opened Email"]
    return 10 * sum(is_machine_open(event) for event in opens) > len(opens)


def _future(world: World, asked: Asked) -> list[Json]:
    """Events of the metrics asked for that are dated after the moment, of whatever campaign and item."""
    metrics = (asked.x_metrics or set()) | (asked.y_metrics or set())
    return [
        event for event in world.distinct_events() if related(event, "metric") in metrics and when(event) > world.now
    ]


def _repeated_deliveries(world: World, asked: Asked, counted: Counted) -> int:
    orders = {order_of(event) for event in counted.x_events}
    deliveries = [
        event
        for event in world.distinct_events()
        if related(event, "metric") == asked.purchase and when(event) <= world.now and order_of(event) in orders
    ]
    return len(deliveries) - len(orders)


def _events_of_namesakes(world: World, asked: Asked) -> int:
    """Events of the other metrics that bear the purchase metric's name, where orders are asked for."""
    if not asked.purchase or asked.purchase not in (asked.x_metrics or set()) | (asked.y_metrics or set()):
        return 0
    name = world.metric(asked.purchase)["attributes"]["name"]
    others = {one["id"] for one in world.metrics if one["attributes"]["name"] == name} - {asked.purchase}
    return sum(related(event, "metric") in others and when(event) <= world.now for event in world.distinct_events())


def _metric_name(world: World, event: Json) -> str:
    return str(world.metric(related(event, "metric") or "")["attributes"]["name"])
