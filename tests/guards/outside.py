"""Calls that may take long are made outside transactions: a lock held meanwhile would stop everybody else."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from django.db import connection

from connector.lake.engine import using_engine
from connector.lake.lease import lease

Seen = dict[str, int]


@contextmanager
def outside_transactions(patch: pytest.MonkeyPatch) -> Iterator[Seen]:
    """While the block runs, HTTP, lake work and sleep within `atomic()` fail the test; yields how often each was seen.

    For tests with real transactions (`django_db(transaction=True)`): others run within one of their own.
    """
    seen: Seen = {"http": 0, "write": 0, "read": 0, "sleep": 0}
    caught: list[str] = []

    def watched(kind: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watching(*args: Any, **kwargs: Any) -> Any:
            seen[kind] += 1
            if connection.in_atomic_block:
                caught.append(kind)
                raise AssertionError(f"{kind} within a transaction")
            return call(*args, **kwargs)

        return watching

    patch.setattr(httpx.Client, "send", watched("http", httpx.Client.send))
    patch.setattr("connector.lake.store.lease", watched("write", lease))
    patch.setattr("connector.lake.query.using_engine", watched("read", using_engine))
    patch.setattr(time, "sleep", watched("sleep", time.sleep))
    yield seen
    # Whoever swallowed the error above has not escaped.
    assert caught == []
