"""One Klaviyo account as its API tells it: JSON:API resources, read without decoding them into anything."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

Json = dict[str, Any]


@dataclass
class World:
    """`included` holds the attribution resources that came with the events; `members` profile ids by list or segment."""

    now: datetime
    time_zone: str = "Europe/Berlin"
    currency: str = "EUR"
    metrics: list[Json] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)
    included: list[Json] = field(default_factory=list)
    profiles: list[Json] = field(default_factory=list)
    campaigns: list[Json] = field(default_factory=list)
    campaign_messages: list[Json] = field(default_factory=list)
    flows: list[Json] = field(default_factory=list)
    lists: list[Json] = field(default_factory=list)
    segments: list[Json] = field(default_factory=list)
    members: dict[str, list[str]] = field(default_factory=dict)
    catalog: list[Json] = field(default_factory=list)
    sms_campaigns: set[str] = field(default_factory=set)  # those that the listing of channel sms names
    deleted: set[str] = field(default_factory=set)  # ids of objects that a later listing did not name any more
    former_names: dict[str, str] = field(default_factory=dict)  # by id: what an object was called before
    earlier: list[Json] = field(default_factory=list)  # events as first read, before people were merged and erased
    properties: tuple[str, ...] = ()  # custom properties that the organization has named
    purchase_metric: str = ""  # what a manager set on the install
    floor: int = 10

    def metric(self, key: str) -> Json:
        return next(metric for metric in self.metrics if metric["id"] == key)

    def distinct_events(self) -> list[Json]:
        """Each event once, however often it was read; the last reading holds."""
        return list({event["id"]: event for event in self.events}.values())

    def attributions(self, event: Json) -> list[Json]:
        """The attribution resources that the event points to."""
        wanted = [one["id"] for one in (event["relationships"].get("attributions") or {}).get("data") or []]
        return [one for one in self.included if one["type"] == "attribution" and one["id"] in wanted]


def when(event: Json) -> datetime:
    """In UTC, whole seconds: Klaviyo's integer `timestamp`, else `datetime`."""
    attributes = event["attributes"]
    if isinstance(attributes.get("timestamp"), int):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=attributes["timestamp"])
    return datetime.fromisoformat(attributes["datetime"]).astimezone(UTC).replace(microsecond=0)


def properties(event: Json) -> Json:
    return event["attributes"].get("event_properties") or {}


def related(resource: Json, name: str) -> str | None:
    """The id of a to-one relationship."""
    data = ((resource.get("relationships") or {}).get(name) or {}).get("data") or {}
    return data.get("id")


def text(value: object) -> str | None:
    """A text or a number as text; None for nothing and for an empty text."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return str(value)
    return None


def flag(value: object) -> bool:
    """Flags come as true, "true" or 1."""
    return value is True or value == "true" or (isinstance(value, int) and value == 1)


def money(value: object) -> Decimal | None:
    """`$value`: a number, or a text that is one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def currency_of(event: Json, world: World) -> str:
    held = properties(event)
    return text(held.get("$value_currency")) or text(held.get("$currency_code")) or world.currency


def is_machine_open(event: Json) -> bool:
    held = properties(event)
    return any(flag(held.get(name)) for name in ("machine_open", "Machine Open", "Apple Privacy Open"))


def is_bot_click(event: Json) -> bool:
    return flag(properties(event).get("Bot Click"))


def order_of(event: Json) -> tuple[str | None, str]:
    """An order is a person and an order id: `$event_id`, else the event's own id."""
    return related(event, "profile"), text(properties(event).get("$event_id")) or event["id"]


def by_time(event: Json) -> tuple[datetime, str]:
    return when(event), event["id"]


@dataclass(frozen=True)
class Line:
    """One line item of a cart or order event."""

    title: str
    quantity: Decimal | None = None
    price: Decimal | None = None


def lines(event: Json, world: World) -> list[Line]:
    """Of the first place that names any title."""
    held = properties(event)
    name = world.metric(related(event, "metric") or "")["attributes"]["name"]
    if name == "Added to Cart" and text(held.get("AddedItemProductName")):
        return _lines_in([held], "AddedItemProductName", "AddedItemQuantity", "AddedItemPrice")
    if name == "Viewed Product" and text(held.get("ProductName")):
        return [Line(str(text(held["ProductName"])))]
    extra = held.get("extra") or held.get("$extra") or {}
    listed = extra.get("line_items") if isinstance(extra, dict) else None
    items = held.get("Items")
    found = _lines_in(listed, "title", "quantity", "price") or _lines_in(items, "ProductName", "Quantity", "ItemPrice")
    return found or [Line(item) for item in items or [] if isinstance(items, list) and isinstance(item, str) and item]


def titles(event: Json, world: World) -> list[str]:
    return [line.title for line in lines(event, world)]


def _lines_in(listed: object, title: str, quantity: str, price: str) -> list[Line]:
    if not isinstance(listed, list):
        return []
    objects = [one for one in listed if isinstance(one, dict)]
    return [
        Line(str(text(one[title])), money(one.get(quantity)), money(one.get(price)))
        for one in objects
        if text(one.get(title))
    ]
