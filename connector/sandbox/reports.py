"""The five reports, counted from the account's own events."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.sandbox.call import Answer, Call, answered
from connector.sandbox.documents import selected
from connector.sandbox.errors import bad_body
from connector.sandbox.facts import FilterRule
from connector.sandbox.filters import Condition, parse
from connector.sandbox.segments import members_of, worth
from connector.sandbox.tally import Tally, statistics
from connector.sandbox.things import Thing
from connector.sandbox.timeframes import Frame, buckets, frame
from connector.sandbox.world.account import Account, Message

SCALAR = FilterRule("string", frozenset({"equals"}), frozenset({"contains-any"}))
LISTED = FilterRule("string", frozenset(), frozenset({"contains-any", "contains-all"}))
SEGMENT = {"segment_id": FilterRule("string", frozenset({"equals"}), frozenset({"any"}))}
CHANNELS = {"mobile_push": "push-notification"}
MOST = 100


@dataclass(frozen=True)
class Kind:
    """What the reports on campaigns and on flows differ in."""

    owner: str
    scalars: tuple[str, ...]

    @property
    def required(self) -> tuple[str, str]:
        return f"{self.owner}_id", f"{self.owner}_message_id"

    @property
    def rules(self) -> dict[str, FilterRule]:
        names = (*self.required, f"{self.owner}_message_name", *self.scalars)
        return dict.fromkeys(names, SCALAR) | {"tag_id": LISTED, "tag_name": LISTED}


COMMON = ("send_channel", "variation", "variation_name", "text_message_format")
CAMPAIGN = Kind("campaign", COMMON)
FLOW = Kind("flow", (*COMMON, "flow_name"))


def campaign_values(call: Call) -> Answer:
    """Campaigns by when they were sent, with all that came of them until now."""
    whole = frame(call.data["attributes"]["timeframe"], call.account.zone, call.now)
    sent = [one for one in call.account.messages if one.owner == "campaign" and _sent(call.account, one, whole)]
    results = [
        {"groupings": groupings, "statistics": statistics(_tally(call, messages, None), _asked(call))}
        for groupings, messages in _grouped(call, CAMPAIGN, sent)
    ]
    return _report(call, "campaign-values-report", {"results": results})


def _sent(account: Account, message: Message, whole: Frame) -> bool:
    campaign = account.of("campaign").get(message.owner_id)
    if campaign is None or campaign.attributes["status"] != "Sent" or message.sent_at is None:
        return False
    return whole.start <= message.sent_at < whole.end


def flow_values(call: Call) -> Answer:
    """Flows by when things happened."""
    whole = frame(call.data["attributes"]["timeframe"], call.account.zone, call.now)
    results = [
        {"groupings": groupings, "statistics": statistics(_tally(call, messages, whole), _asked(call))}
        for groupings, messages in _grouped(call, FLOW, _of_flows(call.account))
    ]
    return _report(call, "flow-values-report", {"results": results})


def flow_series(call: Call) -> Answer:
    said = call.data["attributes"]
    parts = buckets(frame(said["timeframe"], call.account.zone, call.now), said["interval"])
    results = []
    for groupings, messages in _grouped(call, FLOW, _of_flows(call.account)):
        rows = [statistics(_tally(call, messages, part), _asked(call)) for part in parts]
        results.append(
            {"groupings": groupings, "statistics": {name: [row[name] for row in rows] for name in _asked(call)}}
        )
    return _report(call, "flow-series-report", {"results": results, "date_times": _dates(parts)})


def _of_flows(account: Account) -> list[Message]:
    return [one for one in account.messages if one.owner == "flow"]


def _asked(call: Call) -> list[str]:
    asked: list[str] = call.data["attributes"]["statistics"]
    return asked


def _dates(parts: Sequence[Frame]) -> list[str]:
    return [datetime.fromtimestamp(part.start, part.zone).isoformat() for part in parts]


def _report(call: Call, type: str, attributes: dict[str, Any]) -> Answer:
    wanted = call.query.fields.get(type)
    shown = attributes if wanted is None else selected(attributes, wanted)
    related = {}
    for name in {"campaign-values-report": ("campaigns",)}.get(
        type, ("flows", "flow-messages") if "flow" in type else ()
    ):
        links = {"self": call.at(f"{type}s", "relationships", name), "related": call.at(f"{type}s", name)}
        related[name] = {"links": links}
    data: dict[str, Any] = {"type": type, "attributes": shown}
    return answered({"data": data | ({"relationships": related} if related else {}), "links": {"self": call.address}})


def _grouped(call: Call, kind: Kind, messages: Iterable[Message]) -> list[tuple[dict[str, Any], list[Message]]]:
    """The messages that pass the filter, by the values of what is grouped by."""
    said = call.data["attributes"]
    if said["conversion_metric_id"] not in call.account.of("metric"):
        raise bad_body("/data/attributes/conversion_metric_id", "The metric does not exist.")
    by = said.get("group_by") or [*kind.required, "send_channel"]
    if missing := [name for name in kind.required if name not in by]:
        raise bad_body("/data/attributes/group_by", f"group_by must contain {', '.join(missing)}.")
    conditions = _conditions(said.get("filter"), kind.rules)
    groups: dict[tuple[Any, ...], list[Message]] = {}
    for message in messages:
        for facts in _facts(call.account, kind, message, by):
            if all(_passes(call.account, kind, message, facts, one) for one in conditions):
                groups.setdefault(tuple(facts[name] for name in by), []).append(message)
    return [(dict(zip(by, key, strict=True)), group) for key, group in groups.items()]


def _conditions(text: str | None, rules: dict[str, FilterRule]) -> list[Condition]:
    conditions = parse(text, rules, "filter") if text else []
    fields = [one.field for one in conditions]
    if len(set(fields)) < len(fields):
        raise bad_body("/data/attributes/filter", "Only one filter can be used per attribute.")
    if any(isinstance(one.value, list) and len(one.value) > MOST for one in conditions):
        raise bad_body("/data/attributes/filter", "A list holds at most 100 items.")
    return conditions


def _facts(account: Account, kind: Kind, message: Message, by: Sequence[str]) -> Iterable[dict[str, Any]]:
    """What is known of a message; one row per tag where tags are grouped by."""
    owner = account.of(kind.owner).get(message.owner_id)
    if owner is None:
        return
    thing = account.of(f"{kind.owner}-message")[message.id]
    definition = thing.attributes["definition"]
    facts = {
        f"{kind.owner}_id": owner.id,
        f"{kind.owner}_name": owner.attributes["name"],
        f"{kind.owner}_message_id": message.id,
        f"{kind.owner}_message_name": definition.get("label") or definition.get("name") or owner.attributes["name"],
        "send_channel": CHANNELS.get(message.channel, message.channel),
        "text_message_format": "SMS" if message.channel == "sms" else None,
        "variation": None,
        "variation_name": None,
        "group": None,
        "group_name": None,
    }
    tags = _tags(account, owner) if {"tag_id", "tag_name"} & set(by) else [None]
    for tag in tags or [None]:
        named = (tag.id, tag.attributes["name"]) if tag else (None, None)
        yield facts | {"tag_id": named[0], "tag_name": named[1]}


def _tags(account: Account, owner: Thing) -> list[Thing | None]:
    return [account.of("tag")[id] for _, id in owner.related("tags") if id in account.of("tag")]


def _passes(account: Account, kind: Kind, message: Message, facts: dict[str, Any], condition: Condition) -> bool:
    wanted = condition.value if isinstance(condition.value, list) else [condition.value]
    if condition.field not in ("tag_id", "tag_name"):
        return facts[condition.field] in wanted
    owner = account.of(kind.owner)[message.owner_id]
    tags = [tag for tag in _tags(account, owner) if tag]
    held = {tag.id if condition.field == "tag_id" else tag.attributes["name"] for tag in tags}
    return held >= set(wanted) if condition.operator == "contains-all" else bool(held & set(wanted))


def _tally(call: Call, messages: Sequence[Message], whole: Frame | None) -> Tally:
    """What these messages brought about, at any time or within the frame."""
    account, events, tally = call.account, call.account.events, Tally()
    rows = _rows_by_message(account)
    for message in messages:
        for metric, held in rows.get(message.number, {}).items():
            name = account.metrics[metric].attributes["name"]
            for row in held if whole is None else events.within(held, whole.start, whole.end):
                tally.happened(name, events.person[row])
    conversion = call.account.of("metric")[call.data["attributes"]["conversion_metric_id"]]
    for row in _credited(account, messages):
        if account.metrics[events.metric[row]] is conversion and (
            whole is None or whole.start <= events.time[row] < whole.end
        ):
            tally.converted(events.person[row], worth(events.properties(row)))
    return tally


def _credited(account: Account, messages: Sequence[Message]) -> set[int]:
    """Rows of the orders that are credited to these messages."""
    events = account.events
    version, held = account.derived.get("credits by message", (None, {}))
    if version != events.version:
        held = {}
        for row, credits in events.credits.items():
            for credit in credits if events.here(row) else ():
                held.setdefault(credit.message, set()).add(row)
        account.derived["credits by message"] = (events.version, held)
    return set().union(*(held.get(message.number, ()) for message in messages))


def _rows_by_message(account: Account) -> dict[int, dict[int, "array[int]"]]:
    """Rows in order, by message and metric: worked out once for each state of the events."""
    events = account.events
    version, held = account.derived.get("rows by message", (None, {}))
    if version != events.version:
        held = {}
        for row in events.order:
            if events.message[row] >= 0:
                by_metric = held.setdefault(events.message[row], {})
                by_metric.setdefault(events.metric[row], array("I")).append(row)
        account.derived["rows by message"] = (events.version, held)
    return held


# Segments.


def segment_values(call: Call) -> Answer:
    whole = frame(call.data["attributes"]["timeframe"], call.account.zone, call.now)
    results = [
        {"groupings": {"segment_id": segment.id}, "statistics": _movement(call, segment, whole)}
        for segment in _segments(call)
    ]
    return _report(call, "segment-values-report", {"results": results})


def segment_series(call: Call) -> Answer:
    said = call.data["attributes"]
    parts = buckets(frame(said["timeframe"], call.account.zone, call.now), said["interval"])
    results = []
    for segment in _segments(call):
        rows = [_movement(call, segment, part) for part in parts]
        series = {name: [row[name] for row in rows] for name in _asked(call)}
        results.append({"groupings": {"segment_id": segment.id}, "statistics": series})
    return _report(call, "segment-series-report", {"results": results, "date_times": _dates(parts)})


def _segments(call: Call) -> list[Thing]:
    conditions = _conditions(call.data["attributes"].get("filter"), SEGMENT)
    held = list(call.account.of("segment").values())
    for condition in conditions:
        wanted = condition.value if isinstance(condition.value, list) else [condition.value]
        held = [segment for segment in held if segment.id in wanted]
    return held


def _movement(call: Call, segment: Thing, part: Frame) -> dict[str, int]:
    """Members count from the day they came; nobody is seen to leave, as only the present is known."""
    joined = list(members_of(call.account, segment, call.now).values())
    added = sum(part.start <= at < part.end for at in joined)
    total = sum(at < part.end for at in joined)
    known = {"members_added": added, "members_removed": 0, "net_members_changed": added, "total_members": total}
    return {name: known[name] for name in _asked(call)}
