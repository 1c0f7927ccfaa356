"""What is related to what, and how to find it."""

from collections.abc import Callable, Iterable

from connector.sandbox.call import Call
from connector.sandbox.segments import members_of
from connector.sandbox.things import Ref, Thing

# Type -> relationship -> whether it is to many.
RELATIONSHIPS: dict[str, dict[str, bool]] = {
    "campaign": {"campaign-messages": True, "tags": True},
    "campaign-message": {"campaign": False, "template": False, "image": False},
    "flow": {"flow-actions": True, "tags": True},
    "flow-action": {"flow": False, "flow-messages": True},
    "flow-message": {"flow-action": False, "template": False},
    "list": {"profiles": True, "tags": True, "flow-triggers": True},
    "segment": {"profiles": True, "tags": True, "flow-triggers": True},
    "tag": {"tag-group": False, "lists": True, "segments": True, "campaigns": True, "flows": True},
    "tag-group": {"tags": True},
    "metric": {"flow-triggers": True},
    "event": {"profile": False, "metric": False, "attributions": True},
    "attribution": {"event": False, "attributed-event": False, "campaign": False, "campaign-message": False,
                    "flow": False, "flow-message": False},
    "profile": {"lists": True, "segments": True, "push-tokens": True},
    "catalog-item": {"variants": True},
    "catalog-variant": {"item": False},
    "catalog-category": {"items": True},
    "profile-bulk-import-job": {"lists": True, "profiles": True, "import-errors": True},
}  # fmt: skip

# Relationships that carry their data even when they are not included.
ALWAYS = {
    ("campaign", "campaign-messages"), ("campaign-message", "campaign"), ("campaign-message", "template"),
    ("campaign-message", "image"), ("flow-action", "flow"), ("flow-action", "flow-messages"), ("flow", "flow-actions"),
    ("flow-message", "flow-action"), ("flow-message", "template"), ("tag", "tag-group"), ("catalog-variant", "item"),
    ("catalog-item", "variants"), ("event", "profile"), ("event", "metric"), ("profile-bulk-import-job", "lists"),
    *(("attribution", name) for name in RELATIONSHIPS["attribution"]),
}  # fmt: skip


def related(call: Call, thing: Thing, name: str) -> list[Thing]:
    """The objects under one relationship; those that are gone are left out."""
    finder = FINDERS.get((thing.type, name))
    if finder:
        return list(finder(call, thing))
    things = call.account.things
    return [things[type][id] for type, id in thing.related(name) if id in things.get(type, {})]


def _triggered_flows(call: Call, thing: Thing) -> Iterable[Thing]:
    for flow in call.account.of("flow").values():
        if any(trigger.get("id") == thing.id for trigger in flow.hidden.get("triggers", ())):
            yield flow


def _tagged(type: str) -> Callable[[Call, Thing], Iterable[Thing]]:
    def find(call: Call, tag: Thing) -> Iterable[Thing]:
        return [one for one in call.account.of(type).values() if ("tag", tag.id) in one.related("tags")]

    return find


def _tags_of_group(call: Call, group: Thing) -> Iterable[Thing]:
    return [tag for tag in call.account.of("tag").values() if ("tag-group", group.id) in tag.related("tag-group")]


def _categories(call: Call, item: Thing) -> Iterable[Thing]:
    held = item.hidden.get("categories", ())
    return [one for one in call.account.of("catalog-category").values() if one.id in held]


def _nobody(call: Call, thing: Thing) -> Iterable[Thing]:
    return ()


def _lists_of_profile(call: Call, profile: Thing) -> Iterable[Thing]:
    number = call.account.people.number(profile.id)
    return [one for one in call.account.of("list").values() if number in call.account.lists.get(one.id, {})]


def _segments_of_profile(call: Call, profile: Thing) -> Iterable[Thing]:
    account, number = call.account, call.account.people.number(profile.id)
    return [one for one in account.of("segment").values() if number in members_of(account, one, call.now)]


def refs(call: Call, thing: Thing, name: str) -> list[Ref]:
    """Type and id of the objects under one relationship; an attribution names its events even when they are gone."""
    if thing.type == "attribution":
        return thing.related(name)
    return [(other.type, other.id) for other in related(call, thing, name)]


# Other modules add theirs: those of events and profiles stand where these are made.
FINDERS: dict[tuple[str, str], Callable[[Call, Thing], Iterable[Thing]]] = {
    ("metric", "flow-triggers"): _triggered_flows,
    ("list", "flow-triggers"): _triggered_flows,
    ("segment", "flow-triggers"): _triggered_flows,
    ("tag", "lists"): _tagged("list"),
    ("tag", "segments"): _tagged("segment"),
    ("tag", "campaigns"): _tagged("campaign"),
    ("tag", "flows"): _tagged("flow"),
    ("tag-group", "tags"): _tags_of_group,
    ("catalog-item", "categories"): _categories,
    ("profile", "lists"): _lists_of_profile,
    ("profile", "segments"): _segments_of_profile,
    ("profile", "conversations"): _nobody,
    ("profile", "push-tokens"): _nobody,
}
