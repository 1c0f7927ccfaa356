"""What a token is worth: who may go on, what the caller may, how a connection ends."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accounts import grants
from accounts.actions import organizations
from accounts.bearer import bearer_caller
from accounts.models import AccessToken, Connection, Grant, Membership
from audit.models import AuditEvent
from tests.oauth.assistant import Assistant, post_form
from tests.oauth.holding import installs_of, refused_with, works

pytestmark = pytest.mark.django_db(transaction=True)


# --- who may go on


def deactivate(connection: Connection) -> None:
    connection.user.is_active = False
    connection.user.save()


def remove(connection: Connection) -> None:
    Membership.objects.all().delete()


def leave_unused(connection: Connection) -> None:
    Connection.objects.update(created_at=timezone.now() - timedelta(days=91))


def leave_unused_since(connection: Connection) -> None:
    Connection.objects.update(last_used_at=timezone.now() - timedelta(days=91))


def require_a_second_factor(connection: Connection) -> None:
    connection.organization.requires_mfa = True
    connection.organization.save()


@pytest.mark.parametrize("change", [deactivate, remove, leave_unused, leave_unused_since, require_a_second_factor])
def test_who_may_not_go_on_is_stopped_at_the_next_code_refresh_and_call(
    assistant: Assistant, change: Callable[[Connection], None]
) -> None:
    tokens = assistant.tokens()
    code = assistant.code()

    change(Connection.objects.earliest("created_at"))

    assert not works(tokens)
    assert refused_with(assistant.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert refused_with(assistant.exchange(code)) == "invalid_grant"


def test_a_member_who_comes_back_goes_on(assistant: Assistant, alice: Any) -> None:
    tokens = assistant.tokens()
    deactivate(Connection.objects.get())
    assert not works(tokens)

    alice.is_active = True
    alice.save()

    assert works(tokens)


def test_a_member_with_a_second_factor_goes_on_where_one_is_required(assistant: Assistant, alice: Any) -> None:
    tokens = assistant.tokens()
    require_a_second_factor(Connection.objects.get())
    Authenticator.objects.create(user=alice, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert not works(tokens)

    Authenticator.objects.create(user=alice, type=Authenticator.Type.TOTP, data={})

    assert works(tokens)


# --- what the caller may


def test_a_token_is_its_members_caller_through_this_door(assistant: Assistant, alice: Any, northwind: Any) -> None:
    caller = bearer_caller(assistant.tokens()["access_token"], ip="192.0.2.7", request_id="r-1")

    assert caller is not None
    assert (caller.user, caller.organization, caller.role, caller.via) == (alice, northwind, "owner", "mcp")
    assert caller.scopes == {"read", "write"}
    assert caller.installs is None
    assert caller.client == "ChatGPT"
    assert (caller.connection_id, caller.ip, caller.request_id) == (Connection.objects.get().pk, "192.0.2.7", "r-1")


def test_installs_of_member_and_connection_both_count(
    assistant: Assistant, alice: Any, install: Any, northwind: Any
) -> None:
    tokens = assistant.tokens(form={"accounts": "some", "installs": [str(install.pk)]})
    assert installs_of(tokens) == {install.pk}

    alice.memberships.update(installs=[])

    assert installs_of(tokens) == frozenset()


def test_a_lookup_is_one_query(assistant: Assistant, django_assert_num_queries: Any) -> None:
    token = assistant.tokens()["access_token"]

    with django_assert_num_queries(1):
        bearer_caller(token)


def test_a_token_made_for_another_address_is_worthless_here(assistant: Assistant, settings: Any) -> None:
    tokens = assistant.tokens()

    settings.PUBLIC_URL = "https://app.plumbline.example"

    assert not works(tokens)


@pytest.mark.parametrize(
    "resource", [[], ["http://localhost:8000"], ["http://localhost:8000/mcp", "https://evil.example/mcp"]]
)
def test_a_token_without_exactly_our_audience_is_worthless(assistant: Assistant, resource: list[str]) -> None:
    tokens = assistant.tokens()
    AccessToken.objects.update(resource=resource)

    assert not works(tokens)


@pytest.mark.parametrize("token", ["", "nonsense", "a\x00b", "ü", "x" * 100_000])
def test_anything_else_is_no_token(db: None, token: str) -> None:
    assert bearer_caller(token) is None


# --- revocation


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "nonsense"])
def test_revoking_either_token_ends_both(assistant: Assistant, which: str, hint: str | None) -> None:
    tokens = assistant.tokens()

    response = assistant.revoke(tokens[which], token_type_hint=hint)

    assert response.status_code == 200
    assert not works(tokens)
    assert assistant.refresh(tokens["refresh_token"]).status_code == 400
    assert AuditEvent.objects.get(operation="grant.revoked").after == {"why": "client"}


def test_an_unknown_or_foreign_token_is_left_alone_and_answered_alike(assistant: Assistant, bob_client: Client) -> None:
    tokens = assistant.tokens()

    assert Assistant(bob_client).revoke(tokens["access_token"]).status_code == 200
    assert assistant.revoke("nonsense").status_code == 200
    assert works(tokens)


def test_only_a_known_client_may_revoke(assistant: Assistant) -> None:
    tokens = assistant.tokens()

    response = post_form("/oauth/revoke", {"token": tokens["access_token"], "client_id": "nobody"})

    assert (response.status_code, refused_with(response)) == (401, "invalid_client")
    assert refused_with(assistant.revoke("")) == "invalid_request"
    assert works(tokens)


def test_ending_a_connection_on_its_page_bites_at_once(assistant: Assistant, alice_caller: Any) -> None:
    tokens = assistant.tokens()
    connection = Connection.objects.get()

    assert grants.revoke_connection(connection=connection, by=alice_caller, why="page")
    assert not grants.revoke_connection(connection=connection, by=alice_caller, why="page")

    assert not works(tokens)
    assert assistant.refresh(tokens["refresh_token"]).status_code == 400
    assert AuditEvent.objects.filter(operation="grant.revoked").count() == 1


def test_a_second_connection_of_the_same_client_is_untouched(assistant: Assistant) -> None:
    first, second = assistant.tokens(), assistant.tokens()

    assistant.revoke(first["access_token"])

    assert works(second)
    assert works(assistant.refresh(second["refresh_token"]).json())


def test_an_analyst_cannot_end_the_owners_connection(assistant: Assistant, bob: Any) -> None:
    from accounts.caller import member_caller
    from accounts.permissions import Refused

    tokens = assistant.tokens()

    with pytest.raises(Refused):
        grants.revoke_connection(
            connection=Connection.objects.get(), by=member_caller(bob.memberships.get(), via="page"), why="page"
        )
    assert works(tokens)


# --- upkeep


def test_use_is_noted_at_most_once_a_minute_and_a_new_name_at_once(assistant: Assistant) -> None:
    assistant.tokens()
    connection = Connection.objects.get()

    grants.note_use(connection.pk)
    noted = Connection.objects.get().last_used_at
    grants.note_use(connection.pk)
    assert Connection.objects.get().last_used_at == noted

    grants.note_use(connection.pk, client="Chat\x00GPT", version="1.2026.300")
    connection.refresh_from_db()
    assert (connection.client_name, connection.client_version) == ("Chat GPT", "1.2026.300")
    assert noted is not None
    assert connection.last_used_at is not None
    assert connection.last_used_at > noted


def test_what_decides_nothing_any_more_is_removed(assistant: Assistant) -> None:
    tokens = assistant.tokens()
    assistant.refresh(tokens["refresh_token"])
    assert grants.purge() == {"codes": 0, "access_tokens": 0, "refresh_tokens": 0, "clients": 0}

    with time_machine.travel(timezone.now() + timedelta(days=2), tick=False):
        assert grants.purge() == {"codes": 1, "access_tokens": 2, "refresh_tokens": 0, "clients": 0}
    with time_machine.travel(timezone.now() + timedelta(days=92), tick=False):
        assert grants.purge() == {"codes": 0, "access_tokens": 0, "refresh_tokens": 2, "clients": 0}
    assert Grant.objects.count() == 0


def test_a_new_organization_can_connect_at_once(db: None) -> None:
    membership, _ = organizations.create(
        name="Fresh", owner_email="owner@fresh.test", password="a long enough password"
    )
    browser = Client()
    browser.force_login(membership.user, backend="allauth.account.auth_backends.AuthenticationBackend")

    assert works(Assistant(browser).tokens())
