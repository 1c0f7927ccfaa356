"""Klaviyo's rate limits, kept by all processes together: per account and bucket, in any sliding span. See usage.py.

A process reserves a block of slots in one write of the store and sends on them for two seconds; the same write tells
the answers of the block before. So a page costs no write of its own, and what a dead process held comes free by itself.
"""

import os
import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from connector.klaviyo import usage
from connector.klaviyo.errors import TryLater
from connector.klaviyo.resources import BUCKETS, Limit
from connector.klaviyo.usage import State, Told

BLOCK = 32
"""Slots in the largest block."""

Key = tuple[str, str]
"""Account and bucket."""
OnWait = Callable[[float, str], None]


@dataclass(frozen=True)
class Seen:
    """One reading of a store: what it held, under which version (0: nothing yet), at which time of its clock."""

    version: int
    state: State
    now: float


class Store(Protocol):
    """Where allowances are kept: compare-and-set on a version, and one clock for all who use it."""

    def load(self, account: str, bucket: str) -> Seen: ...

    def load_many(self, keys: Sequence[Key]) -> list[Seen]:
        """As many as keys, in their order, by one question to the store."""
        ...

    def save(self, account: str, bucket: str, version: int, state: State) -> bool:
        """Store `state` as version + 1 if `version` is still the newest; say whether it was."""
        ...


@dataclass(frozen=True)
class Left:
    """Requests that a bucket still has room for in this second, this minute and this day (None: no daily cap), and the
    limits they are left of."""

    burst: int
    steady: int
    daily: int | None
    limit: Limit


class Limiter:
    """Hands out permission to send, never more than Klaviyo allows. One per process; safe for threads and forks."""

    def __init__(
        self,
        store: Store,
        *,
        limits: Mapping[str, Limit] = BUCKETS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = lambda: random.uniform(0, 0.03),  # noqa: S311 - spreads waiters, keeps no secret
    ) -> None:
        self._store = store
        self._limits = limits
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._purses: dict[tuple[str, str], _Purse] = {}
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def take(
        self,
        account: str,
        buckets: tuple[str, ...],
        *,
        many: bool = False,
        max_wait: float = 15.0,
        on_wait: OnWait | None = None,
    ) -> "Permit":
        """Permission to send one request that counts against all of `buckets`; waits for it up to `max_wait` seconds.

        `many` says that more requests follow at once, so that slots are reserved in blocks; end with `settle`.
        Raises TryLater with the seconds until a slot can be free when that is too long to sleep here.
        """
        waited = 0.0
        while True:
            permit, wait, bucket = self._try(account, buckets, many)
            if permit is not None:
                return permit
            wait += self._jitter()
            if waited + wait > max_wait:
                self.settle(account)  # a slot of another bucket that was given back would stay booked
                raise TryLater(wait, f"Klaviyo's limit on {bucket} is used up for {wait:.0f} s.")
            if on_wait:
                on_wait(wait, bucket)
            self._sleep(wait)
            waited += wait

    def settle(self, account: str) -> None:
        """Give back reserved slots that are not needed, and tell the store of answers it does not know yet."""
        with self._lock:
            purses = [purse for (owner, _), purse in self._purses.items() if owner == account]
        for purse in purses:
            purse.settle()

    def left(self, account: str, bucket: str) -> Left:
        """What `bucket` has room for now, by what all processes have told: the ledger that pages and tools show."""
        return self.left_of_many([(account, bucket)])[0]

    def left_of_many(self, keys: Sequence[Key]) -> list[Left]:
        """The same of many accounts and buckets, in the order of `keys`, by one question to the store."""
        seen = self._store.load_many(keys)
        return [_left(one, self._limits[bucket]) for (_, bucket), one in zip(keys, seen, strict=True)]

    def _try(self, account: str, buckets: tuple[str, ...], many: bool) -> "tuple[Permit | None, float, str]":
        """The stricter buckets come last in a request's list, and first here: they are the likelier to be empty."""
        slots: list[tuple[_Purse, _Block]] = []
        for bucket in reversed(buckets):
            purse = self._purse(account, bucket)
            block, wait = purse.take(many)
            if block is None:
                for held, unused in slots:
                    held.give_back(unused)
                return None, wait, bucket
            slots.append((purse, block))
        return Permit(slots[::-1]), 0.0, ""

    def _purse(self, account: str, bucket: str) -> "_Purse":
        with self._lock:
            if self._pid != os.getpid():
                # A fork has copied blocks that belong to its parent.
                self._purses, self._pid = {}, os.getpid()
            key = (account, bucket)
            if key not in self._purses:
                self._purses[key] = _Purse(self._store, account, bucket, self._limits[bucket], self._clock)
            return self._purses[key]


def _left(seen: Seen, limit: Limit) -> Left:
    usage.sweep(seen.state, limit, seen.now)
    left = usage.left(seen.state, limit, seen.now)
    return Left(left[1], left[60], left.get(86400), limit)


class Permit:
    """Permission for one request. It must be told how that ended."""

    def __init__(self, slots: "list[tuple[_Purse, _Block]]") -> None:
        self._slots = slots

    def answered(self, headers: Mapping[str, str] | None = None) -> None:
        """The answer is in, or nobody waits for it any more. Of which bucket the RateLimit headers of a request speak
        that counts against several, nobody knows."""
        told = headers if headers is not None and len(self._slots) == 1 else {}
        for purse, block in self._slots:
            purse.answered(block, told)

    def refused(self, seconds: float) -> None:
        """Klaviyo answered 429: nobody is given a slot of these buckets for so long."""
        for purse, _ in self._slots:
            purse.refuse(seconds)

    def settle(self) -> None:
        for purse, _ in self._slots:
            purse.settle()


@dataclass
class _Block:
    """Slots of this process. Times are this process's monotonic clock."""

    id: str
    until: float
    unused: int
    flying: int = 0
    answers: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class _Refusal:
    at: float
    seconds: float


class _Purse:
    """What this process holds of one bucket."""

    def __init__(self, store: Store, account: str, bucket: str, limit: Limit, clock: Callable[[], float]) -> None:
        self._store, self._account, self._bucket, self._limit, self._clock = store, account, bucket, limit, clock
        self._blocks: list[_Block] = []
        self._size = 1
        self._told: tuple[float, Mapping[str, str]] | None = None
        self._refusal: _Refusal | None = None
        self._lock = threading.Lock()

    def take(self, many: bool) -> tuple[_Block | None, float]:
        """A block with a slot taken from it, or None and the seconds to wait."""
        with self._lock:
            now = self._clock()
            for block in self._blocks:
                if block.unused and now < block.until:
                    return self._fly(block), 0.0
            self._resize(now)
            wait = self._exchange(want=self._size if many else 1)
            if self._blocks and self._blocks[-1].unused:
                return self._fly(self._blocks[-1]), 0.0
            return None, wait

    def give_back(self, block: _Block) -> None:
        """The request was not sent after all."""
        with self._lock:
            block.flying -= 1
            block.unused += 1

    def answered(self, block: _Block, headers: Mapping[str, str]) -> None:
        with self._lock:
            block.flying -= 1
            block.answers.append(self._clock())
            if "ratelimit-limit" in headers or "ratelimit-remaining" in headers:
                self._told = (self._clock(), headers)

    def refuse(self, seconds: float) -> None:
        with self._lock:
            self._refusal = _Refusal(self._clock(), seconds)
            self._exchange(want=0)

    def settle(self) -> None:
        with self._lock:
            if self._blocks:
                self._exchange(want=0)

    def _fly(self, block: _Block) -> _Block:
        block.unused -= 1
        block.flying += 1
        return block

    def _resize(self, now: float) -> None:
        """Blocks grow while they are used up in time, so that only who sends fast reserves much."""
        last = self._blocks[-1] if self._blocks else None
        if last is None:
            return
        self._size = min(self._size * 2, BLOCK) if not last.unused and now < last.until else max(1, self._size // 2)

    def _exchange(self, want: int) -> float:
        """One write: settle the blocks held, reserve a new one of up to `want`. Seconds to wait if there was no room.

        Compare-and-set: another process may have been between our reading and our writing; then both again.
        """
        while True:
            local = self._clock()
            seen = self._store.load(self._account, self._bucket)
            state = cast(State, {**usage.fresh(), **seen.state})
            before = dict(state, used=list(state["used"]), open=dict(state["open"]))
            usage.sweep(state, self._limit, seen.now)
            self._tell(state, seen.now - local)
            granted, wait = self._grant(state, seen.now, want)
            if granted == 0 and not self._blocks and state == before:
                return wait
            block = _Block(uuid.uuid4().hex[:12], local + usage.LEASE, granted)
            if granted:
                state["open"][block.id] = [granted, seen.now + usage.LEASE]
            if self._store.save(self._account, self._bucket, seen.version, state):
                self._settled(block if granted else None)
                return wait

    def _tell(self, state: State, ahead: float) -> None:
        """Write into `state` what became of our blocks. `ahead` is the store's clock less ours, or a little more."""
        for block in self._blocks:
            state["open"].pop(block.id, None)
            if block.flying:
                state["open"][block.id] = [block.flying, block.until + ahead]
            usage.use(state, [at + ahead for at in block.answers])
        if self._told is not None:
            at, headers = self._told
            told = read_headers(headers, at + ahead)
            if told is not None:
                usage.learn(state, self._limit, told)
        if self._refusal is not None:
            state["wait"] = max(state["wait"], self._refusal.at + ahead + self._refusal.seconds)

    def _grant(self, state: State, now: float, want: int) -> tuple[int, float]:
        """Of the room there is, a share for each who sends now: at most a quarter of a second's, at least one."""
        if want == 0:
            return 0, 0.0
        room = usage.free(state, self._limit, now)
        if room == 0:
            return 0, usage.wait(state, self._limit, now)
        burst = usage.allowed(state, self._limit)[1]
        share = min(room, burst // 4) // (1 + len(state["open"]))
        return max(1, min(want, share)), 0.0

    def _settled(self, block: _Block | None) -> None:
        """Our telling is in the store: keep only what is still in the air, and the new block."""
        self._told = self._refusal = None
        self._blocks = [held for held in self._blocks if held.flying]
        for held in self._blocks:
            held.unused, held.answers = 0, []
        if block is not None:
            self._blocks.append(block)


class MemoryStore:
    """Allowances of one process. For tests, scripts and single-process use."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, str], tuple[int, State]] = {}
        self._lock = threading.Lock()

    def load(self, account: str, bucket: str) -> Seen:
        with self._lock:
            version, state = self._kept.get((account, bucket), (0, usage.fresh()))
            return Seen(version, _copy(state), self._clock())

    def load_many(self, keys: Sequence[Key]) -> list[Seen]:
        return [self.load(account, bucket) for account, bucket in keys]

    def save(self, account: str, bucket: str, version: int, state: State) -> bool:
        with self._lock:
            if self._kept.get((account, bucket), (0, None))[0] != version:
                return False
            self._kept[account, bucket] = (version + 1, _copy(state))
            return True


def read_headers(headers: Mapping[str, str], at: float) -> Told | None:
    """RateLimit headers as Klaviyo sends them: `RateLimit-Limit: 10, 10;w=1, 150;w=60`, Remaining, Reset.

    Remaining and Reset are the steady window's (https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling),
    although the first number is the burst's. Were they the burst's, they would bind for a second, which does no harm.
    """
    quota = _policy(headers.get("ratelimit-limit", ""))
    remaining, reset = _whole(headers.get("ratelimit-remaining")), _whole(headers.get("ratelimit-reset"))
    if remaining is None or reset is None:
        return Told(at, quota) if quota else None
    return Told(at, quota, remaining, reset)


def _policy(text: str) -> dict[int, int]:
    quota: dict[int, int] = {}
    for part in text.split(","):
        number, *rest = (piece.strip() for piece in part.split(";"))
        n = _whole(number)
        window = next((_whole(piece[2:]) for piece in rest if piece.startswith("w=")), None)
        if n is not None and window is not None:
            quota[window] = n
    return quota


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def _copy(state: State) -> State:
    copied: dict[str, Any] = {**state, "used": [list(one) for one in state["used"]], "open": dict(state["open"])}
    copied["others"], copied["quota"] = dict(state["others"]), dict(state["quota"])
    return cast(State, copied)
