"""compare_cohorts, counted by hand: what people bought after they joined, by how or when they joined."""

from dataclasses import dataclass
from datetime import datetime

from hypothesis import strategies as st

from tests.oracle.account import Account, answered
from tests.oracle.drawing import given_only, periods_of
from tests.oracle.figures import amount, median_days, quotient, share
from tests.oracle.spans import buckets, local
from tests.oracle.world import Json, World, by_time, properties, related, when

CLASSES = ["sms", "email_form", "other"]


@dataclass(frozen=True)
class Joined:
    person: str
    at: datetime
    by: str  # one of CLASSES


def count(world: World, args: Json, moment: datetime) -> Json:
    """The account's entry. Raises BadArguments for a period that is none."""
    return answered(lambda: _entry(Account(world, moment, args.get("purchase_metric")), args))


def _entry(account: Account, args: Json) -> Json:
    account.needs_purchase_metric()
    start, stop = account.span(args.get("period", "this_year"))
    zone = account.world.time_zone
    joined = _joined(account, args, start, stop)
    until = stop if args.get("count_until", "now") == "period_end" else None
    if args.get("by", "signup_source") == "signup_source":
        return {"rows": [_row(account, name, [one for one in joined if one.by == name], until) for name in CLASSES]}
    months = [f"{bucket.start:%Y-%m}" for bucket in buckets((start, stop), "month", zone, account.now)]
    held = {month: [one for one in joined if f"{local(one.at, zone):%Y-%m}" == month] for month in months}
    return {"rows": [_row(account, month, people, until) for month, people in held.items()]}


def _joined(account: Account, args: Json, start: datetime, stop: datetime) -> list[Joined]:
    """Everybody's first subscription in the period; mostly only where it is also the first held."""
    ever: dict[str, list[Json]] = {}
    for event in sorted(account.of("subscribed_sms", "subscribed_list", "subscribed_email"), key=by_time):
        person = related(event, "profile")
        if person:
            ever.setdefault(person, []).append(event)
    found = []
    for person, events in ever.items():
        first = next((event for event in events if start <= when(event) < stop), None)
        if first and (args.get("joined") == "first_in_period" or first is events[0]):
            found.append(Joined(person, when(first), _class(account, first)))
    return found


def _class(account: Account, event: Json) -> str:
    if related(event, "metric") in account.metric_ids("subscribed_sms"):
        return "sms"
    return "email_form" if properties(event).get("Method") == "Form" else "other"


def _row(account: Account, name: str, people: list[Joined], until: datetime | None) -> Json:
    orders = {one.person: _after(account.orders, one, until) for one in people}
    deliveries = [event for one in people for event in _after(account.order_events, one, until)]
    buyers = [one for one in people if orders[one.person]]
    everything = [order for found in orders.values() for order in found]
    return {
        "cohort": name,
        "people": len(people),
        "buyers": len(buyers),
        "buyer_rate": quotient(len(buyers), len(people)),
        "orders": len(everything),
        "order_events": len(deliveries),
        "revenue": amount(account.world, everything),
        "average_order_value": share(account.world, everything, len(everything), places=2),
        "repeat_rate": quotient(sum(len(orders[one.person]) > 1 for one in buyers), len(buyers)),
        "median_days_to_first_order": median_days(
            [min(when(order) for order in orders[one.person]) - one.at for one in buyers]
        ),
    }


def _after(events: list[Json], one: Joined, until: datetime | None) -> list[Json]:
    """The person's, at or after they joined."""
    theirs = [event for event in events if related(event, "profile") == one.person]
    return [event for event in theirs if when(event) >= one.at and (until is None or when(event) < until)]


@st.composite
def questions(draw: st.DrawFn, world: World) -> Json:
    return given_only(
        by=draw(st.sampled_from([None, "signup_source", "signup_month"])),
        period=draw(st.one_of(st.none(), periods_of(world))),
        joined=draw(st.sampled_from([None, "first_ever", "first_in_period"])),
        count_until=draw(st.sampled_from([None, "now", "period_end"])),
    )
