"""Codes and refresh tokens: exchanged once, by their own client, for this server alone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts import grants
from accounts.actions import organizations
from accounts.bearer import bearer_caller
from accounts.models import AccessToken, Connection, Grant, Membership, RefreshToken
from audit.models import AuditEvent
from tests.oauth.assistant import Assistant, post_form

pytestmark = pytest.mark.django_db(transaction=True)


def works(tokens: dict[str, Any]) -> bool:
    return bearer_caller(tokens["access_token"]) is not None


def installs_of(tokens: dict[str, Any]) -> Any:
    caller = bearer_caller(tokens["access_token"])
    assert caller is not None
    return caller.installs


def at_once(count: int, call: Callable[[], Any]) -> list[Any]:
    """The same request from this many threads, let go together."""
    gate = Barrier(count)

    def one(_: int) -> Any:
        gate.wait()
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def refused_with(response: Any) -> str:
    assert response["Content-Type"].startswith("application/json")
    return response.json()["error"]


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


# --- refresh tokens


def test_a_refresh_gives_new_tokens_and_the_old_access_token_lives_on_for_a_minute(assistant: Assistant) -> None:
    first = assistant.tokens()

    second = assistant.refresh(first["refresh_token"]).json()

    assert works(second)
    assert works(first)
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
        assert works(second)
        assert not works(first)


def test_a_lost_answer_does_not_end_the_connection(assistant: Assistant) -> None:
    first = assistant.tokens()
    assistant.refresh(first["refresh_token"])

    again = assistant.refresh(first["refresh_token"])

    assert again.status_code == 200
    assert works(again.json())
    assert works(assistant.refresh(again.json()["refresh_token"]).json())


def test_eight_refreshes_at_once_all_work(assistant: Assistant) -> None:
    first = assistant.tokens()

    responses = at_once(8, lambda: assistant.refresh(first["refresh_token"]))

    assert [response.status_code for response in responses] == [200] * 8
    assert all(works(response.json()) for response in responses)
    assert RefreshToken.objects.values("token_family").distinct().count() == 1


def test_a_spent_refresh_token_that_comes_back_later_ends_everything(assistant: Assistant) -> None:
    first = assistant.tokens()
    second = assistant.refresh(first["refresh_token"]).json()
    third = assistant.refresh(first["refresh_token"]).json()

    with time_machine.travel(timezone.now() + timedelta(seconds=90), tick=False):
        response = assistant.refresh(first["refresh_token"])

        assert (response.status_code, refused_with(response)) == (400, "invalid_grant")
        assert not any(works(tokens) for tokens in (first, second, third))
        assert assistant.refresh(third["refresh_token"]).status_code == 400
    assert AuditEvent.objects.get(operation="grant.reuse_detected").after == {"why": "reused refresh token"}


def test_another_clients_refresh_token_is_refused_and_unharmed(assistant: Assistant, bob_client: Client) -> None:
    tokens = assistant.tokens()

    assert refused_with(Assistant(bob_client).refresh(tokens["refresh_token"])) == "invalid_grant"
    assert works(assistant.refresh(tokens["refresh_token"]).json())


def test_a_refresh_may_narrow_but_never_widen(assistant: Assistant) -> None:
    tokens = assistant.exchange(assistant.code(form={"scope": ["read"]})).json()

    assert refused_with(assistant.refresh(tokens["refresh_token"], scope="read write")) == "invalid_scope"
    assert assistant.refresh(tokens["refresh_token"], scope="read").json()["scope"] == "read"


def test_a_refresh_is_for_this_server_alone(assistant: Assistant) -> None:
    tokens = assistant.tokens()

    assert (
        refused_with(assistant.refresh(tokens["refresh_token"], resource="https://evil.example/mcp"))
        == "invalid_target"
    )
    assert assistant.refresh(tokens["refresh_token"], resource="http://localhost:8000/mcp/").status_code == 200


def test_a_refresh_token_lives_ninety_days_from_its_issue(assistant: Assistant) -> None:
    tokens = assistant.tokens()
    later = timezone.now() + timedelta(days=91)
    Connection.objects.update(last_used_at=later)

    with time_machine.travel(later, tick=False):
        assert refused_with(assistant.refresh(tokens["refresh_token"])) == "invalid_grant"


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
