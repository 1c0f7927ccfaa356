"""What the names in a question mean in one account, and what cannot be answered at all."""

import re
import unicodedata
from typing import Any

from tests.oracle.world import Json, World, related, text, titles

KLAVIYO = {
    "received_email": ["Received Email"],
    "opened_email": ["Opened Email"],
    "clicked_email": ["Clicked Email"],
    "bounced_email": ["Bounced Email"],
    "marked_spam": ["Marked Email as Spam"],
    "unsubscribed_email": ["Unsubscribed from Email Marketing", "Unsubscribed"],
    "received_sms": ["Received SMS"],
    "failed_sms": ["Failed to Deliver SMS"],
    "clicked_sms": ["Clicked SMS"],
    "unsubscribed_sms": ["Unsubscribed from SMS Marketing", "Unsubscribed from SMS"],
    "subscribed_list": ["Subscribed to List"],
    "unsubscribed_list": ["Unsubscribed from List"],
    "subscribed_email": ["Subscribed to Email Marketing"],
    "subscribed_sms": ["Subscribed to SMS Marketing", "Consented to Receive SMS"],
}
SHOP = {
    "viewed_product": ["Viewed Product"],
    "added_to_cart": ["Added to Cart"],
    "started_checkout": ["Started Checkout", "Checkout Started"],
    "refunded": ["Refunded Order"],
    "cancelled": ["Cancelled Order"],
}
# What a question about a campaign or flow means "of that campaign or flow" when it is what people did not do.
OF_THE_SAME = [
    "received_email",
    "received_sms",
    "opened_email",
    "clicked_email",
    "clicked_sms",
    "bounced_email",
    "failed_sms",
    "marked_spam",
    "unsubscribed_email",
    "unsubscribed_sms",
]


class Unanswered(Exception):
    """`status` and `code` of the entry: refused and its reason, or needs_choice."""

    def __init__(self, status: str, code: str = "") -> None:
        super().__init__(status, code)
        self.status = status
        self.code = code


# Where several reasons apply, the first of these is told.
ORDER = ["not_found", "no_such_metric", "no_purchase_metric", "out_of_range", "too_small"]


class BadArguments(Exception):
    """The question contradicts itself."""


def fold(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def objects(world: World, pool: list[Json], wanted: str, *, many: bool = False) -> list[Json]:
    """A name as it stands, commas and all; else several joined by commas, each found alone.

    `many`: of a name that fits several all are meant, instead of asking which one.
    """
    whole = [one for one in pool if one["id"] == wanted.strip() or fold(named(one)) == fold(wanted)]
    if len(whole) == 1 or (whole and many):
        return whole
    found = []
    for part in [part.strip() for part in wanted.split(",") if part.strip()]:
        found += _object(world, pool, part, many)
    return list({one["id"]: one for one in found}.values())


def campaigns(world: World, wanted: str, status: str = "Sent") -> list[Json]:
    """Also `words*`, `latest` and `latest:words`."""
    pool = [one for one in world.campaigns if one["attributes"]["status"] == status]
    whole = [one for one in pool if fold(named(one)) == fold(wanted)]
    if len(whole) == 1:
        return whole
    found = []
    for part in [part.strip() for part in wanted.split(",") if part.strip()]:
        found += _campaigns(world, pool, part)
    return list({one["id"]: one for one in found}.values())


def _campaigns(world: World, pool: list[Json], part: str) -> list[Json]:
    """Each an id, else the exact name, else one of the forms that stand for the newest."""
    if any(one["id"] == part or fold(named(one)) == fold(part) for one in pool):
        return _object(world, pool, part, False)
    newest = sorted(pool, key=lambda one: (one["attributes"]["send_time"] or "", one["id"]), reverse=True)
    if part == "latest" or part.startswith("latest:"):
        words = part.removeprefix("latest").removeprefix(":").strip()
        found = [one for one in newest if not words or contains(words, named(one))][:1]
    elif part.endswith("*"):
        words = part.rstrip("*").strip()
        found = [one for one in newest if not words or contains(words, named(one))][:200]
    else:
        return _object(world, pool, part, False)
    if not found:
        raise Unanswered("refused", "not_found")
    return found


def audiences(world: World, wanted: str) -> list[Json]:
    """Among lists and segments together; `list:NAME` and `segment:NAME` say which."""
    pool = world.lists + world.segments
    if len([one for one in pool if fold(named(one)) == fold(wanted)]) == 1:
        return objects(world, pool, wanted)
    found = []
    for part in [part.strip() for part in wanted.split(",") if part.strip()]:
        kind, _, name = part.partition(":")
        told = name and kind in ("list", "segment")
        found += (
            objects(world, [one for one in pool if one["type"] == kind], name) if told else objects(world, pool, part)
        )
    return list({one["id"]: one for one in found}.values())


def _object(world: World, pool: list[Json], wanted: str, many: bool) -> list[Json]:
    same_id = [one for one in pool if one["id"] == wanted]
    if same_id:
        return same_id
    former = [
        one | {"attributes": {"name": world.former_names[one["id"]]}} for one in pool if one["id"] in world.former_names
    ]
    for names in (pool, former):
        same_name = [one for one in names if fold(named(one)) == fold(wanted)]
        fitting = same_name or [one for one in names if contains(wanted, named(one))]
        if len(fitting) > 1 and not many:
            raise Unanswered("needs_choice")
        if fitting:
            return [one for one in pool if one["id"] in {fit["id"] for fit in fitting}]
    raise Unanswered("refused", "not_found")


def named(one: Json) -> str:
    return str(one["attributes"]["name"])


def contains(wanted: str, name: str) -> bool:
    """All the words, whole; a word of a script that has no spaces may stand inside another."""
    words, present = re.findall(r"\w+", fold(wanted)), set(re.findall(r"\w+", fold(name)))
    return bool(words) and all(word in present or (_is_unspaced(word) and word in fold(name)) for word in words)


def _is_unspaced(word: str) -> bool:
    scripts = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
    return any(unicodedata.name(char, "").startswith(scripts) for char in word)


def purchase_metric(world: World, named: str | None = None) -> str:
    """Named in the question, else set by a manager, else the only Placed Order of a shop, else the only one at all."""
    if named or world.purchase_metric:
        return named or world.purchase_metric
    placed = [metric for metric in world.metrics if metric["attributes"]["name"] == "Placed Order"]
    only = _only(world, placed)
    if only:
        return str(only["id"])
    raise Unanswered("needs_choice") if placed else Unanswered("refused", "no_purchase_metric")


def _only(world: World, called: list[Json]) -> Json | None:
    """The only one of a shop, else the only one at all. Of several of one name those without events are left out."""
    alive = [metric for metric in called if any(related(event, "metric") == metric["id"] for event in world.events)]
    for tier in ([metric for metric in called if is_shop(metric)], called):
        if len(tier) == 1:
            return tier[0]
        if tier:
            happened = [metric for metric in tier if metric in alive]
            return happened[0] if len(happened) == 1 else None
    return None


def metrics_of(world: World, verb: str, named_purchase: str | None) -> set[str]:
    """The metric ids that a verb, a metric's name or its id means."""
    if verb == "ordered":
        return {purchase_metric(world, named_purchase)}
    if verb in KLAVIYO:
        found = _klaviyos_own(world, KLAVIYO[verb])
    elif verb in SHOP:
        found = _shop_metrics(world, SHOP[verb], named_purchase)
    else:
        found = _named(world, verb)
    if not found:
        raise Unanswered("refused", "no_such_metric")
    return {metric["id"] for metric in found}


def _klaviyos_own(world: World, names: list[str]) -> list[Json]:
    """Of Klaviyo's own integration; where it told none of the metric (no scope metrics:read), the name decides."""
    called = [metric for metric in world.metrics if _name(metric) in names]
    own = [metric for metric in called if integration(metric) == "Klaviyo"]
    return own or [metric for metric in called if integration(metric) is None]


def _shop_metrics(world: World, names: list[str], named_purchase: str | None) -> list[Json]:
    """Of the purchase metric's integration; without one, the only eCommerce metric of that name, else the only one."""
    try:
        shop = integration(world.metric(purchase_metric(world, named_purchase)))
    except Unanswered:
        shop = None
    called = [metric for metric in world.metrics if _name(metric) in names]
    of_the_shop = [metric for metric in called if shop and integration(metric) == shop]
    if of_the_shop:
        return of_the_shop
    only = _only(world, called)
    if called and not only:
        raise Unanswered("needs_choice")
    return [only] if only else []


def _named(world: World, wanted: str) -> list[Json]:
    same_id = [metric for metric in world.metrics if metric["id"] == wanted]
    called = [metric for metric in world.metrics if fold(_name(metric)) == fold(wanted)]
    if same_id or len(called) < 2:
        return same_id or called
    alive = [metric for metric in called if any(related(event, "metric") == metric["id"] for event in world.events)]
    if len(alive) != 1:
        raise Unanswered("needs_choice")
    return alive


def item_titles(world: World, wanted: str) -> set[str]:
    """The titles meant: a title as it stands, else part by part, compared like names."""
    known = {str(item["attributes"]["title"]) for item in world.catalog}
    for event in world.distinct_events():
        known.update(titles(event, world))
    if wanted.strip() in known:
        return {wanted.strip()}
    pool: list[Json] = [{"id": title, "attributes": {"name": title}} for title in sorted(known)]
    return {one["id"] for one in objects(world, pool, wanted)}


def messages_of_campaign(world: World, campaign: Json) -> set[str]:
    listed = ((campaign.get("relationships") or {}).get("campaign-messages") or {}).get("data") or []
    told = {message["id"] for message in world.campaign_messages if related(message, "campaign") == campaign["id"]}
    return told | {message["id"] for message in listed}


def messages_of_flow(flow: Json) -> set[str]:
    actions: list[Any] = (flow["attributes"].get("definition") or {}).get("actions") or []
    return {action["data"]["message"]["id"] for action in actions if action["type"].startswith("send-")}


def integration(metric: Json) -> str | None:
    return text((metric["attributes"].get("integration") or {}).get("name"))


def is_shop(metric: Json) -> bool:
    return (metric["attributes"].get("integration") or {}).get("category") == "eCommerce"


def _name(metric: Json) -> str:
    return str(metric["attributes"]["name"])
