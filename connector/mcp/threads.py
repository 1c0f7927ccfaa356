"""Threads for the database work of the assistants' door.

Django's own bridge runs all synchronous work of a process on one thread, one call after the other.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from django.db import close_old_connections

Result = TypeVar("Result")


class Threads:
    """A few threads of our own; `run` waits for one without blocking the event loop."""

    def __init__(self, name: str, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(self, work: Callable[..., Result], *args: object, **named: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, _tidily, partial(work, *args, **named))

    async def close(self) -> None:
        """Let what runs end; drop what waits."""
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)


def _tidily(work: Callable[[], Result]) -> Result:
    """No request begins or ends on these threads, so connections are checked and given back here."""
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()
