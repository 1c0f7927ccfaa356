"""Connecting through Klaviyo's consent page, and everything that must not work."""

import html
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.utils import timezone

from accounts.caller import Caller, member_caller
from accounts.permissions import Refused
from audit.models import AuditEvent
from connector.installs.connect import ConnectProblem, finish, start
from connector.installs.models import ConnectAttempt, Install
from connector.klaviyo.resources import SCOPES
from tests.connected import connected
from tests.sandbox.running import AMERICA, EUROPE, Running

pytestmark = pytest.mark.django_db(transaction=True)
SESSION = "session-of-alice"


def consent(address: str, *, account: str = AMERICA, role: str = "owner", decision: str = "allow") -> dict[str, str]:
    """What a person does on Klaviyo's page; the parameters it sends the browser back with."""
    page = httpx.get(address)
    assert page.status_code == 200
    answer = httpx.post(address, data={"account": account, "role": role, "decision": decision})
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def test_an_account_is_connected_with_its_name_zone_and_currency(
    klaviyo_sandbox: Running, alice_caller: Caller
) -> None:
    returned = consent(start(caller=alice_caller, session_key=SESSION))

    install, was_connected = finish(user=alice_caller.user, session_key=SESSION, params=returned)

    assert not was_connected
    truth = klaviyo_sandbox.raw("accounts")[0]["attributes"]
    assert (install.klaviyo_id, install.organization, install.status) == (
        AMERICA,
        alice_caller.organization,
        Install.Status.CONNECTING,
    )
    assert (install.name, install.time_zone, install.currency) == (
        truth["contact_information"]["organization_name"], truth["timezone"], truth["preferred_currency"],
    )  # fmt: skip
    assert set(install.scopes) == set(SCOPES)
    assert AuditEvent.objects.get(operation="install.connected").install_id == install.pk


def test_the_consent_page_lists_every_scope_with_a_reason(klaviyo_sandbox: Running, alice_caller: Caller) -> None:
    page = html.unescape(httpx.get(start(caller=alice_caller, session_key=SESSION)).text)

    for scope in SCOPES:
        assert re.search(rf"{re.escape(scope)}\W", page), scope


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"state": "made-up"}, "unknown_state"),
        ({"code": "made-up"}, "exchange_refused"),
        ({"code": ""}, "klaviyo_error"),
        ({"error": "access_denied"}, "denied"),
        ({"error": "access_denied", "error_description": "Only an owner, admin or manager may."}, "role_at_klaviyo"),
        ({"error": "invalid_scope", "error_description": "Unknown scopes: images:write."}, "invalid_scope"),
        ({"error": "server_error"}, "klaviyo_error"),
    ],
)
def test_an_answer_that_is_not_right_connects_nothing(
    klaviyo_sandbox: Running, alice_caller: Caller, change: dict[str, str], code: str
) -> None:
    returned = consent(start(caller=alice_caller, session_key=SESSION))

    with pytest.raises(ConnectProblem) as problem:
        finish(user=alice_caller.user, session_key=SESSION, params=returned | change)

    assert problem.value.code == code
    assert not Install.objects.exists()


def test_state_is_good_once_and_in_the_browser_that_began(
    klaviyo_sandbox: Running, alice_caller: Caller, bob: Any
) -> None:
    returned = consent(start(caller=alice_caller, session_key=SESSION))

    for user, session in ((alice_caller.user, "another browser"), (bob, SESSION)):
        with pytest.raises(ConnectProblem, match="does not belong"):
            finish(user=user, session_key=session, params=returned)
    finish(user=alice_caller.user, session_key=SESSION, params=returned)
    with pytest.raises(ConnectProblem, match="used once"):
        finish(user=alice_caller.user, session_key=SESSION, params=returned)


def test_an_attempt_is_over_after_a_quarter_of_an_hour(klaviyo_sandbox: Running, alice_caller: Caller) -> None:
    returned = consent(start(caller=alice_caller, session_key=SESSION))
    ConnectAttempt.objects.update(created_at=timezone.now() - timedelta(minutes=16))

    with pytest.raises(ConnectProblem, match="15 minutes"):
        finish(user=alice_caller.user, session_key=SESSION, params=returned)


def test_pressing_cancel_and_a_role_that_may_not_install_are_told_apart(
    klaviyo_sandbox: Running, alice_caller: Caller
) -> None:
    for pressed, code, said in (
        ({"decision": "deny"}, "denied", "The person said no."),
        ({"role": "analyst"}, "role_at_klaviyo", "Only an owner, admin or manager of the account can install apps."),
    ):
        returned = consent(start(caller=alice_caller, session_key=SESSION), **pressed)

        with pytest.raises(ConnectProblem) as problem:
            finish(user=alice_caller.user, session_key=SESSION, params=returned)

        assert (problem.value.code, problem.value.quote) == (code, said)
        assert problem.value.again == f"?organization={alice_caller.organization.slug}"


def test_what_klaviyos_page_says_is_cleaned_and_shortened(klaviyo_sandbox: Running, alice_caller: Caller) -> None:
    returned = consent(start(caller=alice_caller, session_key=SESSION))
    told = {"error": "invalid_scope", "error_description": "\u202eno\n\n such\x00 scope " + "x" * 5000}

    with pytest.raises(ConnectProblem) as problem:
        finish(user=alice_caller.user, session_key=SESSION, params=returned | told)

    assert problem.value.quote == f"no such scope {'x' * 186}…"
    assert all(scope in problem.value.text for scope in SCOPES)


def test_connecting_an_account_again_is_a_reconnect_with_the_same_id(
    klaviyo_sandbox: Running, alice_caller: Caller
) -> None:
    before = connected(klaviyo_sandbox, alice_caller.organization)
    first = timezone.now() - timedelta(days=90)
    Install.objects.update(
        status=Install.Status.NEEDS_RECONNECT,
        access_token="",
        refresh_token="",
        complete_to=timezone.now(),
        connected_at=first,
    )

    after, was_connected = finish(
        user=alice_caller.user, session_key=SESSION, params=consent(start(caller=alice_caller, session_key=SESSION))
    )

    assert was_connected
    assert (after.pk, after.status, after.connected_at) == (before.pk, Install.Status.CONNECTED, first)
    assert AuditEvent.objects.filter(operation="install.reconnected").count() == 1


def test_an_account_that_was_disconnected_is_connected_anew(klaviyo_sandbox: Running, alice_caller: Caller) -> None:
    connected(klaviyo_sandbox, alice_caller.organization)
    Install.objects.update(status=Install.Status.DISCONNECTED, connected_at=timezone.now() - timedelta(days=90))

    install, was_connected = finish(
        user=alice_caller.user, session_key=SESSION, params=consent(start(caller=alice_caller, session_key=SESSION))
    )

    assert not was_connected
    assert timezone.now() - install.connected_at < timedelta(minutes=1)


def test_reconnecting_with_another_account_changes_nothing(klaviyo_sandbox: Running, alice_caller: Caller) -> None:
    wanted = connected(klaviyo_sandbox, alice_caller.organization)
    token = wanted.access_token

    returned = consent(start(caller=alice_caller, session_key=SESSION, install=wanted), account=EUROPE)
    with pytest.raises(ConnectProblem, match="another account") as problem:
        finish(user=alice_caller.user, session_key=SESSION, params=returned)

    assert problem.value.again == f"?install={wanted.pk}"
    wanted.refresh_from_db()
    assert wanted.access_token == token
    assert list(Install.objects.all()) == [wanted]


def test_an_analyst_cannot_connect(alice_caller: Caller, bob: Any) -> None:
    with pytest.raises(Refused):
        start(
            caller=member_caller(bob.memberships.select_related("user", "organization").get(), via="page"),
            session_key=SESSION,
        )


def test_klaviyo_out_of_reach_is_said_and_loses_nothing(
    klaviyo_sandbox: Running, alice_caller: Caller, settings: Any
) -> None:
    returned = consent(start(caller=alice_caller, session_key=SESSION))
    settings.KLAVIYO_API_URL = "http://127.0.0.1:9"

    with pytest.raises(ConnectProblem, match="not reachable"):
        finish(user=alice_caller.user, session_key=SESSION, params=returned)
