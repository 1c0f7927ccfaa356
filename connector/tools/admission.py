"""Who may be answered now: so many calls at work per process, fair between organizations, and so many a minute per key.

A call enters, is answered once it is admitted, and leaves. One that waits for something else (members to be fetched)
leaves meanwhile and enters again.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts.caller import Caller
from audit.models import AuditEvent
from connector.lake.semaphore import FairSemaphore, Ticket

CALLS_AT_ONCE: Final = 8  # per process
CALLS_PER_CALLER: Final = 4
CALLS_A_MINUTE: Final = 60
MINUTE: Final = timedelta(minutes=1)
REDIS_PATIENCE: Final = 1.0  # seconds

_calls = FairSemaphore(CALLS_AT_ONCE, CALLS_PER_CALLER)


def enter(caller: Caller) -> Ticket:
    """A ticket for one call. A caller is a key or a connection; a member at a page or at the command line is one too."""
    return _calls.enter(caller.organization.pk, caller.connection_id or caller.user.pk)


@dataclass(frozen=True)
class TicketWait:
    """To be admitted, as something that a call waits for at most until then (time.monotonic)."""

    ticket: Ticket
    until: float
    seconds: float = 0.05

    def is_over(self) -> bool:
        return self.ticket.is_admitted()

    def on_over(self, listener: Callable[[], None]) -> None:
        self.ticket.on_admitted(listener)


def check_rate(caller: Caller) -> int | None:
    """Count one call of any tool. None if it may go on, else seconds until the next one may.

    60 within any minute for each key and connection, over all processes; a call that is refused here is not counted.
    Pages and the command line are people at their own pace: no limit.
    """
    if caller.connection_id is None:
        return None
    seconds = _seconds_until_free(caller.connection_id, caller.organization.pk)
    return None if seconds is None else max(math.ceil(seconds), 1)


def _seconds_until_free(connection_id: UUID, organization_id: UUID) -> float | None:
    if not settings.REDIS_URL:
        return _in_audit(connection_id, organization_id)
    window = _window(settings.REDIS_URL)
    try:
        return window.seconds_until_free(connection_id)
    except window.away:
        return _in_audit(connection_id, organization_id)


@cache
def _window(url: str) -> "_Window":
    return _Window(url)


class _Window:
    """A moving window in Redis, counted by a script of the library's: no two processes take the same last place."""

    def __init__(self, url: str) -> None:
        # The embedded default runs without these packages.
        limits: Any = import_module("limits")
        strategies: Any = import_module("limits.strategies")
        address = url.replace("unix://", "redis+unix://", 1) if url.startswith("unix://") else url
        timeouts = {"socket_timeout": REDIS_PATIENCE, "socket_connect_timeout": REDIS_PATIENCE}
        storage = limits.storage.storage_from_string(address, wrap_exceptions=True, **timeouts)
        self._limiter = strategies.MovingWindowRateLimiter(storage)
        self._minute = limits.RateLimitItemPerMinute(CALLS_A_MINUTE, namespace="calls")
        self.away: type[Exception] = limits.errors.StorageError

    def seconds_until_free(self, connection_id: UUID) -> float | None:
        if self._limiter.hit(self._minute, str(connection_id)):
            return None
        return float(self._limiter.get_window_stats(self._minute, str(connection_id)).reset_time - time.time())


def _in_audit(connection_id: UUID, organization_id: UUID) -> float | None:
    """Each call is an audit event already. Those being answered are none yet, so a few more may pass, as many as may
    run at once."""
    since = timezone.now() - MINUTE
    answered = AuditEvent.objects.filter(
        organization_id=organization_id, id__gte=_first_id(since), connection_id=connection_id, operation="tool.called"
    ).exclude(outcome=AuditEvent.Outcome.FAILED)
    times = answered.order_by("-id").values_list("at", flat=True)[CALLS_A_MINUTE - 1 : CALLS_A_MINUTE]
    return next(((at - since).total_seconds() for at in times if at > since), None)


def _first_id(moment: datetime) -> UUID:
    """The least UUIDv7 of a moment: they begin with milliseconds since 1970, so an index by id is one by time."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
