"""Which run an install needs, and the windows of time it reads."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.caller import Caller
from audit.record import record
from connector.installs.models import Install
from connector.installs.tokens import audit_columns
from connector.sync.models import Run

FIRST_MOMENT: Final = "2000-01-01T00:00:00+00:00"  # Klaviyo accepts no event from before
AHEAD: Final = timedelta(days=400)  # and none dated more than a year ahead: those are read as well
OVERLAP: Final = timedelta(hours=2)  # Klaviyo's event endpoint lags (klaviyo facts, quirks)
RECONCILED: Final = timedelta(days=7)  # attributions and late events change that far back


def open_run(install: Install, kind: str = "", caller: Caller | None = None) -> Run:
    """The install's open run, or a new one of the kind asked for (by default the one it needs). Enqueues nothing."""
    try:
        with transaction.atomic():
            existing = Run.objects.filter(install=install, state__in=Run.OPEN).first()
            return existing or _new_run(install, kind or needed(install), caller)
    except IntegrityError:
        # Two asked at once; the constraint let one through.
        return Run.objects.get(install=install, state__in=Run.OPEN)


def needed(install: Install) -> str:
    """A first load until the whole history is held, then increments."""
    return Run.Kind.INCREMENT if install.is_whole else Run.Kind.FIRST


def _new_run(install: Install, kind: str, caller: Caller | None) -> Run:
    now = timezone.now()
    run = Run.objects.create(
        organization_id=install.organization_id,
        install=install,
        kind=kind,
        due_at=now,
        checkpoint=checkpoint_of(install, kind, now),
    )
    if kind == Run.Kind.FIRST:
        Install.objects.filter(pk=install.pk).update(status=Install.Status.SYNCING, status_reason="")
    if caller or kind != Run.Kind.INCREMENT:
        who = (
            caller.audit_columns() | {"install_id": install.pk, "account_label": str(install)}
            if caller
            else {"via": "task", **audit_columns(install)}
        )
        record("sync.started", **who, subject_kind="run", subject_id=str(run.pk), after={"kind": kind})
    return run


@dataclass(frozen=True)
class Window:
    """A span of event time to read, newest first; `recent`: once it is read whole, everything up to the run's start is held."""

    since: datetime
    until: datetime
    recent: bool

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Window":
        return cls(datetime.fromisoformat(stored["since"]), datetime.fromisoformat(stored["until"]), stored["recent"])

    def as_dict(self) -> dict[str, Any]:
        return {"since": self.since.isoformat(), "until": self.until.isoformat(), "recent": self.recent}

    def cut(self, until: datetime) -> "Window":
        """What is left of it once all from `until` on is read."""
        return replace(self, until=until)


def windows(install: Install, kind: str, now: datetime) -> list[Window]:
    """What a run reads. A first load that goes on after a break reads what has come since, then on where it stopped."""
    begin, ahead = datetime.fromisoformat(FIRST_MOMENT), now + AHEAD
    if install.complete_from is None or install.complete_to is None:
        return [Window(begin, ahead, recent=True)]
    since = install.complete_to - OVERLAP
    if kind == Run.Kind.RECONCILE:
        since = min(since, now - RECONCILED)
    recent = Window(max(since, begin), ahead, recent=True)
    return [recent] if install.is_whole else [recent, Window(begin, install.complete_from, recent=False)]


def checkpoint_of(install: Install, kind: str, now: datetime) -> dict[str, Any]:
    """Where a new run begins: windows of events, profiles from where the last run stopped, named objects that changed."""
    checkpoint: dict[str, Any] = {
        "began": now.isoformat(),
        "windows": [window.as_dict() for window in windows(install, kind, now)],
    }
    former = Run.objects.filter(install=install, checkpoint__profiles_after__isnull=False).order_by("-id").first()
    if former and former.checkpoint["profiles_after"]:
        checkpoint["profiles_after"] = former.checkpoint["profiles_after"]
    if kind == Run.Kind.INCREMENT and install.last_sync_at:
        checkpoint["changed_since"] = (install.last_sync_at - OVERLAP).isoformat()
    return checkpoint
