"""Which accounts an `account` argument means."""

from dataclasses import replace
from typing import Any

import pytest

from accounts.caller import Caller, member_caller
from connector.insights.accounts import named
from connector.insights.arguments import BadArguments
from connector.insights.refusal import Refusal
from connector.installs.models import Install
from tests.factories import ClientFactory, InstallFactory

pytestmark = pytest.mark.django_db
ACCOUNTS = [
    # id, name, client
    ("A1", "Smith, Jones Ltd", None),
    ("A2", "Smith", None),
    ("A3", "Jones Ltd", None),
    ("A4", "Fernweh DE", "Fernweh"),
    ("A5", "Fernweh UK", "Fernweh"),
    ("A6", "Fernweh", None),
    ("A7", "Twin", None),
    ("A8", "twin", None),
    ("A9", "Tiny", "Big, Small & Co"),
    ("B1", "A2", None),
    ("B2", "North shop", "Harbour North"),
    ("B3", "South shop", "Harbour South"),
]


@pytest.fixture
def agency(alice_caller: Caller) -> Caller:
    Install.objects.all().delete()
    clients: dict[str, Any] = {}
    for key, name, client in ACCOUNTS:
        if client and client not in clients:
            clients[client] = ClientFactory(organization=alice_caller.organization, name=client)
        InstallFactory(
            organization=alice_caller.organization, klaviyo_id=key, name=name, client=clients.get(client or "")
        )
    return alice_caller


def ids(caller: Caller, text: str | None) -> list[str]:
    return [one.install.klaviyo_id if one.install else f"no {one.text}" for one in named(caller, text)]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Smith, Jones Ltd", ["A1"]),
        (" SMITH,  jones ltd", ["A1"]),
        ("Jones Ltd, Smith", ["A3", "A2"]),
        ("Smith, Jones Ltd, A4", ["A2", "A3", "A4"]),
        ("big, small & co", ["A9"]),  # a client's name as it stands
        ("A2", ["A2"]),  # an id before a name
        ("Fernweh", ["A4", "A5"]),  # a client before an account
        ("fernweh uk", ["A5"]),
        ("UK", ["A5"]),
        ("small", ["A9"]),  # words of the only client that has them
        ("A4, Fernweh, A4", ["A4", "A5"]),
        ("A4, nowhere", ["A4", "no nowhere"]),
        ("A3,", ["A3"]),
        ("", ["no "]),
    ],
)
def test_an_id_then_a_client_then_an_account_is_meant(agency: Caller, text: str, meant: list[str]) -> None:
    assert ids(agency, text) == meant


def test_all_means_every_account_that_the_caller_sees(agency: Caller) -> None:
    assert sorted(ids(agency, "ALL")) == sorted(key for key, *_ in ACCOUNTS)


@pytest.mark.parametrize(
    ("text", "choices"),
    [("twin", ["A7", "A8"]), ("ltd", ["A3", "A1"]), ("harbour", ["B2", "B3"]), ("A4, shop", ["B2", "B3"])],
)
def test_what_fits_several_is_a_choice_best_first(agency: Caller, text: str, choices: list[str]) -> None:
    with pytest.raises(Refusal) as refused:
        named(agency, text)

    assert refused.value.status == "needs_choice"
    assert [choice.klaviyo_id for choice in refused.value.choices] == choices


def test_without_an_account_the_only_one_is_meant_and_of_several_one_must_be_named(agency: Caller) -> None:
    with pytest.raises(Refusal) as refused:
        named(agency, None)
    assert (refused.value.status, len(refused.value.choices)) == ("needs_choice", 10)

    only = Install.objects.get(klaviyo_id="A5")
    assert ids(replace(agency, installs=frozenset([only.pk])), None) == ["A5"]


def test_what_the_caller_may_not_see_does_not_exist(agency: Caller, charlie: Any) -> None:
    stranger = member_caller(charlie.memberships.get(), via="page")
    with pytest.raises(Refusal) as refused:
        named(stranger, "A1")
    assert refused.value.code == "not_found"

    one = Install.objects.get(klaviyo_id="A2")
    seen = replace(agency, installs=frozenset([one.pk]))
    assert ids(seen, "Smith, Jones Ltd") == ["A2", "no Jones Ltd"]


def test_more_than_twenty_accounts_by_name_are_bad_arguments(agency: Caller, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0), pytest.raises(BadArguments, match="account: names 21 at once"):
        named(agency, ",".join(["A1"] * 21))
