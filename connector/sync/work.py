"""Work on a run for one step: its phases in order, until it is done, its time is over, or something stands in the way."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.record import record
from connector.installs.access import klaviyo
from connector.installs.models import Install
from connector.installs.tokens import audit_columns, needs_reconnect
from connector.klaviyo.errors import WITHHELD, BadRequest, KlaviyoError, Reconnect, ScopeMissing, TryLater
from connector.lake.errors import LakeError, LeaseHeld, LeaseLost, RowsRefused, WriteConflict
from connector.lake.store import writing
from connector.records.models import Audience
from connector.sync import catalog_sync, history, profile_sync
from connector.sync.claim import Claim, ClaimLost, claimed
from connector.sync.counts import keep_counts
from connector.sync.models import Run
from connector.sync.step import Step

logger = logging.getLogger(__name__)

STEP: Final = 20.0  # seconds a task works before it hands over, so that no install holds a worker while others wait
TRIES: Final = 8  # failures in a row at one checkpoint before the run gives up
SHOWN_WAIT: Final = 1.0  # waits for a rate limit shorter than that are not worth a write

Phase = Callable[[Step], bool]
RECORDS: Final[tuple[tuple[str, Phase], ...]] = (
    ("account", catalog_sync.account),
    ("metrics", catalog_sync.metrics),
    ("campaigns", catalog_sync.campaigns),
    ("flows", catalog_sync.flows),
    ("audiences", catalog_sync.audiences),
    ("flow_messages", catalog_sync.flow_messages),
    ("catalog", catalog_sync.catalog),
)
PHASES: Final[dict[str, tuple[tuple[str, Phase], ...]]] = {
    Run.Kind.FIRST: (
        *RECORDS,
        ("oldest", history.oldest),
        ("events", history.events),
        ("profiles", profile_sync.profiles),
    ),
    Run.Kind.INCREMENT: (*RECORDS, ("events", history.events), ("profiles", profile_sync.profiles)),
    Run.Kind.RECONCILE: (*RECORDS, ("events", history.events), ("profiles", profile_sync.profiles)),
}
# What Klaviyo withholds is left out; without events there is nothing to answer from.
REQUIRED: Final = frozenset({"events"})


def due() -> QuerySet[Run]:
    """Runs that can be gone on with now, whether or not a worker is at it."""
    return Run.objects.select_related("install__organization").filter(state__in=Run.OPEN, due_at__lte=timezone.now())


def work(run_id: UUID) -> bool:
    """One step. True when the run is to be gone on with at once."""
    with claimed(due().filter(pk=run_id)) as claim:
        if claim is None:
            return False
        try:
            return _turn(claim)
        except ClaimLost:
            logger.info("run %s: another worker has taken over", run_id)
            return False


def _turn(claim: Claim[Run]) -> bool:
    run = claim.row
    step = Step(
        claim, klaviyo(run.install, on_wait=lambda seconds, bucket: _waits(claim, seconds)), time.monotonic() + STEP
    )
    claim.save(state=Run.State.RUNNING, started_at=run.started_at or timezone.now(), error="")
    try:
        if not _phases(step):
            if run.kind == Run.Kind.FIRST:  # a long one is asked about meanwhile
                keep_counts(run.install_id)
            claim.save(due_at=timezone.now(), attempts=0)
            return True
        _finish(step)
    except TryLater as error:
        _wait(claim, error.retry_after)
    except (LeaseHeld, LeaseLost, WriteConflict):
        claim.save(due_at=timezone.now() + timedelta(seconds=1))
    except Reconnect as error:
        needs_reconnect(run.install, str(error))
        _fail(claim, str(error), Install.Status.NEEDS_RECONNECT)
    except ScopeMissing as error:
        _fail(
            claim,
            f"Klaviyo did not grant {error.scope}, which reading events needs. Reconnect and grant it.",
            Install.Status.SCOPE_MISSING,
        )
    except (BadRequest, RowsRefused) as error:
        # A fault of ours: the same again would end the same.
        _fail(claim, str(error), Install.Status.ERROR)
    except (KlaviyoError, LakeError) as error:
        _try_again(claim, str(error))
    except ClaimLost:
        raise
    except Exception as error:
        # A fault of ours that nobody foresaw: counted like other trouble, or beat would wake the run for it for ever.
        logger.exception("run %s: %s broke", run.pk, run.phase)
        _try_again(claim, f"Something went wrong on our side ({type(error).__name__}); it was noted.")
    return False


def _phases(step: Step) -> bool:
    """Go through the phases from where the run stands; False when the step is over before the last one is done."""
    phases = PHASES[step.run.kind]
    names = [name for name, _ in phases]
    start = names.index(step.run.phase) if step.run.phase in names else 0
    for name, phase in phases[start:]:
        if step.run.phase != name:
            if step.is_over:
                step.save(phase=name, done=0, total=None, unit="")
                return False
            step.save(phase=name, done=0, total=None, unit="", attempts=0)
        if not _phase(step, name, phase):
            return False
    return True


def _phase(step: Step, name: str, phase: Phase) -> bool:
    try:
        return phase(step)
    except WITHHELD:
        if name in REQUIRED:
            raise
        step.save(checkpoint={"skipped": sorted({*step.run.checkpoint.get("skipped", []), name})})
        return True


def _finish(step: Step) -> None:
    """The whole run is done: tidy the lake after a first load and each night, count, tell the page and the audit."""
    run, now = step.run, timezone.now()
    if run.kind != Run.Kind.INCREMENT:
        _tidy(step)
    keep_counts(run.install_id)
    with transaction.atomic():
        step.claim.save(state=Run.State.DONE, finished_at=now, phase="", error="", attempts=0, claimed_until=None)
        columns = {"reconciled_at": now} if run.kind != Run.Kind.INCREMENT else {}
        Install.objects.filter(pk=run.install_id).exclude(status=Install.Status.PAUSED).update(
            status=Install.Status.CONNECTED,
            status_reason="",
            last_sync_at=datetime.fromisoformat(run.checkpoint["began"]),
            **columns,
        )
        if run.kind != Run.Kind.INCREMENT:
            record(
                "sync.finished",
                via="task",
                **audit_columns(run.install),
                subject_kind="run",
                subject_id=str(run.pk),
                rows=run.events,
                after={"kind": run.kind},
            )


def _tidy(step: Step) -> None:
    install = step.run.install_id
    with writing(install, step.owner) as lake:
        lake.settle()
        lake.vacuum()
        # Under the lease: a reading that begins only now cannot stage anything before this is done.
        unfinished = Audience.objects.filter(record__install=install, due_at__isnull=False)
        lake.clear_staged(but=unfinished.values_list("record__klaviyo_id", flat=True))


def _waits(claim: Claim[Run], seconds: float) -> None:
    """Shown as what it is: normal."""
    if seconds >= SHOWN_WAIT:
        claim.save(state=Run.State.WAITING, rate_waits=claim.row.rate_waits + 1)


def _wait(claim: Claim[Run], seconds: float) -> None:
    """Klaviyo's limit asks for more patience than a task may have: beat wakes the run when it is due."""
    claim.save(
        state=Run.State.WAITING, due_at=timezone.now() + timedelta(seconds=seconds), rate_waits=claim.row.rate_waits + 1
    )
    if claim.row.kind == Run.Kind.FIRST:
        Install.objects.filter(pk=claim.row.install_id, status=Install.Status.SYNCING).update(
            status=Install.Status.WAITING
        )


def _try_again(claim: Claim[Run], why: str) -> None:
    """Trouble that may pass: from the checkpoint, after a growing pause; at last the run fails, in words."""
    attempts = claim.row.attempts + 1
    if attempts >= TRIES:
        _fail(claim, why, Install.Status.ERROR)
        return
    logger.warning("run %s: %s, try %d: %s", claim.row.pk, claim.row.phase, attempts, why)
    claim.save(attempts=attempts, error=why[:300], due_at=timezone.now() + timedelta(seconds=min(2**attempts, 120)))


def _fail(claim: Claim[Run], why: str, status: str) -> None:
    run, now = claim.row, timezone.now()
    with transaction.atomic():
        claim.save(state=Run.State.FAILED, error=why[:300], finished_at=now, claimed_until=None)
        if status != Install.Status.NEEDS_RECONNECT:
            Install.objects.filter(pk=run.install_id).update(status=status, status_reason=why[:300])
        record(
            "sync.failed",
            via="task",
            **audit_columns(run.install),
            outcome="failed",
            subject_kind="run",
            subject_id=str(run.pk),
            after={"kind": run.kind, "why": why[:300]},
        )
