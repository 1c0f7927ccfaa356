"""What stands around the OAuth server: a TLS proxy before it, addresses that strangers name, the page that ends a connection."""

import socket
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from oauth2_provider.cimd import SafeMetadataFetcher

from accounts.bearer import bearer_caller
from accounts.models import Application, Connection
from accounts.oauth_validator import MetadataFetcher
from tests.oauth.assistant import CALLBACK, Assistant, query_of

pytestmark = pytest.mark.django_db
PUBLIC = "https://app.plumbline.example"


def test_behind_a_tls_proxy_everything_names_the_public_address(settings: Any, alice: Any) -> None:
    settings.PUBLIC_URL = PUBLIC
    settings.ALLOWED_HOSTS = ["app.plumbline.example"]
    settings.CSRF_TRUSTED_ORIGINS = [PUBLIC]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    proxied: dict[str, Any] = {"HTTP_HOST": "app.plumbline.example", "HTTP_X_FORWARDED_PROTO": "https"}
    browser = Client(enforce_csrf_checks=True, **proxied)
    browser.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    settings.ALLOWED_HOSTS = ["app.plumbline.example", "testserver"]  # the assistant's own requests in this test
    assistant = Assistant(browser)

    browser.get(assistant.address())
    form = {"allow": "true", "csrfmiddlewaretoken": browser.cookies["csrftoken"].value}
    answer = query_of(browser.post(assistant.address(), form, headers={"Origin": PUBLIC}))
    tokens = assistant.exchange(answer["code"]).json()

    assert answer["iss"] == PUBLIC
    assert Connection.objects.get().resource == [f"{PUBLIC}/mcp"]
    assert bearer_caller(tokens["access_token"]) is not None


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.8",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.8",
        "64:ff9b::a00:8",
        "2002:a00:8::1",
    ],
)
def test_a_client_cannot_make_us_look_inside(
    monkeypatch: pytest.MonkeyPatch, alice_client: Client, address: str
) -> None:
    """The name of its document leads to an address of our own network: nobody connects there."""
    asked: list[str] = []
    connected: list[Any] = []

    def resolve(host: str, port: int, **kwargs: Any) -> list[Any]:
        asked.append(host)
        public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", port))
        return [public, (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(*args: Any, **kwargs: Any) -> Any:
        connected.append(args)
        raise OSError

    assistant = Assistant(alice_client)
    monkeypatch.setattr(MetadataFetcher, "source", SafeMetadataFetcher)
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)

    page = alice_client.get(assistant.address(client_id="https://inside.example/client.json"))

    assert page.status_code == 400
    assert asked == ["inside.example"]
    assert connected == []
    assert Application.objects.count() == 1


def test_the_page_of_assistants_ends_a_connection_with_one_click(assistant: Assistant) -> None:
    tokens = assistant.tokens()

    response = assistant.browser.post(reverse("revoke_connection", args=[Connection.objects.get().pk]))

    assert response.status_code == 302
    assert bearer_caller(tokens["access_token"]) is None
    assert assistant.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_nobody_ends_another_agencys_connection(assistant: Assistant, charlie_client: Client) -> None:
    tokens = assistant.tokens()

    response = charlie_client.post(reverse("revoke_connection", args=[Connection.objects.get().pk]))

    assert response.status_code == 404
    assert bearer_caller(tokens["access_token"]) is not None


@pytest.mark.django_db(transaction=True)
def test_no_document_is_fetched_while_a_transaction_is_open(
    monkeypatch: pytest.MonkeyPatch, alice_client: Client
) -> None:
    known = "https://assistant.example/client.json"
    inside: list[bool] = []

    class Stale:
        """A document that may not be kept at all: every look at the client reads it anew."""

        def fetch(self, client_id: str) -> tuple[dict[str, Any], int]:
            inside.append(connection.in_atomic_block)
            return {"client_id": known, "client_name": "Helper", "redirect_uris": [CALLBACK]}, 0

    monkeypatch.setattr(MetadataFetcher, "source", Stale)
    assistant = Assistant(alice_client)
    assistant.client_id = known

    assert assistant.tokens()["access_token"]

    assert len(inside) >= 2
    assert not any(inside)
