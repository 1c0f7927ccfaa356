"""metric_trend, counted by hand: how often it happened, bucket by bucket, every delivery for itself."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.oracle import names
from tests.oracle.account import Account, answered, people
from tests.oracle.asked import ATTRIBUTES, Of
from tests.oracle.drawing import given_only, periods_in_buckets, rarely
from tests.oracle.figures import amount
from tests.oracle.groups import attribute, carried, refuse_unkept
from tests.oracle.names import Unanswered
from tests.oracle.spans import Bucket, buckets
from tests.oracle.world import Json, World, currency_of, related, titles, when

Group = str | None  # an id or a text
EVENT_NAMES = [
    "Bounce Type",
    "Client Type",
    "Discount Codes",
    "List",
    "Method",
    "Source Name",
    "Subject",
    "URL",
    "form_id",
]


def count(world: World, args: Json, moment: datetime) -> Json:
    """The account's entry. Raises BadArguments for a period, or a custom property, that is none."""
    refuse_unkept(world, args.get("group_by"))
    return answered(lambda: _entry(Account(world, moment, args.get("purchase_metric")), args))


def _entry(account: Account, args: Json) -> Json:
    of = Of(account.world).all(args.get("campaign"), args.get("flow"), None)
    ids = names.metrics_of(account.world, args["metric"], account.named_purchase)
    start, stop = account.span(args.get("period", "last_6_months"))
    events = [one for one in account.events if related(one, "metric") in ids and start <= when(one) < stop and of(one)]
    if args.get("machine_opens") == "exclude":
        events = account.by_people(events)
    held = buckets((start, stop), args.get("interval", "month"), account.world.time_zone, account.now)
    if args.get("group_by"):
        return {"rows": _grouped(account, args["group_by"], events, held)}
    return {"rows": [_row(account, bucket, _within(events, bucket)) for bucket in held]}


def _within(events: list[Json], bucket: Bucket) -> list[Json]:
    return [event for event in events if bucket.holds(when(event))]


def _row(account: Account, bucket: Bucket, events: list[Json], currency: str | None = None) -> Json:
    return {
        "start": str(bucket.start),
        "count": len(events),
        "people": len(people(events)),
        "value": amount(account.world, events, currency),
        "running": bucket.running,
    }


def _grouped(account: Account, by: str, events: list[Json], held: list[Bucket]) -> list[Json]:
    """Only groups with events in the bucket: largest first, ties by id or text, none last of equals."""
    of_people = by in ATTRIBUTES or by.startswith("property:")
    rows: list[Json] = []
    whole = False
    for bucket in held:
        groups = _groups(account, by, _within(events, bucket))
        shown, rest = _floored(groups, account.world.floor) if of_people else (groups, [])
        rows += [_group_row(account, by, bucket, group, found) for group, found in shown]
        if rest:
            rows.append(_row(account, bucket, rest) | {"group": "other", "other": True})
        whole = whole or bool(shown)
    if rows and not whole:
        raise Unanswered("refused", "too_small")
    return rows


def _groups(account: Account, by: str, events: list[Json]) -> list[tuple[Group, list[Json]]]:
    found: dict[Group, list[Json]] = {}
    for event in events:
        for group in _of(account, by, event):
            found.setdefault(group, []).append(event)
    return sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0] is None, pair[0] or ""))


def _of(account: Account, by: str, event: Json) -> Iterable[Group]:
    """The groups that an event is in; none of the kind: [None]."""
    world = account.world
    if by == "campaign":
        return [one["id"] for one in world.campaigns if account.is_of_campaign(event, one)] or [None]
    if by == "flow":
        return [one["id"] for one in world.flows if account.is_of_flow(event, one)] or [None]
    if by == "item":
        return sorted(set(titles(event, world))) or [None]
    if by == "currency":
        return [currency_of(event, world)]
    if by.startswith("event:"):
        return [None if value is None else str(value) for value in carried(world, event, by.removeprefix("event:"))]
    profile = next((one for one in world.profiles if one["id"] == related(event, "profile")), None)
    value = attribute(profile, by)
    return [None if value is None else str(value)]


def _group_row(account: Account, by: str, bucket: Bucket, group: Group, events: list[Json]) -> Json:
    row = _row(account, bucket, events, group if by == "currency" else None)
    value: Decimal | None = None if by == "item" else row["value"]
    return row | {"value": value, "group": _shown(account, by, group)}


def _shown(account: Account, by: str, group: Group) -> Any:
    if by in ("campaign", "flow") and group is not None:
        pool = account.world.campaigns if by == "campaign" else account.world.flows
        return {"id": group, "name": next(names.named(one) for one in pool if one["id"] == group)}
    return group


def _floored(groups: list[tuple[Group, list[Json]]], floor: int) -> tuple[list[tuple[Group, list[Json]]], list[Json]]:
    """Groups of enough people, and the events of the rest; is that too few, the smallest shown group joins it."""
    shown = [group for group in groups if len(people(group[1])) >= floor]
    small = [group for group in groups if len(people(group[1])) < floor]
    rest = [event for _, events in small for event in events]
    if small and shown and len(people(rest)) < floor:
        smallest = min(len(people(events)) for _, events in shown)
        joins = [group for group in shown if len(people(group[1])) == smallest][-1]
        shown.remove(joins)
        rest += joins[1]
    return shown, rest


@st.composite
def questions(draw: st.DrawFn, world: World) -> Json:
    verbs = ["opened_email", "opened_email", "ordered", "ordered", "clicked_email", "added_to_cart", "refunded"]
    by = [
        "campaign",
        "flow",
        "item",
        "country",
        "currency",
        "property:Tier",
        "property:Secret",
        *(f"event:{name}" for name in EVENT_NAMES),
    ]
    return {
        "metric": draw(st.sampled_from([*verbs, "received_sms", "subscribed_list", "CARTAD", "Active on Site"]))
    } | (
        draw(periods_in_buckets(world, total=True))
        | given_only(
            campaign=draw(rarely(st.sampled_from(["01CAMPAIGNA", "Spring*"]))),
            flow=draw(rarely(st.sampled_from(["FlowAA", "welcome"]))),
            machine_opens=draw(st.sampled_from([None, "include", "exclude"])),
            group_by=draw(st.sampled_from([None, *by])),
        )
    )
