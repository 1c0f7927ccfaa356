"""Questions that are not answered within the call: wait a little, else keep the question until a worker has the answer."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from accounts.caller import Caller, both, install_ids, member_caller, scopes_of_role
from accounts.models import Membership
from accounts.public_ids import key_of, public_id
from connector.insights.outcome import Outcome
from connector.insights.question import Question
from connector.insights.refusal import Refusal
from connector.installs.models import Install
from connector.tools.envelope import Envelope, blank
from connector.tools.models import Job

PREFIX: Final = "job_"
PATIENCE: Final = 20.0  # seconds a question waits for members of a list or segment
AGAIN: Final = timedelta(seconds=5)
SELDOM: Final = timedelta(minutes=1)


def wanted(result: object) -> list[str]:
    """Record ids of the lists and segments whose members an answer waits for."""
    if not isinstance(result, Outcome):
        return []
    return [record_id for entry in result.accounts if entry.reason for record_id in entry.reason.waits_for]


def open_job(caller: Caller, tool: str, args: Mapping[str, Any], *, total: int = 1, done: int = 0) -> Job:
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
        total=total,
        done=done,
        due_at=timezone.now() + AGAIN,
    )


def shown(job: Job) -> dict[str, Any]:
    return {
        "id": public_id(PREFIX, job.pk),
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "unit": job.unit,
        "eta_seconds": None,
    }


def is_unfinished(answer: Mapping[str, Any]) -> bool:
    """Some account of it is still being worked out."""
    return any(entry["status"] == "pending" for entry in _entries(answer))


def settled(answer: Mapping[str, Any]) -> int:
    """How many accounts have their answer."""
    return sum(entry["status"] != "pending" for entry in _entries(answer))


def _entries(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list((answer.get("data") or {}).get("accounts") or [])


def find_job(caller: Caller, public: str) -> Job | None:
    """A job of this member and connection, all of whose accounts the caller sees now; or None."""
    key = key_of(PREFIX, public)
    jobs = Job.objects.in_organization(caller.organization).filter(
        membership__user=caller.user, connection_id=caller.connection_id
    )
    job = jobs.filter(pk=key).first() if key else None
    return job if job and _sees_all(caller, job) else None


def _sees_all(caller: Caller, job: Job) -> bool:
    told = {entry["account"]["id"] for entry in _entries(job.answer or {})} - {None}
    return told <= set(Install.objects.visible_to(caller).values_list("klaviyo_id", flat=True))


def get_job(question: Question) -> Envelope:
    """The finished answer as recorded, or pending."""
    job = find_job(question.caller, question.args["job"])
    if job is None:
        raise Refusal(
            "refused", "not_found", "There is no such job of yours.", "Use the id that the pending answer gave."
        )
    if job.state == Job.State.DONE and job.answer:
        return dict(job.answer)
    if job.state == Job.State.FAILED:
        raise Refusal("error", "timeout", "This question could not be worked out in time.", "Ask it again.")
    return blank("pending", "Still being worked out.") | {"job": shown(job)}


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
