"""Events read one by one and field by field, for pages on which one of them is not as it should be."""

from typing import Any, Protocol, TypeVar, get_args

import msgspec

from connector.klaviyo.values import ABSENT

T = TypeVar("T", bound=msgspec.Struct)
Fields = dict[str, msgspec.Raw]


class LooseLinks(msgspec.Struct):
    next: str | None = None


class LoosePage(msgspec.Struct):
    data: list[msgspec.Raw]
    included: list[msgspec.Raw] | None = None
    links: LooseLinks | None = None


class EventShapes(Protocol):
    """The classes of events.Shapes that an event is made of."""

    @property
    def event(self) -> type[Any]: ...

    @property
    def attributes(self) -> type[Any]: ...

    @property
    def props(self) -> type[Any]: ...

    @property
    def relationships(self) -> type[Any]: ...


def page(body: bytes) -> LoosePage:
    """A page whose objects are still JSON. Raises msgspec.DecodeError when it is not a page."""
    return msgspec.json.decode(body, type=LoosePage)


def event(raw: msgspec.Raw, shapes: EventShapes) -> Any | None:
    """An event of `shapes.event`, without what makes no sense; None for what has no id."""
    whole = typed(raw, shapes.event)
    if whole is not None:
        return whole
    fields = typed(raw, Fields) or {}
    id = typed(fields.get("id", ABSENT), str | int)
    if id is None:
        return None
    attributes = typed(fields.get("attributes", ABSENT), Fields) or {}
    relationships = typed(fields.get("relationships", ABSENT), Fields) or {}
    made = struct(shapes.attributes, {key: one for key, one in attributes.items() if key != "event_properties"})
    made.event_properties = struct(shapes.props, typed(attributes.get("event_properties", ABSENT), Fields) or {})
    return shapes.event(id=str(id), attributes=made, relationships=struct(shapes.relationships, relationships))


def typed(raw: msgspec.Raw, kind: Any) -> Any | None:
    """The value if it is of this kind, else None."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def struct(kind: type[T], fields: Fields) -> T:
    """A struct of those fields that are what they should be, under the names they have in JSON; of a struct within it
    likewise, so that one odd leaf takes none of its neighbours with it."""
    good = {}
    for field in msgspec.structs.fields(kind):
        if field.encode_name in fields:
            value = _value(fields[field.encode_name], field.type)
            if value is not None:
                good[field.name] = value
    return kind(**good)


def _value(raw: msgspec.Raw, kind: Any) -> Any | None:
    value = typed(raw, kind)
    inner = next(
        (one for one in (kind, *get_args(kind)) if isinstance(one, type) and issubclass(one, msgspec.Struct)), None
    )
    if value is not None or inner is None:
        return value
    fields = typed(raw, Fields)
    return struct(inner, fields) if fields is not None else None
