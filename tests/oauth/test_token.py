"""Codes and refresh tokens: exchanged once, by their own client, for this server alone."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import AccessToken, Connection, RefreshToken
from audit.models import AuditEvent
from tests.oauth.assistant import Assistant, post_form
from tests.oauth.holding import at_once, refused_with, works

pytestmark = pytest.mark.django_db(transaction=True)


# --- the answer


def test_the_token_answer_says_what_was_granted_and_is_never_stored(assistant: Assistant) -> None:
    response = assistant.exchange(assistant.code())

    tokens = response.json()
    assert response.status_code == 200
    assert set(tokens) == {"access_token", "refresh_token", "token_type", "expires_in", "scope"}
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == (
        "Bearer",
        3600,
        "read write offline_access",
    )
    assert response["Cache-Control"] == "no-store"
    assert response["Access-Control-Allow-Origin"] == "*"


def test_only_digests_of_tokens_are_kept(assistant: Assistant) -> None:
    tokens = assistant.tokens()

    stored = str(list(AccessToken.objects.values())) + str(list(RefreshToken.objects.values()))
    assert tokens["access_token"] not in stored
    assert tokens["refresh_token"] not in stored
    assert AccessToken.objects.get().resource == RefreshToken.objects.get().resource == ["http://localhost:8000/mcp"]


@pytest.mark.parametrize(("method", "basic"), [("client_secret_basic", True), ("client_secret_post", False)])
def test_clients_with_a_secret_use_it_at_every_call(alice_client: Client, method: str, basic: bool) -> None:
    assistant = Assistant(alice_client, token_endpoint_auth_method=method)
    tokens = assistant.exchange(assistant.code(), basic=basic).json()

    assert works(assistant.refresh(tokens["refresh_token"], basic=basic).json())


def test_without_its_secret_or_with_a_wrong_one_a_client_is_refused(alice_client: Client) -> None:
    assistant = Assistant(alice_client, token_endpoint_auth_method="client_secret_post")
    code = assistant.code()

    for wrong in (None, "", "wrong"):
        response = assistant.exchange(code, client_secret=wrong)
        assert (response.status_code, refused_with(response)) == (401, "invalid_client")
    assert assistant.exchange(code).status_code == 200


def test_a_public_client_that_presents_a_secret_is_refused(assistant: Assistant) -> None:
    response = assistant.exchange(assistant.code(), client_secret="x")

    assert (response.status_code, refused_with(response)) == (401, "invalid_client")


# --- codes


def test_a_replayed_code_ends_everything_it_gave(assistant: Assistant) -> None:
    code = assistant.code()
    tokens = assistant.exchange(code).json()
    assert works(tokens)

    response = assistant.exchange(code)

    assert (response.status_code, refused_with(response)) == (400, "invalid_grant")
    assert not works(tokens)
    assert assistant.refresh(tokens["refresh_token"]).status_code == 400
    assert Connection.objects.get().revoked_why == "replayed code"
    event = AuditEvent.objects.get(operation="grant.reuse_detected")
    assert (event.actor_label, event.organization_label) == ("alice@northwind.test", "Northwind")


def test_of_eight_exchanges_at_once_one_succeeds_and_its_tokens_die(assistant: Assistant) -> None:
    code = assistant.code()

    responses = at_once(8, lambda: assistant.exchange(code))

    assert sorted(response.status_code for response in responses) == [200] + [400] * 7
    winner = next(response.json() for response in responses if response.status_code == 200)
    assert not works(winner)
    assert AuditEvent.objects.filter(operation="grant.reuse_detected").count() == 1


def test_a_code_of_another_client_is_refused_and_still_good_for_its_own(
    assistant: Assistant, bob_client: Client
) -> None:
    code = assistant.code()
    other = Assistant(bob_client)

    assert refused_with(other.exchange(code, code_verifier=assistant.verifier)) == "invalid_grant"
    assert assistant.exchange(code).status_code == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "x" * 64}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "ü" * 64}, "invalid_grant"),
        ({"redirect_uri": "https://assistant.example/callback/"}, "invalid_request"),
        ({"resource": "https://evil.example/mcp"}, "invalid_target"),
        ({"resource": "http://localhost:8001/mcp"}, "invalid_target"),
        ({"resource": ["http://localhost:8000/mcp", "https://evil.example"]}, "invalid_target"),
        ({"code": "nonsense"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"code": "x" * 300}, "invalid_grant"),
        ({"code": "a\x00b"}, "invalid_request"),
        ({"client_id": "a\x00b"}, "invalid_request"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"client_id": None}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}, "unsupported_grant_type"),
        ({"grant_type": None}, "unsupported_grant_type"),
        ({"code": ["a", "b"]}, "invalid_request"),
        ({"grant_type": ["authorization_code", "authorization_code"]}, "invalid_request"),
        ({"code_verifier": ["a", "b"]}, "invalid_request"),
    ],
)
def test_a_wrong_exchange_is_an_error_as_json_and_leaves_the_code_good(
    assistant: Assistant, changes: dict[str, Any], error: str
) -> None:
    code = assistant.code()

    response = assistant.exchange(code, **changes)

    assert response.status_code in (400, 401)
    assert refused_with(response) == error
    assert assistant.exchange(code).status_code == 200


def test_the_port_of_the_callback_must_be_the_one_that_was_asked_for(alice_client: Client) -> None:
    assistant = Assistant(alice_client, redirect_uris=["http://localhost/callback"])
    assistant.redirect_uri = "http://localhost:6000/callback"
    code = assistant.code()

    assert assistant.exchange(code, redirect_uri="http://localhost:6001/callback").status_code == 400
    assert assistant.exchange(code).status_code == 200


def test_ten_wrong_guesses_do_not_burn_a_code(assistant: Assistant) -> None:
    code = assistant.code()

    assert {assistant.exchange(code, code_verifier=str(n) * 43).status_code for n in range(10)} == {400}
    assert assistant.exchange(code).status_code == 200


def test_a_code_lives_a_minute(assistant: Assistant) -> None:
    code = assistant.code()

    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
        assert refused_with(assistant.exchange(code)) == "invalid_grant"


@pytest.mark.parametrize(
    "body",
    ["", "grant_type", "%zz=%zz", b"\xff\xfe=1", "a=b&" * 2000, "grant_type=authorization_code&code=%00"],
)
def test_a_broken_body_is_an_error_and_never_a_failure(body: str | bytes) -> None:
    response = post_form("/oauth/token", body)

    assert response.status_code in (400, 401)
    assert refused_with(response)


@pytest.mark.parametrize("address", ["/oauth/token", "/oauth/revoke"])
def test_machine_endpoints_answer_every_misuse_as_json(address: str) -> None:
    large = post_form(address, "a=" + "x" * 20_000)
    as_json = Client().post(address, "{}", content_type="application/json")
    other_method = Client().get(address)
    in_address = post_form(f"{address}?grant_type=refresh_token", {"a": "b"})

    assert [response.status_code for response in (large, as_json, other_method, in_address)] == [413, 400, 405, 400]
    for response in (large, as_json, other_method, in_address):
        assert refused_with(response) == "invalid_request"
    assert other_method["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize(
    "address", ["/oauth/token", "/oauth/token/", "/oauth/register", "/oauth/register/", "/oauth/revoke/"]
)
def test_a_post_is_never_sent_elsewhere(address: str) -> None:
    assert Client().post(address, b"", content_type="application/json").status_code == 400


def test_a_browser_may_ask_first(assistant: Assistant) -> None:
    response = Client().options("/oauth/token")

    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (204, "*")
