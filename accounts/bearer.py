"""Access token -> Caller, asked of the database at every request, so that revocation and role changes bite at once.

The statement is written out: to build it anew at each call takes Django's query compiler a hundred times as long as the
database takes to answer it.
"""

import json
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts.caller import Caller, both, digest, install_ids, scopes_of_role
from accounts.grants import is_live, resource
from accounts.models import Organization, User

LOOKUP: Final = """
    select t.expires, t.scope, t.resource,
           c.id, c.scope, c.installs, c.created_at, c.last_used_at, c.revoked_at, c.client_name, c.client_version, a.name,
           u.id, u.email, u.name, u.is_active,
           o.id, o.name, o.slug, o.requires_mfa, o.privacy_floor,
           m.role, m.installs,
           exists (select 1 from mfa_authenticator f where f.user_id = u.id and f.type <> 'recovery_codes')
    from accounts_accesstoken t
    join accounts_connection c on c.id = t.connection_id
    join accounts_application a on a.id = c.application_id
    join accounts_user u on u.id = c.user_id
    join accounts_organization o on o.id = c.organization_id
    join accounts_membership m on m.user_id = c.user_id and m.organization_id = c.organization_id
    where t.token_checksum = %s
"""


class Found(NamedTuple):
    """One row of LOOKUP, as the driver gives it."""

    expires: datetime
    token_scope: str
    resource: Any
    connection_id: Any
    scope: str
    installs: Any
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    client_name: str
    client_version: str
    application: str
    user_id: Any
    email: str
    user_name: str
    is_active: bool
    organization_id: Any
    organization: str
    slug: str
    requires_mfa: bool
    privacy_floor: int
    role: str
    member_installs: Any
    has_second_factor: bool


def bearer_caller(token: str, *, ip: str | None = None, request_id: str = "") -> Caller | None:
    """The caller of an access token; None for anything but a live token for this server, and nothing tells the cases apart."""
    with connection.cursor() as cursor:
        cursor.execute(LOOKUP, [digest(token)])
        row = cursor.fetchone()
    found = Found(*row) if row else None
    if found is None or not _is_good(found):
        return None
    return Caller(
        user=_user(found),
        organization=_organization(found),
        role=found.role,
        scopes=scopes_of_role(found.role) & set(found.token_scope.split()) & set(found.scope.split()),
        installs=both(install_ids(_list(found.member_installs)), install_ids(_list(found.installs))),
        via="mcp",
        client=found.client_name or found.application,
        client_version=found.client_version,
        connection_id=_key(found.connection_id),
        ip=ip,
        request_id=request_id,
        connection_expires=_moment(found.expires),
    )


def _is_good(found: Found) -> bool:
    if _moment(found.expires) <= timezone.now() or _list(found.resource) != [resource()]:
        return False
    return is_live(
        is_revoked=found.revoked_at is not None,
        is_active=found.is_active,
        role=found.role,
        used_at=_moment(found.last_used_at or found.created_at),
        lacks_factor=found.requires_mfa and not found.has_second_factor,
    )


def _user(found: Found) -> User:
    """Columns that are not read here come from the database when they are asked for."""
    names = ("id", "email", "name", "is_active")
    return User.from_db("default", names, (_key(found.user_id), found.email, found.user_name, bool(found.is_active)))


def _organization(found: Found) -> Organization:
    names = ("id", "name", "slug", "requires_mfa", "privacy_floor")
    values = (
        _key(found.organization_id),
        found.organization,
        found.slug,
        bool(found.requires_mfa),
        found.privacy_floor,
    )
    return Organization.from_db("default", names, values)


def _key(value: Any) -> UUID:
    """SQLite keeps keys as 32 hexadecimal digits."""
    return value if isinstance(value, UUID) else UUID(value)


def _moment(value: datetime) -> datetime:
    """SQLite's driver knows no time zones; all moments are stored in UTC."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _list(value: Any) -> Any:
    """JSON comes as its text from both drivers; null stays None."""
    return json.loads(value) if isinstance(value, str) else value
