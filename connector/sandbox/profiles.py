"""Reading profiles: one, all, those of a list, a segment or an import."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from connector.sandbox.call import Answer, Call, answered
from connector.sandbox.documents import included, one, page_links, shown, sortable
from connector.sandbox.errors import not_found
from connector.sandbox.filters import Condition, holds, moment
from connector.sandbox.query import closed
from connector.sandbox.relations import FINDERS
from connector.sandbox.things import Thing
from connector.sandbox.world.account import Account, iso
from connector.sandbox.world.people import Person

Key = tuple[tuple[int, Any], str]


def as_thing(person: Person, joined: int | None = None) -> Thing:
    """A profile as other objects are. `joined` is when it came into the list or segment it is read from."""
    attributes = person.shown()
    if joined is not None:
        attributes["joined_group_at"] = iso(joined)
    return Thing("profile", person.id, attributes, {}, {"subscriptions": person.subscriptions})


def find(account: Account, id: str) -> Person:
    person = account.people.get(id)
    if person is None:
        raise not_found("profile", id)
    return person


def get_profile(call: Call) -> Answer:
    return one(call, as_thing(find(call.account, call.id)))


def get_profiles(call: Call) -> Answer:
    """All profiles. The order of a hundred thousand is kept between pages."""
    people = call.account.people
    name = call.query.sort or "id"
    ordered = _ordered(call.account, name)
    numbers: Iterable[int] = _from_cursor(call, ordered, name)
    kept = (number for number in numbers if _meets(people.all[number], call.query.conditions))
    page = list(islice(kept, call.query.size + 1))
    return _page(call, [(number, None) for number in page], lambda number: _key(people.all[number], name))


def of_group(call: Call, members: dict[int, int], ids_only: bool = False) -> Answer:
    """A page of a list's or segment's profiles; `members` maps their numbers to when they joined, in seconds."""
    people, descending = call.account.people, call.query.descending
    rows = [(joined, people.all[number].id, number) for number, joined in members.items() if people.all[number].here]
    rows.sort(reverse=descending)
    if call.query.cursor:
        last = tuple(call.query.cursor)
        rows = [row for row in rows if (row[:2] < last if descending else row[:2] > last)]
    kept = (row for row in rows if _member_meets(people.all[row[2]], row[0], call.query.conditions))
    page = list(islice(kept, call.query.size + 1))
    joined = {number: at for at, _, number in page}
    return _page(
        call, [(row[2], row[0]) for row in page], lambda number: (joined[number], people.all[number].id), ids_only
    )


def _page(call: Call, found: list[tuple[int, int | None]], key: Callable[[int], Any], ids_only: bool = False) -> Answer:
    size = call.query.size
    page = found[:size]
    following = closed(call.query.mark, *key(page[-1][0])) if len(found) > size else None
    people = call.account.people
    if ids_only:
        data = [{"type": "profile", "id": people.all[number].id} for number, _ in page]
        return answered({"data": data, "links": page_links(call, following)})
    things = [as_thing(people.all[number], joined) for number, joined in page]
    document: dict[str, Any] = {"data": [shown(call, thing) for thing in things]}
    if call.query.include:
        document["included"] = included(call, things)
    return answered(document | {"links": page_links(call, following)})


def _ordered(account: Account, name: str) -> list[tuple[Key, int]]:
    version, held = account.derived.get(("profiles by", name), (None, []))
    if version != account.people.version:
        people = account.people.all
        held = sorted((_key(person, name), number) for number, person in enumerate(people) if person.here)
        account.derived[("profiles by", name)] = (account.people.version, held)
    return held


def _key(person: Person, name: str) -> Key:
    if name == "email":
        return sortable(person.email), person.id
    if name in ("created", "updated"):
        return (1, getattr(person, name)), person.id
    if name == "id":
        return (1, person.id), person.id
    return sortable(_suppressed(person, name)), person.id


def _suppressed(person: Person, name: str) -> str | None:
    *_, kind, _ = name.split(".")
    listed = person.consents()["email"]["marketing"].get("list_suppressions" if "list" in kind else "suppression")
    return listed[0]["timestamp"] if listed else None


def _from_cursor(call: Call, ordered: list[tuple[Key, int]], name: str) -> Iterator[int]:
    descending = call.query.descending
    start = len(ordered) - 1 if descending else 0
    if call.query.cursor:
        first, id = call.query.cursor
        last: Any = (tuple(first), id)
        start = (
            bisect_left(ordered, last, key=lambda row: row[0]) - 1
            if descending
            else bisect_right(ordered, last, key=lambda row: row[0])
        )
    step, end = (-1, -1) if descending else (1, len(ordered))
    return (ordered[place][1] for place in range(start, end, step))


def _meets(person: Person, conditions: tuple[Condition, ...]) -> bool:
    return all(holds(condition, _value(person, condition.field)) for condition in conditions)


def _member_meets(person: Person, joined: int, conditions: tuple[Condition, ...]) -> bool:
    for condition in conditions:
        actual = datetime.fromtimestamp(joined, UTC) if condition.field == "joined_group_at" else None
        if not holds(condition, actual or _value(person, condition.field)):
            return False
    return True


def _value(person: Person, field: str) -> Any:
    if field in ("created", "updated"):
        return datetime.fromtimestamp(getattr(person, field), UTC)
    if field in ("id", "profile_id"):
        return person.id
    if field in ("email", "external_id"):
        return getattr(person, field)
    if field == "phone_number":
        return person.phone
    if not field.startswith("subscriptions."):
        return None
    *_, kind, name = field.split(".")
    listed = person.consents()["email"]["marketing"].get(kind) or [{}]
    said = listed[0].get(name)
    return moment(said) if name == "timestamp" and said else said


def _of_event(call: Call, event: Thing) -> list[Thing]:
    return [as_thing(person) for _, id in event.related("profile") if (person := call.account.people.get(id))]


def _of_import(call: Call, job: Thing) -> list[Thing]:
    return [as_thing(person) for _, id in job.related("profiles") if (person := call.account.people.get(id))]


FINDERS[("event", "profile")] = _of_event
FINDERS[("profile-bulk-import-job", "profiles")] = _of_import
