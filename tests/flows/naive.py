"""Counts by a plain loop over the sandbox's raw events: what the product's answers are compared with."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

DAY = 86_400


@dataclass
class Raw:
    """Everything the sandbox holds of one account; opens and orders are picked out once."""

    campaigns: list[dict[str, Any]]
    opens: list[tuple[str, int, str, bool]]  # person, time, $message, by a machine
    orders: dict[str, list[int]]

    @classmethod
    def of(cls, home: Path, account: str, purchase: str) -> "Raw":
        opens, orders = [], defaultdict(list)
        for event in raw(home, account, "events"):
            person, at, said = event["profile"], event["timestamp"], event["properties"]
            if person and event["metric"] == purchase:
                orders[person].append(at)
            if person and event["metric_name"] == "Opened Email" and event["integration"] == "Klaviyo":
                opens.append((person, at, said.get("$message"), is_machine(said)))
        return cls(raw(home, account, "campaigns"), opens, orders)

    def people_who_opened(
        self, campaign: dict[str, Any], within: int | None, *, machines: bool, moment: float
    ) -> tuple[int, int]:
        """(opened but did not order at or after the first open, opened)."""
        ids = {campaign["id"], *(key for _, key in campaign["relations"]["campaign-messages"])}
        first: dict[str, int] = {}
        for person, at, message, by_machine in self.opens:
            if message in ids and at <= moment and (machines or not by_machine):
                first[person] = min(at, first.get(person, at))
        undone = [
            person
            for person, opened in first.items()
            if not any(
                opened <= at <= moment and (within is None or at < opened + within * DAY) for at in self.orders[person]
            )
        ]
        return len(undone), len(first)


@dataclass
class Metric:
    events: int = 0
    people: set[str] = field(default_factory=set)


def metrics(home: Path, account: str) -> dict[str, tuple[int, int]]:
    """Events and distinct people of every metric."""
    found: dict[str, Metric] = defaultdict(Metric)
    for event in raw(home, account, "events"):
        metric = found[event["metric"]]
        metric.events += 1
        metric.people |= {event["profile"]} - {None}
    return {key: (metric.events, len(metric.people)) for key, metric in found.items()}


def is_machine(said: dict[str, Any]) -> bool:
    return any(
        said.get(name) in (True, "true", 1, "1") for name in ("machine_open", "Machine Open", "Apple Privacy Open")
    )


def raw(home: Path, account: str, kind: str) -> list[dict[str, Any]]:
    address = (home / "sandbox" / "address").read_text().strip()
    answer = httpx.get(f"{address}/_sandbox/raw/{account}/{kind}", timeout=60)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]
