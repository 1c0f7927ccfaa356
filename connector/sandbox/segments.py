"""Who is in a segment: its definition, worked out over the account's events, lists and profiles."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from connector.sandbox.things import Thing
from connector.sandbox.world.account import DAY, Account
from connector.sandbox.world.events import NOBODY
from connector.sandbox.world.people import Person

Set = set[int]
Condition = dict[str, Any]
UNITS = {"hour": 3600, "day": DAY, "week": 7 * DAY}
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "equals": lambda actual, wanted: actual == wanted,
    "not-equals": lambda actual, wanted: actual != wanted,
    "greater-than": lambda actual, wanted: actual > wanted,
    "greater-than-or-equal": lambda actual, wanted: actual >= wanted,
    "less-than": lambda actual, wanted: actual < wanted,
    "less-than-or-equal": lambda actual, wanted: actual <= wanted,
}


def members_of(account: Account, segment: Thing, now: int) -> dict[int, int]:
    """Numbers of the segment's profiles and since when, in seconds. Empty while it is being worked out."""
    if segment.attributes["is_processing"] or not segment.attributes["definition"]:
        return {}
    definition = msgspec.json.encode(segment.attributes["definition"])
    version = (definition, account.events.version, account.people.version, account.joined, now // 300)
    held, members = account.derived.get(("segment", segment.id), (None, {}))
    if held != version:
        members = _worked_out(account, segment.attributes["definition"], now)
        account.derived[("segment", segment.id)] = (version, members)
    return members


def _worked_out(account: Account, definition: dict[str, Any], now: int) -> dict[int, int]:
    inside = {number for number, person in enumerate(account.people.all) if person.here}
    for group in definition["condition_groups"]:
        any_of: Set = set()
        for condition in group["conditions"]:
            any_of |= CONDITIONS.get(condition["type"], _unknown)(account, condition, now)
        inside &= any_of
    return {number: account.people.all[number].created for number in sorted(inside)}


def _unknown(account: Account, condition: Condition, now: int) -> Set:
    """Conditions on what the sandbox does not hold (forecasts, distances, custom objects) find nobody."""
    return set()


def _did(account: Account, condition: Condition, now: int) -> Set:
    """How often, or for how much, somebody did something in a time."""
    metric = next((n for n, thing in enumerate(account.metrics) if thing.id == condition["metric_id"]), None)
    tally: dict[int, float] = {number: 0 for number, person in enumerate(account.people.all) if person.here}
    events = account.events
    since, until = frame(account, condition["timeframe_filter"], now)
    filters = condition.get("metric_filters") or []
    rows = events.within(events.of_metrics([metric]), since, until) if metric is not None else ()
    for row in rows:
        person = events.person[row]
        if person == NOBODY or (filters and not _passes(events.properties(row), filters)):
            continue
        tally[person] = tally.get(person, 0) + (
            worth(events.properties(row)) if condition["measurement"] == "sum" else 1
        )
    wanted = condition["measurement_filter"]
    compare = COMPARE[wanted["operator"]]
    return {number for number, count in tally.items() if compare(count, wanted["value"])}


def frame(account: Account, said: dict[str, Any], now: int) -> tuple[int, int]:
    """A timeframe filter as seconds: since <= time < until. Dates are the account's days."""
    operator = said["operator"]
    length = said.get("quantity", 0) * UNITS.get(said.get("unit", "day"), DAY)
    if operator == "in-the-last":
        return now - length, now + 1
    if operator == "at-least":
        return -(1 << 60), now - length
    if operator == "in-the-next":
        return now, now + length
    if operator == "between":
        unit = UNITS.get(said.get("unit", "day"), DAY)
        return now - max(said["start"], said["end"]) * unit, now - min(said["start"], said["end"]) * unit
    if operator in ("after", "before"):
        at = _instant(account, said["date"])
        return (at, 1 << 60) if operator == "after" else (-(1 << 60), at)
    if operator == "between-static":
        return _instant(account, said["start"]), _instant(account, said["end"])
    return -(1 << 60), 1 << 60


def _instant(account: Account, text: str) -> int:
    at = datetime.fromisoformat(text)
    return int((at if at.tzinfo else at.replace(tzinfo=account.zone)).timestamp())


def worth(properties: bytes) -> float:
    """An event's `$value`; nothing where it makes no sense."""
    value = msgspec.json.decode(properties).get("$value")
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _passes(properties: bytes, filters: Sequence[dict[str, Any]]) -> bool:
    said = msgspec.json.decode(properties)
    return all(_matches(said.get(one["property"]), one.get("filter") or {}) for one in filters)


def _matches(actual: Any, wanted: dict[str, Any]) -> bool:
    operator, value = wanted.get("operator"), wanted.get("value")
    if wanted.get("type") == "boolean":
        flag = actual in (True, "true", "True", 1, "1")
        return flag == value
    if wanted.get("type") == "numeric":
        return isinstance(actual, int | float) and COMPARE[str(operator)](actual, value)
    if operator in ("is-set", "not-set"):
        return (actual is not None) == (operator == "is-set")
    values = actual if isinstance(actual, list) else [] if actual is None else [actual]
    texts = [str(one) for one in value] if isinstance(value, list) else [str(value)]
    test = TEXTS.get(str(operator).removeprefix("not-"), _same)
    found = any(test(str(one), text) for one in values for text in texts)
    return found != str(operator).startswith(("not-", "nregex"))


def _same(actual: str, wanted: str) -> bool:
    return actual == wanted


def _like(actual: str, wanted: str) -> bool:
    try:
        return re.search(wanted, actual) is not None
    except re.error:
        return False


TEXTS: dict[str, Callable[[str, str], bool]] = {
    "equals": _same,
    "in": _same,
    "contains": lambda actual, wanted: wanted.casefold() in actual.casefold(),
    "starts-with": lambda actual, wanted: actual.startswith(wanted),
    "ends-with": lambda actual, wanted: actual.endswith(wanted),
    "regex": _like,
    "nregex": _like,
}


def _in_group(account: Account, condition: Condition, now: int) -> Set:
    inside: Set = set()
    for id in condition["group_ids"]:
        inside |= set(account.lists.get(id, ()))
        if segment := account.of("segment").get(id):
            inside |= set(members_of(account, segment, now))
    everyone = {number for number, person in enumerate(account.people.all) if person.here}
    return inside & everyone if condition["is_member"] else everyone - inside


def _consents(account: Account, condition: Condition, now: int) -> Set:
    said = condition["consent"]
    field = {"email": "can_receive_email_marketing", "sms": "can_receive_sms_marketing"}.get(said["channel"])
    wanted = bool(said["can_receive_marketing"])
    return {
        number
        for number, person in enumerate(account.people.all)
        if person.here and _can(person, said["channel"], field) == wanted
    }


def _can(person: Person, channel: str, field: str | None) -> bool:
    return bool(field) and bool(person.consents()[channel]["marketing"][field])


def _has_property(account: Account, condition: Condition, now: int) -> Set:
    name = condition["property"]
    inside: Set = set()
    for number, person in enumerate(account.people.all):
        if person.here:
            shown = person.shown()
            inner = name.removeprefix("properties['").removesuffix("']")
            actual = shown["properties"].get(inner) if name.startswith("properties[") else shown.get(name)
            if _matches(actual, condition.get("filter") or {}):
                inside.add(number)
    return inside


def _lives(account: Account, condition: Condition, now: int) -> Set:
    people = enumerate(account.people.all)
    regions = {"united_states": {"United States"}, "european_union": {"Germany"}}.get(condition["region"], set())
    inside = condition["in_region"]
    return {n for n, person in people if person.here and (person.shown()["location"]["country"] in regions) == inside}


CONDITIONS: dict[str, Callable[[Account, Condition, int], Set]] = {
    "profile-metric": _did,
    "profile-group-membership": _in_group,
    "profile-marketing-consent": _consents,
    "profile-property": _has_property,
    "profile-region": _lives,
}
