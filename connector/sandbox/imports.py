"""Writing profiles: create, update, upsert, in bulk, merge."""

import re
from typing import Any

import msgspec

from connector.sandbox.call import Answer, Call, answered
from connector.sandbox.changing import CHANCE, held, same_id
from connector.sandbox.documents import one
from connector.sandbox.errors import Refusal, bad_body, not_found
from connector.sandbox.profiles import as_thing
from connector.sandbox.things import Ref, Thing
from connector.sandbox.world import ids
from connector.sandbox.world.account import DAY, iso
from connector.sandbox.world.crowd import subscriptions
from connector.sandbox.world.people import Person

MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PHONE = re.compile(r"\+[1-9]\d{6,14}")
LARGEST = 100 * 1024
MOST = 10_000
EMPTY = ("email", "phone_number", "external_id", "first_name", "last_name", "organization", "locale", "title", "image")
PLACE = ("address1", "address2", "city", "country", "latitude", "longitude", "region", "zip", "timezone", "ip")


def create_profile(call: Call) -> Answer:
    _small(call.data)
    said = call.data["attributes"]
    _check(said)
    there = _who(call, said)
    if there is not None:
        detail = "A profile already exists with one of these identifiers."
        meta = {"duplicate_profile_id": there.id}
        raise Refusal(409, "duplicate_profile", "Conflict.", detail, pointer="/data/attributes", meta=meta)
    return one(call, as_thing(_written(call, None, said, {})), 201)


def update_profile(call: Call) -> Answer:
    same_id(call)
    _small(call.data)
    person = call.account.people.get(call.id)
    if person is None:
        raise not_found("profile", call.id)
    _check(call.data["attributes"], whole=False)
    return one(call, as_thing(_written(call, person, call.data["attributes"], call.data.get("meta") or {})))


def import_profile(call: Call) -> Answer:
    """Upsert: 201 for a new profile, 200 for one that was there."""
    _small(call.data)
    person, there = _upserted(call, call.data)
    return one(call, as_thing(person), 200 if there else 201)


def _upserted(call: Call, data: dict[str, Any]) -> tuple[Person, bool]:
    said = data["attributes"]
    there = _who(call, said, data.get("id"))
    if data.get("id") and there is None:
        raise not_found("profile", data["id"])
    _check(said, whole=there is None)
    return _written(call, there, said, data.get("meta") or {}), there is not None


def _small(data: Any) -> None:
    if len(msgspec.json.encode(data)) > LARGEST:
        raise Refusal(413, "payload_too_large", "Payload too large.", "A profile holds at most 100 kB.")


def _who(call: Call, said: dict[str, Any], id: str | None = None) -> Person | None:
    number = call.account.people.find(
        id=id, email=said.get("email"), phone=said.get("phone_number"), external_id=said.get("external_id")
    )
    return None if number is None else call.account.people.all[number]


def _check(said: dict[str, Any], whole: bool = True) -> None:
    if whole and not any(said.get(name) for name in ("email", "phone_number", "external_id")):
        raise bad_body("/data/attributes", "One of email, phone_number or external_id is needed.")
    if said.get("email") and not MAIL.fullmatch(said["email"]):
        raise bad_body("/data/attributes/email", "Invalid email address")
    if said.get("phone_number") and not PHONE.fullmatch(said["phone_number"]):
        raise bad_body("/data/attributes/phone_number", "Invalid phone number format: E.164 is needed.")


def _written(call: Call, person: Person | None, said: dict[str, Any], meta: dict[str, Any]) -> Person:
    """A null clears a field; what is not said stays."""
    shown = person.shown() if person else _blank(call)
    for name in EMPTY:
        if name in said:
            shown[name] = said[name]
    shown["location"] |= {name: said["location"][name] for name in PLACE if name in (said.get("location") or {})}
    shown["properties"] |= said.get("properties") or {}
    _patch(shown["properties"], meta.get("patch_properties") or {})
    shown["updated"] = iso(call.now)
    made = Person(
        id=person.id if person else ids.ulid(call.now, CHANCE),
        created=person.created if person else call.now,
        updated=call.now,
        email=shown["email"],
        phone=shown["phone_number"],
        external_id=shown["external_id"],
        attributes=msgspec.json.encode(shown),
        subscriptions=person.subscriptions
        if person
        else msgspec.json.encode(subscriptions(call.now, False, False, None)),
    )
    return call.changes.person(call.account, made, call.now)


def _blank(call: Call) -> dict[str, Any]:
    times = {"created": iso(call.now), "updated": iso(call.now), "last_event_date": None}
    return {**dict.fromkeys(EMPTY), **times, "location": dict.fromkeys(PLACE), "properties": {}}


def _patch(properties: dict[str, Any], patch: dict[str, Any]) -> None:
    """append and unappend work on lists; unset takes names away."""
    for name, value in (patch.get("append") or {}).items():
        properties[name] = [*_listed(properties.get(name)), *_listed(value)]
    for name, value in (patch.get("unappend") or {}).items():
        gone = _listed(value)
        properties[name] = [one for one in _listed(properties.get(name)) if one not in gone]
    for name in _listed(patch.get("unset")):
        properties.pop(name, None)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def bulk_import(call: Call) -> Answer:
    """The profiles are there at once; the job takes its time to say so."""
    wanted = call.data["attributes"]["profiles"]["data"]
    if not 0 < len(wanted) <= MOST:
        raise bad_body("/data/attributes/profiles/data", "From 1 to 10,000 profiles a job.")
    lists = [one["id"] for one in call.data.get("relationships", {}).get("lists", {}).get("data", ())]
    for id in lists:
        held(call, "list", id)
    taken, errors = _take(call, wanted)
    for id in lists:
        call.changes.make(call.account, "members", {"list": id, "add": taken}, call.now)
    job = _job(call, lists, taken, errors)
    return one(call, call.changes.put(call.account, job, call.now), 202)


def _take(call: Call, wanted: list[dict[str, Any]]) -> tuple[list[str], list[Ref]]:
    taken: list[str] = []
    errors: list[Ref] = []
    for place, data in enumerate(wanted):
        try:
            taken.append(_upserted(call, data)[0].id)
        except Refusal as refusal:
            pointer = f"/data/attributes/profiles/data/{place}/attributes"
            attributes = {"code": "invalid", "title": refusal.title, "detail": refusal.detail,
                          "source": {"pointer": pointer}, "original_payload": data["attributes"]}  # fmt: skip
            error = Thing("import-error", ids.uuid(CHANCE), attributes)
            errors.append(("import-error", call.changes.put(call.account, error, call.now).id))
    return list(dict.fromkeys(taken)), errors


def _job(call: Call, lists: list[str], taken: list[str], errors: list[Ref]) -> Thing:
    attributes = {"status": "queued", "created_at": iso(call.now), "total_count": len(taken) + len(errors),
                  "completed_count": 0, "failed_count": 0, "completed_at": None, "started_at": None,
                  "expires_at": iso(call.now + 7 * DAY)}  # fmt: skip
    started = {"status": "processing", "started_at": iso(call.now + 1)}
    done = {"status": "complete", "completed_count": len(taken), "failed_count": len(errors),
            "completed_at": iso(call.now + 2)}  # fmt: skip
    due = [{"at": call.now + 1, "set": started}, {"at": call.now + 2, "set": done}]
    relations: dict[str, Ref | list[Ref] | None] = {
        "lists": [("list", id) for id in lists],
        "profiles": [("profile", id) for id in taken],
        "import-errors": errors,
    }
    return Thing("profile-bulk-import-job", ids.ulid(call.now, CHANCE), attributes, relations, {"due": due})


def merge(call: Call) -> Answer:
    """The source's events, lists and what the destination lacks go to the destination; the source is gone."""
    sources = call.data["relationships"]["profiles"].get("data", [])
    if len(sources) != 1:
        raise bad_body("/data/relationships/profiles", "Exactly one source profile.")
    source, target = sources[0]["id"], call.data["id"]
    for id in (source, target):
        if call.account.people.number(id) is None:
            raise not_found("profile", id)
    if source == target:
        raise bad_body("/data/relationships/profiles", "A profile cannot be merged into itself.")
    call.changes.make(call.account, "merge", {"source": source, "target": target}, call.now)
    data = {"type": "profile", "id": target, "links": {"self": call.at("profiles", target)}}
    return answered({"data": data, "links": {"self": call.address}}, 201)
