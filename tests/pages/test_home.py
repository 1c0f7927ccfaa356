"""The first page: what is still to do, then what is."""

from typing import Any

from django.test import Client

from tests.factories import ConnectionFactory, InstallFactory, ReceiptFactory


def test_an_empty_organization_is_led_to_its_first_account(charlie_client: Client) -> None:
    page = charlie_client.get("/").content.decode()

    assert "Set up Plumbline" in page
    assert 'href="/oauth/klaviyo/install/"' in page
    assert "Nothing has been asked yet" in page


def test_the_checklist_names_the_next_step_alone(alice_client: Client, northwind: Any) -> None:
    InstallFactory(organization=northwind, status="syncing", complete_from=None, complete_to=None)

    page = alice_client.get("/")

    assert page.context["next_step"].title == "Let the first sync finish"
    assert [step.done for step in page.context["steps"]] == [True, False, False, False]


def test_the_checklist_goes_away_once_all_is_done(
    alice: Any, alice_client: Client, northwind: Any, install: Any
) -> None:
    ConnectionFactory(organization=northwind, user=alice)
    ReceiptFactory(organization=northwind, install=install)

    page = alice_client.get("/").content.decode()

    assert "Set up Plumbline" not in page
    assert "Fernweh Outdoor" in page
    assert "How many people opened “Q4 Holiday Campaign” but did not place an order within 7 days afterwards?" in page


def test_an_analyst_is_not_offered_what_only_others_may_do(bob_client: Client) -> None:
    page = bob_client.get("/").content.decode()

    assert 'href="/oauth/klaviyo/install/"' not in page
    assert "An owner, admin or manager does this" in page


def test_charlie_sees_nothing_of_northwind(charlie_client: Client, install: Any, northwind: Any) -> None:
    ReceiptFactory(organization=northwind, install=install)

    page = charlie_client.get("/").content.decode()

    assert "Fernweh" not in page
    assert "Q4 Holiday Campaign" not in page
