"""Tools through REST: the envelope with the status that programs expect, problems as problem+json."""

import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import OperationalError
from rest_framework.test import APIClient

from accounts.models import ApiKey, Membership
from audit.models import AuditEvent
from connector.api.views import envelope_response
from connector.installs.models import Install
from connector.receipts.models import Receipt
from connector.tools import group_commit, jobs
from tests.api.conftest import Keyed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_lake(settings: Any, tmp_path: Any) -> None:
    settings.LAKE_URL = str(tmp_path / "lake")


def ask(client: APIClient, tool: str = "people_who", **args: Any) -> Any:
    return client.post(f"/api/v1/tools/{tool}/", args, format="json")


def is_problem(response: Any, status: int) -> bool:
    body = json.loads(response.content)
    return (
        response.status_code == status
        and response["Content-Type"] == "application/problem+json"
        and body["status"] == status
        and bool(body["title"] and body["detail"] and body["type"])
    )


def test_a_question_is_answered_with_its_envelope_and_recorded_as_rest(install: Install, alice_api: APIClient) -> None:
    response = ask(alice_api, "list_accounts")

    assert response.status_code == 200
    assert response.json()["data"]["accounts"][0]["account"]["id"] == install.klaviyo_id
    event = AuditEvent.objects.get(operation="tool.called")
    assert (event.via, event.assistant, event.actor_label) == ("rest", "nightly report", "alice@northwind.test")
    assert event.connection_id == ApiKey.objects.get().pk


@pytest.mark.parametrize(
    ("address", "kept"), [("unknown", None), ("", None), ("2001:db8::1", "2001:db8::1"), ("10.1.2.3", "10.1.2.3")]
)
def test_an_address_that_is_none_keeps_nobody_from_an_answer(
    install: Install, alice_api: APIClient, address: str, kept: str | None
) -> None:
    """A proxy may hand on any word in place of the caller's address."""
    response = alice_api.post("/api/v1/tools/list_accounts/", {}, format="json", REMOTE_ADDR=address)

    assert response.status_code == 200
    assert AuditEvent.objects.get(operation="tool.called").ip == kept


def test_without_a_good_key_there_is_401_and_how_to_come_in(alice_api: APIClient) -> None:
    ApiKey.objects.update(revoked_at="2026-01-01T00:00:00Z")

    for header in ("", "Bearer", "Bearer plb_made-up", "Basic YTpi", "Bearer plb_a plb_b", "Bearer ünïcode"):
        client = APIClient()
        client.credentials(**({"HTTP_AUTHORIZATION": header} if header else {}))
        response = ask(client, "list_accounts")
        assert is_problem(response, 401), header
        assert response["WWW-Authenticate"].startswith("Bearer ")
    assert is_problem(ask(alice_api, "list_accounts"), 401)


@pytest.mark.parametrize(
    ("args", "field"),
    [
        ({}, "did"),
        ({"did": "ordered", "campain": "x"}, "campain"),
        ({"did": 7}, "did"),
        ({"did": "ordered", "limit": 0}, "limit"),
        ({"did": "ordered", "campaign": "x" * 3000}, "campaign"),
        ({"did": "ordered", "but_not_when": "sometime"}, "but_not_when"),
    ],
)
def test_bad_arguments_are_400_and_name_the_field(
    install: Install, alice_api: APIClient, args: dict[str, Any], field: str
) -> None:
    response = ask(alice_api, **args)

    assert is_problem(response, 400)
    assert [error["field"] for error in response.json()["errors"]] == [field]


def test_what_no_text_can_hold_is_left_out_of_arguments(install: Install, alice_api: APIClient) -> None:
    response = alice_api.post(
        "/api/v1/tools/search/", data='{"query": "Fern\\ud83dw\\u0000eh"}', content_type="application/json"
    )

    assert response.status_code == 200
    assert [found["title"] for found in response.json()["results"]] == ["Fernweh Outdoor"]


@pytest.mark.parametrize("body", ["[]", '"ordered"', "{", "", "null", '{"did": NaN}'])
def test_a_body_that_is_no_object_is_400(alice_api: APIClient, body: str) -> None:
    assert is_problem(alice_api.post("/api/v1/tools/people_who/", data=body, content_type="application/json"), 400)


def test_other_media_other_methods_and_other_tools_are_problems_too(alice_api: APIClient) -> None:
    for media in ("text/plain", ""):
        told = alice_api.generic("POST", "/api/v1/tools/people_who/", "did=ordered", content_type=media)
        assert is_problem(told, 415) and "application/json" in told.json()["detail"]
    assert is_problem(alice_api.get("/api/v1/tools/people_who/"), 405)
    assert is_problem(ask(alice_api, "drop_tables"), 404)
    assert is_problem(alice_api.get("/api/v1/no/such/place/"), 404)
    assert is_problem(alice_api.delete("/api/v1/"), 404)


def test_a_key_without_the_scope_is_403_with_the_envelope(install: Install, keyed: Keyed, alice: Any) -> None:
    ApiKey.objects.all().delete()
    client = keyed(alice, "write")

    response = ask(client, "list_accounts")

    assert response.status_code == 403
    assert response.json()["reason"]["code"] == "grant_scope"
    assert install.name not in response.content.decode()


def test_a_question_about_an_account_that_is_still_loading_is_202_with_a_job(
    install: Install, alice_api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PATIENCE", 0)
    install.complete_from = install.complete_to = None
    install.status = Install.Status.SYNCING
    install.save()

    response = ask(alice_api, did="ordered")
    job = response.json()["job"]["id"]

    assert response.status_code == 202
    again = alice_api.get(f"/api/v1/jobs/{job}/")
    assert (again.status_code, again.json()["job"]["id"]) == (202, job)
    assert is_problem(alice_api.get("/api/v1/jobs/job_AAAAAAAAAAAAAAAAAAAAAA/"), 404)
    assert is_problem(alice_api.get("/api/v1/jobs/made-up/"), 404)


@pytest.mark.parametrize(
    ("status", "code", "number"),
    [
        ("ok", "", 200), ("partial", "", 200), ("needs_choice", "", 200), ("refused", "not_found", 200), ("refused", "role", 403),
        ("refused", "grant_scope", 403), ("pending", "", 202), ("error", "timeout", 503), ("error", "klaviyo_unavailable", 503),
        ("error", "rate_limited", 429), ("error", "version_gone", 410),
    ],
)  # fmt: skip
def test_each_status_has_its_number(status: str, code: str, number: int) -> None:
    response = envelope_response({"status": status, "reason": {"code": code} if code else None})

    assert response.status_code == number
    assert response.has_header("Retry-After") == (number in (429, 503))


def test_to_have_called_too_often_is_a_problem_that_says_how_long_to_wait() -> None:
    response = envelope_response(
        {"status": "error", "reason": {"code": "rate_limited", "text": "60 calls a minute.", "retry_after": 7}}
    )

    assert (response.status_code, response["Retry-After"]) == (429, "7")
    assert response.content_type == "application/problem+json"
    assert response.data["detail"] == "60 calls a minute."


def test_an_answer_that_cannot_be_recorded_is_not_given(
    install: Install, alice_api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(rows: Any) -> None:
        raise group_commit.NotRecorded("The answer could not be recorded, so it is not given. Try again.")

    monkeypatch.setattr(group_commit, "commit", refuse)

    response = ask(alice_api, "list_accounts")

    assert is_problem(response, 503)
    assert response["Retry-After"]
    assert install.name not in response.content.decode()


def test_a_database_that_is_away_is_a_problem_that_passes(
    alice_api: APIClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("could not connect to 10.0.0.7 as plumbline")

    monkeypatch.setattr("connector.api.views.call", away)

    response = ask(alice_api, "list_accounts")

    assert is_problem(response, 503)
    assert response["Retry-After"]
    assert "10.0.0.7" not in response.content.decode() + caplog.text


def test_what_breaks_is_told_without_its_words(
    install: Install, alice_api: APIClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr("connector.api.views.call", break_down)

    response = ask(alice_api, "list_accounts")

    assert is_problem(response, 500)
    assert "secret of the inside" not in response.content.decode()
    assert "RuntimeError" in caplog.text


def test_tools_are_listed_with_their_schemas(alice_api: APIClient) -> None:
    listed = alice_api.get("/api/v1/tools/").json()

    assert listed["next"] is None
    tool = next(tool for tool in listed["results"] if tool["id"] == "people_who")
    assert tool["input_schema"]["additionalProperties"] is False
    assert tool["scope"] == "read" and tool["output_schema"]["type"] == "object"


def test_an_organization_that_requires_a_second_factor_accepts_no_key_of_who_has_none(
    install: Install, alice_api: APIClient, northwind: Any
) -> None:
    northwind.requires_mfa = True
    northwind.save()
    assert is_problem(ask(alice_api, "list_accounts"), 401)

    user = Membership.objects.get(organization=northwind, role="owner").user
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})
    assert ask(alice_api, "list_accounts").status_code == 200
    assert not Receipt.objects.exists()
