"""Questions that are not answered within the call: wait a little, else keep the question until a worker has the answer."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, TypeVar

from django.utils import timezone

from accounts.caller import Caller, both, install_ids, member_caller, scopes_of_role
from accounts.models import Membership
from accounts.public_ids import key_of, public_id
from connector.insights.outcome import Outcome
from connector.installs.models import Install
from connector.sync import audiences
from connector.tools.models import Job

PREFIX: Final = "job_"
PATIENCE: Final = 20.0  # seconds a question waits for members of a list or segment
POLL: Final = 0.2
AGAIN: Final = timedelta(seconds=5)
SELDOM: Final = timedelta(minutes=1)

Result = TypeVar("Result")


def waited_for(ask: Callable[[], Result], patience: float | None = None) -> Result:
    """Ask; where members must be fetched first, have them fetched and ask again until the patience (PATIENCE) ends."""
    deadline = time.monotonic() + (PATIENCE if patience is None else patience)
    result = ask()
    wanted = _wanted(result)
    audiences.request(wanted)
    while wanted and time.monotonic() < deadline:
        time.sleep(POLL)
        if not audiences.waiting(wanted):
            result = ask()
            wanted = _wanted(result)
            audiences.request(wanted)
    return result


def _wanted(result: object) -> list[str]:
    if not isinstance(result, Outcome):
        return []
    return [record_id for entry in result.accounts if entry.reason for record_id in entry.reason.waits_for]


def open_job(caller: Caller, tool: str, args: Mapping[str, Any]) -> Job:
    """The job of this member and connection for exactly this question; asked twice, it is the same job.

    Two who ask in one moment may each get their own: both end in the answer.
    """
    membership = Membership.objects.get(organization=caller.organization, user=caller.user)
    question = {
        "membership": membership,
        "connection_id": caller.connection_id,
        "tool": tool,
        "args": dict(args),
        "state": Job.State.WAITING,
    }
    return Job.objects.filter(**question).first() or Job.objects.create(
        **question,
        organization=caller.organization,
        installs=None if caller.installs is None else sorted(str(key) for key in caller.installs),
        scopes=sorted(caller.scopes),
        via=caller.via,
        client=caller.client,
        total=1,
        due_at=timezone.now() + AGAIN,
    )


def shown(job: Job) -> dict[str, Any]:
    return {
        "id": public_id(PREFIX, job.pk),
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "unit": "questions",
        "eta_seconds": None,
    }


def find_job(caller: Caller, public: str) -> Job | None:
    """A job of this member and connection, all of whose accounts the caller sees now; or None."""
    key = key_of(PREFIX, public)
    jobs = Job.objects.in_organization(caller.organization).filter(
        membership__user=caller.user, connection_id=caller.connection_id
    )
    job = jobs.filter(pk=key).first() if key else None
    return job if job and _sees_all(caller, job) else None


def _sees_all(caller: Caller, job: Job) -> bool:
    entries = ((job.answer or {}).get("data") or {}).get("accounts") or []
    told = {entry["account"]["id"] for entry in entries} - {None}
    return told <= set(Install.objects.visible_to(caller).values_list("klaviyo_id", flat=True))


def pause_of(job: Job) -> timedelta:
    """Until a worker asks again: soon at first, then less and less often, since each time is a question on the books."""
    return min(max(AGAIN, (timezone.now() - job.created_at) / 4), SELDOM)


def caller_of(job: Job) -> Caller | None:
    """The member as of now, never with more than the call had: None once the membership has ended."""
    membership = (
        Membership.objects.select_related("user", "organization")
        .filter(pk=job.membership_id, user__is_active=True)
        .first()
    )
    if membership is None:
        return None
    now = member_caller(membership, via=job.via, client=job.client, connection_id=job.connection_id)
    return replace(
        now,
        scopes=scopes_of_role(membership.role) & frozenset(job.scopes),
        installs=both(install_ids(job.installs), now.installs),
    )
