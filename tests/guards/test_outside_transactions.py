"""No HTTP, lake work or sleep inside a transaction, on any path: connecting, syncing, renewing, asking."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import httpx
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.caller import Caller
from connector.installs.connect import finish, start
from connector.installs.models import Install
from connector.records.models import Kind, Record
from connector.sync import enqueue, members, work
from connector.sync.models import Run
from connector.tools.call import call
from tests.connected import connected, finished
from tests.guards.outside import Seen, outside_transactions
from tests.installs.test_connect import SESSION, consent
from tests.sandbox.running import Running

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any) -> Iterator[Seen]:
    settings.LAKE_URL = str(tmp_path / "lake")
    with outside_transactions(monkeypatch) as counted:
        yield counted


def test_the_guard_sees_what_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = {
        "sleep": lambda: time.sleep(0),
        "http": lambda: httpx.Client().get("http://127.0.0.1:9"),
    }
    for kind, made in calls.items():
        with pytest.raises(AssertionError), outside_transactions(monkeypatch) as seen, transaction.atomic():
            made()
        assert seen[kind] == 1
        monkeypatch.undo()


def test_connecting_calls_klaviyo_between_its_transactions(
    klaviyo_sandbox: Running, alice_caller: Caller, seen: Seen
) -> None:
    returned = consent(start(caller=alice_caller, session_key=SESSION))
    before = seen["http"]

    finish(user=alice_caller.user, session_key=SESSION, params=returned)

    assert seen["http"] - before >= 2  # the code for a token, the token for the account


def test_a_sync_with_trouble_reads_and_writes_outside(
    klaviyo_sandbox: Running, northwind: Any, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "STEP", 1.0)
    install = connected(klaviyo_sandbox, northwind)
    for fault in ("429", "500", "reset"):
        klaviyo_sandbox.trigger(fault, times=2, path="/api/")

    assert finished(install).state == Run.State.DONE
    assert finished(install).state == Run.State.DONE

    assert seen["http"] > 20 and seen["write"] > 2


def test_a_token_is_renewed_outside(klaviyo_sandbox: Running, northwind: Any, seen: Seen) -> None:
    install = connected(klaviyo_sandbox, northwind)
    Install.objects.update(token_renew_at=timezone.now() - timedelta(minutes=1))

    assert finished(install).state == Run.State.DONE

    install.refresh_from_db()
    assert install.token_renew_at and install.token_renew_at > timezone.now()


def test_questions_pages_and_programs_read_outside(
    klaviyo_sandbox: Running, northwind: Any, alice_caller: Caller, alice_client: Client, seen: Seen,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    install = connected(klaviyo_sandbox, northwind)
    finished(install)
    monkeypatch.setattr(enqueue, "read_members", read_on_a_thread)
    named = Record.objects.filter(install=install, kind=Kind.LIST).latest("created")
    campaign = Record.objects.filter(install=install, kind=Kind.CAMPAIGN, status="Sent").latest("at")

    asked = [
        call(
            alice_caller, "people_who", {"did": "opened_email", "campaign": campaign.klaviyo_id, "but_not": "ordered"}
        ),
        call(alice_caller, "people_who", {"did": "member", "audience": named.klaviyo_id}),
        call(alice_caller, "list_accounts", {}),
        call(alice_caller, "fetch", {"id": f"campaign:{install.klaviyo_id}:{campaign.klaviyo_id}"}),
    ]
    call_command("lake", "--account", install.klaviyo_id, "--json", stdout=StringIO())
    pages = [
        alice_client.get(f"/installs/{install.pk}/"),
        alice_client.get(f"/installs/{install.pk}/campaign/{campaign.klaviyo_id}/"),
        alice_client.post(f"/installs/{install.pk}/sync/"),
        alice_client.get("/receipts/"),
    ]

    assert [answer.get("status", "ok") for answer in asked] == ["ok"] * 4
    assert {page.status_code for page in pages} <= {200, 302}
    assert seen["read"] > 3 and seen["sleep"] > 0


def read_on_a_thread(record_id: Any) -> None:
    """A worker, once the question's own transaction is over."""

    def work() -> None:
        members.read(record_id)
        connection.close()

    transaction.on_commit(threading.Thread(target=work).start)
