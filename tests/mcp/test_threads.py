"""Work in steps: each on a thread, and none held while it waits."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from connector.lake.semaphore import FairSemaphore
from connector.mcp.threads import Threads, Wait
from connector.tools.admission import TicketWait

Result = TypeVar("Result")
Steps = Generator[Wait, None, Result]


@dataclass
class Looks:
    """A wait that is over at its so-manieth look."""

    needed: int = 1
    until: float = field(default_factory=lambda: time.monotonic() + 20)
    seconds: float = 0.01
    taken: int = 0

    def is_over(self) -> bool:
        self.taken += 1
        return self.taken >= self.needed


def driven(work: Callable[[Threads], Awaitable[Result]], threads: int = 1) -> Result:
    async def main() -> Result:
        pool = Threads("test", threads)
        try:
            return await work(pool)
        finally:
            await pool.close()

    return asyncio.run(main())


def test_what_the_steps_return_is_the_answer() -> None:
    first, second = Looks(3), Looks(2)

    def steps() -> Steps[str]:
        yield first
        yield second
        return "answered"

    assert driven(lambda threads: threads.drive(steps())) == "answered"
    assert (first.taken, second.taken) == (3, 2)


def test_steps_that_wait_for_nothing_are_one_run() -> None:
    def steps() -> Steps[str]:
        if not threading.current_thread().name.startswith("test"):
            yield Looks()
        return "at once"

    assert driven(lambda threads: threads.drive(steps())) == "at once"


def test_twenty_that_wait_leave_the_only_thread_free() -> None:
    """Each waits until all have begun, which none could if one held the thread."""
    begun = list[int]()

    @dataclass
    class AllBegun(Looks):
        def is_over(self) -> bool:
            return len(begun) == 20

    def steps(number: int) -> Steps[int]:
        begun.append(number)
        yield AllBegun()
        return number

    async def work(threads: Threads) -> list[int]:
        return await asyncio.gather(*(threads.drive(steps(number)) for number in range(20)))

    assert driven(work) == list(range(20))


def test_a_wait_ends_with_its_time_and_the_work_goes_on() -> None:
    never = Looks(needed=10**9, until=time.monotonic() + 0.1)

    def steps() -> Steps[str]:
        yield never
        return "pending"

    assert driven(lambda threads: threads.drive(steps())) == "pending"
    assert never.taken > 0


def test_what_goes_wrong_reaches_who_asked() -> None:
    def steps() -> Steps[str]:
        yield Looks()
        raise LookupError("no such thing")

    with pytest.raises(LookupError, match="no such thing"):
        driven(lambda threads: threads.drive(steps()))


def test_a_ticket_is_waited_for_without_looking() -> None:
    semaphore = FairSemaphore(1)
    taken, wanted = semaphore.enter("north"), semaphore.enter("south")

    def steps() -> Steps[bool]:
        yield TicketWait(wanted, until=time.monotonic() + 20, seconds=10**6)
        return wanted.is_admitted()

    async def work(threads: Threads) -> bool:
        driving = asyncio.create_task(threads.drive(steps()))
        await asyncio.sleep(0.05)
        await threads.run(taken.leave)
        return await driving

    assert driven(work)


def test_a_ticket_that_does_not_come_in_time_is_given_up() -> None:
    semaphore = FairSemaphore(1)
    semaphore.enter("north")

    def steps() -> Steps[bool]:
        with semaphore.enter("south") as wanted:
            yield TicketWait(wanted, until=time.monotonic() + 0.05)
            return wanted.is_admitted()

    assert driven(lambda threads: threads.drive(steps())) is False


def test_work_that_nobody_waits_for_any_more_is_closed() -> None:
    closed = threading.Event()

    def steps() -> Steps[None]:
        try:
            yield Looks(needed=10**9)
        finally:
            closed.set()

    async def work(threads: Threads) -> bool:
        driving = asyncio.create_task(threads.drive(steps()))
        await asyncio.sleep(0.05)
        driving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await driving
        return await asyncio.to_thread(closed.wait, 10)

    assert driven(work)


def test_work_cancelled_in_the_middle_of_a_step_is_closed_after_it() -> None:
    begun, go, closed = threading.Event(), threading.Event(), threading.Event()

    def steps() -> Steps[None]:
        try:
            begun.set()
            go.wait(10)
            yield Looks()
        finally:
            closed.set()

    async def work(threads: Threads) -> bool:
        driving = asyncio.create_task(threads.drive(steps()))
        await asyncio.to_thread(begun.wait, 10)
        driving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await driving
        go.set()
        return await asyncio.to_thread(closed.wait, 10)

    assert driven(work)
