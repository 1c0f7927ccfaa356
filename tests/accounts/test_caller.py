"""Who calls and with which rights: the role caps everything, and what has ended gives no caller at all."""

import uuid
from dataclasses import FrozenInstanceError, fields
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.utils import timezone

from accounts.actions import keys
from accounts.caller import KEY_PREFIX, both, digest, install_ids, key_caller, member_caller
from accounts.models import ApiKey, Membership, Organization, Role, User
from accounts.permissions import Refused, can, check
from accounts.roles import ROLES, Ability
from audit.models import AuditEvent
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
READ, WRITE = frozenset({"read"}), frozenset({"read", "write"})


def key_of(membership: Membership, *scopes: str) -> str:
    return keys.create(
        membership=membership, name="nightly", scopes=scopes, caller=member_caller(membership, via="cli")
    )


@pytest.fixture
def alices(alice: User) -> Membership:
    return alice.memberships.select_related("user", "organization").get()


def test_a_member_has_what_the_role_holds(alices: Membership) -> None:
    caller = member_caller(alices, via="page", ip="10.0.0.1")

    assert (caller.user, caller.organization, caller.role) == (alices.user, alices.organization, Role.OWNER)
    assert (caller.scopes, caller.installs, caller.via, caller.ip) == (WRITE, None, "page", "10.0.0.1")


def test_a_caller_cannot_be_given_more_rights_afterwards(alices: Membership) -> None:
    caller = member_caller(alices, via="page")

    with pytest.raises(FrozenInstanceError):
        caller.role = Role.ADMIN  # type: ignore[misc]  # that is the point


def test_a_key_acts_as_its_member_with_the_scopes_it_was_given(alices: Membership) -> None:
    caller = key_caller(key_of(alices, "read"), via="rest")

    assert caller is not None
    assert (caller.user, caller.organization, caller.role, caller.scopes) == (
        alices.user, alices.organization, Role.OWNER, READ,
    )  # fmt: skip
    assert (caller.via, caller.client, caller.connection_id) == ("rest", "nightly", ApiKey.objects.get().pk)


def test_a_key_is_kept_as_a_digest_and_told_by_its_first_characters(alices: Membership) -> None:
    secret = key_of(alices, "read")

    row = ApiKey.objects.get()
    assert secret.startswith(KEY_PREFIX) and len(secret) > 40
    assert row.digest == digest(secret) and secret.startswith(row.start) and len(row.start) == 10
    assert secret not in str(ApiKey.objects.values().get()) and secret not in str(AuditEvent.objects.values().get())


def test_two_keys_are_never_alike(alices: Membership) -> None:
    assert len({key_of(alices, "read") for _ in range(20)}) == 20


@pytest.mark.parametrize("secret", ["", "plb_", "plb_made-up", "ü" * 20, "\x00", "plb_" + "a" * 5000])
def test_any_other_text_is_nobody(alices: Membership, secret: str) -> None:
    key_of(alices, "read")

    assert key_caller(secret, via="rest") is None


def test_a_revoked_key_is_nobodys(alices: Membership) -> None:
    secret = key_of(alices, "read")
    keys.revoke(key=ApiKey.objects.get(), caller=member_caller(alices, via="page"))

    assert key_caller(secret, via="rest") is None
    assert AuditEvent.objects.filter(operation="key.revoked").count() == 1
    keys.revoke(key=ApiKey.objects.get(), caller=member_caller(alices, via="page"))
    assert AuditEvent.objects.filter(operation="key.revoked").count() == 1


def test_a_key_ends_with_its_person_and_with_the_membership(alices: Membership) -> None:
    secret = key_of(alices, "read")

    User.objects.update(is_active=False)
    assert key_caller(secret, via="rest") is None
    User.objects.update(is_active=True)
    assert key_caller(secret, via="rest") is not None
    alices.delete()
    assert key_caller(secret, via="rest") is None


def test_a_role_that_shrinks_takes_its_keys_along(alices: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = key_of(alices, "read", "write")
    monkeypatch.setitem(ROLES, Role.ANALYST, frozenset({Ability.ASK}))
    Membership.objects.update(role=Role.ANALYST)

    caller = key_caller(secret, via="rest")

    assert caller is not None and (caller.role, caller.scopes) == (Role.ANALYST, READ)


def test_a_key_is_made_with_no_more_than_the_role_holds(alices: Membership) -> None:
    key_of(alices, "read", "write", "people:reveal", "everything")

    assert ApiKey.objects.get().scopes == ["read", "write"]


def test_a_role_that_is_none_may_nothing(alices: Membership) -> None:
    Membership.objects.update(role="emperor")
    alices.refresh_from_db()
    caller = member_caller(alices, via="page")

    assert caller.scopes == frozenset()
    assert not any(can(caller, ability) for ability in Ability)


def test_where_a_second_factor_is_required_a_key_of_who_has_none_is_nobodys(alices: Membership) -> None:
    secret = key_of(alices, "read")
    Organization.objects.update(requires_mfa=True)
    assert key_caller(secret, via="rest") is None

    Authenticator.objects.create(user=alices.user, type=Authenticator.Type.TOTP, data={})
    assert key_caller(secret, via="rest") is not None


def test_use_is_noted_at_most_once_a_minute(alices: Membership) -> None:
    secret, now = key_of(alices, "read"), timezone.now()

    for seconds, noted in ((0, 0), (59, 0), (61, 61), (100, 61)):
        with time_machine.travel(now + timedelta(seconds=seconds), tick=False):
            key_caller(secret, via="rest")
        assert ApiKey.objects.get().last_used_at == now + timedelta(seconds=noted), seconds


def test_installs_of_the_membership_limit_its_keys(alices: Membership) -> None:
    secret, one = key_of(alices, "read"), uuid.uuid4()
    Membership.objects.update(installs=[str(one)])

    caller = key_caller(secret, via="rest")

    assert caller is not None and caller.installs == frozenset({one})


@pytest.mark.parametrize(
    ("first", "second", "result"),
    [
        (None, None, None),
        (None, {1, 2}, {1, 2}),
        ({1, 2}, None, {1, 2}),
        ({1, 2}, {2, 3}, {2}),
        ({1}, {2}, set()),
        (set(), None, set()),
        (None, set(), set()),
    ],
)
def test_two_limits_allow_what_both_allow(first: Any, second: Any, result: Any) -> None:
    """Nothing (an empty limit) is not everything (no limit)."""
    assert both(first, second) == result


def test_no_list_of_installs_is_all_and_an_empty_one_is_none() -> None:
    one = uuid.uuid4()

    assert install_ids(None) is None
    assert install_ids([]) == frozenset()
    assert install_ids([str(one), str(one)]) == frozenset({one})


def test_the_facts_of_a_caller_are_columns_of_the_audit(alices: Membership) -> None:
    columns = {field.name for field in AuditEvent._meta.fields}

    assert set(member_caller(alices, via="page").audit_columns()) <= columns
    assert {field.name for field in fields(member_caller(alices, via="page"))} >= {"request_id", "ip"}


TABLE = {
    Role.OWNER: set(Ability),
    Role.ADMIN: set(Ability) - {Ability.ERASE},
    Role.MANAGER: {Ability.ASK, Ability.PROPOSE, Ability.APPROVE, Ability.CONNECT, Ability.SEE_AUDIT, Ability.KEYS},
    Role.ANALYST: {Ability.ASK, Ability.PROPOSE, Ability.KEYS},
}


@pytest.mark.parametrize("role", Role)
def test_the_table_of_roles_is_the_one_agreed_on(role: Role) -> None:
    caller = member_caller(MembershipFactory(role=role), via="page")

    assert {ability for ability in Ability if can(caller, ability)} == TABLE[role]
    for ability in set(Ability) - TABLE[role]:
        with pytest.raises(Refused, match="Ask an owner or admin"):
            check(caller, ability)


def test_one_may_end_ones_own_key_and_who_manages_members_any(alices: Membership, bob: User) -> None:
    bobs = bob.memberships.select_related("user", "organization").get()
    key_of(alices, "read")
    key_of(bobs, "read")
    of_alice, of_bob = ApiKey.objects.get(membership=alices), ApiKey.objects.get(membership=bobs)

    with pytest.raises(Refused):
        keys.revoke(key=of_alice, caller=member_caller(bobs, via="page"))
    keys.revoke(key=of_bob, caller=member_caller(bobs, via="page"))
    keys.revoke(key=of_alice, caller=member_caller(alices, via="page"))

    assert not ApiKey.objects.filter(revoked_at=None).exists()
