"""An account's events, held so that a million of them are small and a page of a thousand is cheap.

A row's number never changes and says nothing of time: `order` does. Properties are kept as the JSON they go out as.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PAIRS = [a + b for a in ALPHABET for b in ALPHABET]
MASK = (1 << 64) - 1
NOBODY = -1
NO_MESSAGE = -1


class Credit(NamedTuple):
    """What an order is attributed to: the message's number and the row of the open or click."""

    message: int
    touch: int


class Events:
    """Columns of events. `metric`, `person` and `message` are numbers in the account's lists of these."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.time = array("q")
        self.metric = array("H")
        self.person = array("i")
        self.message = array("i")
        self.credits: dict[int, list[Credit]] = {}
        self._starts = array("Q", [0])
        self._texts = bytearray()
        self._gone: set[int] = set()
        self._order: array[int] | None = None
        self._by_metric: dict[int, array[int]] = {}
        self._by_person: dict[int, list[int]] | None = None
        self._rows: dict[str, int] | None = None
        self.version = 0

    def __len__(self) -> int:
        return len(self.time) - len(self._gone)

    def add(self, time: int, metric: int, person: int, properties: bytes, message: int = NO_MESSAGE) -> int:
        """One more event; `time` is in seconds since 1970, `properties` a JSON object. Returns its row."""
        self.time.append(time)
        self.metric.append(metric)
        self.person.append(person)
        self.message.append(message)
        self._texts += properties
        self._starts.append(len(self._texts))
        return len(self.time) - 1

    def changed(self) -> None:
        """Forget what was derived from the columns: to be called after adding or changing rows."""
        self._order, self._by_metric, self._by_person, self._rows = None, {}, None, None
        self.version += 1

    def properties(self, row: int) -> bytes:
        return bytes(self._texts[self._starts[row] : self._starts[row + 1]])

    def key(self, row: int) -> tuple[int, int]:
        """What events are sorted by."""
        return self.time[row], row

    def here(self, row: int) -> bool:
        return row not in self._gone

    def id(self, row: int) -> str:
        return spelled(mixed(self.seed, row))

    def row(self, id: str) -> int | None:
        if self._rows is None:
            self._rows = {self.id(row): row for row in self.order}
        return self._rows.get(id)

    @property
    def order(self) -> "array[int]":
        """All rows by time, then number."""
        if self._order is None:
            held: Sequence[int] = range(len(self.time))
            if self._gone:
                held = [row for row in held if row not in self._gone]
            self._order = array("I", sorted(held, key=self.time.__getitem__))
        return self._order

    def of_metrics(self, metrics: Sequence[int]) -> "array[int]":
        """Rows of these metrics, in order."""
        if len(metrics) == 1:
            if metrics[0] not in self._by_metric:
                self._split()
            return self._by_metric.get(metrics[0], array("I"))
        wanted = set(metrics)
        return array("I", [row for row in self.order if self.metric[row] in wanted])

    def of_person(self, person: int) -> list[int]:
        """Rows of one person, in order."""
        if self._by_person is None:
            self._by_person = {}
            for row in self.order:
                self._by_person.setdefault(self.person[row], []).append(row)
        return self._by_person.get(person, [])

    def _split(self) -> None:
        for row in self.order:
            self._by_metric.setdefault(self.metric[row], array("I")).append(row)

    def after(self, rows: Sequence[int], key: tuple[int, int]) -> int:
        """Where in `rows` (in order) the first row at or after `key` stands."""
        return bisect_left(rows, key, key=self.key)

    def within(self, rows: Sequence[int], since: int, until: int) -> Iterator[int]:
        """Rows with since <= time < until."""
        start, end = self.after(rows, (since, -1)), self.after(rows, (until, -1))
        return (rows[place] for place in range(start, end))

    def give(self, source: int, target: int) -> None:
        """All of one person's events become another's."""
        for row in self.of_person(source):
            self.person[row] = target
        self.changed()

    def forget(self, person: int) -> None:
        """A deleted person's events go with them."""
        self._gone.update(self.of_person(person))
        self.changed()


def mixed(seed: int, number: int) -> int:
    """A number that looks random and is no other's (splitmix64 is a bijection)."""
    x = (seed + number * 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def spelled(number: int) -> str:
    """Eleven letters and digits, as Klaviyo's event ids."""
    letters = ALPHABET[number % 62]
    number //= 62
    for _ in range(5):
        number, pair = divmod(number, 3844)
        letters += PAIRS[pair]
    return letters
