"""The sandbox's own addresses, for tests and the curious: the raw truth, trouble, grants. From loopback alone.

GET  /_sandbox/accounts                      what accounts there are
GET  /_sandbox/raw/{account}/{kind}          every object of a kind as JSON lines: events, profiles, campaigns, lists, ...
GET  /_sandbox/members/{account}/{list}      ids of a list's or segment's profiles
GET  /_sandbox/requests                      what was asked: [at, account, operation, status] a line
POST /_sandbox/trigger {"kind": ...}         trouble.py's faults, and what can happen to accounts
POST /_sandbox/grant {"account", "scopes"}   tokens without the consent page
POST /_sandbox/event {"account", "metric", "profile", "time", "properties"}
POST /_sandbox/settings {"limits", "life", "rotate"}
"""

import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from connector.klaviyo.resources import SCOPES
from connector.sandbox import events, profiles
from connector.sandbox.call import Answer
from connector.sandbox.segments import members_of
from connector.sandbox.server import Request, Sandbox
from connector.sandbox.things import Thing
from connector.sandbox.trouble import FAULTS, Fault
from connector.sandbox.world.account import Account
from connector.sandbox.world.events import NOBODY

Stream = Iterator[bytes]
Body = dict[str, Any]


class Wrong(Exception):
    """What is wrong with a control request, in a sentence."""


def controlled(sandbox: Sandbox, request: Request) -> tuple[Answer, Stream | None]:
    """The answer, or its start and the lines that follow."""
    kind, *rest = request.path.removeprefix("/_sandbox/").strip("/").split("/")
    lines = Answer(200, b"", {"Content-Type": "application/x-ndjson"})
    try:
        if request.method == "GET" and kind in STREAMS:
            return lines, STREAMS[kind](sandbox, *rest)
        if request.method == "POST" and kind in ACTIONS:
            return _json(ACTIONS[kind](sandbox, json.loads(request.body or b"{}"))), None
    except Wrong as wrong:
        return _json({"error": str(wrong)}, 400), None
    except (KeyError, TypeError, ValueError) as wrong:
        return _json({"error": f"Missing or wrong: {wrong}"}, 400), None
    return _json({"error": "There is no such address."}, 404), None


def _json(said: Any, status: int = 200) -> Answer:
    return Answer(status, msgspec.json.encode(said), {"Content-Type": "application/json"})


def _accounts(sandbox: Sandbox) -> Stream:
    for shop in sandbox.oauth.shops.values():
        yield _line({"id": shop.id, "name": shop.name, "timezone": shop.timezone, "currency": shop.currency})


def _line(said: Any) -> bytes:
    return msgspec.json.encode(said) + b"\n"


def _requests(sandbox: Sandbox) -> Stream:
    return (_line(seen) for seen in list(sandbox.seen))


def _members(sandbox: Sandbox, account: str, group: str) -> Stream:
    held = sandbox.changes.account(account)
    segment = held.of("segment").get(group)
    members = members_of(held, segment, int(sandbox.clock())) if segment else held.lists[group]
    return (_line(person.id) for number in members if (person := held.people.all[number]).here)


def _raw(sandbox: Sandbox, account: str, kind: str) -> Stream:
    held = sandbox.changes.account(account)
    held.settle(sandbox.clock())
    kind = kind.removesuffix("s")
    if kind == "event":
        return _raw_events(held)
    if kind == "profile":
        return (_raw_thing(profiles.as_thing(person)) for person in held.people)
    return (_raw_thing(thing) for thing in list(held.of(kind).values()))


def _raw_thing(thing: Thing) -> bytes:
    shown: Body = {"type": thing.type, "id": thing.id, "attributes": thing.attributes, "relations": thing.relations}
    if "subscriptions" in thing.hidden:
        shown["subscriptions"] = msgspec.Raw(thing.hidden["subscriptions"])
    return _line(shown)


def _raw_events(account: Account) -> Stream:
    """Each event with the names of what it refers to, in the order of time."""
    held = account.events
    for row in list(held.order):
        person, metric = held.person[row], account.metrics[held.metric[row]]
        yield _line(
            {
                "id": held.id(row),
                "timestamp": held.time[row],
                "metric": metric.id,
                "metric_name": metric.attributes["name"],
                "integration": metric.attributes["integration"]["name"],
                "profile": account.people.all[person].id if person != NOBODY else None,
                "properties": msgspec.Raw(held.properties(row)),
                "attributed": [
                    {name: there[1] for name, there in credit.relations.items() if isinstance(there, tuple)}
                    for credit in events.attributions(account, row)
                ],
            }
        )


STREAMS: dict[str, Callable[..., Stream]] = {
    "accounts": _accounts,
    "raw": _raw,
    "members": _members,
    "requests": _requests,
}


def _trigger(sandbox: Sandbox, body: Body) -> Body:
    kind = body.pop("kind")
    if kind in FAULTS:
        if body.get("times", 1) < 1:
            raise Wrong("times is a number from 1 on; clear takes all trouble away.")
        sandbox.trouble.waiting.append(_fitting(kind, Fault, {"kind": kind, **body}))
        return {"done": kind, "times": body.get("times", 1)}
    if kind not in HAPPENINGS:
        raise Wrong(f"Choose one of: {', '.join((*FAULTS, *HAPPENINGS))}.")
    return {"done": kind, "what": _fitting(kind, partial(HAPPENINGS[kind], sandbox), body)}


def _fitting(kind: str, deed: Callable[..., Any], body: Body) -> Any:
    """The deed with these options, if it takes them."""
    known = list(inspect.signature(deed).parameters)
    unknown = sorted(set(body) - set(known))
    if unknown:
        raise Wrong(f"{kind} does not take {', '.join(unknown)}.")
    return deed(**body)


def _clear(sandbox: Sandbox) -> int:
    waiting = len(sandbox.trouble.waiting)
    sandbox.trouble.waiting.clear()
    return waiting


def _account_of(sandbox: Sandbox, account: str | None) -> Account:
    return sandbox.changes.account(account or next(iter(sandbox.oauth.shops)))


def _late(sandbox: Sandbox, account: str | None = None, count: int = 20, days: int = 7) -> int:
    held, now = _account_of(sandbox, account), sandbox.clock()
    sandbox.changes.make(held, "late", {"seed": len(held.events.time), "count": int(count), "days": int(days)}, now)
    return int(count)


def _merge(sandbox: Sandbox, account: str | None = None, source: str | None = None, target: str | None = None) -> Body:
    """Without ids: the two busiest profiles that are still apart."""
    held = _account_of(sandbox, account)
    busiest = _busiest(held, 2)
    pair = {"source": source or busiest[0], "target": target or busiest[1]}
    sandbox.changes.make(held, "merge", pair, sandbox.clock())
    return pair


def _delete(sandbox: Sandbox, account: str | None = None, profile: str | None = None) -> str:
    held = _account_of(sandbox, account)
    chosen = profile or _busiest(held, 1)[0]
    sandbox.changes.make(held, "delete", {"profile": chosen}, sandbox.clock())
    return chosen


def _busiest(account: Account, count: int) -> list[str]:
    tally: dict[int, int] = {}
    for row in account.events.order:
        tally[account.events.person[row]] = tally.get(account.events.person[row], 0) + 1
    ordered = sorted((-held, number) for number, held in tally.items() if number != NOBODY)
    return [account.people.all[number].id for _, number in ordered[:count]]


HAPPENINGS: dict[str, Callable[..., Any]] = {
    "revoke": lambda sandbox, account=None: sandbox.state.uninstall(account),
    "uninstall": lambda sandbox, account=None: sandbox.state.uninstall(account),
    "expire": lambda sandbox, account=None: sandbox.state.expire(account),
    "scope-removed": lambda sandbox, scope="metrics:read", account=None: sandbox.state.remove_scope(account, scope),
    "late-events": _late,
    "merge": _merge,
    "delete": _delete,
    "clear": _clear,
}


def _grant(sandbox: Sandbox, body: Body) -> Body:
    account = body["account"]
    if account not in sandbox.oauth.shops:
        raise Wrong("There is no such account.")
    scopes = " ".join(body.get("scopes") or SCOPES)
    now = sandbox.clock()
    install, refresh = sandbox.state.install(account, "owner", scopes, now)
    life = sandbox.oauth.app.life
    access = sandbox.state.issue_token(install, now + life)
    return {"access_token": access, "refresh_token": refresh, "expires_in": life, "scope": scopes}


def _event(sandbox: Sandbox, body: Body) -> Body:
    account = sandbox.changes.account(body.pop("account"))
    sandbox.changes.make(account, "event", body, sandbox.clock())
    return {"id": account.events.id(len(account.events.time) - 1)}


def _settings(sandbox: Sandbox, body: Body) -> Body:
    if "limits" in body:
        sandbox.windows.on = bool(body.pop("limits"))
    sandbox.oauth = replace(sandbox.oauth, app=replace(sandbox.oauth.app, **body))
    return {"limits": sandbox.windows.on, "life": sandbox.oauth.app.life, "rotate": sandbox.oauth.app.rotate}


ACTIONS: dict[str, Callable[[Sandbox, Body], Body]] = {
    "trigger": _trigger,
    "grant": _grant,
    "event": _event,
    "settings": _settings,
}
