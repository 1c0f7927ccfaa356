"""Assistants that register themselves (RFC 7591)."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import grants
from accounts.models import AccessToken, Application
from audit.models import AuditEvent
from tests.factories import ConnectionFactory
from tests.oauth.assistant import KNOWN_CALLBACKS, post_json, registration

pytestmark = pytest.mark.django_db


def test_a_public_client_gets_back_what_was_registered() -> None:
    answer = post_json("/oauth/register", registration())

    content = answer.json()
    assert answer.status_code == 201
    assert content.pop("client_id")
    assert abs(content.pop("client_id_issued_at") - timezone.now().timestamp()) < 60
    assert content == registration()
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_confidential_client_gets_its_method_back_and_a_secret_that_is_stored_nowhere(method: str) -> None:
    content = post_json("/oauth/register", registration(token_endpoint_auth_method=method)).json()

    assert (content["token_endpoint_auth_method"], content["client_secret_expires_at"]) == (method, 0)
    assert content["client_secret"] not in str(Application.objects.values().get())


def test_no_token_comes_of_a_registration() -> None:
    content = post_json("/oauth/register", registration()).json()

    assert "registration_access_token" not in content
    assert not AccessToken.objects.exists()


@pytest.mark.parametrize("callback", KNOWN_CALLBACKS)
def test_callbacks_of_known_assistants_are_taken(callback: str) -> None:
    assert post_json("/oauth/register", registration(redirect_uris=[callback])).json()["redirect_uris"] == [callback]


def test_visual_studio_code_may_ask_for_the_device_flow_too() -> None:
    asked = registration(
        grant_types=["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        redirect_uris=[
            "https://insiders.vscode.dev/redirect",
            "https://vscode.dev/redirect",
            "http://127.0.0.1/",
            "http://127.0.0.1:33418/",
        ],
        client_uri="https://code.visualstudio.com",
        application_type="native",
    )

    assert post_json("/oauth/register", asked).json()["grant_types"] == ["authorization_code", "refresh_token"]


@pytest.mark.parametrize(
    "uris",
    [
        ["http://evil.example/cb"],
        ["javascript:alert(1)"],
        ["data:text/html,x"],
        ["myapp://callback"],
        [],
        ["https://a.example/cb#f"],
        "https://a.example/cb",
        [7],
        None,
        ["https://a.example/c b"],
        ["https://a.example/cb\n"],
        ["https://user@a.example/cb"],
        ["https://a.example\\@evil.example/cb"],
        ["https://bücher.example/cb"],
        ["https://a.example:0/cb"],
        ["https://a.example:99999/cb"],
        ["https://a.example:/cb"],
        ["https:///cb"],
        ["https://a.example/" + "x" * 2000],
        [f"https://a.example/{n}" for n in range(11)],
        ["http://localhost.evil.example/cb"],
    ],
)
def test_redirect_uris_that_could_lead_astray_are_refused(uris: Any) -> None:
    answer = post_json("/oauth/register", registration(redirect_uris=uris))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri")
    assert not Application.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"grant_types": ["client_credentials"]},
        {"grant_types": "authorization_code"},
        {"response_types": ["token"]},
        {"client_name": 7},
    ],
)
def test_what_we_cannot_do_is_refused_with_a_sentence(changes: dict[str, Any]) -> None:
    answer = post_json("/oauth/register", registration(**changes))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert next(iter(changes)) in answer.json()["error_description"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 8000, b'{"a":' * 3000])
def test_a_body_that_is_not_a_json_object_is_refused(body: bytes) -> None:
    answer = post_json("/oauth/register", body)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


def test_a_large_body_is_refused_before_it_is_read() -> None:
    assert post_json("/oauth/register", registration(client_name="x" * 200_000)).status_code == 413


def test_a_name_is_cut_and_cannot_hide_characters() -> None:
    name = "Chat\x00GPT\n\u202eevil " + "x" * 300

    content = post_json("/oauth/register", registration(client_name=name)).json()

    assert content["client_name"].startswith("Chat GPT evil xxx")
    assert len(content["client_name"]) == 80


def test_other_methods_and_preflights_are_answered_as_json() -> None:
    answer = Client().get("/oauth/register")

    assert (answer.status_code, answer["Allow"], answer.json()["error"]) == (405, "POST, OPTIONS", "invalid_request")
    assert Client().options("/oauth/register").status_code == 204


def test_one_address_may_register_often_but_not_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "accounts.limits.time", SimpleNamespace(time=lambda: 1_800_000_000.0)
    )  # no window may end in between
    answers = [post_json("/oauth/register", registration()).status_code for _ in range(70)]

    assert answers[:60] == [201] * 60
    assert answers[-1] == 429
    assert post_json("/oauth/register", registration(), REMOTE_ADDR="192.0.2.7").status_code == 201


def test_a_registration_is_in_the_audit() -> None:
    post_json("/oauth/register", registration(), REMOTE_ADDR="192.0.2.7")

    event = AuditEvent.objects.get(operation="grant.registered")
    assert (event.subject_label, event.ip) == ("ChatGPT", "192.0.2.7")


def test_clients_that_nobody_approved_are_removed_after_a_day() -> None:
    for _ in range(2):
        post_json("/oauth/register", registration())
    unused, approved = Application.objects.order_by("created")
    ConnectionFactory(application=approved)
    Application.objects.update(created=timezone.now() - timedelta(hours=25))
    post_json("/oauth/register", registration(client_name="New"))

    counts = grants.purge()

    assert counts["clients"] == 1
    assert not Application.objects.filter(pk=unused.pk).exists()
    assert Application.objects.count() == 2
