"""Writing campaigns: draft, change, clone, give a template, estimate, send, cancel."""

from typing import Any

from connector.sandbox.call import Answer, Call, answered, nothing
from connector.sandbox.changing import CHANCE, copied, given, held, in_state, named, same_id, saved
from connector.sandbox.documents import collection, one
from connector.sandbox.errors import bad_body
from connector.sandbox.filters import moment
from connector.sandbox.segments import members_of
from connector.sandbox.things import Ref, Thing
from connector.sandbox.world import ids
from connector.sandbox.world.account import iso
from connector.sandbox.world.people import Person

SENDING = 2
"""Seconds that a job takes for each of its steps."""


def create_campaign(call: Call) -> Answer:
    said = given(call)
    messages = said["campaign-messages"]["data"]
    if len(messages) != 1:
        raise bad_body("/data/attributes/campaign-messages/data", "A campaign has exactly one message.")
    _check_audiences(call, said["audiences"])
    campaign: Ref = ("campaign", ids.ulid(call.now, CHANCE))
    message = _message(call, campaign, messages[0])
    channel = message.attributes["definition"]["channel"]
    attributes = {
        "name": named(call, said["name"]),
        "status": "Draft",
        "archived": False,
        "audiences": {"excluded": []} | said["audiences"],
        "send_options": said.get("send_options", {"use_smart_sending": True}),
        "tracking_options": said.get("tracking_options", {"add_tracking_params": True, "custom_tracking_params": []}),
        "send_strategy": said.get("send_strategy", {"method": "immediate"}),
        "created_at": iso(call.now),
        "scheduled_at": None,
        "send_time": None,
    }
    relations: dict[str, Ref | list[Ref] | None] = {"campaign-messages": [("campaign-message", message.id)], "tags": []}
    thing = saved(call, Thing(*campaign, attributes, relations, {"channel": channel}), "updated_at")
    return one(call, thing, 201)


def _check_audiences(call: Call, audiences: dict[str, Any]) -> None:
    for id in (*audiences["included"], *audiences.get("excluded", ())):
        if id not in call.account.of("list") and id not in call.account.of("segment"):
            raise bad_body("/data/attributes/audiences", f"The list or segment {id} does not exist.")
    if not audiences["included"]:
        raise bad_body("/data/attributes/audiences/included", "At least one list or segment is needed.")


def _message(call: Call, campaign: Ref, said: dict[str, Any]) -> Thing:
    image = said.get("relationships", {}).get("image", {}).get("data")
    relations: dict[str, Any] = {"campaign": campaign, "template": None, "image": None}
    if image:
        relations["image"] = ("image", held(call, "image", image["id"]).id)
    definition = (
        {"notification_type": "standard"} if said["attributes"]["definition"]["channel"] == "mobile_push" else {}
    )
    attributes = {
        "definition": definition | said["attributes"]["definition"],
        "send_times": [],
        "created_at": iso(call.now),
    }
    id = ids.ulid(call.now, CHANCE)
    return saved(call, Thing("campaign-message", id, attributes, relations), "updated_at")


def update_campaign(call: Call) -> Answer:
    same_id(call)
    thing = copied(held(call, "campaign", call.id))
    in_state(thing, ("Draft",), "changed")
    said = given(call)
    if "audiences" in said:
        said["audiences"] = thing.attributes["audiences"] | said["audiences"]
        _check_audiences(call, said["audiences"])
    if "name" in said:
        named(call, said["name"])
    thing.attributes.update(said)
    return one(call, saved(call, thing, "updated_at"))


def delete_campaign(call: Call) -> Answer:
    thing = held(call, "campaign", call.id)
    in_state(thing, ("Draft", "Cancelled"), "deleted")
    for _, id in thing.related("campaign-messages"):
        call.changes.drop(call.account, held(call, "campaign-message", id), call.now)
    call.changes.drop(call.account, thing, call.now)
    return nothing()


def update_campaign_message(call: Call) -> Answer:
    same_id(call)
    thing = copied(held(call, "campaign-message", call.id))
    in_state(held(call, *thing.related("campaign")[0]), ("Draft",), "changed")
    definition = given(call).get("definition", {})
    present = thing.attributes["definition"]
    if definition.get("channel", present["channel"]) != present["channel"]:
        raise bad_body("/data/attributes/definition/channel", "The channel of a message cannot be changed.")
    content = present.get("content", {}) | (definition.get("content") or {})
    thing.attributes["definition"] = present | definition | {"content": content}
    return one(call, saved(call, thing, "updated_at"))


def set_image(call: Call) -> Answer:
    thing = copied(held(call, "campaign-message", call.id))
    thing.relations["image"] = ("image", held(call, "image", call.data["id"]).id)
    saved(call, thing, "updated_at")
    return nothing()


def assign_template(call: Call) -> Answer:
    """The message gets a copy of the template: later changes of the template do not reach it."""
    message = copied(held(call, "campaign-message", call.data["id"]))
    in_state(held(call, *message.related("campaign")[0]), ("Draft",), "changed")
    if message.attributes["definition"]["channel"] != "email":
        raise bad_body("/data/id", "Only e-mail messages have templates.")
    chosen = call.data["relationships"]["template"].get("data")
    if chosen is None:
        raise bad_body("/data/relationships/template/data", "This field is required.")
    source = held(call, "template", chosen["id"])
    copy = copied(source)
    copy.id = ids.short(CHANCE)
    copy.attributes["created"] = iso(call.now)
    message.relations["template"] = ("template", saved(call, copy).id)
    return _old_form(call, saved(call, message, "updated_at"))


def _old_form(call: Call, message: Thing) -> Answer:
    """This one operation still answers with the message's former attributes."""
    definition = message.attributes["definition"]
    attributes = {
        "label": definition.get("label") or "",
        "channel": definition["channel"],
        "content": definition.get("content", {}),
        "send_times": message.attributes["send_times"],
        "render_options": definition.get("render_options"),
        "created_at": message.attributes["created_at"],
        "updated_at": message.attributes["updated_at"],
    }
    base = (collection(message.type), message.id)
    relationships = {
        name: {
            "data": {"type": type, "id": id},
            "links": {"self": call.at(*base, "relationships", name), "related": call.at(*base, name)},
        }
        for name in ("campaign", "template")
        for type, id in message.related(name)
    }
    kept = {name: value for name, value in attributes.items() if value is not None}
    data = {"type": message.type, "id": message.id, "attributes": kept, "relationships": relationships}
    return answered({"data": data | {"links": {"self": call.at(*base)}}, "links": {"self": call.address}})


def clone_campaign(call: Call) -> Answer:
    source = held(call, "campaign", call.data["id"])
    copy = copied(source)
    copy.id = ids.ulid(call.now, CHANCE)
    copy.attributes |= {"name": given(call).get("new_name") or f"{source.attributes['name']} (clone)", "status": "Draft",
                        "scheduled_at": None, "send_time": None, "created_at": iso(call.now), "archived": False,
                        "send_strategy": {"method": "immediate"}}  # fmt: skip
    copy.hidden.pop("due", None)
    refs: list[Ref] = []
    for _, id in source.related("campaign-messages"):
        message = copied(held(call, "campaign-message", id))
        message.id = ids.ulid(call.now, CHANCE)
        message.relations["campaign"] = ("campaign", copy.id)
        message.attributes |= {"send_times": [], "created_at": iso(call.now)}
        refs.append(("campaign-message", saved(call, message, "updated_at").id))
    copy.relations |= {"campaign-messages": refs}
    return one(call, saved(call, copy, "updated_at"), 201)


def send_campaign(call: Call) -> Answer:
    """Asynchronous; with a strategy that names a moment, sending schedules."""
    campaign = copied(held(call, "campaign", call.data["id"]))
    in_state(campaign, ("Draft",), "sent")
    message = held(call, *campaign.related("campaign-messages")[0])
    _check_complete(message)
    at = _moment(campaign.attributes["send_strategy"])
    if at is not None and at <= call.now:
        raise bad_body("/data/attributes/send_strategy/datetime", "The send date is in the past.")
    starts = at or call.now + SENDING
    steps = [(call.now, "Preparing to schedule" if at else "Preparing to send")]
    steps += [(call.now + SENDING, "Scheduled")] if at else []
    steps += [(starts, "Sending"), (starts + SENDING, "Sent")]
    campaign.hidden["due"] = [{"at": when, "set": {"status": status}} for when, status in steps]
    campaign.hidden["due"][-1]["set"]["send_time"] = iso(starts)
    campaign.attributes |= {"scheduled_at": iso(call.now)}
    saved(call, campaign, "updated_at")
    job = Thing("campaign-send-job", campaign.id, {"status": "queued"}, {}, {"due": _job_steps(call)})
    call.changes.put(call.account, job, call.now)
    call.account.settle(call.now)
    return one(call, job, 202)


def _check_complete(message: Thing) -> None:
    definition = message.attributes["definition"]
    content = definition.get("content", {})
    if definition["channel"] == "email":
        if not message.related("template"):
            raise bad_body("/data/id", "The message has no template.")
        if not content.get("subject") or not content.get("from_email"):
            raise bad_body("/data/id", "The message has no subject or no sender.")
    elif not content.get("body"):
        raise bad_body("/data/id", "The message has no body.")


def _moment(strategy: dict[str, Any]) -> int | None:
    said = strategy.get("datetime") or strategy.get("date")
    return int(moment(said).timestamp()) if said else None


def _job_steps(call: Call) -> list[dict[str, Any]]:
    return [
        {"at": call.now + 1, "set": {"status": "processing"}},
        {"at": call.now + SENDING, "set": {"status": "complete"}},
    ]


def cancel_send(call: Call) -> Answer:
    campaign = copied(held(call, "campaign", call.id))
    held(call, "campaign-send-job", call.id)
    in_state(campaign, ("Scheduled", "Preparing to schedule", "Preparing to send", "Sending"), "cancelled")
    cancelled = call.data["attributes"]["action"] == "cancel"
    campaign.hidden["due"] = []
    campaign.attributes |= {"status": "Cancelled" if cancelled else "Draft", "scheduled_at": None}
    saved(call, campaign, "updated_at")
    call.changes.put(call.account, Thing("campaign-send-job", call.id, {"status": "cancelled"}), call.now)
    return nothing()


def estimate(call: Call) -> Answer:
    campaign = held(call, "campaign", call.data["id"])
    counted = {"estimated_recipient_count": len(recipients(call, campaign))}
    call.changes.put(call.account, Thing("campaign-recipient-estimation", campaign.id, counted), call.now)
    job = Thing("campaign-recipient-estimation-job", campaign.id, {"status": "queued"}, {}, {"due": _job_steps(call)})
    return one(call, call.changes.put(call.account, job, call.now), 202)


def recipients(call: Call, campaign: Thing) -> set[int]:
    """Who would get it now: in an included audience, in no excluded one, and reachable on the channel."""
    audiences, account = campaign.attributes["audiences"], call.account
    inside = set[int]().union(*(_audience(call, id) for id in audiences["included"]))
    inside -= set[int]().union(*(_audience(call, id) for id in audiences.get("excluded", ())))
    channel = str(campaign.hidden.get("channel", "email"))
    return {number for number in inside if _reachable(account.people.all[number], channel)}


def _audience(call: Call, id: str) -> set[int]:
    segment = call.account.of("segment").get(id)
    return set(members_of(call.account, segment, call.now) if segment else call.account.lists.get(id, {}))


def _reachable(person: Person, channel: str) -> bool:
    if not person.here or channel == "mobile_push":
        return False
    field = {"email": "can_receive_email_marketing", "sms": "can_receive_sms_marketing"}[channel]
    return bool(person.consents()[channel]["marketing"][field])
