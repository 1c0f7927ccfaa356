"""Reading events. A page is put together from bytes: this is the sandbox's busiest answer."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

import msgspec

from connector.sandbox.call import JSON_API, Answer, Call
from connector.sandbox.documents import one, page_links, shown
from connector.sandbox.errors import bad_parameter, not_found
from connector.sandbox.profiles import as_thing
from connector.sandbox.query import closed
from connector.sandbox.relations import FINDERS
from connector.sandbox.things import Ref, Thing
from connector.sandbox.world.account import DAY, Account, iso
from connector.sandbox.world.events import NOBODY, mixed

encode = msgspec.json.encode
CLOCK = [b"T%02d:%02d:%02d+00:00" % (second // 3600, second // 60 % 60, second % 60) for second in range(DAY)]
SHAPES = {
    "timestamp": b'"timestamp":%d',
    "event_properties": b'"event_properties":%b',
    "datetime": b'"datetime":"%b"',
    "uuid": b'"uuid":"%b"',
}
ATTRIBUTES = tuple(SHAPES)


@dataclass(frozen=True)
class Span:
    """Rows in order and the part of them that is asked for: start <= place < end."""

    rows: Sequence[int]
    start: int
    end: int


def get_events(call: Call) -> Answer:
    query, events = call.query, call.account.events
    span = _span(call)
    places: Iterable[int] = range(span.start, span.end)
    if query.descending:
        places = range(span.end - 1, span.start - 1, -1)
    rows = (span.rows[place] for place in places)
    page = list(islice(_having(call, rows), query.size + 1))
    following = closed(query.mark, *events.key(page[query.size - 1])) if len(page) > query.size else None
    page = page[: query.size]
    writer = Writer(call)
    parts = [b'{"data":[', b",".join(map(writer.written, page)), b"]"]
    if query.include:
        parts += [b',"included":', encode(_included(call, page))]
    parts += [b',"links":', encode(page_links(call, following)), b"}"]
    return Answer(200, b"".join(parts), {"Content-Type": JSON_API})


def _having(call: Call, rows: Iterator[int]) -> Iterator[int]:
    if any(condition.operator == "has" and condition.field == "profile" for condition in call.query.conditions):
        person = call.account.events.person
        return (row for row in rows if person[row] != NOBODY)
    return rows


def _span(call: Call) -> Span:
    """The rows of the metrics or profile asked for, between the times asked for, from the cursor on."""
    events = call.account.events
    rows = _rows(call)
    since, until = (-(1 << 62), -1), (1 << 62, -1)
    for condition in call.query.of("datetime") + call.query.of("timestamp"):
        at = condition.value if condition.field == "timestamp" else condition.value.timestamp()
        # Times of events are whole seconds: after 10.5 means from 11 on.
        whole = int(at // 1)
        first = (whole if at == whole else whole + 1, -1)
        if condition.operator == "greater-or-equal":
            since = max(since, first)
        elif condition.operator == "greater-than":
            since = max(since, (whole + 1, -1))
        elif condition.operator == "less-than":
            until = min(until, first)
        else:
            until = min(until, (whole + 1, -1))
    start, end = events.after(rows, since), events.after(rows, until)
    if call.query.cursor:
        start, end = _past(call, rows, start, end)
    return Span(rows, start, end)


def _past(call: Call, rows: Sequence[int], start: int, end: int) -> tuple[int, int]:
    at, row = call.query.cursor or (0, 0)
    after = call.account.events.after
    return (
        (start, min(end, after(rows, (at, row))))
        if call.query.descending
        else (max(start, after(rows, (at, row + 1))), end)
    )


def _rows(call: Call) -> Sequence[int]:
    account, query = call.account, call.query
    metrics = _metrics(call)
    if person := query.of("profile_id"):
        number = account.people.number(person[0].value)
        rows = account.events.of_person(number) if number is not None else []
        return rows if metrics is None else [row for row in rows if account.events.metric[row] in metrics]
    return account.events.order if metrics is None else account.events.of_metrics(metrics)


def _metrics(call: Call) -> list[int] | None:
    conditions = call.query.of("metric_id")
    if not conditions:
        return None
    asked = conditions[0].value
    ids = asked if isinstance(asked, list) else [asked]
    numbers = {thing.id: number for number, thing in enumerate(call.account.metrics)}
    if unknown := [id for id in ids if id not in numbers]:
        raise bad_parameter("filter", f"Metric IDs {unknown} do not exist.")
    return [numbers[id] for id in ids]


ID = b"\x00"
"""Stands for the event's id until the end: no JSON holds this byte."""


class Writer:
    """Writes one event after another for one call."""

    def __init__(self, call: Call) -> None:
        self.account, self.events = call.account, call.account.events
        self.attributed = "attributions" in call.query.include
        base = f"{call.origin}/api/events/".encode() + ID
        wanted = call.query.fields.get("event")
        self.attributes = [name for name in ATTRIBUTES if wanted is None or name in wanted]
        self.start = b'{"type":"event","id":"%b","attributes":{' % ID
        self.shape = b",".join(SHAPES[name] for name in self.attributes)
        self.profile = b'%b},"metric":{"data":{"type":"metric","id":"' % _links(base, b"profile")
        self.metrics = [thing.id.encode() for thing in self.account.metrics]
        self.metric = b'"},%b},"attributions":{' % _links(base, b"metric")
        self.end = b'%b}},"links":{"self":"%b/"}}' % (_links(base, b"attributions"), base)

    def written(self, row: int) -> bytes:
        events = self.events
        at, person = events.time[row], events.person[row]
        values = tuple([self._attribute(name, row, at) for name in self.attributes])
        who = b""
        if person != NOBODY:
            who = b'"data":{"type":"profile","id":"%b"},' % self.account.people.all[person].id.encode()
        parts = (
            self.start, self.shape % values, b'},"relationships":{"profile":{', who, self.profile,
            self.metrics[events.metric[row]], self.metric, self._credits(row), self.end,
        )  # fmt: skip
        return b"".join(parts).replace(ID, events.id(row).encode())

    def _attribute(self, name: str, row: int, at: int) -> bytes | int:
        if name == "timestamp":
            return at
        if name == "event_properties":
            return self.events.properties(row)
        return moment(at) if name == "datetime" else uuid(self.events.seed, row, at)

    def _credits(self, row: int) -> bytes:
        if not self.attributed:
            return b""
        held = self.events.credits.get(row)
        if not held:
            return b'"data":[],'
        return b'"data":[%b],' % b",".join(
            b'{"type":"attribution","id":"%b:%d"}' % (ID, one) for one in range(len(held))
        )


def _links(base: bytes, name: bytes) -> bytes:
    return b'"links":{"self":"%b/relationships/%b/","related":"%b/%b/"}' % (base, name, base, name)


@lru_cache(maxsize=4000)
def _date(day: int) -> bytes:
    return iso(day * DAY)[:10].encode()


def moment(at: int) -> bytes:
    """Seconds as ISO 8601 in UTC."""
    day, second = divmod(at, DAY)
    return _date(day) + CLOCK[second]


def uuid(seed: int, row: int, at: int) -> bytes:
    return b"%08x-%04x-11f0-8001-%012x" % (at & 0xFFFFFFFF, row & 0xFFFF, mixed(seed, row) & 0xFFFFFFFFFFFF)


def as_thing_of(account: Account, row: int) -> Thing:
    """One event as other objects are."""
    events, at = account.events, account.events.time[row]
    attributes = {
        "timestamp": at,
        "event_properties": msgspec.Raw(events.properties(row)),
        "datetime": moment(at).decode(),
        "uuid": uuid(events.seed, row, at).decode(),
    }
    person = events.person[row]
    relations: dict[str, Ref | list[Ref] | None] = {
        "metric": ("metric", account.metrics[events.metric[row]].id),
        "profile": ("profile", account.people.all[person].id) if person != NOBODY else None,
    }
    return Thing("event", events.id(row), attributes, relations, {"row": row})


def found(account: Account, id: str) -> Thing:
    row = account.events.row(id)
    if row is None:
        raise not_found("event", id)
    return as_thing_of(account, row)


def get_event(call: Call) -> Answer:
    return one(call, found(call.account, call.id))


def attributions(account: Account, row: int) -> list[Thing]:
    """What an order is credited to."""
    events, id = account.events, account.events.id(row)
    things = []
    for number, credit in enumerate(events.credits.get(row, ())):
        message = account.messages[credit.message]
        kind = "campaign-message" if message.owner == "campaign" else "flow-message"
        relations: dict[str, Any] = {
            "event": ("event", id),
            "attributed-event": ("event", events.id(credit.touch)),
            message.owner: (message.owner, message.owner_id),
            kind: (kind, message.id),
        }
        things.append(Thing("attribution", f"{id}:{number}", {}, relations))
    return things


def _included(call: Call, rows: list[int]) -> list[dict[str, Any]]:
    """Metrics, profiles and attributions of a page, each once."""
    account, events, include = call.account, call.account.events, call.query.include
    things: list[Thing] = []
    if "attributions" in include:
        things += [thing for row in rows if row in events.credits for thing in attributions(account, row)]
    if "metric" in include:
        things += [account.metrics[number] for number in sorted({events.metric[row] for row in rows})]
    if "profile" in include:
        people = dict.fromkeys(events.person[row] for row in rows)
        things += [as_thing(account.people.all[number]) for number in people if number != NOBODY]
    return [_brief(shown(call, thing)) for thing in things]


def _brief(document: dict[str, Any]) -> dict[str, Any]:
    """Attributions have no address of their own, and only the relationships that they have."""
    if document["type"] == "attribution":
        document["relationships"] = {name: one for name, one in document["relationships"].items() if "data" in one}
    return document


FINDERS[("event", "attributions")] = lambda call, event: attributions(call.account, event.hidden["row"])
