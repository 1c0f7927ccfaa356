"""Asking the product, and reading its envelope in the form in which the count by hand answers."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import time_machine

from accounts.caller import Caller
from connector.tools.call import BadArguments, call
from tests.insights.loading import Loaded
from tests.oracle import names
from tests.oracle.world import Json

FIGURES = ["people", "did", "also_did", "share", "also_share", "human", "events", "amount", "median_days"]
ROWS = ["audience", "groups"]
# Caveats with a number; caveats of which it matters that they are there.
COUNTED = ["window_open", "future_events", "duplicate_orders", "other_currency", "two_purchase_metrics"]
SHOWN = ["floor_applied", "machine_opens", "dominant_value"]


def people_who(loaded: Loaded, caller: Caller, args: Json) -> Json:
    """The account's entry. Raises names.BadArguments where the product refuses the arguments."""
    with time_machine.travel(loaded.world.now, tick=False):
        try:
            envelope = call(caller, "people_who", {"account": loaded.install.klaviyo_id, "limit": 200} | args)
        except BadArguments as refused:
            raise names.BadArguments(str(refused)) from refused
    return read(dict(envelope))


def read(envelope: Json) -> Json:
    entry = envelope["data"]["accounts"][0]
    if entry["status"] != "ok":
        return {"status": entry["status"], "reason": entry["reason"]["code"] if entry["status"] == "refused" else ""}
    said = {caveat["code"]: caveat["text"] for caveat in envelope["caveats"]}
    for row in entry.get("groups") or []:
        row.pop("other", None)
    return {name: exact(entry.get(name)) for name in FIGURES + ROWS} | {
        "status": "ok",
        "period": {name: datetime.fromisoformat(entry["period"][name]) for name in ("from", "to")},
        "caveats": {code: Numbers(text) for code, text in said.items() if code in COUNTED}
        | {code: True for code in said if code in SHOWN},
    }


class Numbers:
    """The numbers in a caveat's sentence; equal to each number that stands there."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        self.numbers = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", sentence)]

    def __eq__(self, other: object) -> bool:
        return other in self.numbers

    def __hash__(self) -> int:
        return hash(self.sentence)

    def __repr__(self) -> str:
        return repr(self.sentence)


def exact(value: Any) -> Any:
    """Numbers as decimals, so that 7, 7.0 and Decimal("7.00") are one and 0.1 is itself; all else as it is."""
    if isinstance(value, dict):
        return {name: exact(one) for name, one in value.items()}
    if isinstance(value, list):
        return [exact(one) for one in value]
    return Decimal(str(value)) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else value
