"""Connecting a Klaviyo account: from the button to the bound install, safe against replay, mix-up and the wrong browser."""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.caller import Caller, member_caller
from accounts.models import Membership, User
from accounts.permissions import can, check
from accounts.roles import Ability
from audit.record import record
from connector.installs.access import oauth
from connector.installs.limits import limiter
from connector.installs.models import ConnectAttempt, Install
from connector.installs.tokens import store
from connector.klaviyo.client import Klaviyo
from connector.klaviyo.errors import BadRequest, KlaviyoError, Reconnect
from connector.klaviyo.oauth import Grant
from connector.klaviyo.resources import SCOPES

ATTEMPT_LASTS: Final = timedelta(minutes=15)


@dataclass
class ConnectProblem(Exception):
    """Why an account was not connected: a title, a sentence for the person, and what to do next (`action`)."""

    code: str
    title: str
    text: str
    action: str = "Try again"

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class FixedToken:
    """A TokenSource for the one call made before there is an install."""

    token: str

    def access(self) -> str:
        return self.token

    def renew(self, stale: str) -> str:
        raise Reconnect("Klaviyo did not accept the token it has just given.")


def callback_url() -> str:
    return f"{settings.PUBLIC_URL}/oauth/klaviyo/callback/"


@transaction.atomic
def start(*, caller: Caller, session_key: str, install: Install | None = None) -> str:
    """The address of Klaviyo's consent page for a new attempt. Raises Refused, ConnectProblem (not configured)."""
    check(caller, Ability.CONNECT)
    if not settings.KLAVIYO_CLIENT_ID:
        raise ConnectProblem(
            "not_configured",
            "Klaviyo is not set up here yet",
            "This Plumbline has no Klaviyo app. Whoever runs it must set KLAVIYO_CLIENT_ID and KLAVIYO_CLIENT_SECRET.",
            "Back to accounts",
        )
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    ConnectAttempt.objects.create(
        organization=caller.organization,
        user=caller.user,
        state_digest=_digest(state),
        session_digest=_digest(session_key),
        verifier=verifier,
        install_id=install.pk if install else None,
    )
    record("install.connect_started", **caller.facts(), **(_account(install) if install else {}))
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return oauth().authorize_url(state, challenge, callback_url(), tuple(SCOPES))


def finish(*, user: User, session_key: str, params: Mapping[str, str]) -> Install:
    """Bind the account that Klaviyo's redirect speaks of. Raises ConnectProblem, whose text is for the person.

    Klaviyo is called between the transactions, never inside one.
    """
    attempt = _spend(user, session_key, params.get("state", ""))
    membership = (
        Membership.objects.select_related("user", "organization")
        .filter(organization=attempt.organization, user=user)
        .first()
    )
    caller = member_caller(membership, via="page") if membership else None
    if caller is None or not can(caller, Ability.CONNECT):
        raise ConnectProblem(
            "not_allowed",
            "Your role cannot connect accounts",
            "Ask an owner, admin or manager of the organization to connect it.",
        )
    try:
        grant = _exchange(attempt, params)
        account = _account_of(grant, attempt)
        return _bind(caller, attempt, grant, account)
    except ConnectProblem as problem:
        with transaction.atomic():
            record("install.connect_failed", **caller.facts(), outcome="failed", after={"code": problem.code})
        raise


def _spend(user: User, session_key: str, state: str) -> ConnectAttempt:
    """The attempt behind `state`, used up by this very look. Compare-and-set: of two callbacks one wins."""
    attempt = (
        ConnectAttempt.objects.select_related("organization").filter(state_digest=_digest(state), user=user).first()
    )
    if attempt is None or attempt.session_digest != _digest(session_key):
        raise ConnectProblem(
            "unknown_state",
            "This link was not made for you",
            "The answer from Klaviyo does not belong to a connection that you started in this browser. Nothing was connected.",
            "Start again from your accounts",
        )
    if not ConnectAttempt.objects.filter(pk=attempt.pk, used_at=None).update(used_at=timezone.now()):
        raise ConnectProblem(
            "used",
            "This connection was already finished",
            "Klaviyo's answer can be used once. See your accounts, or start again.",
            "See accounts",
        )
    if timezone.now() - attempt.created_at > ATTEMPT_LASTS:
        raise ConnectProblem(
            "expired",
            "That took too long",
            "A connection must be finished within 15 minutes. Start again, it takes a minute.",
        )
    return attempt


def _exchange(attempt: ConnectAttempt, params: Mapping[str, str]) -> Grant:
    if params.get("error") == "access_denied":
        raise ConnectProblem(
            "denied",
            "Klaviyo was not connected",
            "Access was not given on Klaviyo's page. Only an owner, admin or manager of the Klaviyo account can give it.",
        )
    if params.get("error") or not params.get("code"):
        raise ConnectProblem(
            "klaviyo_error",
            "Klaviyo could not connect the account",
            "Klaviyo's page ended with an error. Nothing was connected.",
        )
    try:
        return oauth().exchange(params["code"], attempt.verifier, callback_url())
    except (BadRequest, Reconnect):
        raise ConnectProblem(
            "exchange_refused",
            "Klaviyo did not accept the answer",
            "The code from Klaviyo was no longer good. Start again.",
        ) from None
    except KlaviyoError:
        raise _unavailable() from None


def _account_of(grant: Grant, attempt: ConnectAttempt) -> dict[str, Any]:
    """The one account the grant is for (GET accounts answers exactly one)."""
    client = Klaviyo(
        # Its limits are counted under the attempt: which account it is, this call is about to tell.
        account=f"attempt-{attempt.pk.hex[-12:]}",
        tokens=FixedToken(grant.access_token),
        limiter=limiter(),
        api_url=settings.KLAVIYO_API_URL,
        revision=settings.KLAVIYO_REVISION,
    )
    try:
        accounts = client.get("accounts")["data"]
    except Reconnect:
        raise ConnectProblem(
            "exchange_refused",
            "Klaviyo did not accept the connection",
            "Klaviyo refused its own new token. Start again.",
        ) from None
    except KlaviyoError:
        raise _unavailable() from None
    if len(accounts) != 1 or not accounts[0].get("id"):
        raise ConnectProblem(
            "no_account", "Klaviyo named no account", "Klaviyo did not say which account was connected. Start again."
        )
    account: dict[str, Any] = accounts[0]
    return account


@transaction.atomic
def _bind(caller: Caller, attempt: ConnectAttempt, grant: Grant, account: dict[str, Any]) -> Install:
    known = (
        Install.objects.select_for_update()
        .in_organization(caller.organization)
        .filter(klaviyo_id=account["id"])
        .first()
    )
    _check_wanted_account(attempt, known)
    install = known or Install(organization=caller.organization, klaviyo_id=account["id"], connected_by=caller.user)
    was_ended = known is not None and known.status in (Install.Status.NEEDS_RECONNECT, Install.Status.DISCONNECTED)
    apply_account(install, account)
    install.scopes = list(grant.scopes)
    install.status_reason = ""
    if known is None or was_ended or install.complete_to is None:
        install.status = Install.Status.CONNECTED if install.complete_to else Install.Status.CONNECTING
    install.connected_by, install.connected_at = caller.user, timezone.now()
    install.save()
    store(install, grant)
    record(
        "install.reconnected" if known else "install.connected",
        **caller.facts(),
        **_account(install),
        after={"scopes": install.scopes},
    )
    return install


def apply_account(install: Install, account: Mapping[str, Any]) -> None:
    """What GET accounts tells of an account, on its row; not saved."""
    attributes = account.get("attributes") or {}
    contact = attributes.get("contact_information") or {}
    install.name = (contact.get("organization_name") or account["id"])[:200]
    install.time_zone = (attributes.get("timezone") or "UTC")[:64]
    install.currency = (attributes.get("preferred_currency") or "USD")[:8]
    install.is_test_account = bool(attributes.get("test_account"))


def _check_wanted_account(attempt: ConnectAttempt, known: Install | None) -> None:
    """Reconnecting one install with the login of another account must not swap their data."""
    if attempt.install_id and (known is None or known.pk != attempt.install_id):
        wanted = Install.objects.in_organization(attempt.organization).filter(pk=attempt.install_id).first()
        name = f"“{wanted.name}”" if wanted else "the account"
        raise ConnectProblem(
            "wrong_account",
            "That was another Klaviyo account",
            f"You were reconnecting {name}, but signed in to another account at Klaviyo. Sign out there and try again, "
            "or use Connect to add the other account.",
        )


def _unavailable() -> ConnectProblem:
    return ConnectProblem(
        "klaviyo_unavailable",
        "Klaviyo did not answer",
        "Klaviyo is not reachable right now. Nothing was connected; try again in a minute.",
    )


def _account(install: Install) -> dict[str, Any]:
    return {"install_id": install.pk, "account_label": str(install)}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
