"""The person's decision on the consent page, and what comes of it."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.bearer import bearer_caller
from accounts.models import Connection, Grant
from audit.models import AuditEvent
from tests.conftest import signed_in
from tests.factories import InstallFactory, MembershipFactory
from tests.oauth.assistant import CALLBACK, KNOWN_CALLBACKS, Assistant, query_of

pytestmark = pytest.mark.django_db


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


def test_all_accounts_there_are_now_leaves_out_those_connected_later(
    assistant: Assistant, northwind: Any, install: Any
) -> None:
    second = InstallFactory(organization=northwind)

    tokens = assistant.tokens(form={"accounts": "now"})
    InstallFactory(organization=northwind)

    caller = bearer_caller(tokens["access_token"])
    assert caller is not None
    assert caller.installs == frozenset({install.pk, second.pk})


def test_all_accounts_there_are_now_needs_an_account(assistant: Assistant) -> None:
    page = assistant.consent(form={"accounts": "now"})

    assert page.status_code == 400
    assert "There is no account yet" in page.content.decode()


@pytest.mark.parametrize("accounts", [{"accounts": "all"}, {"accounts": "now"}, {}])
def test_ticks_beside_all_accounts_are_refused_and_narrow_the_choice(
    assistant: Assistant, northwind: Any, install: Any, accounts: dict[str, str]
) -> None:
    InstallFactory(organization=northwind)

    page = assistant.consent(form={"installs": [str(install.pk)], **accounts})

    text = page.content.decode()
    assert page.status_code == 400
    assert "You chose all accounts and also ticked some" in text
    assert 'value="some" required checked' in text
    assert text.count(' data-name="Fernweh Outdoor" checked') == 1
    assert not Connection.objects.exists()


def test_a_choice_of_accounts_that_the_page_does_not_offer_is_refused(assistant: Assistant, install: Any) -> None:
    page = assistant.consent(form={"accounts": "every"})

    assert page.status_code == 400
    assert "Choose which accounts" in page.content.decode()
    assert not Connection.objects.exists()


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
