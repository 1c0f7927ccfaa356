"""What an assistant has been granted: approved, tokens issued and rotated, noted, revoked.

A `Connection` is one approval and carries all rights; codes and tokens only point to it. Every function that changes
one locks its row first, so that exchanges, refreshes and revocations of one connection come one after the other.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.caller import USE_NOTED_EVERY, Caller, digest
from accounts.clients import clean_name
from accounts.models import AccessToken, Application, Connection, Grant, Membership, RefreshToken
from accounts.permissions import check
from accounts.roles import Ability
from audit.record import record

ALL_SCOPES: Final = ("read", "write", "offline_access")  # in the order in which they are reported
LAPSES_AFTER: Final = timedelta(days=90)
REFRESH_LASTS: Final = timedelta(days=90)
# A client that lost the answer, or two of its workers, may present a refresh token again this long after its first use.
ROTATION_GRACE: Final = timedelta(seconds=60)
CODES_KEPT: Final = timedelta(days=1)
UNUSED_CLIENTS_KEPT: Final = timedelta(days=1)
REPLAYED: Final = "replayed code"
REUSED: Final = "reused refresh token"


class Spent(Exception):
    """The code or refresh token may not be used (again). Where that means theft, the connection is revoked by now."""


@dataclass(frozen=True, slots=True)
class Pair:
    """New tokens, in clear, on their way to the client; only their digests are stored."""

    access: str
    refresh: str
    scope: str
    seconds: int


def resource() -> str:
    """The one audience of every token: the address that people paste."""
    return f"{settings.PUBLIC_URL}/mcp"


@transaction.atomic
def approve(
    *, caller: Caller, application: Application, scopes: Collection[str], installs: Collection[UUID] | None
) -> Connection:
    """The member lets this client ask in the caller's organization. `installs` None means all, later ones too."""
    granted = [scope for scope in ALL_SCOPES if scope in scopes]
    connection = Connection.objects.create(
        organization=caller.organization,
        user=caller.user,
        application=application,
        installs=None if installs is None else sorted(map(str, installs)),
        scope=" ".join(granted),
        resource=[resource()],
    )
    accounts = "all" if installs is None else len(installs)
    record(
        "grant.approved",
        **caller.audit_columns(),
        **_subject(connection),
        after={"scopes": granted, "accounts": accounts},
    )
    return connection


@transaction.atomic
def refuse(*, caller: Caller, application: Application) -> None:
    """The member said no on the consent page."""
    record(
        "grant.refused",
        **caller.audit_columns(),
        outcome="refused",
        subject_kind="client",
        subject_id=str(application.pk),
        subject_label=application.name,
    )


@transaction.atomic
def revoke_connection(*, connection: Connection, by: Caller | None, why: str) -> bool:
    """End a connection with all its tokens, at once and for every worker; False if it had ended before.

    One's own, or any of the organization for those who manage members (else Refused). `by` None: the client itself,
    or the server on a replay; then `why` says which.
    """
    if by is not None and by.user.pk != connection.user_id:
        check(by, Ability.MEMBERS)
    now = timezone.now()
    if not Connection.objects.filter(pk=connection.pk, revoked_at=None).update(revoked_at=now, revoked_why=why[:40]):
        return False
    RefreshToken.objects.filter(connection=connection, revoked=None).update(revoked=now)
    AccessToken.objects.filter(connection=connection).delete()
    Grant.objects.filter(connection=connection, used_at=None).delete()
    operation = "grant.reuse_detected" if why in (REPLAYED, REUSED) else "grant.revoked"
    facts = by.audit_columns() if by else _facts_of(connection)
    record(operation, **facts, **_subject(connection), after={"why": why})
    return True


def may_go_on(connection_id: UUID) -> bool:
    """Whether codes and refresh tokens of this connection may still be exchanged: the rule for calls, in bearer.py."""
    mine = Membership.objects.filter(user=OuterRef("user"), organization=OuterRef("organization"))
    factors = Authenticator.objects.filter(user=OuterRef("user")).exclude(type=Authenticator.Type.RECOVERY_CODES)
    connection = (
        Connection.objects.select_related("user", "organization")
        .annotate(role=Subquery(mine.values("role")[:1]), second_factor=Exists(factors))
        .filter(pk=connection_id)
        .first()
    )
    return connection is not None and is_live(
        is_revoked=connection.revoked_at is not None,
        is_active=connection.user.is_active,
        role=connection.role,
        used_at=connection.last_used_at or connection.created_at,
        lacks_factor=connection.organization.requires_mfa and not connection.second_factor,
    )


def is_live(*, is_revoked: bool, is_active: bool, role: str | None, used_at: datetime, lacks_factor: bool) -> bool:
    """The one rule for codes, refreshes and calls: not revoked, an active member, used lately, with a second factor if required."""
    return (
        not is_revoked
        and is_active
        and role is not None
        and not lacks_factor
        and timezone.now() - used_at < LAPSES_AFTER
    )


def note_use(connection_id: UUID, *, client: str = "", version: str = "") -> None:
    """Remember when a connection was last used and what the assistant calls itself; at most one write a minute."""
    now = timezone.now()
    named: dict[str, Any] = (
        {"client_name": clean_name(client), "client_version": clean_name(version)[:40]} if client else {}
    )
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
    if named:
        stale |= ~Q(**named)
    Connection.objects.filter(stale, pk=connection_id).update(last_used_at=now, **named)


def redeem(code: Grant, pair: Pair) -> None:
    """Exchange a code for its first tokens. Of many at once one wins; all others raise Spent and end the connection."""
    with transaction.atomic():
        connection = _locked(code)
        first = Grant.objects.filter(pk=code.pk, used_at=None).update(used_at=timezone.now())
        if first and connection.revoked_at is None:
            _issue(connection, pair, family=uuid7())
            return
    if not first:
        replayed(code)
    raise Spent


def replayed(code: Grant) -> None:
    """A used code came back: who has it may have its tokens, so they all end (RFC 9700, 4.2.4)."""
    if code.connection is not None:
        revoke_connection(connection=code.connection, by=None, why=REPLAYED)


def rotate(token: RefreshToken, pair: Pair) -> None:
    """Exchange a refresh token. Within ROTATION_GRACE of its first use a second holder gets tokens of its own.

    Raises Spent; after the window the whole connection has ended by then (RFC 9700, 4.14.2).
    """
    with transaction.atomic():
        connection = _locked(token)
        token.refresh_from_db(fields=["rotated_at", "revoked"])
        dead = connection.revoked_at is not None or token.revoked is not None
        if not dead and not is_reuse(token):
            _mark_rotated(token)
            _issue(connection, pair, family=token.token_family)
            return
    if not dead:
        revoke_connection(connection=connection, by=None, why=REUSED)
    raise Spent


def is_reuse(token: RefreshToken) -> bool:
    return token.rotated_at is not None and timezone.now() - token.rotated_at > ROTATION_GRACE


def is_expired(token: RefreshToken) -> bool:
    return timezone.now() - token.created > REFRESH_LASTS


def purge() -> dict[str, int]:
    """Remove what no longer decides anything: old codes and tokens, clients that nobody ever approved. Counts by kind."""
    now = timezone.now()
    kept = {
        "codes": Grant.objects.filter(created__lt=now - CODES_KEPT),
        "access_tokens": AccessToken.objects.filter(expires__lt=now - CODES_KEPT),
        "refresh_tokens": RefreshToken.objects.filter(created__lt=now - REFRESH_LASTS - CODES_KEPT),
        "clients": Application.objects.filter(created__lt=now - UNUSED_CLIENTS_KEPT, connections=None).exclude(
            registration_source=Application.RegistrationSource.MANUAL
        ),
    }
    return {kind: rows.delete()[1].get(rows.model._meta.label, 0) for kind, rows in kept.items()}


def _locked(row: Grant | RefreshToken) -> Connection:
    if row.connection_id is None:
        raise Spent
    return Connection.objects.select_for_update().get(pk=row.connection_id)


def _issue(connection: Connection, pair: Pair, *, family: UUID | None) -> None:
    owner = {"connection": connection, "user_id": connection.user_id, "application_id": connection.application_id}
    access = AccessToken.objects.create(
        **owner,
        token_checksum=digest(pair.access),
        scope=pair.scope,
        resource=connection.resource,
        expires=timezone.now() + timedelta(seconds=pair.seconds),
    )
    RefreshToken.objects.create(
        **owner,
        token_checksum=digest(pair.refresh),
        resource=connection.resource,
        access_token=access,
        token_family=family,
    )


def _mark_rotated(token: RefreshToken) -> None:
    """The old access token lives on for the grace window alone: calls in flight still carry it."""
    now: datetime = timezone.now()
    if token.rotated_at is None:
        RefreshToken.objects.filter(pk=token.pk).update(rotated_at=now)
        AccessToken.objects.filter(pk=token.access_token_id, expires__gt=now + ROTATION_GRACE).update(
            expires=now + ROTATION_GRACE
        )


def _subject(connection: Connection) -> dict[str, Any]:
    return {
        "subject_kind": "connection",
        "subject_id": str(connection.pk),
        "subject_label": connection.client_name or connection.application.name,
    }


def _facts_of(connection: Connection) -> dict[str, Any]:
    """Who and where, for what a client or the server itself does to a connection."""
    return {
        "via": "mcp",
        "actor_id": connection.user_id,
        "actor_label": connection.user.email,
        "assistant": connection.client_name or connection.application.name,
        "assistant_version": connection.client_version,
        "connection_id": connection.pk,
        "organization_id": connection.organization_id,
        "organization_label": connection.organization.name,
    }
