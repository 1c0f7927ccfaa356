"""audience_growth, counted by hand: who joined and left each list, bucket by bucket."""

from datetime import datetime

from hypothesis import strategies as st

from tests.oracle import names
from tests.oracle.account import Account, answered, people
from tests.oracle.drawing import given_only, periods_in_buckets, rarely
from tests.oracle.spans import Bucket, buckets
from tests.oracle.world import Json, World, properties, text, when


def count(world: World, args: Json, moment: datetime) -> Json:
    """The account's entry; rows list by list. Raises BadArguments for a period that is none."""
    return answered(lambda: _entry(Account(world, moment), args))


def _entry(account: Account, args: Json) -> Json:
    world = account.world
    lists = names.objects(world, world.lists, args["list"]) if args.get("list") else world.lists
    span = account.span(args.get("period", "last_6_months"))
    held = buckets(span, args.get("interval", "month"), world.time_zone, account.now)
    return {"rows": [_row(account, one, bucket) for one in lists for bucket in held]}


def _row(account: Account, one: Json, bucket: Bucket) -> Json:
    joined, left = (_naming(account, verb, one, bucket) for verb in ("subscribed_list", "unsubscribed_list"))
    return {
        "list": {"id": one["id"], "name": names.named(one)},
        "start": str(bucket.start),
        "subscribed": len(joined),
        "unsubscribed": len(left),
        "subscribed_people": len(people(joined)),
        "unsubscribed_people": len(people(left)),
        "net": len(joined) - len(left),
    }


def _naming(account: Account, verb: str, one: Json, bucket: Bucket) -> list[Json]:
    return [event for event in account.of(verb) if bucket.holds(when(event)) and is_of_list(event, one)]


def is_of_list(event: Json, one: Json) -> bool:
    """By the list's id; by its name only where the event tells no id."""
    held = properties(event)
    return text(held.get("$list")) == one["id"] or (
        text(held.get("$list")) is None and text(held.get("List")) == names.named(one)
    )


def row_key(row: Json) -> tuple[str, str]:
    return row["list"]["id"], row["start"]


@st.composite
def questions(draw: st.DrawFn, world: World) -> Json:
    which = draw(rarely(st.sampled_from(["ListAA", "newsletter", "Friends, ListAA"])))
    return draw(periods_in_buckets(world)) | given_only(list=which)
