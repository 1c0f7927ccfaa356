"""The same people by an attribute, by how often they did it, or by what their events carry."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from tests.oracle.figures import amount
from tests.oracle.names import BadArguments, Unanswered
from tests.oracle.world import Json, World, properties, related, text, when

Value = str | int | None


@dataclass
class Counted:
    """`x_events` hold those without a person too; `delays` the times from first X to first Y of those who did both."""

    x_events: list[Json]
    did: set[str]
    people: set[str]
    delays: list[timedelta]
    window_open: int
    base: int = 0  # people with one X at least, where more are asked

    def events_of(self, people: set[str]) -> list[Json]:
        return [event for event in self.x_events if related(event, "profile") in people]


def grouped(world: World, by: str, counted: Counted) -> list[Json]:
    """All groups in order, `other` last; the limit is for the reader. Raises Unanswered when nothing may be shown."""
    if by == "times":
        return _by_times(world, counted)
    if by.startswith("event:"):
        return _by_event(world, by.removeprefix("event:"), counted)
    return _by_attribute(world, by, counted)


def _by_attribute(world: World, by: str, counted: Counted) -> list[Json]:
    profiles = {profile["id"]: profile for profile in world.profiles}
    buckets: dict[Value, set[str]] = {}
    for person in counted.did:
        buckets.setdefault(attribute(profiles.get(person), by), set()).add(person)
    rows = _ordered(_row(world, value, people, counted, counted.events_of(people)) for value, people in buckets.items())
    shown, small = _floored(world, rows)
    if not small:
        return shown
    if not shown:
        raise Unanswered("refused", "too_small")
    rest = set().union(*(buckets[row["value"]] for row in small))
    return [*shown, _row(world, "other", rest, counted, counted.events_of(rest)) | {"other": True}]


def _by_times(world: World, counted: Counted) -> list[Json]:
    buckets: dict[int, set[str]] = {}
    for person in counted.did:
        times = min(len(counted.events_of({person})), 11)
        buckets.setdefault(times, set()).add(person)
    rows = [
        (times, _row(world, times, people, counted, counted.events_of(people))) for times, people in buckets.items()
    ]
    rows.sort(key=lambda pair: (-pair[1]["people"], pair[0]))
    return [{**row, "value": "11+" if times == 11 else str(times)} for times, row in rows]


def _by_event(world: World, name: str, counted: Counted) -> list[Json]:
    buckets: dict[Value, list[Json]] = {}
    for event in counted.x_events:
        for value in carried(world, event, name):
            buckets.setdefault(value, []).append(event)
    rows = []
    for value, events in buckets.items():
        people = {str(person) for event in events if (person := related(event, "profile"))} & counted.did
        rows.append(_row(world, value, people, counted, events))
    return _ordered(rows)


def _row(world: World, value: Value, people: set[str], counted: Counted, events: list[Json]) -> Json:
    return {
        "value": value,
        "people": len(people & counted.people),
        "did": len(people),
        "events": len(events) if counted.x_events else None,  # did=member counts people alone
        "amount": amount(world, events) if counted.x_events else None,
    }


def _ordered(rows: Iterable[Json]) -> list[Json]:
    """Largest people first, ties by value, null last of equals."""
    known = sorted(
        (row for row in rows), key=lambda row: (row["value"] is None, row["value"] if row["value"] is not None else 0)
    )
    return sorted(known, key=lambda row: -row["people"])


def _floored(world: World, rows: list[Json]) -> tuple[list[Json], list[Json]]:
    """Groups of enough people, and those that go to `other`; is that too small as well, the smallest shown joins it."""
    shown = [row for row in rows if row["did"] >= world.floor]
    small = [row for row in rows if row["did"] < world.floor]
    if small and shown and sum(row["did"] for row in small) < world.floor:
        smallest = min(row["did"] for row in shown)
        joins = [row for row in shown if row["did"] == smallest][-1]
        shown.remove(joins)
        small.append(joins)
    return shown, small


# What a profile or an event carries


def refuse_unkept(world: World, by: str | None) -> None:
    """A custom property that the account does not keep is no attribute."""
    if by and by.startswith("property:") and by.removeprefix("property:") not in world.properties:
        raise BadArguments(by)


def attribute(profile: Json | None, by: str) -> Value:
    """None where the profile has none, and for a person whose profile is not held."""
    if profile is None:
        return None
    attributes = profile["attributes"]
    location = attributes.get("location") or {}
    if by.startswith("property:"):
        held = (attributes.get("properties") or {}).get(by.removeprefix("property:"))
        return str(held).lower() if isinstance(held, bool) else text(held)
    if by == "email_domain":
        return (text(attributes.get("email")) or "@").rsplit("@", 1)[1].lower() or None
    if by == "reachable":
        return _reachable(attributes)
    if by in ("email_consent", "sms_consent"):
        return _consent(attributes, by.removesuffix("_consent"))
    return text(location.get({"time_zone": "timezone"}.get(by, by)))


def _reachable(attributes: Json) -> str:
    channel = ((attributes.get("subscriptions") or {}).get("email") or {}).get("marketing") or {}
    email = _consent(attributes, "email") == "SUBSCRIBED" and not channel.get("suppression")
    sms = _consent(attributes, "sms") == "SUBSCRIBED"
    return {(True, True): "both", (True, False): "email", (False, True): "sms", (False, False): "none"}[email, sms]


def _consent(attributes: Json, channel: str) -> str | None:
    marketing = ((attributes.get("subscriptions") or {}).get(channel) or {}).get("marketing") or {}
    return text(marketing.get("consent"))


def carried(world: World, event: Json, name: str) -> list[Value]:
    """The distinct values of an event property; [None] for none."""
    local = when(event).astimezone(ZoneInfo(world.time_zone))
    own: dict[str, Callable[[], Value]] = {
        "weekday": lambda: local.isoweekday(),
        "hour": lambda: local.hour,
        "URL": lambda: _page(text(properties(event).get("URL"))),
        "List": lambda: _list_name(world, event),
        "Subject": lambda: _subject(world, event),
    }
    if name in own:
        return [own[name]()]
    value = properties(event).get(name)
    if isinstance(value, list):
        texts: list[Value] = [*sorted({one for one in value if isinstance(one, str) and one})]
        return texts or [None]
    return [text(value)]


def _page(url: str | None) -> str | None:
    return re.split(r"[?#]", url)[0] or None if url else None


def _list_name(world: World, event: Json) -> str | None:
    """As the event says it; where it gives the id alone, the list's name."""
    held = properties(event)
    named = [one["attributes"]["name"] for one in world.lists if one["id"] == held.get("$list")]
    return text(held.get("List")) or (named[0] if named else None)


def _subject(world: World, event: Json) -> str | None:
    """As the message's record has it; of the first message where the event names the campaign."""
    message = text(properties(event).get("$message"))
    sent = sorted((one for one in world.campaign_messages if message in (one["id"], related(one, "campaign"))), key=_id)
    found = [one["attributes"]["definition"]["content"].get("subject") for one in sent]
    for flow in world.flows:
        told = [action["data"]["message"] for action in flow["attributes"]["definition"]["actions"]]
        found += [one.get("subject_line") for one in told if one["id"] == message]
    return next((subject for subject in found if subject), None)


def _id(one: Json) -> str:
    return str(one["id"])
