"""Pages of events, decoded into columns: what the allow-list keeps, and nothing else is even built.

    page = decode(body)
    page.columns["id"], page.columns["value"], ...   lists of equal length, one row an event
    page.next                                        the next page's address or None

The fast way decodes a whole page by type. One odd property would refuse the page, so on a refusal each event is read
by itself (lenient.py): a property that makes no sense is None there, ids and times survive.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from connector.klaviyo import lenient
from connector.klaviyo.items import entries, line_items, texts
from connector.klaviyo.values import ABSENT, Scalar, amount, flag, instant, kept, text, written

Attribution = dict[str, str | None]


@dataclass(frozen=True)
class EventPage:
    """`columns`: name -> values, a row an event. `metrics`: those included, each as GET metrics tells it."""

    columns: dict[str, list[Any]]
    count: int
    next: str | None
    metrics: list[dict[str, Any]]

    @property
    def first(self) -> str | None:
        """The id of its first row."""
        return self.columns["id"][0] if self.count else None


def _named(name: str) -> Any:
    return msgspec.field(name=name, default=None)


def _raw(name: str) -> Any:
    return msgspec.field(name=name, default=ABSENT)


class Props(msgspec.Struct, gc=False):
    """What is kept of `event_properties`. Names differ by integration: each column lists where it is looked for."""

    message: str | int | None = _named("$message")
    flow: str | int | None = _named("$flow")
    variation: str | int | None = _named("$variation")
    order_id: str | int | None = _named("$event_id")
    value: msgspec.Raw = _raw("$value")
    value_currency: str | None = _named("$value_currency")
    currency_code: str | None = _named("$currency_code")
    machine_open: bool | int | str | None = _named("machine_open")
    machine_open_shown: bool | int | str | None = _named("Machine Open")
    apple_open: bool | int | str | None = _named("Apple Privacy Open")
    bot_click: bool | int | str | None = _named("Bot Click")
    method: str | None = _named("Method")
    list_id: str | int | None = _named("$list")
    list_name: str | None = _named("List")
    form_id: str | int | None = _named("form_id")
    form_title: str | None = _named("Form Name")
    form_name: str | None = _named("form_name")
    url: str | None = _named("URL")
    bounce_type: str | None = _named("Bounce Type")
    client_type: str | None = _named("Client Type")
    source_name: str | None = _named("Source Name")
    discount_codes: msgspec.Raw = _raw("Discount Codes")
    added_title: str | int | None = _named("AddedItemProductName")
    added_quantity: msgspec.Raw = _raw("AddedItemQuantity")
    added_price: msgspec.Raw = _raw("AddedItemPrice")
    extra: msgspec.Raw = _raw("extra")
    raw_extra: msgspec.Raw = _raw("$extra")
    items: msgspec.Raw = _raw("Items")
    product: str | int | None = _named("ProductName")


class Ref(msgspec.Struct, gc=False):
    id: str


class One(msgspec.Struct, gc=False):
    data: Ref | None = None


class Many(msgspec.Struct, gc=False):
    data: list[Ref] | None = None


class Relationships(msgspec.Struct, gc=False):
    metric: One | None = None
    profile: One | None = None
    attributions: Many | None = None


class Attributed(msgspec.Struct, gc=False, rename="kebab"):
    campaign: One | None = None
    campaign_message: One | None = None
    flow: One | None = None
    flow_message: One | None = None


class Integration(msgspec.Struct, gc=False):
    name: str | None = None
    key: str | None = None
    category: str | None = None


class Named(msgspec.Struct, gc=False):
    name: str | None = None
    integration: Integration | None = None


class Included(msgspec.Struct, gc=False):
    type: str
    id: str | None = None
    attributes: Named | None = None
    relationships: Attributed | None = None


class Links(msgspec.Struct, gc=False):
    next: str | None = None


class Event(msgspec.Struct, gc=False):
    """The shape of one event. `attributes` is of a class made by `shapes`, since properties may be asked for by name."""

    id: str
    attributes: Any
    relationships: Relationships | None = None


@dataclass(frozen=True)
class Shapes:
    """Decoders for one set of custom properties."""

    page: msgspec.json.Decoder[Any]
    event: type[Any]
    attributes: type[Any]
    props: type[Props]
    relationships: type[Relationships]
    custom: tuple[tuple[str, str], ...]


def decode(body: bytes, properties: Collection[str] = ()) -> EventPage:
    """A page of GET /api/events. `properties` names the custom properties to keep, each as text.

    Raises msgspec.DecodeError when it is not a page at all.
    """
    shapes = _shapes(tuple(sorted(set(properties))))
    try:
        page = shapes.page.decode(body)
        events, included = page.data, page.included or ()
        following = page.links.next if page.links else None
    except msgspec.ValidationError:
        loose = lenient.page(body)
        events = [one for raw in loose.data if (one := lenient.event(raw, shapes)) is not None]
        included = [one for raw in loose.included or () if (one := lenient.typed(raw, Included)) is not None]
        following = loose.links.next if loose.links else None
    columns = _columns(events, _attributions(included), shapes)
    return EventPage(columns, len(columns["id"]), following, _metrics(included))


@lru_cache(maxsize=256)
def _shapes(properties: tuple[str, ...]) -> Shapes:
    """The classes that read a page: fields are known by what they are called in JSON, so custom ones are added here."""
    known = {field.encode_name: field.name for field in msgspec.structs.fields(Props)}
    custom = tuple((known.get(name, f"custom_{number}"), name) for number, name in enumerate(properties))
    fields = [(field, msgspec.Raw, _raw(name)) for field, name in custom if name not in known]
    props: Any = msgspec.defstruct("CustomProps", fields, bases=(Props,), gc=False) if fields else Props
    attributes: list[Any] = [
        ("event_properties", props | None, None),
        ("timestamp", int | float | str | None, None),
        ("datetime", str | None, None),
    ]
    shape: Any = msgspec.defstruct("Attributes", attributes, gc=False)
    event: Any = msgspec.defstruct("PageEvent", [("attributes", shape)], bases=(Event,), gc=False, kw_only=True)
    page: list[Any] = [
        ("data", list[event]),
        ("included", list[Included] | None, None),
        ("links", Links | None, None),
    ]
    return Shapes(
        msgspec.json.Decoder(msgspec.defstruct("EventsPage", page)), event, shape, props, Relationships, custom
    )


def _columns(read: Iterable[Any], attributions: dict[str, Attribution], shapes: Shapes) -> dict[str, list[Any]]:
    """A row an event. What has no time is not an event that can be counted, and is left out."""
    nothing = shapes.props()
    events, times = [], []
    for event in read:
        at = instant(event.attributes.timestamp, event.attributes.datetime)
        if at is not None:
            events.append(event)
            times.append(at)
    props = [event.attributes.event_properties or nothing for event in events]
    links = [event.relationships or _NO_RELATIONSHIPS for event in events]
    return {
        "id": [event.id for event in events],
        "time": times,
        "metric": [_one(link.metric) or "" for link in links],
        "person": [_one(link.profile) for link in links],
        **_kept(props),
        "attributed": [_attributed(link.attributions, attributions) for link in links],
        "properties": [_custom(one, shapes.custom) for one in props] if shapes.custom else [None] * len(events),
    }


def _kept(props: Sequence[Props]) -> dict[str, list[Any]]:
    return {
        "message": _texts(one.message for one in props),
        "flow": _texts(one.flow for one in props),
        "value": [amount(one.value) if len(one.value) else None for one in props],
        "currency": _texts(one.value_currency or one.currency_code for one in props),
        "order_id": _texts(one.order_id for one in props),
        "machine_open": [_machine(one) for one in props],
        "bot_click": [one.bot_click is not None and flag(one.bot_click) for one in props],
        "method": _texts(one.method for one in props),
        "list_id": _texts(one.list_id for one in props),
        "list_name": _texts(one.list_name for one in props),
        "form_id": _texts(one.form_id for one in props),
        "form_name": _texts(one.form_title or one.form_name for one in props),
        "url": [_without_query(one.url) if one.url else None for one in props],
        "variation": _texts(one.variation for one in props),
        "bounce_type": _texts(one.bounce_type for one in props),
        "client_type": _texts(one.client_type for one in props),
        "source_name": _texts(one.source_name for one in props),
        "discount_codes": [_codes(one.discount_codes) if len(one.discount_codes) else None for one in props],
        "items": [line_items(one) for one in props],
    }


def _texts(values: Iterable[Scalar]) -> list[str | None]:
    return [value if value is None else text(value) for value in values]


def _machine(one: Props) -> bool:
    """Opened by a mail provider's machine, by any of the names that Klaviyo has had for it."""
    return flag(one.machine_open) or flag(one.machine_open_shown) or flag(one.apple_open)


def _without_query(url: str) -> str | None:
    """An address without what identifies who clicked."""
    return url.partition("?")[0].partition("#")[0] or None


def _codes(raw: msgspec.Raw) -> list[str] | None:
    elements = entries(raw) or [raw]
    return [code for code in texts(elements) if code] or None


def _custom(one: Props, custom: tuple[tuple[str, str], ...]) -> dict[str, str] | None:
    found = {}
    for field, name in custom:
        value = getattr(one, field)
        said = kept(value) if isinstance(value, msgspec.Raw) else written(value)
        if said is not None:
            found[name] = said
    return found or None


def _one(link: One | None) -> str | None:
    return link.data.id if link is not None and link.data is not None else None


def _attributed(link: Many | None, known: dict[str, Attribution]) -> list[Attribution] | None:
    """What Klaviyo attributed an event to, each once."""
    if link is None or not link.data:
        return None
    found: list[Attribution] = []
    for ref in link.data:
        one = known.get(ref.id)
        if one is not None and one not in found:
            found.append(one)
    return found or None


def _attributions(included: Iterable[Included]) -> dict[str, Attribution]:
    """Attribution id -> campaign, flow and message it names; those that name none are of no use."""
    found: dict[str, Attribution] = {}
    for one in included:
        if one.type == "attribution" and one.id and one.relationships is not None:
            to = one.relationships
            message = _one(to.campaign_message) or _one(to.flow_message)
            attribution = {"campaign": _one(to.campaign), "flow": _one(to.flow), "message": message}
            if any(attribution.values()):
                found[one.id] = attribution
    return found


def _metrics(included: Iterable[Included]) -> list[dict[str, Any]]:
    return [
        {"type": one.type, "id": one.id, "attributes": msgspec.to_builtins(one.attributes)}
        for one in included
        if one.type == "metric" and one.id and one.attributes is not None and one.attributes.name
    ]


_NO_RELATIONSHIPS = Relationships()
