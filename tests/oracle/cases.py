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


def world(*events: Json, **more: Any) -> World:
    return World(now=NOW, metrics=METRICS, events=list(events), **more)


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
