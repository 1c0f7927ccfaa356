"""Ends what a supervisor leaves behind that was killed and could not do it itself (kill -9, out of memory).

Reads process groups on standard input, "+123" when one was started and "-123" when it has ended. The pipe closes when
the supervisor is gone, however it went; its lock on the state folder is held here too until the last process is gone.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable
from typing import Final

GRACE: Final = 3.0


def watch(lines: Iterable[str]) -> set[int]:
    """The groups that are still there when the lines end."""
    groups: set[int] = set()
    for line in lines:
        group = int(line[1:])
        if line[0] == "+":
            groups.add(group)
        else:
            groups.discard(group)
    return groups


def end(groups: set[int], grace: float = GRACE) -> None:
    """Ask politely, wait `grace` seconds, then insist."""
    left = {group for group in groups if send(group, signal.SIGTERM)}
    deadline = time.monotonic() + grace
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = {group for group in left if send(group, 0)}
    for group in left:
        send(group, signal.SIGKILL)


def send(group: int, number: int) -> bool:
    """Whether anybody of the group was there to get the signal (0 only asks)."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end(watch(sys.stdin))
