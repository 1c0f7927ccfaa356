"""A semaphore that is fair between groups: what becomes free goes round by group, not to who came first.

A wish is a ticket. It holds nothing while it waits, so a thread, an event loop or nobody at all may wait for it.
"""

import os
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from weakref import WeakSet


class Ticket:
    """One wish. Whoever entered must leave, admitted or not; leaving twice is no error. As a context it leaves itself."""

    def __init__(self, semaphore: "FairSemaphore", group: Hashable, caller: Hashable) -> None:
        self.group = group
        self.caller = caller
        self._semaphore = semaphore
        self._admitted = threading.Event()
        self._listeners: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def is_admitted(self) -> bool:
        return self._admitted.is_set()

    def wait(self, timeout: float) -> bool:
        """Block this thread until admitted, for at most so many seconds; whether it was."""
        return self._admitted.wait(max(timeout, 0))

    def on_admitted(self, listener: Callable[[], None]) -> None:
        """Call it once when admitted, at once if that is so already; on the thread that left, so it must be quick."""
        with self._lock:
            if not self.is_admitted():
                self._listeners.append(listener)
                return
        listener()

    def leave(self) -> None:
        self._semaphore.leave(self)

    def __enter__(self) -> "Ticket":
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def admit(self) -> None:
        """For the semaphore alone."""
        with self._lock:
            self._admitted.set()
            listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener()


class FairSemaphore:
    """At most `capacity` admitted at once, at most `per_caller` of one caller, groups in turn, first come within a group.

    While another group could be served, none is given more than half of the capacity.
    """

    def __init__(self, capacity: int, per_caller: int | None = None) -> None:
        self.capacity = capacity
        self.per_caller = per_caller or capacity
        self._reset()
        _all.add(self)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._admitted: set[Ticket] = set()
        self._of_group: Counter[Hashable] = Counter()
        self._of_caller: Counter[Hashable] = Counter()
        # Groups in the order in which they are next; those served last stand at the end.
        self._waiting: OrderedDict[Hashable, list[Ticket]] = OrderedDict()

    def enter(self, group: Hashable, caller: Hashable = None) -> Ticket:
        """A ticket, admitted at once where there is room. No caller: the group itself."""
        ticket = Ticket(self, group, (group, caller))
        with self._lock:
            self._waiting.setdefault(group, []).append(ticket)
            admitted = self._admit()
        _tell(admitted)
        return ticket

    def leave(self, ticket: Ticket) -> None:
        with self._lock:
            self._take_out(ticket)
            admitted = self._admit()
        _tell(admitted)

    def _take_out(self, ticket: Ticket) -> None:
        if ticket in self._admitted:
            self._admitted.remove(ticket)
            self._of_group -= Counter([ticket.group])  # drops what has come to nothing
            self._of_caller -= Counter([ticket.caller])
        elif ticket in self._waiting.get(ticket.group, ()):
            self._forget(ticket)

    def _admit(self) -> list[Ticket]:
        """Fill what is free."""
        admitted = []
        while len(self._admitted) < self.capacity and (ticket := self._next()):
            self._forget(ticket)
            if ticket.group in self._waiting:
                self._waiting.move_to_end(ticket.group)
            self._admitted.add(ticket)
            self._of_group[ticket.group] += 1
            self._of_caller[ticket.caller] += 1
            admitted.append(ticket)
        return admitted

    def _next(self) -> Ticket | None:
        """Of the first group that has not had its half; of another only if there is none such."""
        able = [ticket for group in self._waiting if (ticket := self._first_of(group))]
        half = self.capacity / 2
        return next((ticket for ticket in able if self._of_group[ticket.group] < half), able[0] if able else None)

    def _first_of(self, group: Hashable) -> Ticket | None:
        tickets = self._waiting[group]
        return next((ticket for ticket in tickets if self._of_caller[ticket.caller] < self.per_caller), None)

    def _forget(self, ticket: Ticket) -> None:
        tickets = self._waiting[ticket.group]
        tickets.remove(ticket)
        if not tickets:
            del self._waiting[ticket.group]


def _tell(admitted: list[Ticket]) -> None:
    """Outside of the lock: a listener may enter or leave."""
    for ticket in admitted:
        ticket.admit()


def _forget_the_parent() -> None:
    """The parent's threads, whose tickets these are, do not exist in a child; the lock may have been theirs."""
    for semaphore in _all:
        semaphore._reset()


_all: "WeakSet[FairSemaphore]" = WeakSet()
os.register_at_fork(after_in_child=_forget_the_parent)
