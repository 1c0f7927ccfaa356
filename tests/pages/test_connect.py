"""The pages before and after Klaviyo's consent page. The exchange itself is tested with connector/installs/connect.py."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from django.test import Client

from connector.installs.models import ConnectAttempt
from tests.connected import connected
from tests.factories import MembershipFactory
from tests.sandbox.running import EUROPE, Running


def test_the_button_leads_to_klaviyos_consent_page(alice_client: Client, northwind: Any) -> None:
    response = alice_client.get("/oauth/klaviyo/install/")

    address = urlsplit(response["Location"])
    asked = parse_qs(address.query)
    assert address.path == "/oauth/authorize"
    assert asked["redirect_uri"] == ["http://localhost:8000/oauth/klaviyo/callback/"]
    assert asked["code_challenge_method"] == ["S256"]
    assert ConnectAttempt.objects.get().organization == northwind


def test_started_from_klaviyos_listing_signed_out_it_goes_on_after_the_sign_in(db: None) -> None:
    response = Client().get("/oauth/klaviyo/install/")

    assert response["Location"] == "/accounts/login/?next=%2Foauth%2Fklaviyo%2Finstall%2F"


def test_a_member_of_several_organizations_chooses_first(alice: Any, alice_client: Client, northwind: Any) -> None:
    other = MembershipFactory(user=alice, organization__name="Alice's own shop").organization

    page = alice_client.get("/oauth/klaviyo/install/").content.decode()
    assert "For which organization?" in page
    assert not ConnectAttempt.objects.exists()

    alice_client.get(f"/oauth/klaviyo/install/?organization={other.slug}")
    assert ConnectAttempt.objects.get().organization == other


def test_charlie_connects_nothing_for_northwind(charlie_client: Client, northwind: Any, install: Any) -> None:
    assert charlie_client.get(f"/oauth/klaviyo/install/?organization={northwind.slug}").status_code == 404
    assert charlie_client.get(f"/oauth/klaviyo/install/?install={install.pk}").status_code == 404
    assert charlie_client.get("/oauth/klaviyo/install/?install=nonsense").status_code == 404


def test_an_analyst_connects_nothing(bob_client: Client) -> None:
    response = bob_client.get("/oauth/klaviyo/install/")

    assert response.status_code == 403
    assert not ConnectAttempt.objects.exists()


def test_reconnecting_asks_for_the_account_that_it_was(alice: Any, alice_client: Client, install: Any) -> None:
    MembershipFactory(user=alice)

    alice_client.get(f"/oauth/klaviyo/install/?install={install.pk}")

    assert ConnectAttempt.objects.get().install_id == install.pk


def test_without_klaviyos_credentials_the_page_says_who_must_set_them(alice_client: Client, settings: Any) -> None:
    settings.KLAVIYO_CLIENT_ID = ""

    response = alice_client.get("/oauth/klaviyo/install/")

    assert response.status_code == 400
    assert "KLAVIYO_CLIENT_ID" in response.content.decode()


def test_an_answer_that_nobody_asked_for_connects_nothing(alice_client: Client) -> None:
    response = alice_client.get("/oauth/klaviyo/callback/?code=abc&state=made-up")

    assert response.status_code == 400
    assert "This link was not made for you" in response.content.decode()


def test_denied_at_klaviyo_says_so_and_how_to_go_on(alice_client: Client, northwind: Any) -> None:
    address = alice_client.get("/oauth/klaviyo/install/")["Location"]
    state = parse_qs(urlsplit(address).query)["state"][0]

    page = alice_client.get(f"/oauth/klaviyo/callback/?error=access_denied&state={state}").content.decode()
    assert "Klaviyo was not connected" in page
    assert "Try again" in page
    assert f'href="/oauth/klaviyo/install/?organization={northwind.slug}"' in page

    again = alice_client.get(f"/oauth/klaviyo/callback/?error=access_denied&state={state}").content.decode()
    assert "already finished" in again


def test_klaviyos_own_words_are_shown_as_text(alice_client: Client) -> None:
    address = alice_client.get("/oauth/klaviyo/install/")["Location"]
    state = parse_qs(urlsplit(address).query)["state"][0]
    said = {"error": "invalid_scope", "error_description": "No <b>images:write</b>.", "state": state}

    page = alice_client.get("/oauth/klaviyo/callback/", said).content.decode()

    assert "The Klaviyo app lacks a permission" in page
    assert "Klaviyo said: <q>No &lt;b&gt;images:write&lt;/b&gt;.</q>" in page


def test_after_another_account_try_again_means_the_same_account(
    klaviyo_sandbox: Running, alice_client: Client, northwind: Any
) -> None:
    wanted = connected(klaviyo_sandbox, northwind)

    page = come_back(alice_client, f"/oauth/klaviyo/install/?install={wanted.pk}", EUROPE)

    assert "That was another Klaviyo account" in page
    assert f'href="/oauth/klaviyo/install/?install={wanted.pk}"' in page


def test_an_account_that_was_connected_is_said_to_be_renewed(
    klaviyo_sandbox: Running, alice_client: Client, northwind: Any
) -> None:
    address = "/oauth/klaviyo/install/"

    assert "is connected. Everything is being read now" in come_back(alice_client, address, EUROPE)
    assert "was already connected; its access is renewed" in come_back(alice_client, address, EUROPE)


def come_back(browser: Client, address: str, account: str) -> str:
    """The page after Allow at Klaviyo."""
    form = {"account": account, "role": "owner", "decision": "allow"}
    answer = httpx.post(browser.get(address)["Location"], data=form)
    back = urlsplit(answer.headers["location"])
    page: str = browser.get(f"{back.path}?{back.query}", follow=True).content.decode()
    return page


def test_charlie_cannot_finish_what_alice_began(alice_client: Client, charlie_client: Client) -> None:
    address = alice_client.get("/oauth/klaviyo/install/")["Location"]
    state = parse_qs(urlsplit(address).query)["state"][0]

    response = charlie_client.get(f"/oauth/klaviyo/callback/?code=abc&state={state}")

    assert "This link was not made for you" in response.content.decode()
    assert ConnectAttempt.objects.get().used_at is None
