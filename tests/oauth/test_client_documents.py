"""Assistants that are known by a metadata document at their own address."""

from typing import Any

import pytest
from django.test import Client

from tests.oauth.assistant import CALLBACK, Assistant, post_json, registration

pytestmark = pytest.mark.django_db

DOCUMENT = "https://assistant.example/oauth/client.json"


def by_document(browser: Client, client_id: str, redirect_uri: str) -> Assistant:
    assistant = Assistant(browser)
    assistant.client_id, assistant.redirect_uri = client_id, redirect_uri
    return assistant


@pytest.mark.parametrize(
    "methods",
    [
        {},
        {"token_endpoint_auth_method": "none"},
        {"token_endpoint_auth_methods_supported": ["none", "private_key_jwt"]},
        {
            "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
            "token_endpoint_auth_method": "private_key_jwt",
        },
    ],
)
def test_a_client_may_be_known_by_its_document(alice_client: Client, documents: Any, methods: dict[str, Any]) -> None:
    documents.at[DOCUMENT] = {"client_id": DOCUMENT, "client_name": "Helper", "redirect_uris": [CALLBACK]} | methods
    assistant = by_document(alice_client, DOCUMENT, CALLBACK)

    page = alice_client.get(assistant.address())

    assert "Helper" in page.content.decode()
    assert DOCUMENT in page.content.decode()
    assert assistant.tokens()["access_token"]


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "https://other.example/client.json"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
        {"client_secret": "x"},
        {"redirect_uris": ["http://evil.example/cb"]},
        {"redirect_uris": []},
        {"redirect_uris": "https://assistant.example/callback"},
        {"grant_types": ["client_credentials"]},
        {"client_name": ["x"]},
    ],
)
def test_a_document_that_does_not_hold_is_an_unknown_client(
    alice_client: Client, documents: Any, changes: dict[str, Any]
) -> None:
    documents.at[DOCUMENT] = {"client_id": DOCUMENT, "client_name": "Helper", "redirect_uris": [CALLBACK]} | changes

    assert alice_client.get(by_document(alice_client, DOCUMENT, CALLBACK).address()).status_code == 400


@pytest.mark.parametrize(
    ("client_id", "redirect_uri", "name"),
    [
        ("https://chatgpt.com/oauth/client.json", "https://chatgpt.com/connector_platform_oauth_redirect", "ChatGPT"),
        ("https://chatgpt.com/oauth/abc-123/client.json", "https://chatgpt.com/connector/oauth/abc-123", "ChatGPT"),
        ("https://claude.ai/oauth/claude-code-client-metadata", "http://localhost:54545/callback", "Claude Code"),
    ],
)
def test_well_known_assistants_connect_even_when_their_document_cannot_be_read(
    alice_client: Client, client_id: str, redirect_uri: str, name: str
) -> None:
    assistant = by_document(alice_client, client_id, redirect_uri)

    page = alice_client.get(assistant.address()).content.decode()

    assert f"Let {name} ask" in page
    assert "registered by itself" not in page
    assert assistant.tokens()["access_token"]


def test_a_well_known_assistants_document_cannot_lead_to_another_host(alice_client: Client, documents: Any) -> None:
    known = "https://chatgpt.com/oauth/client.json"
    documents.at[known] = {
        "client_id": known,
        "client_name": "ChatGPT",
        "redirect_uris": ["https://evil.example/cb", "https://chatgpt.com/new_callback"],
    }

    evil = alice_client.get(by_document(alice_client, known, "https://evil.example/cb").address())
    new = alice_client.get(by_document(alice_client, known, "https://chatgpt.com/new_callback").address())

    assert (evil.status_code, new.status_code) == (400, 200)


def test_a_stranger_cannot_make_us_fetch_without_end(documents: Any) -> None:
    assistant = Assistant(Client())

    for number in range(80):
        Client().get(assistant.address(client_id=f"https://host{number}.example/client.json"))

    assert len(documents.fetched) == 60


def test_an_address_that_is_no_document_is_not_even_asked_for(documents: Any) -> None:
    assistant = Assistant(Client())

    for client_id in ("http://a.example/client.json", "ftp://a.example/x", "javascript:x"):
        assert Client().get(assistant.address(client_id=client_id)).status_code == 400

    assert documents.fetched == []


def test_a_registered_client_without_a_name_is_still_shown_with_its_host(alice_client: Client) -> None:
    assistant = Assistant(alice_client, client_name=None)

    assert "assistant.example" in alice_client.get(assistant.address()).content.decode()


def test_a_hostile_name_is_shown_as_text(alice_client: Client) -> None:
    assert post_json("/oauth/register", registration(client_name="<script>x</script>")).status_code == 201
    assistant = Assistant(alice_client, client_name="<script>x</script>")

    assert "<script>x</script>" not in alice_client.get(assistant.address()).content.decode()
