"""Keys for programs: made, revoked."""

import secrets
from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from accounts.caller import KEY_PREFIX, Caller, digest, scopes_of_role
from accounts.models import ApiKey, Membership
from accounts.permissions import check
from accounts.roles import Ability
from audit.record import record


@transaction.atomic
def create(*, membership: Membership, name: str, scopes: Collection[str], caller: Caller) -> str:
    """A new key of this member; returns the key itself, which is stored nowhere. Scopes beyond the role's are dropped."""
    check(caller, Ability.KEYS)
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    granted = sorted(scopes_of_role(membership.role) & set(scopes))
    key = ApiKey.objects.create(
        organization=membership.organization,
        membership=membership,
        name=name.strip()[:80] or "key",
        start=secret[:10],
        digest=digest(secret),
        scopes=granted,
    )
    record(
        "key.created",
        **caller.audit_columns(),
        subject_kind="key",
        subject_id=str(key.pk),
        subject_label=key.name,
        after={"scopes": granted},
    )
    return secret


@transaction.atomic
def revoke(*, key: ApiKey, caller: Caller) -> None:
    """End a key at once: one's own, or any of the organization for those who manage members."""
    if key.membership.user_id != caller.user.pk:
        check(caller, Ability.MEMBERS)
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()):
        record(
            "key.revoked", **caller.audit_columns(), subject_kind="key", subject_id=str(key.pk), subject_label=key.name
        )
