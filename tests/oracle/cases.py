"""The account of the hand-made cases, and short ways to say what happened in it."""

from datetime import UTC, datetime
from typing import Any

from tests.oracle.making import audience, event, metric, profile
from tests.oracle.people import people_who
from tests.oracle.world import Json, World

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
METRICS = [
    metric("OPEN", "Opened Email"),
    metric("RECV", "Received Email"),
    metric("CLCK", "Clicked Email"),
    metric("LIST", "Subscribed to List"),
    metric("ORDR", "Placed Order", "Shopify", "eCommerce"),
    metric("CART", "Added to Cart", "Shopify", "eCommerce"),
    metric("VIEW", "Viewed Product", "API", "API"),
]
EVERYTHING = [
    *METRICS,
    metric("BNCE", "Bounced Email"),
    metric("SPAM", "Marked Email as Spam"),
    metric("UNSU", "Unsubscribed from Email Marketing"),
    metric("RSMS", "Received SMS"),
    metric("FSMS", "Failed to Deliver SMS"),
    metric("CSMS", "Clicked SMS"),
    metric("USMS", "Unsubscribed from SMS Marketing"),
    metric("LEFT", "Unsubscribed from List"),
    metric("SUBE", "Subscribed to Email Marketing"),
    metric("SUBS", "Subscribed to SMS Marketing"),
    metric("CHEK", "Checkout Started", "Shopify", "eCommerce"),
    metric("REFU", "Refunded Order", "Shopify", "eCommerce"),
]


def world(*events: Json, **more: Any) -> World:
    return World(now=NOW, metrics=METRICS, events=list(events), **more)


def shop(*events: Json, **more: Any) -> World:
    """An account that has a metric for every verb."""
    return World(now=NOW, metrics=more.pop("metrics", EVERYTHING), events=list(events), **more)


def happened(rows: str) -> list[Json]:
    """Events as a table: a line each of metric, person (- for none), time and properties by their short names.

    Without a date it was on 1 March 2026.
    """
    found = []
    for number, line in enumerate(row for row in rows.strip().splitlines() if row.strip()):
        metric_id, person, time, *held = line.split()
        at = time.replace("T", " ") if "T" in time else f"2026-03-01 {time}"
        told = dict(one.split("=", 1) for one in held)
        marks = tuple(told.pop("marks").split(",")) if "marks" in told else ()
        of = None if person == "-" else person
        found.append(event(told.pop("id", f"e{number:02}"), metric_id, of, at, marks, **told))
    return found


def opened(key: str, person: str | None, at: str, **held: Any) -> Json:
    return event(key, "OPEN", person, at, **held)


def ordered(key: str, person: str | None, at: str, marks: Any = (), /, **held: Any) -> Json:
    return event(key, "ORDR", person, at, marks, **held)


def ask(account: World, did: str = "opened_email", **args: Any) -> Json:
    return people_who(account, {"did": did, **args})


def openers_not_buyers(*events: Json, **args: Any) -> tuple[int, int]:
    answer = ask(world(*events), but_not="ordered", **args)
    return answer["people"], answer["did"]


def members(*events: Json) -> World:
    return world(
        *events,
        profiles=[profile(f"p{n}") for n in range(1, 5)],
        segments=[audience("segment", "S1", "VIP")],
        lists=[audience("list", "L1", "Newsletter")],
        members={"S1": ["p1", "p2"], "L1": ["p2", "p3"]},
    )


def shown(answer: Json) -> list[tuple[Any, int]]:
    return [(row["value"], row["did"]) for row in answer["groups"]]
