"""What all writes share: finding the object, its new state, and the answer."""

from random import SystemRandom
from typing import Any

from connector.sandbox.call import Call
from connector.sandbox.errors import Refusal, bad_body, not_found
from connector.sandbox.things import Thing
from connector.sandbox.world.account import iso

CHANCE = SystemRandom()
"""New objects get ids that no seed foresees, as they are written down anyway."""


def held(call: Call, type: str, id: str) -> Thing:
    """An object of this account. Raises 404."""
    thing = call.account.of(type).get(id)
    if thing is None:
        raise not_found(type, id)
    return thing


def same_id(call: Call) -> None:
    """The id in a PATCH's body is the one in its address."""
    if call.data["id"] != call.id:
        raise bad_body("/data/id", "The id in the body is not the id in the address.")


def given(call: Call) -> dict[str, Any]:
    """The attributes of the body; a null leaves things as they are."""
    return {name: value for name, value in call.data.get("attributes", {}).items() if value is not None}


def saved(call: Call, thing: Thing, updated: str = "updated") -> Thing:
    """Write the object down, with the time of its change."""
    thing.attributes[updated] = iso(call.now)
    return call.changes.put(call.account, thing, call.now)


def copied(thing: Thing) -> Thing:
    """To be changed without touching what is held until it is saved."""
    return Thing(thing.type, thing.id, dict(thing.attributes), dict(thing.relations), dict(thing.hidden))


def named(call: Call, name: Any) -> str:
    """A name that says something."""
    if not isinstance(name, str) or not name.strip():
        raise bad_body("/data/attributes/name", "This field may not be blank.")
    return name


def in_state(thing: Thing, allowed: tuple[str, ...], deed: str) -> None:
    """Raises 409 when the object's status does not allow this."""
    status = thing.attributes["status"]
    if status not in allowed:
        detail = f"A campaign in status '{status}' cannot be {deed}."
        raise Refusal(409, "invalid_state", "Conflict.", detail, pointer="/data/attributes/status")
