"""list_health, counted by hand: of the present members, who may be mailed and who still takes part."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from tests.oracle import names
from tests.oracle.account import Account, answered
from tests.oracle.drawing import given_only, rarely
from tests.oracle.names import BadArguments
from tests.oracle.periods import day_start
from tests.oracle.world import Json, World, is_machine_open, related, when


def count(world: World, args: Json, moment: datetime) -> Json:
    """The account's entry. Raises BadArguments for an `at` that is no time."""
    return answered(lambda: _entry(Account(world, moment, args.get("purchase_metric")), args))


def _entry(account: Account, args: Json) -> Json:
    world = account.world
    found = names.objects(world, world.lists, args["list"]) if args.get("list") else []
    found += names.audiences(world, args["audience"]) if args.get("audience") else []
    if not args.get("list") and not args.get("audience"):
        found = world.lists
    at = moment_of(args.get("at", "now"), world.time_zone, account.now)
    asked = {one["id"]: one for one in found}.values()
    return {"rows": [_row(account, one, at, args.get("days", 90)) for one in asked]}


def moment_of(text: str, zone: str, now: datetime) -> datetime:
    """`now`, the last second of a local date, or a time in ISO 8601."""
    if text == "now":
        return now
    try:
        if len(text) == len("2026-01-01"):
            return day_start(date.fromisoformat(text) + timedelta(days=1), zone) - timedelta(seconds=1)
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as wrong:
        raise BadArguments(text) from wrong


def _row(account: Account, one: Json, at: datetime, days: int) -> Json:
    world = account.world
    members = set(world.members.get(one["id"], []))
    subscribed = {person for person in members if _consent(world, person) == "SUBSCRIBED"}
    suppressed = {person for person in members if _suppression(world, person)}
    since = at - timedelta(hours=24) * days
    active = [event for event in account.human_opens + account.human_clicks + account.orders if when(event) <= at]
    engaged = members & {str(related(event, "profile")) for event in active if when(event) > since}
    lapsed = (members & {str(related(event, "profile")) for event in active if when(event) <= since}) - engaged
    machines = [event for event in account.opens if is_machine_open(event) and since < when(event) <= at]
    machine_only = (members & {str(related(event, "profile")) for event in machines}) - engaged
    return {
        "list": {"id": one["id"], "name": names.named(one), "kind": one["type"]},
        "members": len(members),
        "subscribed": len(subscribed),
        "suppressed": len(suppressed),
        "mailable": len(subscribed - suppressed),
        "engaged": len(engaged),
        "lapsed": len(lapsed),
        "machine_only": len(machine_only),
        "never": len(members - engaged - lapsed - machine_only),
    }


def _email(world: World, person: str) -> Json:
    for profile in world.profiles:
        if profile["id"] == person:
            return dict(profile["attributes"]["subscriptions"]["email"]["marketing"])
    return {}


def _consent(world: World, person: str) -> str | None:
    return _email(world, person).get("consent")


def _suppression(world: World, person: str) -> list[Json]:
    return _email(world, person).get("suppression") or []


def row_key(row: Json) -> str:
    return str(row["list"]["id"])


@st.composite
def questions(draw: st.DrawFn, world: World) -> Json:
    days = st.integers(0, 60).map(lambda ago: str(world.now.date() - timedelta(days=1 + ago)))
    times = st.integers(1, 50 * 86_400).map(lambda ago: (world.now - timedelta(seconds=ago)).isoformat())
    return given_only(
        list=draw(rarely(st.sampled_from(["ListAA", "newsletter", "Friends, ListAA"]))),
        audience=draw(rarely(st.sampled_from(["SegmAA", "vip", "list:Newsletter", "SegmBB, ListBB"]))),
        days=draw(st.sampled_from([None, 1, 7, 30, 365])),
        at=draw(st.one_of(st.none(), st.just("now"), days, times)),
    )
