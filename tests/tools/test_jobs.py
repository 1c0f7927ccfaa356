"""A question that takes longer ends in the exact answer, for the member and connection that asked and nobody else."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.caller import Caller, member_caller
from accounts.models import Membership
from audit.models import AuditEvent
from connector.installs.models import Install
from connector.receipts.models import Receipt
from connector.records.upsert import Row, upsert
from connector.tools import jobs, tasks
from connector.tools.call import BadArguments, call
from connector.tools.models import Job
from tests.factories import BEGINNING, InstallFactory, MembershipFactory

pytestmark = pytest.mark.django_db
Write = Callable[..., None]
EVENTS = [
    ("OPEN", "ann", 0, {"message": "M1"}),
    ("OPEN", "ben", 0, {"message": "M1"}),
    ("ORDER", "ann", 5, {"order_id": "o1"}),
]
QUESTION = {"did": "opened_email", "but_not": "ordered", "period": "2026-03"}


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "PATIENCE", 0)


@pytest.fixture
def loading(shop: Any, write: Write) -> Any:
    """Fernweh Outdoor during its first load."""
    write(shop, EVENTS)
    shop.complete_from = shop.complete_to = None
    shop.status = Install.Status.SYNCING
    shop.save()
    return shop


def loaded(install: Install) -> None:
    install.complete_from, install.complete_to, install.status = BEGINNING, timezone.now(), Install.Status.CONNECTED
    install.save()


def worked(job_id: str = "") -> Job:
    """What a worker does once the job is due."""
    job = Job.objects.get()
    Job.objects.update(due_at=timezone.now())
    tasks.work_job(job_id=job_id or str(job.pk))
    job.refresh_from_db()
    return job


def fetched(caller: Caller, job: str) -> dict[str, Any]:
    return call(caller, "get_job", {"job": job})


def test_while_the_first_load_runs_a_question_is_pending_and_ends_in_the_exact_answer(
    loading: Any, alice_caller: Caller
) -> None:
    pending = call(alice_caller, "people_who", QUESTION)
    job = pending["job"]["id"]
    assert (pending["status"], pending["receipt"], pending["job"]["state"]) == ("pending", None, "waiting")
    assert fetched(alice_caller, job)["status"] == "pending"

    worked()
    assert fetched(alice_caller, job)["status"] == "pending"
    loaded(loading)
    assert worked().state == Job.State.DONE

    answer = fetched(alice_caller, job)
    entry = answer["data"]["accounts"][0]
    assert (answer["status"], entry["did"], entry["people"]) == ("ok", 2, 1)
    assert Receipt.objects.get().public_id == answer["receipt"]["id"]
    now = call(alice_caller, "people_who", QUESTION)
    assert now["data"] == answer["data"]


def test_the_answer_is_recorded_as_the_members_through_their_door(loading: Any, alice_caller: Caller) -> None:
    caller = replace(alice_caller, via="mcp", client="ChatGPT", connection_id=uuid.uuid4())
    call(caller, "people_who", QUESTION)
    loaded(loading)
    worked()

    event = AuditEvent.objects.filter(operation="tool.called").first()
    assert event is not None
    assert (event.via, event.assistant, event.connection_id, event.actor_label) == (
        "mcp", "ChatGPT", caller.connection_id, caller.user.email,
    )  # fmt: skip


def test_asked_twice_it_is_one_job_and_another_question_is_another(loading: Any, alice_caller: Caller) -> None:
    first, again = (call(alice_caller, "people_who", QUESTION)["job"]["id"] for _ in range(2))
    other = call(alice_caller, "people_who", {"did": "ordered"})["job"]["id"]

    assert first == again != other
    assert Job.objects.count() == 2


def test_two_jobs_of_one_question_break_nothing(loading: Any, alice_caller: Caller) -> None:
    """Two calls in one moment may each have made their own."""
    call(alice_caller, "people_who", QUESTION)
    twin = Job.objects.get()
    twin.pk = uuid.uuid4()
    twin.save(force_insert=True)

    assert call(alice_caller, "people_who", QUESTION)["status"] == "pending"


def test_a_job_is_the_members_and_the_connections_that_asked(
    loading: Any, alice_caller: Caller, bob: Any, charlie: Any
) -> None:
    job = call(alice_caller, "people_who", QUESTION)["job"]["id"]
    others = [
        replace(alice_caller, connection_id=uuid.uuid4()),
        member_caller(bob.memberships.get(), via="page"),
        member_caller(charlie.memberships.get(), via="page"),
    ]

    for caller in others:
        answer = fetched(caller, job)
        assert (answer["status"], answer["reason"]["code"]) == ("refused", "not_found")
    assert fetched(alice_caller, "job_made-up")["reason"]["code"] == "not_found"


def test_a_job_over_an_account_that_the_member_no_longer_sees_does_not_exist(
    loading: Any, alice_caller: Caller
) -> None:
    job = call(alice_caller, "people_who", QUESTION)["job"]["id"]
    loaded(loading)
    worked()
    assert fetched(alice_caller, job)["status"] == "ok"

    limited = replace(alice_caller, installs=frozenset({InstallFactory(organization=loading.organization).pk}))

    assert fetched(limited, job)["reason"]["code"] == "not_found"


def test_a_worker_answers_with_no_more_than_the_member_has_now(loading: Any, bob: Any) -> None:
    caller = member_caller(bob.memberships.get(), via="page")
    call(caller, "people_who", QUESTION)
    loaded(loading)
    Membership.objects.filter(user=bob).update(installs=[])

    answer = worked().answer

    assert answer is not None and answer["status"] == "refused"
    assert loading.name not in str(answer)


def test_who_has_left_gets_no_answer_and_the_job_ends(loading: Any, northwind: Any) -> None:
    membership = MembershipFactory(organization=northwind, role="analyst")
    call(member_caller(membership, via="page"), "people_who", QUESTION)
    loaded(loading)
    membership.user.is_active = False
    membership.user.save()

    assert worked().state == Job.State.FAILED
    assert not Receipt.objects.exists()


def test_a_job_that_has_waited_for_a_day_says_that_it_failed(loading: Any, alice_caller: Caller) -> None:
    job = call(alice_caller, "people_who", QUESTION)["job"]["id"]
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        worked()
        answer = fetched(alice_caller, job)

    assert (answer["status"], answer["reason"]["code"]) == ("error", "timeout")


def test_of_two_workers_one_asks(loading: Any, alice_caller: Caller) -> None:
    call(alice_caller, "people_who", QUESTION)
    Job.objects.update(due_at=timezone.now())
    moved = []

    for _ in range(2):
        tasks.work_job(job_id=str(Job.objects.get().pk))
        moved.append(Job.objects.get().due_at)

    assert moved[0] == moved[1] > timezone.now()


def test_a_job_is_recorded_once_at_its_end(loading: Any, alice_caller: Caller) -> None:
    call(alice_caller, "people_who", QUESTION)
    asked = AuditEvent.objects.filter(operation="tool.called").count()

    worked()
    worked()
    assert AuditEvent.objects.filter(operation="tool.called").count() == asked
    loaded(loading)
    worked()

    assert AuditEvent.objects.filter(operation="tool.called").count() == asked + 1
    assert Receipt.objects.count() == 1


def test_a_job_that_has_used_up_its_work_says_so(loading: Any, alice_caller: Caller) -> None:
    job = call(alice_caller, "people_who", QUESTION)["job"]["id"]
    Job.objects.update(worked_ms=600_000)
    worked()

    assert fetched(alice_caller, job)["reason"]["code"] == "timeout"


def test_a_finished_job_is_not_asked_again(loading: Any, alice_caller: Caller) -> None:
    call(alice_caller, "people_who", QUESTION)
    loaded(loading)
    answer = worked().answer
    receipts = Receipt.objects.count()

    worked()

    assert Job.objects.get().answer == answer
    assert Receipt.objects.count() == receipts


def test_the_longer_it_takes_the_less_often_it_is_asked(loading: Any, alice_caller: Caller) -> None:
    call(alice_caller, "people_who", QUESTION)
    now = timezone.now()
    for age, pause in ((1, 5), (40, 10), (3600, 60)):
        Job.objects.update(created_at=now - timedelta(seconds=age))
        assert abs(jobs.pause_of(Job.objects.get()) - timedelta(seconds=pause)) < timedelta(seconds=1)


def test_beat_wakes_what_is_due(loading: Any, alice_caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[str] = []
    monkeypatch.setattr(tasks.work_job, "delay", lambda *, job_id: woken.append(job_id))
    call(alice_caller, "people_who", QUESTION)

    tasks.schedule_jobs()
    assert woken == []
    Job.objects.update(due_at=timezone.now())
    tasks.schedule_jobs()

    assert woken == [str(Job.objects.get().pk)]


def test_a_pending_account_beside_an_answered_one_is_partial_with_a_job(
    loading: Any, write: Write, alice_caller: Caller, northwind: Any
) -> None:
    ready = InstallFactory(organization=northwind, klaviyo_id="READY1")
    upsert(
        ready,
        "metric",
        [Row("OPEN", "Opened Email", attributes={"integration": "Klaviyo", "category": "Internal", "key": "klaviyo"})],
    )
    write(ready, EVENTS[:1])

    answer = call(alice_caller, "people_who", {"did": "opened_email", "account": "all"})

    assert (answer["status"], answer["job"]["state"]) == ("partial", "waiting")
    loaded(loading)
    whole = worked().answer
    assert whole is not None and whole["status"] == "ok"
    assert {entry["did"] for entry in whole["data"]["accounts"]} == {1, 2}


@pytest.mark.parametrize(
    "args", [{"did": "ordered", "period": "last_fortnight"}, {"did": "ordered", "group_by": "shoe"}]
)
def test_a_question_that_can_never_be_answered_is_said_so_at_once(
    loading: Any, alice_caller: Caller, args: dict[str, Any]
) -> None:
    with pytest.raises(BadArguments):
        call(alice_caller, "people_who", args)

    assert not Job.objects.exists()
