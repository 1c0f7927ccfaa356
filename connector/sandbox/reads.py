"""Reading everything that is not an event or a profile: alone, in pages, and through relationships."""

from connector.sandbox import events, profiles
from connector.sandbox.call import Answer, Call, answered
from connector.sandbox.documents import many, one
from connector.sandbox.errors import not_found
from connector.sandbox.relations import related
from connector.sandbox.segments import members_of
from connector.sandbox.things import Thing

TYPES = {
    "accounts": "account", "metrics": "metric", "campaigns": "campaign", "campaign-messages": "campaign-message",
    "campaign-send-jobs": "campaign-send-job", "campaign-recipient-estimation-jobs": "campaign-recipient-estimation-job",
    "campaign-recipient-estimations": "campaign-recipient-estimation", "flows": "flow", "flow-actions": "flow-action",
    "flow-messages": "flow-message", "lists": "list", "segments": "segment", "templates": "template", "tags": "tag",
    "tag-groups": "tag-group", "images": "image", "catalog-items": "catalog-item", "catalog-variants": "catalog-variant",
    "catalog-categories": "catalog-category", "template-universal-content": "template-universal-content",
    "profile-bulk-import-jobs": "profile-bulk-import-job",
}  # fmt: skip
TO_ONE = {"campaign", "template", "image", "flow", "flow-action", "tag-group", "profile", "metric", "item"}


def read(call: Call) -> Answer:
    """Any GET: by the shape of its path."""
    first, *rest = call.operation.steps
    if first == "profiles" and len(rest) < 2:
        return profiles.get_profile(call) if rest else profiles.get_profiles(call)
    if first == "events" and len(rest) < 2:
        return events.get_event(call) if rest else events.get_events(call)
    if not rest:
        return many(call, list(call.account.of(TYPES[first]).values()))
    thing = parent(call, first)
    if len(rest) == 1:
        return one(call, thing)
    return _related(call, thing, rest[-1], ids_only="relationships" in rest)


def parent(call: Call, first: str) -> Thing:
    """The object in the path. Raises 404."""
    if first == "profiles":
        return profiles.as_thing(profiles.find(call.account, call.id))
    if first == "events":
        return events.found(call.account, call.id)
    thing = call.account.of(TYPES[first]).get(call.id)
    if thing is None:
        raise not_found(TYPES[first], call.id)
    return thing


def _related(call: Call, thing: Thing, name: str, ids_only: bool) -> Answer:
    if (thing.type, name) in (("list", "profiles"), ("segment", "profiles")):
        held = (
            call.account.lists.get(thing.id, {}) if thing.type == "list" else members_of(call.account, thing, call.now)
        )
        return profiles.of_group(call, held, ids_only)
    there = related(call, thing, name)
    if name in TO_ONE:
        if not there:
            raise not_found(name, "of this object")
        return _named(call, there[0]) if ids_only else one(call, there[0])
    return many(call, there, ids_only)


def _named(call: Call, thing: Thing) -> Answer:
    return answered({"data": {"type": thing.type, "id": thing.id}, "links": {"self": call.address}})
