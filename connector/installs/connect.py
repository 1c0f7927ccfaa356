"""Connecting a Klaviyo account: from the button to the bound install, safe against replay, mix-up and the wrong browser."""

import hashlib
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.caller import Caller, member_caller
from accounts.models import Membership, User
from accounts.permissions import can, check
from accounts.roles import Ability
from audit.record import record
from connector.installs.access import oauth
from connector.installs.limit_stores import limiter
from connector.installs.models import ConnectAttempt, Install
from connector.installs.tokens import store
from connector.klaviyo.client import Klaviyo
from connector.klaviyo.errors import BadRequest, KlaviyoError, Reconnect
from connector.klaviyo.oauth import Grant
from connector.klaviyo.resources import SCOPES
from connector.privacy.untrusted import clean_text

ATTEMPT_LASTS: Final = timedelta(minutes=15)
LONGEST_QUOTE: Final = 200  # characters shown of what Klaviyo's page said
# Klaviyo answers access_denied for both; its words tell who pressed Cancel from whose role may not install.
OF_ROLES: Final = re.compile(r"\b(owner|admin\w*|manager|role|permission)s?\b", re.IGNORECASE)


@dataclass
class ConnectProblem(Exception):
    """Why an account was not connected: a title, a sentence for the person, and what to do next (`action`).

    `quote` is what Klaviyo's page said, cleaned and shortened; `again` the query with which Connect begins the same anew.
    """

    code: str
    title: str
    text: str
    action: str = "Try again"
    quote: str = ""
    again: str = ""

    def __str__(self) -> str:
        return self.text


class Bound(NamedTuple):
    """`was_connected`: the organization held the account before, and keeps what was read of it."""

    install: Install
    was_connected: bool


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
    record("install.connect_started", **caller.audit_columns(), **(_account(install) if install else {}))
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return oauth().authorize_url(state, challenge, callback_url(), tuple(SCOPES))


def finish(*, user: User, session_key: str, params: Mapping[str, str]) -> Bound:
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
        problem.again = _query_of(attempt)
        with transaction.atomic():
            record("install.connect_failed", **caller.audit_columns(), outcome="failed", after={"code": problem.code})
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
    if params.get("error") or not params.get("code"):
        raise _said_no(params.get("error", ""), params.get("error_description", ""))
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


def _said_no(error: str, description: str) -> ConnectProblem:
    """The problem behind what Klaviyo's consent page sent back (RFC 6749, 4.1.2.1)."""
    problem = _refusal(error, bool(OF_ROLES.search(description)))
    words = " ".join(clean_text(description or error).split())
    problem.quote = words if len(words) <= LONGEST_QUOTE else f"{words[:LONGEST_QUOTE]}…"
    return problem


def _refusal(error: str, is_about_roles: bool) -> ConnectProblem:
    if error == "access_denied" and is_about_roles:
        return ConnectProblem(
            "role_at_klaviyo",
            "Your role at Klaviyo cannot connect it",
            "Only an owner, admin or manager of the Klaviyo account can give access. Ask one of them to connect it here, "
            "or to raise your role at Klaviyo.",
        )
    if error == "access_denied":
        return ConnectProblem(
            "denied",
            "Klaviyo was not connected",
            "Access was not given on Klaviyo's page, so nothing was connected. Try again and press Allow there.",
        )
    if error == "invalid_scope":
        return ConnectProblem(
            "invalid_scope",
            "The Klaviyo app lacks a permission",
            "The app that this Plumbline has at Klaviyo does not have every scope that is asked for. Whoever runs this "
            f"Plumbline must give it these in Klaviyo's developer settings, then try again: {', '.join(SCOPES)}.",
        )
    return ConnectProblem(
        "klaviyo_error",
        "Klaviyo could not connect the account",
        "Klaviyo's page ended with an error. Nothing was connected. Try again in a few minutes; if it stays so, tell "
        "whoever runs this Plumbline what Klaviyo said.",
    )


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
def _bind(caller: Caller, attempt: ConnectAttempt, grant: Grant, account: dict[str, Any]) -> Bound:
    known = (
        Install.objects.select_for_update()
        .in_organization(caller.organization)
        .filter(klaviyo_id=account["id"])
        .first()
    )
    _check_wanted_account(attempt, known)
    install = known or Install(organization=caller.organization, klaviyo_id=account["id"])
    was_connected = known is not None and known.status != Install.Status.DISCONNECTED
    was_ended = known is not None and known.status in (Install.Status.NEEDS_RECONNECT, Install.Status.DISCONNECTED)
    apply_account(install, account)
    install.scopes = list(grant.scopes)
    install.status_reason = ""
    if known is None or was_ended or install.complete_to is None:
        install.status = Install.Status.CONNECTED if install.complete_to else Install.Status.CONNECTING
    if not was_connected:
        install.connected_by, install.connected_at = caller.user, timezone.now()
    install.save()
    store(install, grant)
    record(
        "install.reconnected" if known else "install.connected",
        **caller.audit_columns(),
        **_account(install),
        after={"scopes": install.scopes},
    )
    return Bound(install, was_connected)


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


def _query_of(attempt: ConnectAttempt) -> str:
    """For the same organization, and the same install if it was one."""
    wanted = {"install": attempt.install_id} if attempt.install_id else {"organization": attempt.organization.slug}
    return f"?{urlencode(wanted)}"


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
