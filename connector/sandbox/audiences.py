"""Writing lists, who is on them, and segments."""

from collections.abc import Iterator
from typing import Any

from connector.sandbox.call import Answer, Call, nothing
from connector.sandbox.changing import CHANCE, copied, given, held, named, same_id, saved
from connector.sandbox.documents import one
from connector.sandbox.errors import bad_body, not_found
from connector.sandbox.things import Thing
from connector.sandbox.world import ids
from connector.sandbox.world.account import iso

MOST_AT_ONCE = 1000
PROCESSING = 3
"""Seconds until a segment's members are worked out."""
MOST_PROCESSING = 5


def create_list(call: Call) -> Answer:
    said = given(call)
    attributes = {"name": named(call, said["name"]), "created": iso(call.now),
                  "opt_in_process": said.get("opt_in_process", "double_opt_in")}  # fmt: skip
    return one(call, saved(call, Thing("list", ids.short(CHANCE), attributes, {"tags": []})), 201)


def update_list(call: Call) -> Answer:
    same_id(call)
    thing = copied(held(call, "list", call.id))
    said = given(call)
    if "name" in said:
        named(call, said["name"])
    thing.attributes |= said
    return one(call, saved(call, thing))


def delete_list(call: Call) -> Answer:
    call.changes.drop(call.account, held(call, "list", call.id), call.now)
    return nothing()


def add_profiles(call: Call) -> Answer:
    return _members(call, "add")


def remove_profiles(call: Call) -> Answer:
    return _members(call, "remove")


def _members(call: Call, deed: str) -> Answer:
    thing = held(call, "list", call.id)
    wanted = [one["id"] for one in call.data]
    if len(wanted) > MOST_AT_ONCE:
        raise bad_body("/data", "At most 1000 profiles a call.")
    for id in wanted:
        if call.account.people.number(id) is None:
            raise not_found("profile", id)
    call.changes.make(call.account, "members", {"list": thing.id, deed: wanted}, call.now)
    return nothing()


def create_segment(call: Call) -> Answer:
    said = given(call)
    _check_definition(call, said["definition"])
    busy = sum(one.attributes["is_processing"] for one in call.account.of("segment").values())
    if busy >= MOST_PROCESSING:
        raise bad_body("/data", "At most 5 segments can be processing at once.")
    attributes = {"name": named(call, said["name"]), "definition": said["definition"], "created": iso(call.now),
                  "is_active": True, "is_processing": True, "is_starred": said.get("is_starred", False)}  # fmt: skip
    thing = Thing("segment", ids.short(CHANCE), attributes, {"tags": []}, {"due": _done(call)})
    return one(call, saved(call, thing), 201)


def _done(call: Call) -> list[dict[str, Any]]:
    return [{"at": call.now + PROCESSING, "set": {"is_processing": False}}]


def update_segment(call: Call) -> Answer:
    same_id(call)
    thing = copied(held(call, "segment", call.id))
    said = given(call)
    if "is_active" in said and len(said) > 1 and not said["is_active"]:
        raise bad_body("/data/attributes/is_active", "Deactivation cannot be combined with other updates.")
    if "name" in said:
        named(call, said["name"])
    if "definition" in said:
        _check_definition(call, said["definition"])
        thing.attributes["is_processing"] = True
        thing.hidden["due"] = _done(call)
    thing.attributes |= said
    return one(call, saved(call, thing))


def delete_segment(call: Call) -> Answer:
    call.changes.drop(call.account, held(call, "segment", call.id), call.now)
    return nothing()


def _check_definition(call: Call, definition: dict[str, Any]) -> None:
    """What the definition names must exist in the account."""
    where = "/data/attributes/definition"
    if not definition["condition_groups"]:
        raise bad_body(where, "At least one condition group is needed.")
    metrics = call.account.of("metric")
    for condition in _conditions(definition):
        if condition["type"].startswith("profile-metric") and condition.get("metric_id", "") not in metrics:
            raise bad_body(where, f"The metric {condition.get('metric_id')} does not exist.")
        for id in condition.get("group_ids", ()):
            if id not in call.account.of("list") and id not in call.account.of("segment"):
                raise bad_body(where, f"The list or segment {id} does not exist.")


def _conditions(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for group in definition["condition_groups"]:
        if not group["conditions"]:
            raise bad_body("/data/attributes/definition", "A condition group needs a condition.")
        yield from group["conditions"]
