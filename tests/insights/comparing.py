"""A tool of the product and its count by hand, asked the same of the same world; every figure of the two side by side."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import time_machine
from hypothesis import strategies as st

from accounts.caller import Caller
from connector.receipts.models import Receipt
from connector.tools.call import BadArguments, call
from tests.insights.budget import FULL
from tests.insights.loading import Loaded, loaded
from tests.insights.worlds import worlds
from tests.oracle import names
from tests.oracle.world import Json, World

QUESTIONS = 8 if FULL else 3
Count = Callable[[World, Json, datetime], Json]
Questions = Callable[[World], st.SearchStrategy[Json]]
Key = Callable[[Json], Any]


def compare(
    data: st.DataObject,
    caller: Caller,
    tool: str,
    count: Count,
    questions: Questions,
    *,
    often: tuple[str, ...] = (),
    any_order: Callable[[Json], Mapping[str, Key]] = lambda args: {},
) -> None:
    """`any_order`: of a question, the lists whose order the contract leaves open, with what tells their rows apart."""
    world = data.draw(worlds(often=often or ("OPENED",)))
    account = loaded(world, caller)
    for _ in range(QUESTIONS):
        args = data.draw(questions(world))
        wanted, given = _tried(lambda args=args: count(world, args, world.now)), told(account, caller, tool, args)  # type: ignore[misc]  # bound to this round
        wrong = differences(_sorted(given, any_order(args)), _sorted(wanted, any_order(args)))
        assert not wrong, json.dumps(
            {"args": args, "now": world.now.isoformat(), "zone": world.time_zone, "wrong": wrong[:20]},
            indent=1,
            ensure_ascii=False,
        )


def told(account: Loaded, caller: Caller, tool: str, args: Json) -> Json:
    """The account's entry, every row of it."""
    asked = {"account": account.install.klaviyo_id, "limit": 200} | args
    return _tried(lambda: entry_of(asked_at(account.world.now, caller, tool, asked)))


def asked_at(moment: datetime, caller: Caller, tool: str, args: Json) -> Json:
    """The whole envelope. Raises names.BadArguments where the product refuses the arguments."""
    with time_machine.travel(moment, tick=False):
        try:
            return dict(call(caller, tool, args))
        except BadArguments as refused:
            raise names.BadArguments(str(refused)) from refused


def whole(envelope: Json) -> Json:
    """The envelope with the rows that were cut off to fit: the receipt holds every one."""
    if not envelope["more"]:
        return envelope
    return dict(Receipt.objects.all().named(envelope["receipt"]["id"]).get().answer)


def entry_of(envelope: Json) -> Json:
    accounts = (whole(envelope).get("data") or {}).get("accounts")
    entry = accounts[0] if accounts else envelope
    if entry["status"] == "ok":
        return dict(entry)
    return {"status": entry["status"], "reason": (entry.get("reason") or {}).get("code", "")}


def _tried(ask: Callable[[], Json]) -> Json:
    try:
        answer = ask()
    except names.BadArguments:
        return {"status": "bad arguments"}
    return answer | ({"reason": ""} if answer["status"] == "needs_choice" else {})


def _sorted(answer: Json, any_order: Mapping[str, Key]) -> Json:
    held = {name: sorted(answer[name], key=key) for name, key in any_order.items() if name in answer}
    return answer | held


def differences(given: Any, wanted: Any, at: str = "") -> list[str]:
    """Where `given` lacks something of `wanted` or says otherwise; what it says beside is its own."""
    if isinstance(wanted, dict) and isinstance(given, dict):
        pairs = [(f"{at}.{name}", given.get(name, "(left out)"), value) for name, value in wanted.items()]
        return [line for name, one, other in pairs for line in differences(one, other, name)]
    if isinstance(wanted, list) and isinstance(given, list):
        number = [] if len(given) == len(wanted) else [f"{at}: {len(given)} rows, by hand {len(wanted)}"]
        pairs = [(f"{at}[{place}]", *pair) for place, pair in enumerate(zip(given, wanted, strict=False))]
        return number + [line for name, one, other in pairs for line in differences(one, other, name)]
    return [] if _is_same(given, wanted) else [f"{at}: {given!r}, by hand {wanted!r}"]


def _is_same(given: Any, wanted: Any) -> bool:
    if isinstance(wanted, datetime):
        return isinstance(given, str) and _is_same_time(given, wanted)
    if isinstance(wanted, bool) or isinstance(given, bool) or not isinstance(wanted, int | Decimal):
        return bool(given == wanted) and type(given) is type(wanted)
    return isinstance(given, int | float | Decimal) and Decimal(str(given)) == Decimal(wanted)


def _is_same_time(given: str, wanted: datetime) -> bool:
    """To the second, and as the clock there shows it."""
    at = datetime.fromisoformat(given)
    return at.replace(microsecond=0) == wanted.replace(microsecond=0) and at.utcoffset() == wanted.utcoffset()
