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


def objects(pool: list[Json], wanted: str, *, many: bool = False) -> list[Json]:
    """Several joined by commas; each an id, else the exact name, else all its whole words."""
    found = []
    for part in [part.strip() for part in wanted.split(",") if part.strip()]:
        found += _object(pool, part, many)
    return list({one["id"]: one for one in found}.values())


def _object(pool: list[Json], wanted: str, many: bool) -> list[Json]:
    same_id = [one for one in pool if one["id"] == wanted]
    if same_id:
        return same_id
    if wanted.endswith("*"):  # of campaigns: all that contain the words before it
        return _object(pool, wanted.rstrip("*").strip(), many=True) if wanted.strip("* ") else pool
    same_name = [one for one in pool if fold(one["attributes"]["name"]) == fold(wanted)]
    words = set(re.findall(r"\w+", fold(wanted)))
    fitting = same_name or [
        one for one in pool if words and words <= set(re.findall(r"\w+", fold(one["attributes"]["name"])))
    ]
    if not fitting:
        raise Unanswered("refused", "not_found")
    if len(fitting) > 1 and not many:
        raise Unanswered("needs_choice")
    return fitting


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
        found = [one for one in world.metrics if integration(one) == "Klaviyo" and _name(one) in KLAVIYO[verb]]
    elif verb in SHOP:
        found = _shop_metrics(world, SHOP[verb], named_purchase)
    else:
        found = _named(world, verb)
    if not found:
        raise Unanswered("refused", "no_such_metric")
    return {metric["id"] for metric in found}


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
    known = set(world.catalog_titles)
    for event in world.distinct_events():
        known.update(titles(event, world))
    if wanted.strip() in known:
        return {wanted.strip()}
    pool: list[Json] = [{"id": title, "attributes": {"name": title}} for title in sorted(known)]
    return {one["id"] for one in objects(pool, wanted)}


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
