"""top_items, counted by hand: line items of carts, orders and views."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from tests.oracle import names
from tests.oracle.account import Account, answered
from tests.oracle.asked import Of, members
from tests.oracle.drawing import given_only, periods_of, rarely
from tests.oracle.figures import half_up
from tests.oracle.names import Unanswered
from tests.oracle.ranking import in_order
from tests.oracle.world import Json, Line, World, currency_of, lines, related, titles, when

EVENTS = ["added_to_cart", "started_checkout", "abandoned_checkout", "ordered", "viewed_product"]


@dataclass
class Sold:
    """The lines of one title, those of events in the account's currency apart."""

    lines: list[Line] = field(default_factory=list)
    own: list[Line] = field(default_factory=list)
    people: set[str] = field(default_factory=set)


def count(world: World, args: Json, moment: datetime) -> Json:
    """The account's entry. Raises BadArguments for a period that is none."""
    return answered(lambda: _entry(Account(world, moment, args.get("purchase_metric")), args))


def _entry(account: Account, args: Json) -> Json:
    world = account.world
    only = names.item_titles(world, args["item"]) if args.get("item") else None
    beside = names.item_titles(world, args["with_item"]) if args.get("with_item") else set()
    events = _events(account, args)
    if beside:
        events = [event for event in events if beside & set(titles(event, world))]
    found: dict[str, Sold] = {}
    for event in events:
        for line in lines(event, world):
            if line.title not in beside and (only is None or line.title in only):
                _add(found.setdefault(line.title, Sold()), line, event, world)
    rows = [_row(world, title, sold) for title, sold in found.items()]
    return {"rows": in_order(rows, {"sort_by": args.get("sort_by", "count")}, lambda row: row["item"])}


def _add(sold: Sold, line: Line, event: Json, world: World) -> None:
    sold.lines.append(line)
    if currency_of(event, world) == world.currency:
        sold.own.append(line)
    person = related(event, "profile")
    if person:
        sold.people.add(person)


def _row(world: World, title: str, sold: Sold) -> Json:
    amounts = [
        Fraction(line.quantity) * Fraction(line.price)
        for line in sold.own
        if line.quantity is not None and line.price is not None
    ]
    return {
        "item": title,
        "count": len(sold.lines),
        "people": len(sold.people),
        "quantity": _sum(line.quantity for line in sold.lines),
        "revenue": half_up(sum(amounts, Fraction(0)), 2) if amounts else None,
        "catalog": _catalog(world, title),
    }


def _sum(numbers: Iterable[Decimal | None]) -> Decimal | None:
    told = [number for number in numbers if number is not None]
    return sum(told, Decimal(0)) if told else None


def _catalog(world: World, title: str) -> Json | None:
    for item in world.catalog:
        told = item["attributes"]
        if told["title"] == title:
            return {"id": item["id"], "url": told["url"], "image": told["image_full_url"], "price": told["price"]}
    return None


def _events(account: Account, args: Json) -> list[Json]:
    """Of the period, the audience, the campaign and flow asked."""
    of = Of(account.world).all(args.get("campaign"), args.get("flow"), None)
    audience = members(account.world, args["audience"]) if args.get("audience") else None
    events = _kind(account, args)
    start, stop = account.span(args.get("period", "last_6_months"))
    return [
        event
        for event in events
        if start <= when(event) < stop and of(event) and (audience is None or related(event, "profile") in audience)
    ]


def _kind(account: Account, args: Json) -> list[Json]:
    wanted = args.get("event", "added_to_cart")
    verb = "started_checkout" if wanted == "abandoned_checkout" else wanted
    if verb != "ordered" and not account.metric_ids(verb):
        raise Unanswered("refused", "no_such_metric")
    if wanted in ("ordered", "abandoned_checkout"):
        account.needs_purchase_metric()
    if wanted == "ordered":
        return account.orders
    events = account.of(verb)
    within = timedelta(hours=24) * args.get("within_days", 7)
    return [one for one in events if _is_abandoned(account, one, within)] if wanted == "abandoned_checkout" else events


def _is_abandoned(account: Account, checkout: Json, within: timedelta) -> bool:
    """Of a known person, who ordered nothing after it in time; the end counts, the same second does not."""
    person = related(checkout, "profile")
    if person is None:
        return False
    orders = [event for event in account.order_events if related(event, "profile") == person]
    return not any(timedelta(0) < when(order) - when(checkout) <= within for order in orders)


@st.composite
def questions(draw: st.DrawFn, world: World) -> Json:
    held = sorted({title for event in world.events for title in titles(event, world)}) or ["Mug"]
    event = draw(st.sampled_from([None, *EVENTS]))
    return given_only(
        event=event,
        period=draw(st.one_of(st.none(), periods_of(world))),
        within_days=draw(rarely(st.sampled_from([1, 7, 40]))) if event == "abandoned_checkout" else None,
        sort_by=draw(st.sampled_from([None, "count", "quantity", "people", "revenue"])),
        item=draw(rarely(st.sampled_from(held))),
        with_item=draw(rarely(st.sampled_from(held))),
        audience=draw(rarely(st.sampled_from(["ListAA", "VIP", "list:newsletter, SegmAA"]))),
        campaign=draw(rarely(st.sampled_from(["01CAMPAIGNA", "Spring*"]))),
        flow=draw(rarely(st.sampled_from(["FlowAA", "welcome"]))),
    )
