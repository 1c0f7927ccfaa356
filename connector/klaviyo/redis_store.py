"""Allowances in Redis: shared by all hosts, on Redis' own clock."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, cast

import msgspec
import redis

from connector.klaviyo import usage
from connector.klaviyo.errors import TryLater
from connector.klaviyo.limits import Key, Seen
from connector.klaviyo.usage import State

AWAY = 5.0
"""Seconds after which a Redis that is away is asked again."""
KEPT = 2 * 86400
"""Seconds after its last use for which an allowance is kept: longer than the longest window."""

LOAD = """
local held = redis.call('HMGET', KEYS[1], 'version', 'state')
local now = redis.call('TIME')
return {held[1] or '0', held[2] or '', now[1], now[2]}
"""

SAVE = """
if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1] + 1, 'state', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""


class RedisStore:
    """Compare-and-set by a script, so that two processes never both take the last slot."""

    def __init__(self, url: str) -> None:
        self._redis = _connected(url)
        self._load = self._redis.register_script(LOAD)
        self._save = self._redis.register_script(SAVE)

    def load(self, account: str, bucket: str) -> Seen:
        return _seen(self._run(self._load, account, bucket))

    def load_many(self, keys: Sequence[Key]) -> list[Seen]:
        pipeline = self._redis.pipeline(transaction=False)
        for account, bucket in keys:
            self._load(keys=[_key(account, bucket)], client=pipeline)
        try:
            return [_seen(found) for found in pipeline.execute()]
        except redis.RedisError:
            raise _away() from None

    def save(self, account: str, bucket: str, version: int, state: State) -> bool:
        return bool(self._run(self._save, account, bucket, version, msgspec.json.encode(state), KEPT))

    def _run(self, script: Callable[..., Any], account: str, bucket: str, *args: Any) -> Any:
        try:
            return script(keys=[_key(account, bucket)], args=args)
        except redis.RedisError:
            raise _away() from None


def _seen(found: Any) -> Seen:
    version, state, seconds, micros = found
    held = cast(State, msgspec.json.decode(state)) if state else usage.fresh()
    return Seen(int(version), held, int(seconds) + int(micros) / 1e6)


def _away() -> TryLater:
    return TryLater(AWAY, "The store of Klaviyo's limits cannot be reached.")


@cache
def _connected(url: str) -> "redis.Redis":
    """One pool of connections per process and address; redis-py opens new ones after a fork."""
    return redis.Redis.from_url(url, socket_timeout=5.0, socket_connect_timeout=5.0)


def _key(account: str, bucket: str) -> str:
    return f"klaviyo:allowance:{account}:{bucket}"
