"""One step at reading the members of a list or segment: on from the saved page until all are read or the time is over.

Until then they are staged out of sight, so that a question sees the members of before or all of the new ones.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, cast
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from connector.installs.access import klaviyo
from connector.klaviyo.errors import KlaviyoError, LinkRefused, NotFound, ScopeMissing, TryLater
from connector.lake.errors import LakeError, LeaseHeld, LeaseLost, StagedGone, WriteConflict
from connector.lake.store import Writer, writing
from connector.records.models import Audience, Record
from connector.sync.audiences import AUDIENCE_LASTS, is_fresh
from connector.sync.claim import Claim, ClaimLost, claimed
from connector.sync.work import STEP

logger = logging.getLogger(__name__)

PATIENCE: Final = 15.0  # seconds to wait while another writes the account's lake: a run's commit, another audience
RESTARTS: Final = 3  # times that one reading may begin anew

DONE: Final[dict[str, Any]] = {"wanted_at": None, "due_at": None, "claimed_until": None, "checkpoint": {}}


def due() -> QuerySet[Audience]:
    """Audiences that can be gone on with now, whether or not a worker is at it."""
    return Audience.objects.select_related("record__install").filter(due_at__lte=timezone.now())


def read(record_id: UUID) -> bool:
    """One step. True when the audience is to be gone on with at once."""
    with claimed(due().filter(record=record_id)) as claim:
        if claim is None:
            return False
        try:
            return _turn(claim)
        except ClaimLost:
            logger.info("members of %s: another worker has taken over", record_id)
            return False


def _turn(claim: Claim[Audience]) -> bool:
    try:
        if is_fresh(claim.row, timezone.now()):
            claim.save(**DONE)
            return False
        return _read(Reading.of(claim))
    except TryLater as error:
        claim.save(due_at=timezone.now() + timedelta(seconds=error.retry_after))
    except (LeaseHeld, LeaseLost, WriteConflict):
        claim.save(due_at=timezone.now() + timedelta(seconds=1))
    except (LinkRefused, StagedGone) as error:
        return _restart(claim, str(error))
    except NotFound:
        Record.objects.filter(pk=claim.row.record_id).update(deleted_at=timezone.now())
        claim.save(**DONE)
    except (KlaviyoError, LakeError) as error:
        _fail(claim, str(error), error.scope if isinstance(error, ScopeMissing) else "")
    except ClaimLost:
        raise
    except Exception as error:
        logger.exception("members of %s broke", claim.row.record_id)
        _fail(claim, f"Something went wrong on our side ({type(error).__name__}); it was noted.")
    return False


@dataclass
class Reading:
    """What has been read of an audience: `parts` are staged, `people` are not yet; `next` is the page that follows."""

    claim: Claim[Audience]
    began: datetime
    next: str | None
    parts: int
    people: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, claim: Claim[Audience]) -> "Reading":
        """From the checkpoint; from the beginning where there is none, or one so old that those members have aged."""
        checkpoint, now = claim.row.checkpoint, timezone.now()
        if "saved" not in checkpoint or now - datetime.fromisoformat(checkpoint["saved"]) > AUDIENCE_LASTS:
            return cls(claim, began=now, next=None, parts=0)
        return cls(claim, datetime.fromisoformat(checkpoint["began"]), checkpoint["next"], checkpoint["parts"])

    @property
    def record(self) -> Record:
        return self.claim.row.record

    def pages(self) -> Iterator[tuple[list[str], str | None]]:
        kind = cast(Literal["list", "segment"], self.record.kind)
        return klaviyo(self.record.install).member_pages(kind, self.record.klaviyo_id, self.next)

    def writing(self) -> AbstractContextManager[Writer]:
        return writing(self.record.install_id, f"members of {self.record.klaviyo_id}", PATIENCE)

    def save(self) -> None:
        """Stage the people read since the last save, then move the checkpoint over them. A crash between the two reads them
        once more, into the same part."""
        with self.writing() as lake:
            lake.stage_members(self.record.klaviyo_id, self.people, self.parts)
        self.parts += 1
        self.people = []
        now = timezone.now()
        checkpoint = {"began": self.began.isoformat(), "saved": now.isoformat(), "next": self.next, "parts": self.parts}
        self.claim.save(checkpoint={**self.claim.row.checkpoint, **checkpoint}, due_at=now)

    def finish(self) -> None:
        """Everyone has been read: they take the checkpoint of the members of before in one commit."""
        with self.writing() as lake:
            written = lake.replace_members(self.record.klaviyo_id, self.people, self.parts)
            now = timezone.now()
            self.claim.save(
                fetched_at=self.began, ended_at=now, members=written.given, problem="", missing_scope="", **DONE
            )
            with suppress(LakeError):  # what is left lying goes at night
                lake.forget_staged(self.record.klaviyo_id)


def _read(reading: Reading) -> bool:
    """False when all are read. Raises TryLater, with what was read saved."""
    ends = time.monotonic() + STEP
    try:
        for people, following in reading.pages():
            reading.people += people
            reading.next = following
            if following and time.monotonic() >= ends:
                reading.save()
                return True
    except TryLater:
        if reading.people:
            reading.save()
        raise
    reading.finish()
    return False


def _restart(claim: Claim[Audience], why: str) -> bool:
    """The saved page or the staged members are no longer good: from the beginning."""
    restarts = claim.row.checkpoint.get("restarts", 0) + 1
    if restarts > RESTARTS:
        _fail(claim, why)
        return False
    claim.save(checkpoint={"restarts": restarts}, due_at=timezone.now())
    return True


def _fail(claim: Claim[Audience], why: str, scope: str = "") -> None:
    """In words, for who waits."""
    claim.save(**DONE | {"problem": why[:200], "missing_scope": scope, "wanted_at": timezone.now()})
