"""Members of lists and segments are read when a question needs them, and the question says when they cannot be."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from accounts.caller import Caller
from connector.installs.models import Install
from connector.klaviyo.resources import SCOPES
from connector.records.models import Audience, Kind, Record
from connector.sync import enqueue
from connector.sync import tasks as sync_tasks
from connector.tools import jobs, tasks
from connector.tools.call import call
from connector.tools.models import Job
from tests.connected import connected, finished
from tests.sandbox.running import AMERICA, Running

pytestmark = pytest.mark.django_db(transaction=True)


class Worker:
    """Does what a Celery worker does when a question wakes it, on a thread; remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.threads: list[threading.Thread] = []

    def read_members(self, record_id: Any) -> None:
        self.told.append(str(record_id))
        thread = threading.Thread(target=self._work, args=(record_id,))
        self.threads.append(thread)
        transaction.on_commit(thread.start)

    def _work(self, record_id: Any) -> None:
        sync_tasks.read_members(record_id=str(record_id))
        connection.close()


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    made = Worker()
    monkeypatch.setattr(enqueue, "read_members", made.read_members)
    yield made
    for thread in made.threads:
        thread.join()


@pytest.fixture
def shop(klaviyo_sandbox: Running, northwind: Any, settings: Any, tmp_path: Any) -> Install:
    """The American account, whole."""
    settings.LAKE_URL = str(tmp_path / "lake")
    install = connected(klaviyo_sandbox, northwind)
    finished(install)
    return install


def group(install: Install, kind: str, name: str) -> Record:
    return Record.objects.get(install=install, kind=kind, name=name)


def members(klaviyo: Running, record: Record) -> set[str]:
    """Who is in it now, by the sandbox's own books."""
    lines = httpx.get(f"{klaviyo.url}/_sandbox/members/{AMERICA}/{record.klaviyo_id}").text.splitlines()
    return {line.strip('"') for line in lines}


def ask(caller: Caller, **args: Any) -> dict[str, Any]:
    return call(caller, "people_who", args)


def entry(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["data"]["accounts"][0]
    return found


@pytest.mark.parametrize(("kind", "name"), [(Kind.LIST, "Newsletter"), (Kind.SEGMENT, "VIP Customers")])
def test_a_question_about_members_fetches_them_and_counts_each(
    klaviyo_sandbox: Running, shop: Install, worker: Worker, alice_caller: Caller, kind: str, name: str
) -> None:
    record = group(shop, kind, name)

    answer = ask(alice_caller, did="member", audience=name)

    assert answer["status"] == "ok"
    assert entry(answer)["did"] == len(members(klaviyo_sandbox, record)) > 0
    assert entry(answer)["audience"] == {
        "id": record.klaviyo_id, "name": name, "kind": kind, "members": entry(answer)["did"],
    }  # fmt: skip
    assert answer["freshness"][0]["members"][0]["id"] == record.klaviyo_id
    assert worker.told == [str(record.pk)]


def test_members_are_present_for_ten_minutes_and_then_read_again(
    shop: Install, worker: Worker, alice_caller: Caller
) -> None:
    ask(alice_caller, did="member", audience="Newsletter")
    ask(alice_caller, did="member", audience="Newsletter")
    assert len(worker.told) == 1

    an_age_ago = timezone.now() - timedelta(minutes=11)
    Audience.objects.update(fetched_at=an_age_ago, ended_at=an_age_ago)
    ask(alice_caller, did="member", audience="Newsletter")

    assert len(worker.told) == 2


def test_overlap_of_two_groups_is_counted_on_both(
    klaviyo_sandbox: Running, shop: Install, worker: Worker, alice_caller: Caller
) -> None:
    one, other = group(shop, Kind.LIST, "Newsletter"), group(shop, Kind.SEGMENT, "VIP Customers")
    answer = ask(alice_caller, did="member", audience="Newsletter", but_not="member", but_not_audience=other.klaviyo_id)

    held = entry(answer)
    both = members(klaviyo_sandbox, one) & members(klaviyo_sandbox, other)
    assert held["also_did"] == len(both)
    assert held["people"] == len(members(klaviyo_sandbox, one)) - len(both)


def test_a_group_that_is_gone_at_klaviyo_is_said_so_soon_and_not_waited_for(
    klaviyo_sandbox: Running, shop: Install, worker: Worker, alice_caller: Caller
) -> None:
    record = group(shop, Kind.LIST, "Newsletter")
    with klaviyo_sandbox.client(scopes=list(SCOPES)) as client:
        assert client.delete(f"/api/lists/{record.klaviyo_id}").status_code == 204

    began = timezone.now()
    answer = ask(alice_caller, did="member", audience="Newsletter")

    assert timezone.now() - began < timedelta(seconds=jobs.PATIENCE / 2)
    assert (answer["status"], answer["reason"]["code"], answer["job"]) == ("refused", "not_found", None)
    assert "Newsletter" in entry(answer)["reason"]["text"]
    assert not Job.objects.exists()
    record.refresh_from_db()
    assert record.deleted_at


def test_a_scope_that_klaviyo_took_away_is_named(
    klaviyo_sandbox: Running, shop: Install, worker: Worker, alice_caller: Caller
) -> None:
    klaviyo_sandbox.trigger("scope-removed", account=shop.klaviyo_id, scope="lists:read")

    answer = ask(alice_caller, did="member", audience="Newsletter")

    assert (answer["status"], answer["reason"]["code"], answer["job"]) == ("refused", "scope_missing", None)
    assert "lists:read" in answer["reason"]["text"]


def test_a_failure_is_forgotten_and_the_next_question_tries_again(
    klaviyo_sandbox: Running, shop: Install, worker: Worker, alice_caller: Caller
) -> None:
    record = group(shop, Kind.LIST, "Newsletter")
    Audience.objects.create(
        record=record, organization=shop.organization, problem="Klaviyo did not answer.", wanted_at=timezone.now()
    )
    assert ask(alice_caller, did="member", audience="Newsletter")["status"] == "error"
    assert worker.told == []

    with time_machine.travel(timezone.now() + timedelta(seconds=31)):
        assert ask(alice_caller, did="member", audience="Newsletter")["status"] == "ok"


def test_a_limit_makes_the_question_pending_and_the_job_ends_in_the_answer(
    klaviyo_sandbox: Running, shop: Install, worker: Worker, alice_caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PATIENCE", 1.5)
    record = group(shop, Kind.LIST, "Newsletter")
    klaviyo_sandbox.trigger("429", times=1, path=f"/api/lists/{record.klaviyo_id}", seconds=3600)

    pending = ask(alice_caller, did="member", audience="Newsletter")
    for thread in worker.threads:
        thread.join()

    assert (pending["status"], pending["receipt"]) == ("pending", None)
    assert pending["job"]["state"] == "waiting"
    due_at = Audience.objects.get().due_at
    assert due_at and due_at - timezone.now() > timedelta(minutes=50)

    Audience.objects.update(
        fetched_at=timezone.now(), wanted_at=None, due_at=None, members=0
    )  # the limit is over, a worker has read them
    Job.objects.update(due_at=timezone.now())
    tasks.work_job(job_id=str(Job.objects.get().pk))

    assert call(alice_caller, "get_job", {"job": pending["job"]["id"]})["status"] == "ok"


def test_a_worker_that_asks_does_not_wait_for_the_members_itself(
    shop: Install, alice_caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task that fetches them may stand in the queue behind it."""
    told: list[Any] = []
    monkeypatch.setattr(enqueue, "read_members", told.append)
    monkeypatch.setattr(jobs, "PATIENCE", 0.2)
    pending = ask(alice_caller, did="member", audience="Newsletter")
    monkeypatch.setattr(jobs, "PATIENCE", 3600.0)
    Job.objects.update(due_at=timezone.now())

    tasks.work_job(job_id=str(Job.objects.get().pk))

    assert pending["status"] == "pending" and len(told) == 1
    assert Job.objects.get().state == Job.State.WAITING


def test_an_ended_connection_says_reconnect_instead_of_waiting(
    shop: Install, worker: Worker, alice_caller: Caller
) -> None:
    Install.objects.update(status=Install.Status.NEEDS_RECONNECT, access_token="", refresh_token="")

    answer = ask(alice_caller, did="member", audience="Newsletter")

    assert (answer["status"], entry(answer)["reason"]["code"]) == ("refused", "reconnect_needed")
    assert worker.told == []
