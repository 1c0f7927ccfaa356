"""The arithmetic of one bucket's allowance: which requests still count, how many more may go, and when the next may.

Klaviyo counts a request when it arrives, somewhere between our sending it and its answer. A slot is therefore held from
before the sending until one window after the answer; then no span of a window's length at Klaviyo, however its windows
are aligned, holds more requests than we held slots. Roundings go one way only: a slot is freed later, never earlier.

State is plain JSON, so that any store can keep it. Times are seconds of the store's clock.

    used   [[at, n], ...]         n requests whose answers were in by `at`, oldest first
    open   {block: [n, until]}    n slots that a process may still send on until `until`, or is waiting on
    others {window: [n, until]}   requests that Klaviyo counted and we did not make
    quota  {window: n}            limits that Klaviyo's headers put lower than its documents
    wait   until                  Klaviyo said Retry-After
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypedDict

from connector.klaviyo.resources import Limit

STEADY = 60
"""The window that RateLimit headers speak of, in seconds."""
LEASE = 2.0
"""Seconds in which a process may send on the slots of a block."""
ANSWER = 70.0
"""Seconds after which a request that got no answer has arrived or never will: connect and read time-outs together."""
SLACK = 10.0
"""Seconds for which used slots are kept longer than they count, for headers that are read late."""
FINE, COARSE, ROUGH = 0.01, 0.5, 60.0
"""Grain of `at` in seconds: of new answers, after two seconds, and after five minutes (only a daily cap looks there)."""
CLOCK = 0.002
"""Seconds by which a store's clock may be read low (SQLite's ends at the millisecond)."""


class State(TypedDict):
    used: list[list[float]]
    open: dict[str, list[float]]
    others: dict[str, list[float]]
    quota: dict[str, int]
    wait: float


@dataclass(frozen=True)
class Told:
    """What RateLimit headers said at `at`: `quota` by window; `remaining` of the steady window until `reset` s later."""

    at: float
    quota: Mapping[int, int]
    remaining: int | None = None
    reset: float = 0.0


def fresh() -> State:
    return State(used=[], open={}, others={}, quota={}, wait=0.0)


def sweep(state: State, limit: Limit, now: float) -> None:
    """Forget what no longer counts, and merge old entries so that the state stays small."""
    for block, (n, until) in list(state["open"].items()):
        if until + ANSWER <= now:
            del state["open"][block]
            use(state, [until + ANSWER] * int(n))
    horizon = now - max(limit.windows()) - SLACK
    merged: dict[float, float] = {}
    for at, n in state["used"]:
        if at > horizon:
            grain = FINE if now - at < 2 else COARSE if now - at < 300 else ROUGH
            at = _up(at, grain)
            merged[at] = merged.get(at, 0) + n
    state["used"] = [[at, n] for at, n in sorted(merged.items())]
    state["others"] = {window: one for window, one in state["others"].items() if one[1] > now}


def use(state: State, answers: Iterable[float]) -> None:
    """Requests answered (or given up) at these times."""
    state["used"] = sorted([*state["used"], *([_up(at + CLOCK, FINE), 1] for at in answers)])


def free(state: State, limit: Limit, now: float) -> int:
    """Slots that may be taken at `now`."""
    if state["wait"] > now:
        return 0
    return max(0, min(left(state, limit, now).values()))


def left(state: State, limit: Limit, now: float) -> dict[int, int]:
    """Window -> requests that it still has room for at `now`."""
    return {window: max(0, n - _held(state, window, now)) for window, n in allowed(state, limit).items()}


def allowed(state: State, limit: Limit) -> dict[int, int]:
    """Window -> limit: the document's, or the lower one that headers told."""
    return {window: min(n, state["quota"].get(str(window), n)) for window, n in limit.windows().items()}


def wait(state: State, limit: Limit, now: float) -> float:
    """Seconds until a slot can be free at the earliest; 0 when one is."""
    until = max([now, state["wait"], *(_opens(state, window, n, now) for window, n in allowed(state, limit).items())])
    return until - now


def learn(state: State, limit: Limit, told: Told) -> None:
    """Correct ourselves by headers: a lower limit, or room that somebody else has used."""
    for window, quota in told.quota.items():
        state["quota"].pop(str(window), None)
        if 0 < quota < limit.windows().get(window, 0):
            state["quota"][str(window)] = quota
    if told.remaining is None:
        return
    state["others"].pop(str(STEADY), None)
    ours = allowed(state, limit).get(STEADY, 0) - _held(state, STEADY, told.at)
    if told.remaining < ours:
        state["others"][str(STEADY)] = [ours - told.remaining, told.at + min(told.reset, STEADY)]


def _held(state: State, window: int, now: float) -> int:
    used = sum(n for at, n in state["used"] if at + window > now)
    reserved = sum(n for n, _ in state["open"].values())
    return int(used + reserved + state["others"].get(str(window), [0])[0])


def _opens(state: State, window: int, quota: int, now: float) -> float:
    """When this window has room for one more. What is not answered yet frees its slot one window from now, or later."""
    excess = _held(state, window, now) - quota + 1
    if excess <= 0:
        return now
    for until, n in sorted(_endings(state, window, now)):
        excess -= int(n)
        if excess <= 0:
            return until
    return now + window


def _endings(state: State, window: int, now: float) -> Iterator[tuple[float, float]]:
    for at, n in state["used"]:
        if at + window > now:
            yield at + window, n
    for n, _ in state["open"].values():
        yield now + window, n
    if str(window) in state["others"]:
        n, until = state["others"][str(window)]
        yield until, n


def _up(at: float, grain: float) -> float:
    # What is on the grain already must stay there, though a double of today's seconds ends near the microsecond.
    return round(math.ceil(at / grain - 1e-3) * grain, 2)
