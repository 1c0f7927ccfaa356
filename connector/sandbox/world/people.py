"""An account's profiles. Their attributes are kept encoded: a hundred thousand of them are then small."""

from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass
class Person:
    """One profile; times are seconds since 1970. `attributes` and `subscriptions` are JSON as Klaviyo shows them."""

    id: str
    created: int
    updated: int
    email: str | None
    phone: str | None
    external_id: str | None
    attributes: bytes
    subscriptions: bytes
    merged_into: str | None = None
    deleted: bool = False

    @property
    def here(self) -> bool:
        return not self.deleted and self.merged_into is None

    def shown(self) -> dict[str, Any]:
        decoded: dict[str, Any] = msgspec.json.decode(self.attributes)
        return decoded

    def consents(self) -> dict[str, Any]:
        decoded: dict[str, Any] = msgspec.json.decode(self.subscriptions)
        return decoded


class People:
    """Profiles by number (which never changes), id, e-mail, phone and external id."""

    def __init__(self) -> None:
        self.all: list[Person] = []
        self.by_id: dict[str, int] = {}
        self._by_value: dict[tuple[str, str], int] = {}
        self.version = 0

    def __iter__(self) -> Any:
        return (person for person in self.all if person.here)

    def add(self, person: Person) -> int:
        self.all.append(person)
        number = len(self.all) - 1
        self.by_id[person.id] = number
        self.named(number)
        self.version += 1
        return number

    def named(self, number: int) -> None:
        """Make a profile findable by what identifies it."""
        person = self.all[number]
        for field in ("email", "phone", "external_id"):
            value = getattr(person, field)
            if value:
                first = self._by_value.get((field, value.casefold()))
                if first is None or not self.all[first].here:
                    self._by_value[(field, value.casefold())] = number

    def get(self, id: str) -> Person | None:
        number = self.number(id)
        return None if number is None else self.all[number]

    def number(self, id: str) -> int | None:
        """The number of a profile that is still here."""
        number = self.by_id.get(id)
        return number if number is not None and self.all[number].here else None

    def find(self, **identifiers: str | None) -> int | None:
        """The first profile with one of these: id, email, phone or external_id."""
        if (id := identifiers.pop("id", None)) and (number := self.number(id)) is not None:
            return number
        for field, value in identifiers.items():
            number = self._by_value.get((field, value.casefold())) if value else None
            if number is not None and self.all[number].here:
                return number
        return None

    def changed(self, number: int, at: int) -> None:
        self.all[number].updated = at
        self.named(number)
        self.version += 1
