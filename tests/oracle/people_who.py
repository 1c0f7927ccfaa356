"""people_who in the form of the other tools, and questions with all of its arguments."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import strategies as st

from tests.insights.questions import questions as usual_questions
from tests.oracle.drawing import given_only, rarely
from tests.oracle.people import people_who
from tests.oracle.world import Json, World


def count(world: World, args: Json, moment: datetime) -> Json:
    """The account's entry. Raises BadArguments for a question that contradicts itself."""
    entry = people_who(replace(world, now=moment), args)
    unasked = [name for name in ("audience", "groups") if entry.get(name) is None]
    return {name: value for name, value in entry.items() if name not in ("period", "caveats", *unasked)}


@st.composite
def questions(draw: st.DrawFn, world: World) -> Json:
    """Where an object is asked by a name that it had, or by its place in time, the rest is a usual question."""
    held = draw(usual_questions(world))
    days = st.integers(0, 100).map(lambda ago: world.now.date() - timedelta(days=ago))
    open_ended = st.one_of(
        days.map(lambda day: f"{day}.."), days.map(lambda day: f"..{day}"), st.just("last_30_days..now"), st.just("all")
    )
    if "but_not_period" in held:
        held["but_not_period"] = draw(open_ended)
    if held["did"] != "member":
        held |= given_only(
            campaign=draw(rarely(st.sampled_from(["latest", "latest:spring", "spring, late", "Winter B", "Spring*"]))),
            flow=draw(rarely(st.sampled_from(["hello a", "Welcome"]))),
        )
    return held | given_only(
        where=draw(rarely(_conditions())),
        period=draw(rarely(open_ended)),
        audience=draw(rarely(st.sampled_from(["list:newsletter", "segment:VIP, Friends", "pals"]))),
        purchase_metric=draw(rarely(st.sampled_from(["ORDERS"]))) if _has_orders(world) else None,
    )


def _has_orders(world: World) -> bool:
    return any(metric["id"] == "ORDERS" for metric in world.metrics)


def _conditions() -> st.SearchStrategy[str]:
    one = ["country=germany", "country=Germany|France", "email_domain=web.example|post.example", "reachable=both|email"]
    more = [
        "city=KÖLN",
        "email_consent=subscribed",
        "property:Tier=GOLD|silver",
        "property:Size=42",
        "property:Secret=x",
    ]
    return st.lists(st.sampled_from([*one, *more]), min_size=1, max_size=2, unique=True).map("; ".join)
