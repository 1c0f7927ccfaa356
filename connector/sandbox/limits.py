"""Klaviyo's fixed windows: a burst of one second, a steady minute, and for some operations a day."""

from dataclasses import dataclass, field

from connector.sandbox.errors import Refusal
from connector.sandbox.facts import Operation
from connector.sandbox.query import Query
from connector.sandbox.state import State

DAY = 86_400


@dataclass
class Windows:
    """Counts requests per account and operation. The windows begin on the clock's whole seconds and minutes."""

    state: State
    on: bool = True
    _used: dict[tuple[str, str, int], tuple[int, int]] = field(default_factory=dict)

    def admit(self, account: str, operation: Operation, query: Query, now: float) -> dict[str, str]:
        """Count one request: the headers for its answer. Raises 429 when a window is full."""
        if not self.on:
            return {}
        for name, stricter in _stricter(operation, query).items():
            self.take(account, name, (*stricter, None), now)
        left = self.take(account, operation.id, operation.limit, now)
        burst, steady, _ = operation.limit
        return {
            "RateLimit-Limit": f"{burst}, {burst};w=1, {steady};w=60",
            "RateLimit-Remaining": str(left),
            "RateLimit-Reset": str(60 - int(now) % 60),
        }

    def take(self, account: str, bucket: str, limit: tuple[int, int, int | None], now: float) -> int:
        """How many are left of the minute. A request that is refused is not counted."""
        burst, steady, daily = limit
        if not self.on:
            return steady
        for length, most in ((1, burst), (60, steady)):
            if self._count(account, bucket, length, now) >= most:
                raise throttled(length - now % length)
        if daily is not None and self.state.count(account, bucket, int(now // DAY)) > daily:
            raise throttled(DAY - now % DAY)
        for length in (1, 60):
            used = self._count(account, bucket, length, now) + 1
            self._used[(account, bucket, length)] = (int(now // length), used)
        return steady - used

    def _count(self, account: str, bucket: str, length: int, now: float) -> int:
        window, used = self._used.get((account, bucket, length), (0, 0))
        return used if window == int(now // length) else 0


def _stricter(operation: Operation, query: Query) -> dict[str, tuple[int, int]]:
    """The further limits that this request's parameters are counted against."""
    asked = [f"include={name}" for name in query.include]
    asked += [f"additional-fields[{type}]={name}" for type, names in query.additional.items() for name in names]
    return {name: operation.stricter[name] for name in asked if name in operation.stricter}


def throttled(wait: float) -> Refusal:
    """429 with Retry-After in whole seconds and without the RateLimit headers, as Klaviyo does."""
    seconds = max(1, int(wait) + (wait > int(wait)))
    return Refusal(
        429,
        "throttled",
        "Request was throttled.",
        f"Request was throttled. Expected available in {seconds} seconds.",
        headers={"Retry-After": str(seconds)},
    )
