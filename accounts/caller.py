"""Who is calling, for which organization, with which rights, through which door. Built by each door, trusted by all below."""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from allauth.mfa.utils import is_mfa_enabled
from django.utils import timezone

from accounts.models import ApiKey, Membership, Organization, User
from accounts.roles import ROLES, Ability

KEY_PREFIX: Final = "plb_"
SCOPES: Final = frozenset({"read", "write"})
USE_NOTED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """`installs` None means every install of the organization; `connection_id` is the grant's or key's id."""

    user: User
    organization: Organization
    role: str
    scopes: frozenset[str]
    installs: frozenset[UUID] | None
    via: str
    client: str = ""
    client_version: str = ""
    connection_id: UUID | None = None
    ip: str | None = None
    request_id: str = ""
    connection_expires: Any = field(default=None, compare=False)

    def audit_columns(self) -> dict[str, Any]:
        """The columns of an audit event that tell who and whence."""
        return {
            "via": self.via,
            "actor_id": self.user.pk,
            "actor_label": self.user.email,
            "role": self.role,
            "assistant": self.client,
            "assistant_version": self.client_version,
            "connection_id": self.connection_id,
            "organization_id": self.organization.pk,
            "organization_label": self.organization.name,
            "ip": self.ip,
            "request_id": self.request_id,
        }


def member_caller(membership: Membership, *, via: str, **origin: Any) -> Caller:
    """A signed-in person, or the command line acting for one: all that the role holds."""
    return Caller(
        user=membership.user,
        organization=membership.organization,
        role=membership.role,
        scopes=scopes_of_role(membership.role),
        installs=install_ids(membership.installs),
        via=via,
        **origin,
    )


def key_caller(secret: str, *, via: str, **origin: Any) -> Caller | None:
    """The caller of an API key, or None for anything but a live key of an active member.

    Where the organization requires a second factor, a member without one has no live key.
    """
    key = (
        ApiKey.objects.select_related("membership__user", "membership__organization")
        .filter(digest=digest(secret), revoked_at=None, membership__user__is_active=True)
        .first()
    )
    if key is None:
        return None
    membership = key.membership
    if membership.organization.requires_mfa and not is_mfa_enabled(membership.user):
        return None
    _note_use(key)
    return Caller(
        user=membership.user,
        organization=membership.organization,
        role=membership.role,
        scopes=scopes_of_role(membership.role) & frozenset(key.scopes),
        installs=install_ids(membership.installs),
        via=via,
        connection_id=key.id,
        client=origin.pop("client", "") or key.name,
        **origin,
    )


def digest(secret: str) -> str:
    """SHA-256 (hex): keys are 256 random bits, so a slow hash would protect nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def scopes_of_role(role: str) -> frozenset[str]:
    """The role caps the scopes of every grant and key at each call."""
    abilities = ROLES.get(role, frozenset())
    return frozenset(
        scope for scope, ability in (("read", Ability.ASK), ("write", Ability.PROPOSE)) if ability in abilities
    )


def install_ids(stored: list[str] | None) -> frozenset[UUID] | None:
    return None if stored is None else frozenset(UUID(text) for text in stored)


def both(first: frozenset[UUID] | None, second: frozenset[UUID] | None) -> frozenset[UUID] | None:
    """Installs that two limits (the member's and the grant's) both allow."""
    if first is None or second is None:
        return second if first is None else first
    return first & second


def _note_use(key: ApiKey) -> None:
    now = timezone.now()
    if key.last_used_at is None or now - key.last_used_at > USE_NOTED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
