"""What a figure is: from its kind a page, an export, a card and the API's description are made."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    COUNT = "count"
    RATE = "rate"  # a quotient, 6 decimals
    MONEY = "money"  # in the account's currency
    DAYS = "days"  # fractional
    TIME = "time"  # an instant or a local date
    TEXT = "text"
    OBJECT = "object"


@dataclass(frozen=True)
class Column:
    """One field of an answer: its title on pages, and in a few words what it means (`method.terms`)."""

    name: str
    kind: Kind
    title: str
    meaning: str = ""
