"""copy_brief, counted by hand: the subjects that were sent to an audience, and what those with some trait have in common."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from tests.oracle import names
from tests.oracle.account import Account, answered
from tests.oracle.campaign_performance import channel, figures, messages, send_time, subject
from tests.oracle.drawing import given_only
from tests.oracle.figures import half_up
from tests.oracle.spans import local
from tests.oracle.world import Json, World

ENOUGH = 100  # deliveries
FEW = 5
TRAITS: dict[str, Callable[[str], bool]] = {
    "with_emoji": lambda text: any(ord(char) >= 0x1F300 for char in text),
    "with_personalization": lambda text: "{{" in text,
    "with_number": lambda text: any(char.isdigit() for char in text),
    "with_discount": lambda text: "% off" in text,
}


def count(world: World, args: Json, moment: datetime) -> Json:
    """The account's entry: audience, subjects, patterns."""
    return answered(lambda: _entry(Account(world, moment), args))


def _entry(account: Account, args: Json) -> Json:
    world = account.world
    audience = names.audiences(world, args["audience"])[0]
    rows = _subjects(account, args, audience)
    return {
        "audience": {
            "id": audience["id"],
            "name": names.named(audience),
            "kind": audience["type"],
            "size": len(set(world.members.get(audience["id"], []))),
        },
        "subjects": rows[: args.get("limit", 20)],
        "patterns": _patterns(rows[: args.get("limit", 20)]),
    }


def _subjects(account: Account, args: Json, audience: Json) -> list[Json]:
    """Those sent to the audience; where they are few, the best of others up to five."""
    wanted = args.get("channel", "email")
    sent = [one for one in account.world.campaigns if one["attributes"]["status"] == "Sent"]
    rows = [(one, _row(account, one)) for one in sent if channel(account.world, one) == wanted]
    rows = [pair for pair in rows if pair[1]["deliveries"] >= ENOUGH]
    rows.sort(key=lambda pair: pair[0]["id"])
    rows.sort(key=lambda pair: Decimal(pair[1]["open_rate_human"]), reverse=True)
    own = [row for one, row in rows if audience["id"] in one["attributes"]["audiences"]["included"]]
    others = [row | {"audience": False} for _, row in rows if row not in own]
    return own + others[: max(0, FEW - len(own))]


def _row(account: Account, campaign: Json) -> Json:
    world, held = account.world, figures(account, {}, [campaign])
    first = messages(world, campaign)[:1]
    preview = first[0]["attributes"]["definition"]["content"].get("preview_text") if first else None
    at = send_time(campaign)
    return {
        "campaign": {"id": campaign["id"], "name": names.named(campaign)},
        "subject": subject(world, campaign),
        "preview": preview or None,
        "sent_at": at and local(at, world.time_zone),
        "deliveries": held["deliveries"],
        "open_rate_human": held["open_rate_human"],
        "click_rate": held["click_rate"],
        "revenue": held["revenue"],
        "currency": world.currency,
    }


def _patterns(rows: list[Json]) -> Json:
    """Of the subjects shown: the median length in characters, and of each trait the median open rate."""
    told = [row for row in rows if row["subject"]]
    found: Json = {"median_length": _median([Fraction(len(row["subject"])) for row in told])}
    for name, has in TRAITS.items():
        rates = [Fraction(row["open_rate_human"]) for row in told if has(row["subject"])]
        found[name] = {"open_rate_human": _median(rates)}
    return found


def _median(numbers: list[Fraction]) -> Decimal | None:
    if not numbers:
        return None
    numbers.sort()
    middle = len(numbers) // 2
    return half_up(numbers[middle] if len(numbers) % 2 else (numbers[middle - 1] + numbers[middle]) / 2, 6)


def questions(world: World) -> st.SearchStrategy[Json]:
    return st.builds(
        lambda **held: given_only(**held),
        audience=st.sampled_from(["ListAA", "newsletter", "VIP", "segment:VIP", "ListBB"]),
        channel=st.sampled_from([None, None, "email", "sms"]),
    )
