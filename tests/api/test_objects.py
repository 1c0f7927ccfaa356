"""Objects through REST: accounts, runs, receipts, audit; page by page, and only what the key may see."""

import json
import subprocess
import sys
from base64 import b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

import connector
from accounts.models import Membership
from audit.models import AuditEvent
from audit.record import record
from connector.installs.models import Install
from connector.sync.models import Run
from tests.api.conftest import Keyed
from tests.api.test_tools import is_problem
from tests.factories import InstallFactory, ReceiptFactory, RunFactory

pytestmark = pytest.mark.django_db
SECRET_COLUMNS = {"access_token", "refresh_token", "token_renew_at", "renewing_until", "checkpoint", "owner", "digest"}


@pytest.fixture(autouse=True)
def _own_lake(settings: Any, tmp_path: Any) -> None:
    settings.LAKE_URL = str(tmp_path / "lake")


def walked(client: APIClient, address: str) -> list[dict[str, Any]]:
    """All rows of all pages."""
    rows: list[dict[str, Any]] = []
    following: str | None = address
    while following:
        page = client.get(following)
        assert page.status_code == 200, page.content
        assert set(page.json()) == {"results", "next"}
        rows += page.json()["results"]
        following = page.json()["next"]
    return rows


def test_accounts_are_known_by_klaviyos_id(install: Install, alice_api: APIClient) -> None:
    rows = walked(alice_api, "/api/v1/accounts/")

    assert [(row["id"], row["name"]) for row in rows] == [(install.klaviyo_id, install.name)]
    one = alice_api.get(f"/api/v1/accounts/{install.klaviyo_id}/").json()
    assert one == rows[0]
    assert SECRET_COLUMNS & set(one) == set()


def test_pages_go_on_until_the_last_row_each_once(northwind: Any, alice_api: APIClient) -> None:
    made = {InstallFactory(organization=northwind).klaviyo_id for _ in range(120)}

    rows = walked(alice_api, "/api/v1/accounts/")

    assert len(rows) == 120
    assert {row["id"] for row in rows} == made


@pytest.mark.parametrize("place", ["accounts", "receipts", "audit"])
@pytest.mark.parametrize(
    "cursor",
    ["made-up", "====", "ü"]
    + [b64encode(text).decode() for text in (b"p=a%00b", b"p=%ED%A0%80", b"p=12", b"o=x", b"o=2", b"\xff\xfe")],
)
def test_a_cursor_that_no_page_gave_is_refused_in_words(
    install: Install, alice_api: APIClient, place: str, cursor: str
) -> None:
    response = alice_api.get(f"/api/v1/{place}/", {"cursor": cursor})

    assert is_problem(response, 400)
    assert "Start again without it" in response.json()["detail"]


def test_a_key_that_may_only_write_reads_nothing(install: Install, keyed: Keyed, alice: Any) -> None:
    receipt = ReceiptFactory(organization=install.organization, install=install)
    run = RunFactory(install=install)
    writer = keyed(alice, "write")

    for address in (
        "tools/", "accounts/", f"accounts/{install.klaviyo_id}/", f"runs/{run.pk}/", "receipts/",
        f"receipts/{receipt.public_id}/", "audit/", "jobs/job_x/",
    ):  # fmt: skip
        response = writer.get(f"/api/v1/{address}")
        assert is_problem(response, 403), address
        assert "scope read" in response.json()["detail"]
    assert writer.post(f"/api/v1/accounts/{install.klaviyo_id}/sync/").status_code == 202


def test_a_page_of_accounts_takes_no_more_queries_than_one_account(
    northwind: Any, alice_api: APIClient, django_assert_max_num_queries: Any
) -> None:
    installs = [InstallFactory(organization=northwind) for _ in range(30)]
    with django_assert_max_num_queries(12) as one:
        alice_api.get(f"/api/v1/accounts/{installs[0].klaviyo_id}/")

    with django_assert_max_num_queries(len(one) + 1):
        assert len(alice_api.get("/api/v1/accounts/").json()["results"]) > 20


def test_every_row_of_every_list_has_an_id(install: Install, alice_api: APIClient) -> None:
    ReceiptFactory(organization=install.organization, install=install)
    record("install.connected", via="page", organization_id=install.organization_id)

    for place in ("tools", "accounts", "receipts", "audit"):
        rows = walked(alice_api, f"/api/v1/{place}/")
        assert rows and all(row["id"] for row in rows), place


def test_a_sync_is_started_and_can_be_followed(install: Install, alice_api: APIClient) -> None:
    started = alice_api.post(f"/api/v1/accounts/{install.klaviyo_id}/sync/")
    again = alice_api.post(f"/api/v1/accounts/{install.klaviyo_id}/sync/")

    assert (started.status_code, again.status_code) == (202, 202)
    assert started.json()["id"] == again.json()["id"]
    run = alice_api.get(f"/api/v1/runs/{started.json()['id']}/").json()
    assert (run["account"], run["kind"], run["state"]) == (install.klaviyo_id, "increment", "queued")
    assert SECRET_COLUMNS & set(run) == set()
    event = AuditEvent.objects.get(operation="sync.started")
    assert (event.via, event.actor_label, event.install_id) == ("rest", "alice@northwind.test", install.pk)


def test_a_sync_needs_the_role_the_scope_and_a_living_connection(
    install: Install, keyed: Keyed, alice: Any, bob_api: APIClient, alice_api: APIClient
) -> None:
    address = f"/api/v1/accounts/{install.klaviyo_id}/sync/"

    assert is_problem(bob_api.post(address), 403)
    assert is_problem(keyed(alice, "read").post(address), 403)
    Install.objects.update(status=Install.Status.NEEDS_RECONNECT)
    assert is_problem(alice_api.post(address), 409)
    assert not Run.objects.exists()


def test_what_is_not_the_callers_does_not_exist(install: Install, charlie_api: APIClient) -> None:
    receipt = ReceiptFactory(organization=install.organization, install=install)
    run = RunFactory(install=install)

    for address in (
        f"accounts/{install.klaviyo_id}/", f"runs/{run.pk}/", f"receipts/{receipt.public_id}/", "receipts/made-up/",
        "accounts/../", "runs/00000000-0000-0000-0000-000000000000/",
    ):  # fmt: skip
        assert is_problem(charlie_api.get(f"/api/v1/{address}"), 404), address
    assert is_problem(charlie_api.post(f"/api/v1/accounts/{install.klaviyo_id}/sync/"), 404)
    for place in ("accounts", "receipts"):
        assert walked(charlie_api, f"/api/v1/{place}/") == []
    assert install.name not in json.dumps(walked(charlie_api, "/api/v1/audit/"))


def test_a_member_limited_to_some_accounts_sees_those_alone(
    install: Install, northwind: Any, bob: Any, bob_api: APIClient
) -> None:
    own = InstallFactory(organization=northwind, name="Bob's own")
    both = ReceiptFactory(organization=northwind, install=install, install_rows=[install.pk, own.pk])
    own_receipt = ReceiptFactory(organization=northwind, install=own)
    Membership.objects.filter(user=bob).update(installs=[str(own.pk)])

    assert [row["id"] for row in walked(bob_api, "/api/v1/accounts/")] == [own.klaviyo_id]
    assert [row["id"] for row in walked(bob_api, "/api/v1/receipts/")] == [own_receipt.public_id]
    assert is_problem(bob_api.get(f"/api/v1/receipts/{both.public_id}/"), 404)


def test_a_receipt_tells_question_versions_and_answer(install: Install, alice_api: APIClient) -> None:
    receipt = ReceiptFactory(organization=install.organization, install=install)

    row = walked(alice_api, "/api/v1/receipts/")[0]
    whole = alice_api.get(f"/api/v1/receipts/{receipt.public_id}/").json()

    assert (row["id"], row["tool"], row["status"]) == (receipt.public_id, "people_who", "ok")
    assert (row["question"], row["answer"]) == (receipt.question, receipt.sentence)
    assert (whole["question"], whole["definition_version"]) == (receipt.question, 1)
    assert whole["answer"] == json.loads(json.dumps(receipt.answer))
    assert whole["installs"] == [
        {"install_id": str(install.pk), "versions": {"events": 12, "profiles": 4, "members": -1}}
    ]


def test_the_audit_is_for_those_who_may_see_it_newest_first(
    install: Install, alice_api: APIClient, bob_api: APIClient
) -> None:
    for number in range(60):
        record("member.signed_in", via="page", organization_id=install.organization_id, subject_label=str(number))

    rows = [
        row["subject_label"] for row in walked(alice_api, "/api/v1/audit/") if row["operation"] == "member.signed_in"
    ]

    assert rows == [str(number) for number in range(59, -1, -1)]
    assert is_problem(bob_api.get("/api/v1/audit/"), 403)


def test_a_manager_reads_of_accounts_and_of_own_acts(
    install: Install, northwind: Any, bob: Any, bob_api: APIClient
) -> None:
    AuditEvent.objects.count()
    Membership.objects.filter(user=bob).update(role="manager")
    record("member.signed_in", via="page", organization_id=northwind.pk, subject_label="another member")
    record("sync.failed", via="task", organization_id=northwind.pk, install_id=install.pk, subject_label="an account's")

    labels = [row["subject_label"] for row in walked(bob_api, "/api/v1/audit/")]
    assert "an account's" in labels and "another member" not in labels
    assert "nightly report" in labels  # the key that was made for Bob: an own act

    Membership.objects.filter(user=bob).update(installs=[])
    assert "an account's" not in [row["subject_label"] for row in walked(bob_api, "/api/v1/audit/")]


def test_a_run_shows_progress_in_words_and_numbers(install: Install, alice_api: APIClient) -> None:
    run = RunFactory(
        install=install, kind=Run.Kind.FIRST, state=Run.State.WAITING, phase="events", done=12, total=40, unit="days",
        rate_waits=3, due_at=timezone.now() + timedelta(seconds=5), finished_at=None,
    )  # fmt: skip

    shown = alice_api.get(f"/api/v1/runs/{run.pk}/").json()

    assert (shown["state"], shown["phase"], shown["done"], shown["total"], shown["unit"]) == (
        "waiting",
        "events",
        12,
        40,
        "days",
    )
    assert shown["rate_waits"] == 3 and shown["finished_at"] is None


def test_the_description_is_valid_and_tells_of_every_address(client: Any) -> None:
    root = Path(connector.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "manage.py", "spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json"],
        capture_output=True, text=True, cwd=root, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    described = json.loads(done.stdout)
    assert set(described["paths"]) == {
        f"/api/v1/{path}"
        for path in ("tools/", "tools/{tool}/", "accounts/", "accounts/{account_id}/", "accounts/{account_id}/sync/",
                     "runs/{run_id}/", "jobs/{job_id}/", "receipts/", "receipts/{receipt_id}/", "audit/")
    }  # fmt: skip
    assert described["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"
    assert client.get("/api/v1/schema/").status_code == 200


def test_lists_are_as_the_description_says(install: Install, alice_api: APIClient) -> None:
    ReceiptFactory(organization=install.organization, install=install)
    described = alice_api.get("/api/v1/schema/?format=json").json()
    for place in ("tools", "accounts", "receipts", "audit"):
        operation = described["paths"][f"/api/v1/{place}/"]["get"]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        told = _without_nullable({**schema, "components": described["components"]})
        body = alice_api.get(f"/api/v1/{place}/").json()
        assert body["results"], place
        assert [error.message for error in Draft202012Validator(told).iter_errors(body)] == [], place


def _without_nullable(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(schema, list):
        return [_without_nullable(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _without_nullable(part) for key, part in schema.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain
