"""Groups of an answer: their order, and the privacy floor for those that are attributes of people."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from connector.insights.refusal import Refusal
from connector.insights.rounding import money

OTHER = "other"


@dataclass(frozen=True)
class Group:
    """One value: people (X and not Y), did (X), events and amount of did (None where they are not asked)."""

    value: str | int | None
    people: int
    did: int
    events: int | None
    amount: Decimal | None

    def shown(self) -> dict[str, Any]:
        return {
            "value": self.value,
            "people": self.people,
            "did": self.did,
            "events": self.events,
            "amount": money(self.amount),
        }


def ordered(groups: Sequence[Group], by_number: bool = False) -> list[Group]:
    """Largest people first, ties by value (`by_number`: 2 before 10, 11+ last), none last of equals."""
    return sorted(groups, key=lambda group: (-group.people, group.value is None, _rank(group.value, by_number)))


def _rank(value: str | int | None, by_number: bool) -> tuple[int, str]:
    if value is None:
        return 0, ""
    return (int(str(value).rstrip("+")), "") if by_number else (0, str(value))


def floored(groups: Sequence[Group], floor: int) -> tuple[list[Group], Group | None]:
    """Groups of at least `floor` people, and `other` for the rest (None when there is no rest). Raises Refusal (too_small)."""
    shown, other = parted(groups, floor)
    if other is not None and not shown:
        raise too_small(floor)
    return shown, other


def parted(groups: Sequence[Group], floor: int) -> tuple[list[Group], Group | None]:
    """As `floored`, also where nothing but `other` is left.

    When the rest itself is under the floor, the shown group of the smallest `did` joins it (of equals the last shown):
    else the difference to the whole would tell what is hidden.
    """
    shown = [group for group in groups if group.did >= floor]
    small = [group for group in groups if group.did < floor]
    if not small:
        return shown, None
    other = _joined(small)
    if other.did < floor and shown:
        smallest = min(reversed(shown), key=lambda group: group.did)
        shown = [group for group in shown if group is not smallest]
        other = _joined([other, smallest])
    return shown, other


def too_small(floor: int) -> Refusal:
    """What is said where every group is under the floor."""
    text = f"Groups of fewer than {floor} people are not shown one by one, and no more than one group would remain."
    return Refusal("refused", "too_small", text, "Ask without group_by, or about more people.")


def _joined(groups: Sequence[Group]) -> Group:
    first, *rest = groups
    whole = replace(first, value=OTHER)
    for group in rest:
        whole = Group(
            OTHER,
            whole.people + group.people,
            whole.did + group.did,
            None if whole.events is None or group.events is None else whole.events + group.events,
            None if whole.amount is None or group.amount is None else whole.amount + group.amount,
        )
    return whole
