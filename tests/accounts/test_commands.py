"""Members by name, organizations and keys from the command line."""

import json
from io import StringIO
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command

from accounts.caller import key_caller
from accounts.lookup import NoSuchMember, member_named
from accounts.models import Membership, Organization, Role, User, normal_email
from audit.models import AuditEvent
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


def said(*command: str, **options: Any) -> str:
    output = StringIO()
    call_command(*command, stdout=output, **options)
    return output.getvalue().strip()


def test_owner_is_the_first_owner_of_the_oldest_organization(alice: User, charlie: User, northwind: Any) -> None:
    MembershipFactory(organization=northwind, role=Role.OWNER)

    assert member_named("OWNER").user == alice
    assert member_named("owner", charlie.memberships.get().organization.slug).user == charlie


@pytest.mark.parametrize("who", ["alice@northwind.test", " ALICE@Northwind.TEST ", "ａlice@northwind.test"])
def test_a_member_is_found_by_address_however_it_is_written(alice: User, who: str) -> None:
    assert member_named(who).user == alice


def test_of_several_memberships_the_oldest_or_the_one_named(alice: User) -> None:
    second = MembershipFactory(user=alice, role=Role.ANALYST)

    assert member_named(alice.email).role == Role.OWNER
    assert member_named(alice.email, second.organization.slug) == second


def test_who_is_no_member_is_said_by_name_and_with_what_would_do(alice: User) -> None:
    for who, organization in (("nobody@x.test", None), (alice.email, "nowhere"), ("OWNER", "nowhere")):
        with pytest.raises(NoSuchMember, match=r"Give the e-mail address of a member, or OWNER\."):
            member_named(who, organization)
    User.objects.update(is_active=False)
    with pytest.raises(NoSuchMember):
        member_named(alice.email)


def test_an_organization_is_made_with_an_owner_who_can_sign_in(client: Any) -> None:
    made = json.loads(said("organization", "Été & Söhne", "--owner", "Maria@Shop.Example", "--json"))

    assert (made["slug"], made["login"]) == ("ete-sohne", "maria@shop.example")
    assert Membership.objects.get().role == Role.OWNER
    assert EmailAddress.objects.get(email="maria@shop.example").verified
    assert client.login(email=made["login"], password=made["password"])
    event = AuditEvent.objects.get(operation="organization.created")
    assert (event.via, event.actor_label, event.organization_label) == ("cli", "maria@shop.example", "Été & Söhne")


def test_a_known_person_owns_the_second_organization_too_with_the_password_there_is(client: Any) -> None:
    first = json.loads(
        said("organization", "Same", "--owner", "maria@shop.example", "--password", "the one there is", "--json")
    )
    second = json.loads(said("organization", "Same", "--owner", "MARIA@shop.example", "--json"))

    assert second["slug"].startswith("same-") and second["slug"] != first["slug"]
    assert second["password"] == "" and client.login(email="maria@shop.example", password="the one there is")
    assert User.objects.count() == 1 and Organization.objects.count() == 2


@pytest.mark.parametrize("address", ["", "maria", "maria@", "maria@shop example"])
def test_an_owner_without_an_address_is_refused_in_a_sentence(address: str) -> None:
    with pytest.raises(CommandError, match="--owner: that is no e-mail address"):
        said("organization", "Shop", "--owner", address)

    assert not Organization.objects.exists()


def test_a_key_is_printed_alone_and_works(alice: User) -> None:
    secret = said("api_key", "--as", alice.email, "--scopes", "read")

    caller = key_caller(secret, via="rest")
    assert caller is not None and (caller.user, caller.scopes) == (alice, frozenset({"read"}))


@pytest.mark.parametrize("scopes", ["", ",", "read,everything", "people:reveal"])
def test_scopes_that_are_none_are_refused(alice: User, scopes: str) -> None:
    with pytest.raises(CommandError, match="--scopes: takes read, write or both"):
        said("api_key", "--as", alice.email, "--scopes", scopes)


def test_addresses_have_one_normal_form() -> None:
    """It is what addresses are hashed by, so it cannot change."""
    assert normal_email("  Ｍaria@SHOP.example\n") == "maria@shop.example"
    assert normal_email("ﬁona@x.test") == "fiona@x.test"
