"""Every change since the world was made, written down first and then applied; a restart applies them again."""

from collections.abc import Callable
from dataclasses import asdict
from random import Random
from threading import Lock
from typing import Any

import msgspec

from connector.sandbox.state import State
from connector.sandbox.things import Thing, restored
from connector.sandbox.world.account import DAY, Account
from connector.sandbox.world.crowd import touched
from connector.sandbox.world.events import NOBODY
from connector.sandbox.world.making import World
from connector.sandbox.world.odd import had_happened
from connector.sandbox.world.people import Person


class Changes:
    """The world as it is now: the made one with all changes."""

    def __init__(self, state: State, world: World) -> None:
        self.state, self.world = state, world
        self._current: dict[str, Account] = {}
        self._lock = Lock()

    def account(self, id: str) -> Account:
        """Raises KeyError when there is no such account."""
        if id in self._current:
            return self._current[id]
        with self._lock:
            if id not in self._current:
                account = self.world.account(id)
                for kind, body, at in had_happened(account) if self.world.plan.happened else ():
                    APPLY[kind](account, body, at)
                for _, kind, body, at in self.state.recorded(id):
                    APPLY[kind](account, body, at)
                self._current[id] = account
            return self._current[id]

    def make(self, account: Account, kind: str, body: dict[str, Any], at: float) -> None:
        self.state.record(account.id, kind, body, at)
        APPLY[kind](account, body, at)

    def put(self, account: Account, thing: Thing, at: float) -> Thing:
        """A thing is new, or other than it was."""
        self.make(account, "thing", {"type": thing.type, "id": thing.id} | thing.saved(), at)
        return account.things[thing.type][thing.id]

    def drop(self, account: Account, thing: Thing, at: float) -> None:
        self.make(account, "gone", {"type": thing.type, "id": thing.id}, at)

    def person(self, account: Account, person: Person, at: float) -> Person:
        """A profile is new, or other than it was."""
        self.make(account, "person", _written(person), at)
        return account.people.all[account.people.by_id[person.id]]


def _thing(account: Account, body: dict[str, Any], at: float) -> None:
    copy = msgspec.json.decode(msgspec.json.encode(body))
    account.put(restored(body["type"], body["id"], copy))
    if body["type"] == "list":
        account.lists.setdefault(body["id"], {})


def _gone(account: Account, body: dict[str, Any], at: float) -> None:
    account.drop(body["type"], body["id"])


def _written(person: Person) -> dict[str, Any]:
    texts = {"attributes": person.attributes.decode(), "subscriptions": person.subscriptions.decode()}
    return asdict(person) | texts


def _person(account: Account, body: dict[str, Any], at: float) -> None:
    texts = {"attributes": body["attributes"].encode(), "subscriptions": body["subscriptions"].encode()}
    person = Person(**(body | texts))
    number = account.people.by_id.get(person.id)
    if number is None:
        account.people.add(person)
    else:
        account.people.all[number] = person
        account.people.changed(number, person.updated)


def _members(account: Account, body: dict[str, Any], at: float) -> None:
    members = account.lists.setdefault(body["list"], {})
    account.joined += 1
    for id in body.get("add", ()):
        members.setdefault(account.people.by_id[id], int(at))
    for id in body.get("remove", ()):
        members.pop(account.people.by_id[id], None)


def _merge(account: Account, body: dict[str, Any], at: float) -> None:
    """The source's events and lists become the target's; the source is gone."""
    people = account.people
    source, target = people.by_id[body["source"]], people.by_id[body["target"]]
    people.all[source].merged_into = body["target"]
    account.events.give(source, target)
    for members in account.lists.values():
        if source in members:
            members.setdefault(target, members.pop(source))
    touched(people.all[target], int(at))
    people.changed(target, int(at))


def _delete(account: Account, body: dict[str, Any], at: float) -> None:
    """A profile is erased, as on request of the person: its events go too."""
    number = account.people.by_id[body["profile"]]
    account.people.all[number].deleted = True
    account.events.forget(number)
    for members in account.lists.values():
        members.pop(number, None)
    account.people.version += 1


def _late(account: Account, body: dict[str, Any], at: float) -> None:
    """Events that arrive now and are dated up to `days` back: copies of real ones, at other times, of other people."""
    chance, events = Random(body["seed"]), account.events  # noqa: S311 - a world, not a secret
    here = [number for number, person in enumerate(account.people.all) if person.here]
    for _ in range(body["count"]):
        row = chance.choice(events.order)
        person = chance.choice(here) if here else NOBODY
        moment = int(at) - chance.randrange(1, body["days"] * DAY)
        said = msgspec.json.decode(events.properties(row))
        said["$event_id"] = f"late-{chance.getrandbits(48):x}"
        events.add(moment, events.metric[row], person, msgspec.json.encode(said), events.message[row])
    events.changed()


def _event(account: Account, body: dict[str, Any], at: float) -> None:
    """One more event, as a test wants it: metric's id, profile's id, time in seconds, properties."""
    metric = next(number for number, thing in enumerate(account.metrics) if thing.id == body["metric"])
    person = account.people.by_id[body["profile"]] if body.get("profile") else NOBODY
    account.events.add(int(body["time"]), metric, person, msgspec.json.encode(body.get("properties", {})))
    account.events.changed()


APPLY: dict[str, Callable[[Account, dict[str, Any], float], None]] = {
    "thing": _thing,
    "gone": _gone,
    "person": _person,
    "members": _members,
    "merge": _merge,
    "delete": _delete,
    "late": _late,
    "event": _event,
}
