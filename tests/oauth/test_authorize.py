"""Requests for consent: which ones hold, and where the others end."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Connection, Grant
from tests.oauth.assistant import CALLBACK, Assistant, query_of

pytestmark = pytest.mark.django_db


def returned_error(assistant: Assistant, **changes: Any) -> str:
    """The error that both showing and deciding send back to the assistant, with state and issuer."""
    address = assistant.address(**changes)
    shown, decided = assistant.browser.get(address), assistant.browser.post(address, {"allow": "true"})
    answers = [query_of(shown), query_of(decided)]
    for answer in answers:
        assert answer["iss"] == settings.PUBLIC_URL
        assert answer["state"] == "the-state"
    assert not Grant.objects.exists()
    assert answers[0] == answers[1]
    return answers[0]["error"]


def test_the_page_says_who_asks_where_the_answer_goes_and_what_can_never_happen(
    assistant: Assistant, install: Any
) -> None:
    page = assistant.browser.get(assistant.address())

    text = page.content.decode()
    assert page.status_code == 200
    for words in (
        "ChatGPT",
        "assistant.example",
        "registered by itself",
        "Northwind",
        install.name,
        "It can never",
        "alice@northwind.test",
    ):
        assert words in text
    assert page["X-Frame-Options"] == "DENY"
    assert "no-store" in page["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in page


def test_a_code_comes_back_with_state_and_issuer_and_no_referrer(assistant: Assistant) -> None:
    response = assistant.consent()

    answer = query_of(response)
    assert response["Location"].startswith(CALLBACK + "?")
    assert set(answer) == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("the-state", settings.PUBLIC_URL)
    assert response["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": "short"},
        {"code_challenge": "x" * 200},
    ],
)
def test_without_pkce_s256_no_page_is_shown(assistant: Assistant, changes: dict[str, Any]) -> None:
    assert returned_error(assistant, **changes) == "invalid_request"


@pytest.mark.parametrize(
    "resource",
    [
        "https://evil.example/mcp",
        "http://localhost:8001/mcp",
        "http://localhost/mcp",
        "http://localhost:8000/mcp?x=1",
        "http://localhost:8000/mcp#f",
        "http://localhost:8000/mcp//",
        "http://user@localhost:8000/mcp",
        "http://localhost:8000",
        "http://localhost:8000/MCP",
        "mcp",
        ["http://localhost:8000/mcp", "https://evil.example/mcp"],
    ],
)
def test_tokens_for_elsewhere_are_not_made(assistant: Assistant, resource: Any) -> None:
    assert returned_error(assistant, resource=resource) == "invalid_target"


@pytest.mark.parametrize("resource", [None, "http://localhost:8000/mcp", "HTTP://LocalHost:8000/mcp/"])
def test_the_resource_is_ours_whether_named_or_not(assistant: Assistant, resource: Any) -> None:
    assert assistant.code(resource=resource)

    assert Grant.objects.get().resource == Connection.objects.get().resource == ["http://localhost:8000/mcp"]


def test_unknown_scopes_are_dropped_and_only_none_at_all_is_an_error(assistant: Assistant) -> None:
    assert returned_error(assistant, scope="openid nonsense") == "invalid_scope"

    tokens = assistant.exchange(assistant.code(scope="read openid nonsense")).json()

    assert tokens["scope"] == "read"


@pytest.mark.parametrize(
    "changes", [{"response_type": "token"}, {"response_type": "code id_token"}, {"response_type": None}]
)
def test_only_the_code_flow_exists(assistant: Assistant, changes: dict[str, Any]) -> None:
    assert returned_error(assistant, **changes) in {
        "unauthorized_client",
        "unsupported_response_type",
        "invalid_request",
    }


def test_a_code_never_travels_in_a_fragment(assistant: Assistant) -> None:
    assert returned_error(assistant, response_mode="fragment") == "invalid_request"


@pytest.mark.parametrize(
    "redirect_uri",
    [
        CALLBACK + "/",
        CALLBACK + "?x=1",
        CALLBACK + "#f",
        "http://assistant.example/callback",
        "https://a@assistant.example/callback",
        "https://assistant.example.evil.example/callback",
        "https://assistant.example\\@evil.example/callback",
        "https://evil.example/callback",
        "https://ASSISTANT.example/callback",
        "/callback",
        "https://bücher.example/callback",
        "https://xn--bcher-kva.example/callback",
    ],
)
@pytest.mark.parametrize("is_signed_in", [True, False])
def test_nothing_goes_to_an_address_that_was_not_registered(
    assistant: Assistant, redirect_uri: str, is_signed_in: bool
) -> None:
    browser = assistant.browser if is_signed_in else Client()

    page = browser.get(assistant.address(redirect_uri=redirect_uri))

    assert page.status_code == 400
    assert "Location" not in page
    assert "has not registered" in page.content.decode()


@pytest.mark.parametrize("is_signed_in", [True, False])
def test_an_unknown_client_gets_a_page_and_not_the_sign_in(assistant: Assistant, is_signed_in: bool) -> None:
    browser = assistant.browser if is_signed_in else Client()

    page = browser.get(assistant.address(client_id="nobody"))

    assert page.status_code == 400
    assert "Location" not in page


@pytest.mark.parametrize(
    ("registered", "asked", "status"),
    [
        ("http://localhost:53682/callback", "http://localhost:6000/callback", 200),
        ("http://127.0.0.1/", "http://127.0.0.1:49152/", 200),
        ("http://[::1]:1000/cb", "http://[::1]:2000/cb", 200),
        ("http://localhost/callback", "http://127.0.0.1:6000/callback", 400),
        ("http://127.0.0.1/callback", "http://localhost:6000/callback", 400),
        ("http://localhost/callback", "http://localhost:0/callback", 400),
        ("http://localhost/callback", "http://localhost:99999/callback", 400),
        ("http://localhost/callback", "http://localhost:6000/callback?", 400),
        ("http://localhost/callback", "http://localhost:6000/callback/x", 400),
        ("http://localhost/callback", "http://localhost:6000@evil.example/callback", 400),
        ("http://localhost/callback", "http://localhost.evil.example/callback", 400),
        ("https://a.example/callback", "https://a.example:8443/callback", 400),
    ],
)
def test_on_the_persons_own_computer_the_port_alone_may_differ(
    alice_client: Client, registered: str, asked: str, status: int
) -> None:
    assistant = Assistant(alice_client, redirect_uris=[registered])

    assert alice_client.get(assistant.address(redirect_uri=asked)).status_code == status


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state", "scope", "response_type"])
def test_a_parameter_given_twice_is_refused(assistant: Assistant, name: str) -> None:
    page = assistant.browser.get(f"{assistant.address()}&{name}=again")

    assert page.status_code == 400
    assert "Location" not in page


@pytest.mark.parametrize("query", ["x=%zz", "x=%", "x=" + "a" * 9000])
@pytest.mark.parametrize("is_signed_in", [True, False])
def test_a_broken_query_is_an_error_and_never_a_failure(assistant: Assistant, query: str, is_signed_in: bool) -> None:
    browser = assistant.browser if is_signed_in else Client()

    answer = browser.get(f"{assistant.address()}&{query}")

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_client_cannot_turn_the_page_off(assistant: Assistant) -> None:
    assistant.tokens()

    page = assistant.browser.get(assistant.address(approval_prompt="auto"))

    assert page.status_code == 200


def test_signed_out_the_sign_in_comes_first_and_leads_back(assistant: Assistant) -> None:
    response = Client().get(assistant.address())

    assert response.status_code == 302
    assert urlsplit(response["Location"]).path == "/accounts/login/"
    assert query_of(response) == {"next": assistant.address()}


def test_a_client_that_wants_no_page_is_told_that_one_is_needed(assistant: Assistant) -> None:
    signed_out = query_of(Client().get(assistant.address(prompt="none")))
    signed_in_ = query_of(assistant.browser.get(assistant.address(prompt="none")))

    assert (signed_out["error"], signed_in_["error"]) == ("login_required", "interaction_required")
    assert signed_out["iss"] == signed_in_["iss"] == settings.PUBLIC_URL
    assert signed_out["state"] == signed_in_["state"] == "the-state"


def test_an_issuer_in_a_registered_address_is_replaced_not_doubled(alice_client: Client) -> None:
    assistant = Assistant(
        alice_client, redirect_uris=["https://assistant.example/callback?iss=https%3A%2F%2Fevil.example&keep=1"]
    )

    granted, refused = query_of(assistant.consent()), query_of(assistant.consent(form={"allow": "false"}))

    for answer in (granted, refused):
        assert answer["iss"] == settings.PUBLIC_URL
        assert answer["keep"] == "1"


def test_other_methods_are_refused_as_json(assistant: Assistant) -> None:
    answer = assistant.browser.delete(assistant.address())

    assert (answer.status_code, answer["Allow"], answer.json()["error"]) == (405, "GET, POST", "invalid_request")
