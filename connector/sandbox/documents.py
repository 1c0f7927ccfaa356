"""Things as JSON:API documents: links, relationships, included objects, sparse fields, pages."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from connector.sandbox.call import Answer, Call, answered
from connector.sandbox.filters import Condition, holds, moment
from connector.sandbox.query import closed
from connector.sandbox.relations import ALWAYS, RELATIONSHIPS, refs, related
from connector.sandbox.shapes import more
from connector.sandbox.things import Thing

COLLECTIONS = {"catalog-category": "catalog-categories", "template-universal-content": "template-universal-content"}
MOMENTS = ("created", "updated", "created_at", "updated_at", "scheduled_at")
Row = TypeVar("Row")


def collection(type: str) -> str:
    """The path that objects of this type live under."""
    return COLLECTIONS.get(type, f"{type}s")


def one(call: Call, thing: Thing, status: int = 200) -> Answer:
    """A document of one object with what it includes."""
    document: dict[str, Any] = {"data": shown(call, thing), "links": {"self": call.address}}
    if call.query.include:
        document["included"] = included(call, [thing])
    return answered(document, status)


def many(call: Call, things: Sequence[Thing], ids_only: bool = False) -> Answer:
    """A page of objects: filtered, sorted, cut at the cursor. Operations without pages get all."""
    kept = [thing for thing in things if all(meets(thing, condition) for condition in call.query.conditions)]
    field = call.query.sort or "id"
    page, following = cut(call, kept, lambda thing: (sortable(value(thing, field)), thing.id))
    if ids_only:
        data = [{"type": thing.type, "id": thing.id} for thing in page]
        return answered({"data": data, "links": page_links(call, following)})
    document: dict[str, Any] = {"data": [shown(call, thing) for thing in page]}
    if call.query.include:
        document["included"] = included(call, page)
    return answered(document | {"links": page_links(call, following)})


def cut(call: Call, rows: Sequence[Row], key: Callable[[Row], Any]) -> tuple[list[Row], str | None]:
    """One page of rows in the order of `key`, and the cursor of the next page, if there is one."""
    query = call.query
    ordered = sorted(rows, key=key, reverse=query.descending)
    if query.cursor:
        last = _tuples(query.cursor)
        ordered = [row for row in ordered if (key(row) < last if query.descending else key(row) > last)]
    size = query.size or len(ordered)
    page = ordered[:size]
    return page, closed(query.mark, *key(page[-1])) if len(ordered) > size else None


def _tuples(place: Any) -> Any:
    return tuple(_tuples(one) for one in place) if isinstance(place, list | tuple) else place


def sortable(value: Any) -> tuple[int, Any]:
    """Nothing comes before something."""
    return (0, 0) if value is None else (1, value.isoformat() if hasattr(value, "isoformat") else value)


def page_links(call: Call, following: str | None) -> dict[str, str | None]:
    current = closed(call.query.mark, *call.query.cursor) if call.query.cursor else None
    return {
        "self": call.page_address(current),
        "next": call.page_address(following) if following else None,
        "prev": None,
    }


def meets(thing: Thing, condition: Condition) -> bool:
    if condition.field == "category.id":
        return condition.value in thing.hidden.get("categories", ())
    if condition.field == "item.id":
        return any(id == condition.value for name in ("item", "items") for _, id in thing.related(name))
    return holds(condition, value(thing, condition.field))


def value(thing: Thing, field: str) -> Any:
    """A field of an object as filters and sorting see it; moments as datetimes."""
    if field in ("id", "ids"):
        return thing.id
    name = field.removeprefix("messages.")
    if name in thing.hidden:
        return thing.hidden[name]
    found: Any = thing.attributes
    for step in name.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return moment(found) if field in MOMENTS and found else found


def shown(call: Call, thing: Thing) -> dict[str, Any]:
    """One object as it stands in `data` or `included`."""
    attributes = thing.attributes | more(call, thing)
    wanted = call.query.fields.get(thing.type)
    if wanted is not None:
        attributes = selected(attributes, wanted)
    document: dict[str, Any] = {"type": thing.type, "id": thing.id}
    if thing.type != "attribution":
        document["attributes"] = attributes
    relationships = {name: _relationship(call, thing, name) for name in RELATIONSHIPS.get(thing.type, ())}
    if relationships:
        document["relationships"] = relationships
    return document | {"links": {"self": call.at(collection(thing.type), thing.id)}}


def _relationship(call: Call, thing: Thing, name: str) -> dict[str, Any]:
    base = (collection(thing.type), thing.id)
    links = {"self": call.at(*base, "relationships", name), "related": call.at(*base, name)}
    if (thing.type, name) not in ALWAYS and name not in call.query.include:
        return {"links": links}
    data = [{"type": type, "id": id} for type, id in refs(call, thing, name)]
    if RELATIONSHIPS[thing.type][name]:
        return {"data": data, "links": links}
    return {"data": data[0], "links": links} if data else {"links": links}


def selected(attributes: dict[str, Any], wanted: frozenset[str]) -> dict[str, Any]:
    """Sparse fields: only the named attributes; a dotted name keeps its branch alone."""
    kept: dict[str, Any] = {}
    for name in wanted:
        branch, here = kept, attributes
        *steps, last = name.split(".")
        for step in steps:
            here = here.get(step) if isinstance(here, dict) else None  # type: ignore[assignment]
            if not isinstance(here, dict):
                break
            branch = branch.setdefault(step, {})
        if isinstance(here, dict) and last in here:
            branch[last] = here[last]
    return kept


def included(call: Call, things: Sequence[Thing]) -> list[dict[str, Any]]:
    """What the page's objects are related to, each once."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for thing in things:
        for name in call.query.include:
            for other in related(call, thing, name):
                if (other.type, other.id) not in found:
                    found[(other.type, other.id)] = shown(call, other)
    return list(found.values())
