"""The named objects of a Klaviyo account, as the sandbox holds them."""

from dataclasses import dataclass, field
from typing import Any

Ref = tuple[str, str]
"""Type and id of another object."""


@dataclass
class Thing:
    """One object. `relations` hold other objects' type and id: one, several or None. `hidden` is never shown."""

    type: str
    id: str
    attributes: dict[str, Any]
    relations: dict[str, Ref | list[Ref] | None] = field(default_factory=dict)
    hidden: dict[str, Any] = field(default_factory=dict)

    def related(self, name: str) -> list[Ref]:
        """The objects under a relation, as a list whatever its number."""
        there = self.relations.get(name)
        return there if isinstance(there, list) else [there] if there else []

    def saved(self) -> dict[str, Any]:
        """As JSON for the state; `restored` reads it back."""
        return {
            "attributes": self.attributes,
            "relations": dict(self.relations),
            "hidden": self.hidden,
        }


def restored(type: str, id: str, saved: dict[str, Any]) -> Thing:
    """A Thing from what `saved` gave."""
    relations: dict[str, Ref | list[Ref] | None] = {}
    for name, there in saved["relations"].items():
        if there is None or (there and isinstance(there[0], str)):
            relations[name] = tuple(there) if there else None
        else:
            relations[name] = [(one[0], one[1]) for one in there]
    return Thing(type, id, saved["attributes"], relations, saved["hidden"])
