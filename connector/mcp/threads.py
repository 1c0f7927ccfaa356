"""Threads for the database work of the assistants' door.

Django's own bridge runs all synchronous work of a process on one thread, one call after the other.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Generic, Protocol, TypeVar, runtime_checkable

from django.db import close_old_connections

Result = TypeVar("Result")


class Wait(Protocol):
    """What work waits for: until when at most (time.monotonic), how long between two looks, and the look itself."""

    @property
    def until(self) -> float: ...

    @property
    def seconds(self) -> float: ...

    def is_over(self) -> bool: ...


@runtime_checkable
class ToldWait(Wait, Protocol):
    """One that tells by itself when it may be over: no look is needed before. It may tell on any thread."""

    def on_over(self, listener: Callable[[], None]) -> None: ...


class Threads:
    """A few threads of our own; `run` waits for one without blocking the event loop."""

    def __init__(self, name: str, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(self, work: Callable[..., Result], *args: object, **named: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, _tidily, partial(work, *args, **named))

    async def drive(self, steps: Generator[Wait, None, Result]) -> Result:
        """What the generator returns. Each of its steps runs on a thread; between them, while it waits, it holds none.

        After a wait it goes on, whether what it waited for came or the time was over. Cancelled, the generator is closed.
        """
        work = _Work(steps)
        try:
            while (wait := await self.run(work.step)) is not None:
                await self._over(wait)
        except BaseException:
            with suppress(RuntimeError):  # the threads have been closed, and all that they held is gone with them
                self._pool.submit(_tidily, work.close)
            raise
        return work.result()

    async def _over(self, wait: Wait) -> None:
        if isinstance(wait, ToldWait):
            await _told(wait)
            return
        while (left := wait.until - time.monotonic()) > 0:
            await asyncio.sleep(min(wait.seconds, left))
            if await self.run(wait.is_over):
                return

    async def close(self) -> None:
        """Let what runs end; drop what waits."""
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)


class _Work(Generic[Result]):
    """A generator that is stepped and closed on different threads, never on two at once."""

    def __init__(self, steps: Generator[Wait, None, Result]) -> None:
        self._steps = steps
        self._lock = threading.Lock()
        self._returned: list[Result] = []

    def step(self) -> Wait | None:
        """What it waits for next, None at its end."""
        with self._lock:
            try:
                return next(self._steps)
            except StopIteration as end:  # no future can carry it
                self._returned.append(end.value)
                return None

    def result(self) -> Result:
        return self._returned[0]

    def close(self) -> None:
        with self._lock:
            self._steps.close()


async def _told(wait: ToldWait) -> None:
    loop, over = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(over.set)

    wait.on_over(tell)
    with suppress(TimeoutError):
        await asyncio.wait_for(over.wait(), max(wait.until - time.monotonic(), 0))


def _tidily(work: Callable[[], Result]) -> Result:
    """No request begins or ends on these threads, so connections are checked and given back here."""
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()
