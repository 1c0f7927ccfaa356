"""Requests for consent: which ones hold, and where the others end."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client

from accounts.bearer import bearer_caller
from accounts.models import Connection, Grant
from audit.models import AuditEvent
from tests.conftest import signed_in
from tests.factories import InstallFactory, MembershipFactory
from tests.oauth.assistant import CALLBACK, KNOWN_CALLBACKS, Assistant, post_json, query_of, registration

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


@pytest.mark.parametrize("query", ["x=%zz", "x=%", "x=%00", "x=" + "a" * 9000])
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


# --- the decision


def test_refusing_is_access_denied_and_in_the_audit(assistant: Assistant) -> None:
    answer = query_of(assistant.consent(form={"allow": "false"}))

    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "the-state", settings.PUBLIC_URL)
    event = AuditEvent.objects.get(operation="grant.refused")
    assert (event.actor_label, event.subject_label, event.via, event.outcome) == (
        "alice@northwind.test",
        "ChatGPT",
        "page",
        "refused",
    )
    assert not Connection.objects.exists()


def test_allowing_makes_one_connection_and_one_audit_event(assistant: Assistant, northwind: Any) -> None:
    assistant.code()

    connection = Connection.objects.get()
    assert (connection.organization, connection.user.email) == (northwind, "alice@northwind.test")
    assert (connection.scope, connection.installs) == ("read write offline_access", None)
    event = AuditEvent.objects.get(operation="grant.approved")
    assert (event.subject_id, event.after) == (
        str(connection.pk),
        {"scopes": ["read", "write", "offline_access"], "accounts": "all"},
    )


def test_writing_is_granted_only_when_ticked_and_reading_always_stays(assistant: Assistant) -> None:
    unticked = assistant.exchange(assistant.code(form={"scope": []})).json()
    ticked = assistant.exchange(assistant.code(form={"scope": ["write"]})).json()
    never_asked = assistant.exchange(assistant.code(scope="read", form={"scope": ["read", "write"]})).json()

    assert (unticked["scope"], ticked["scope"], never_asked["scope"]) == (
        "read offline_access",
        "read write offline_access",
        "read",
    )


def test_writing_is_not_ticked_when_the_page_opens(assistant: Assistant) -> None:
    text = assistant.browser.get(assistant.address()).content.decode()

    assert 'value="write" >' in text
    assert 'value="read" checked disabled>' in text


def test_some_accounts_can_be_chosen_and_only_those_are_granted(
    assistant: Assistant, northwind: Any, install: Any
) -> None:
    InstallFactory(organization=northwind)

    assistant.code(form={"accounts": "some", "installs": [str(install.pk)]})

    assert Connection.objects.get().installs == [str(install.pk)]


def test_choosing_some_accounts_and_ticking_none_is_asked_again(assistant: Assistant, install: Any) -> None:
    page = assistant.consent(form={"accounts": "some"})

    assert page.status_code == 400
    assert "Tick at least one account" in page.content.decode()


def test_another_agencys_account_cannot_be_ticked(assistant: Assistant, charlie: Any) -> None:
    theirs = InstallFactory(organization=charlie.memberships.get().organization)

    page = assistant.consent(form={"accounts": "some", "installs": [str(theirs.pk)]})

    assert page.status_code == 400
    assert theirs.name not in page.content.decode()
    assert not Connection.objects.exists()


@pytest.mark.parametrize("posted", ["charlies", "not-an-id", ""])
def test_another_agencys_organization_cannot_be_chosen(assistant: Assistant, charlie: Any, posted: str) -> None:
    if posted == "charlies":
        posted = str(charlie.memberships.get().organization_id)

    assert assistant.consent(form={"organization": posted}).status_code == 400
    assert not Connection.objects.exists()


def test_a_member_of_two_organizations_chooses_one(
    assistant: Assistant, alice: Any, northwind: Any, install: Any
) -> None:
    second = MembershipFactory(user=alice, organization__name="Eastwind", role="analyst")
    other = InstallFactory(organization=second.organization)

    assert assistant.consent().status_code == 400
    form = {
        "organization": str(second.organization_id),
        "accounts": "some",
        "installs": [str(other.pk), str(install.pk)],
    }
    assistant.code(form=form)

    connection = Connection.objects.get()
    assert (connection.organization, connection.installs) == (second.organization, [str(other.pk)])


def test_a_member_who_sees_some_accounts_can_share_only_those(northwind: Any, bob: Any, install: Any) -> None:
    hidden = InstallFactory(organization=northwind, name="Hidden shop")
    bob.memberships.update(installs=[str(install.pk)])
    assistant = Assistant(signed_in(bob))

    assert "Hidden shop" not in assistant.browser.get(assistant.address()).content.decode()
    assert assistant.consent(form={"accounts": "some", "installs": [str(hidden.pk)]}).status_code == 400


def test_someone_without_an_organization_can_only_refuse(alice: Any) -> None:
    alice.memberships.all().delete()
    assistant = Assistant(signed_in(alice))

    page = assistant.browser.get(assistant.address())

    assert "not a member of any organization" in page.content.decode()
    assert assistant.consent().status_code == 400
    assert query_of(assistant.consent(form={"allow": "false"}))["error"] == "access_denied"


def test_posted_fields_cannot_change_what_was_asked(assistant: Assistant) -> None:
    forged = {
        "redirect_uri": "https://evil.example/cb",
        "resource": "https://evil.example/mcp",
        "client_id": "nobody",
        "state": "forged",
    }

    response = assistant.consent(form=forged)

    assert response["Location"].startswith(CALLBACK)
    assert query_of(response)["state"] == "the-state"
    assert Grant.objects.get().resource == ["http://localhost:8000/mcp"]


def test_a_decision_without_a_button_is_asked_again(assistant: Assistant) -> None:
    assert assistant.consent(form={"allow": "perhaps"}).status_code == 400
    assert not Connection.objects.exists()


def test_a_forged_decision_is_refused(alice: Any, assistant: Assistant) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")

    assert browser.post(assistant.address(), {"allow": "true"}).status_code == 403
    browser.get(assistant.address())
    token = browser.cookies["csrftoken"].value
    elsewhere = {"Origin": "https://evil.example"}
    assert (
        browser.post(
            assistant.address(), {"allow": "true", "csrfmiddlewaretoken": token}, headers=elsewhere
        ).status_code
        == 403
    )
    assert not Connection.objects.exists()


def test_sixty_consents_in_a_row_all_pass(assistant: Assistant) -> None:
    for _ in range(60):
        assert assistant.tokens()["access_token"]


def test_asking_for_more_later_is_a_second_connection_that_may_end_the_first(assistant: Assistant) -> None:
    first = assistant.exchange(assistant.code(form={"scope": []})).json()
    earlier = Connection.objects.get()
    again = Assistant(assistant.browser)

    page = again.browser.get(again.address()).content.decode()
    kept = again.exchange(again.code()).json()
    assert f'name="end" value="{earlier.pk}"' in page
    assert bearer_caller(first["access_token"]) is not None

    replacing = again.exchange(again.code(form={"end": [str(earlier.pk)]})).json()

    assert bearer_caller(first["access_token"]) is None
    assert bearer_caller(kept["access_token"]) is not None
    assert bearer_caller(replacing["access_token"]) is not None
    assert AuditEvent.objects.get(operation="grant.revoked").after == {"why": "replaced"}


def test_nobody_elses_connection_can_be_ended_there(assistant: Assistant, bob: Any) -> None:
    others = Assistant(signed_in(bob)).tokens()
    theirs = Connection.objects.get()

    page = assistant.browser.get(assistant.address()).content.decode()
    assistant.code(form={"end": [str(theirs.pk), "nonsense"]})

    assert str(theirs.pk) not in page
    assert bearer_caller(others["access_token"]) is not None


def test_where_a_second_factor_is_required_it_comes_first(assistant: Assistant, northwind: Any) -> None:
    northwind.requires_mfa = True
    northwind.save()

    page = assistant.consent()

    assert page.status_code == 400
    assert "asks its members for a second factor" in page.content.decode()
    assert not Connection.objects.exists()


@pytest.mark.parametrize("callback", KNOWN_CALLBACKS)
def test_every_known_assistant_gets_its_code_where_it_listens(alice_client: Client, callback: str) -> None:
    assistant = Assistant(alice_client, redirect_uris=[callback])

    response = assistant.consent()

    assert response["Location"].startswith(callback + "?")
    assert assistant.exchange(query_of(response)["code"]).status_code == 200


# --- clients with a metadata document

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
