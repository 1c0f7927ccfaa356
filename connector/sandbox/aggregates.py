"""Metric aggregates: counts, sums and distinct people of one metric by time and by dimensions."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from connector.sandbox.call import Answer, Call, answered
from connector.sandbox.errors import bad_body
from connector.sandbox.facts import FilterRule, raw
from connector.sandbox.filters import Condition, parse
from connector.sandbox.query import closed, opened
from connector.sandbox.segments import worth
from connector.sandbox.timeframes import Frame, buckets
from connector.sandbox.world.account import Account

MOMENT = frozenset({"greater-or-equal", "greater-than", "less-than", "less-or-equal"})
PROPERTIES = {"$message_send_cohort": "$_cohort$message_send_cohort"}


@dataclass
class Cell:
    """One bucket of one group."""

    count: int = 0
    value: float = 0.0
    people: set[int] = field(default_factory=set)

    def measured(self, measurement: str) -> float:
        if measurement == "unique":
            return len(self.people)
        return self.count if measurement == "count" else round(self.value, 6)


def query(call: Call) -> Answer:
    said = call.data["attributes"]
    metric = next((n for n, one in enumerate(call.account.metrics) if one.id == said["metric_id"]), None)
    if metric is None:
        raise bad_body("/data/attributes/metric_id", "The metric does not exist.")
    conditions = [one for text in said["filter"] for one in parse(text, _rules(), "filter")]
    whole = _frame(said, conditions)
    parts = buckets(whole, said.get("interval") or "day")
    others = [one for one in conditions if one.field != "datetime"]
    groups = _groups(call.account, metric, said.get("by") or [], parts, others)
    return _page(call, said, parts, groups)


def _rules() -> dict[str, FilterRule]:
    body = next(row for row in raw()["operations"] if row["id"] == "query_metric_aggregates")["body"]
    names = body["properties"]["data"]["properties"]["attributes"]["properties"]["by"]["items"]["enum"]
    text = FilterRule("string", frozenset({"equals"}), frozenset({"any"}))
    return {"datetime": FilterRule("local", MOMENT)} | dict.fromkeys(names, text)


def _frame(said: dict[str, Any], conditions: list[Condition]) -> Frame:
    try:
        zone = ZoneInfo(said.get("timezone") or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        raise bad_body("/data/attributes/timezone", "This is not a time zone.") from None
    bounds: dict[str, int] = {}
    for one in conditions:
        if one.field == "datetime":
            local = one.value.replace(tzinfo=zone) if one.value.utcoffset() is None else one.value
            bounds["start" if one.operator.startswith("greater") else "end"] = int(local.timestamp())
    if set(bounds) != {"start", "end"} or bounds["start"] >= bounds["end"]:
        raise bad_body("/data/attributes/filter", "A greater-or-equal and a less-than filter on datetime are needed.")
    return Frame(bounds["start"], bounds["end"], zone)


def _groups(
    account: Account, metric: int, by: list[str], parts: list[Frame], conditions: list[Condition]
) -> dict[tuple[str, ...], list[Cell]]:
    events = account.events
    rows = events.of_metrics([metric])
    groups: dict[tuple[str, ...], list[Cell]] = {}
    for place, part in enumerate(parts):
        for row in events.within(rows, part.start, part.end):
            said = msgspec.json.decode(events.properties(row))
            if not all(_passes(account, row, said, one) for one in conditions):
                continue
            key = tuple(_dimension(account, row, said, name) for name in by)
            cell = groups.setdefault(key, [Cell() for _ in parts])[place]
            cell.count += 1
            cell.value += worth(events.properties(row))
            cell.people.add(events.person[row])
    return groups


def _passes(account: Account, row: int, said: dict[str, Any], condition: Condition) -> bool:
    wanted = condition.value if isinstance(condition.value, list) else [condition.value]
    return _dimension(account, row, said, condition.field) in wanted


def _dimension(account: Account, row: int, said: dict[str, Any], name: str) -> str:
    """A dimension's value as text; "" where there is none. Attribution is not in the properties but in the credits."""
    if name.startswith("$attributed_"):
        credits = account.events.credits.get(row, ())
        messages = [account.messages[credit.message] for credit in credits]
        return next(
            (_attributed(name, message.owner, message.owner_id, message.code, message.channel) for message in messages),
            "",
        )
    value = said.get(PROPERTIES.get(name, name))
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _attributed(name: str, owner: str, owner_id: str, code: str, channel: str) -> str:
    known = {
        "$attributed_message": code,
        "$attributed_channel": channel,
        "$attributed_flow": owner_id if owner == "flow" else "",
    }
    return known.get(name, "")


def _page(call: Call, said: dict[str, Any], parts: list[Frame], groups: dict[tuple[str, ...], list[Cell]]) -> Answer:
    rows = sorted(groups.items(), key=lambda row: _order(said, row), reverse=(said.get("sort") or "").startswith("-"))
    start = int(opened("aggregates", said["page_cursor"])[0]) if said.get("page_cursor") else 0
    size = said.get("page_size") or 500
    data = [
        {
            "dimensions": list(key),
            "measurements": {name: [cell.measured(name) for cell in cells] for name in said["measurements"]},
        }
        for key, cells in rows[start : start + size]
    ]
    if not groups and not said.get("by"):
        empty: Iterable[str] = said["measurements"]
        data = [{"dimensions": [], "measurements": {name: [0.0] * len(parts) for name in empty}}]
    dates = [datetime.fromtimestamp(part.start, part.zone).isoformat() for part in parts]
    following = closed("aggregates", start + size) if start + size < len(rows) else None
    document = {"type": "metric-aggregate", "id": said["metric_id"], "attributes": {"dates": dates, "data": data},
                "links": {"self": call.address}}  # fmt: skip
    return answered({"data": document, "links": {"self": call.address, "next": following, "prev": None}})


def _order(said: dict[str, Any], row: tuple[tuple[str, ...], list[Cell]]) -> Any:
    key, cells = row
    name = (said.get("sort") or "").lstrip("-")
    if name in ("count", "sum_value", "unique"):
        return sum(cell.measured(name) for cell in cells), key
    by = said.get("by") or []
    return (key[by.index(name)] if name in by else "", key)
