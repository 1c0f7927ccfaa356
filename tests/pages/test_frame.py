"""What all pages share: who gets in, which organization is shown, what the role opens."""

from typing import Any

import pytest
from django.test import Client

from audit.models import AuditEvent
from tests.conftest import signed_in
from tests.factories import InstallFactory, MembershipFactory, UserFactory

MEMBERS_PAGES = ["/", "/installs/", "/receipts/", "/assistants/", "/keys/", "/audit/"]


@pytest.mark.parametrize("address", MEMBERS_PAGES)
def test_a_stranger_signs_in_first_and_comes_back(db: None, address: str) -> None:
    response = Client().get(f"{address}?from=mail")

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/?next=")
    assert "from%3Dmail" in response["Location"]


@pytest.mark.parametrize("address", MEMBERS_PAGES)
def test_the_owner_opens_every_page(alice_client: Client, address: str) -> None:
    response = alice_client.get(address)

    assert response.status_code == 200
    assert "private" in response["Cache-Control"]


def test_pages_run_no_inline_script_and_no_foreign_file(alice_client: Client) -> None:
    response = alice_client.get("/")

    policy = response["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    page = response.content.decode()
    assert "<style" not in page
    assert " style=" not in page
    assert "onclick" not in page


def test_someone_in_no_organization_is_told_what_to_do(db: None) -> None:
    response = signed_in(UserFactory(email="lost@example.test")).get("/")

    assert response.status_code == 403
    assert "lost@example.test" in response.content.decode()
    assert "owner or admin" in response.content.decode()


def test_an_analyst_is_told_why_the_audit_stays_closed(bob_client: Client) -> None:
    response = bob_client.get("/audit/")

    assert response.status_code == 403
    assert "Your role (analyst) does not allow this" in response.content.decode()
    assert 'href="/audit/"' not in bob_client.get("/").content.decode()


def test_switching_shows_the_other_organization(alice: Any, northwind: Any, alice_client: Client) -> None:
    other = MembershipFactory(user=alice, organization__name="Alice's own shop").organization

    response = alice_client.post("/organization/", {"organization": str(other.pk), "next": "/installs/"})

    assert response["Location"] == "/installs/"
    assert "Alice&#x27;s own shop has connected" in alice_client.get("/installs/").content.decode()
    assert AuditEvent.objects.filter(operation="organization.switched", organization_id=other.pk).count() == 1


def test_nobody_switches_to_an_organization_that_is_not_theirs(charlie_client: Client, northwind: Any) -> None:
    assert charlie_client.post("/organization/", {"organization": str(northwind.pk)}).status_code == 404
    assert "Northwind" not in charlie_client.get("/").content.decode()


def test_switching_leads_to_no_foreign_site(alice: Any, alice_client: Client, northwind: Any) -> None:
    response = alice_client.post("/organization/", {"organization": str(northwind.pk), "next": "https://evil.test/"})

    assert response["Location"] == "/"


def test_an_object_of_another_of_my_organizations_opens_there_and_says_so(
    alice: Any, alice_client: Client, northwind: Any
) -> None:
    other = MembershipFactory(user=alice, organization__name="Alice's own shop").organization
    install = InstallFactory(organization=other, name="Side Project")

    page = alice_client.get(f"/installs/{install.pk}/").content.decode()

    assert "Side Project" in page
    assert "another of your organizations" in page
    assert "another of your organizations" not in alice_client.get("/installs/").content.decode()


def test_missing_pages_say_so_in_the_products_frame(alice_client: Client) -> None:
    response = alice_client.get("/nothing/here/")

    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()
