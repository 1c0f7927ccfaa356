"""One made-up account: its objects, its people and its events."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from connector.sandbox.things import Thing
from connector.sandbox.world.events import Events
from connector.sandbox.world.people import People
from connector.sandbox.world.roster import Shop

DAY = 86_400
HISTORY = 730 * DAY


@dataclass(frozen=True)
class Size:
    """How much of a world to make, per account."""

    people: int
    events: int


@dataclass
class Message:
    """What was sent to many: of a campaign or of a flow. `code` is what its events carry as `$message`.

    `opening` is the start of its events' properties, as JSON without the closing brace.
    """

    number: int
    id: str
    code: str
    channel: str
    owner: str
    owner_id: str
    opening: bytes
    sent_at: int | None = None


@dataclass
class Account:
    """`base` is when the history ends, in seconds; `start` when it begins. `lists` maps a list to who joined when; `joined`
    counts the changes of that.

    `derived` holds what was worked out from the rest, under keys that name the versions it was worked out from.
    """

    shop: Shop
    seed: int
    base: int
    start: int
    chance: Random
    people: People
    events: Events
    things: dict[str, dict[str, Thing]] = field(default_factory=dict)
    metrics: list[Thing] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    lists: dict[str, dict[int, int]] = field(default_factory=dict)
    joined: int = 0
    named: dict[str, str] = field(default_factory=dict)
    due: dict[tuple[str, str], Thing] = field(default_factory=dict)
    derived: dict[Any, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.shop.id

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.shop.timezone)

    def put(self, thing: Thing) -> Thing:
        self.things.setdefault(thing.type, {})[thing.id] = thing
        if thing.hidden.get("due"):
            self.due[(thing.type, thing.id)] = thing
        return thing

    def drop(self, type: str, id: str) -> None:
        self.things.get(type, {}).pop(id, None)
        self.due.pop((type, id), None)

    def settle(self, now: float) -> None:
        """Let what takes time come about: each `due` step of a thing sets attributes at its moment (seconds)."""
        for key, thing in list(self.due.items()):
            steps = thing.hidden["due"]
            for step in [step for step in steps if step["at"] <= now]:
                thing.attributes.update(step["set"])
                steps.remove(step)
            if not steps:
                del self.due[key]

    def of(self, type: str) -> dict[str, Thing]:
        return self.things.setdefault(type, {})

    def metric(self, name: str, integration: str | None = None) -> int:
        """The number of a metric; the first of that name unless the integration is said."""
        for number, thing in enumerate(self.metrics):
            said = thing.attributes["integration"]["name"]
            if thing.attributes["name"] == name and integration in (None, said):
                return number
        raise KeyError(name)


def iso(at: float) -> str:
    """An instant as Klaviyo writes it: ISO 8601 with an offset."""
    return datetime.fromtimestamp(at, UTC).isoformat()


def history_start(base: int) -> int:
    """Two years back, and further where that takes in a leap day."""
    last = datetime.fromtimestamp(base, UTC)
    year = last.year - last.year % 4
    leap = datetime(year, 2, 29, tzinfo=UTC)
    if leap > last:
        leap = datetime(year - 4, 2, 29, tzinfo=UTC)
    return min(base - HISTORY, int(leap.timestamp()) - 7 * DAY)


def blank(shop: Shop, seed: int, base: int) -> Account:
    """An account with nothing in it yet."""
    own = Random(f"{seed}:{shop.id}")  # noqa: S311 - a world, not a secret
    identity: Any = own.getrandbits(64)
    return Account(shop, identity, base, history_start(base), own, People(), Events(identity))
