"""The admin: for staff with a second factor; it shows the story, changes no history and shows no secret."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.caller import Caller
from accounts.models import Organization, User
from audit.models import AuditEvent
from audit.record import record
from connector.receipts.models import Receipt
from tests.conftest import signed_in
from tests.factories import ConnectionFactory, KeyFactory, ReceiptFactory, RecordFactory, RunFactory, UserFactory

HISTORY = ["audit.AuditEvent", "receipts.Receipt", "sync.Run", "records.Record"]


@pytest.fixture
def staff(db: None) -> User:
    user: User = UserFactory(email="staff@plumbline.test", is_staff=True)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "not used"})
    return user


@pytest.fixture
def staff_client(staff: User) -> Client:
    return signed_in(staff)


@pytest.fixture
def rows(alice: Any, northwind: Any, install: Any, alice_caller: Caller) -> dict[str, Any]:
    """One row of every model that the admin shows."""
    receipt = ReceiptFactory(organization=northwind, install=install)
    connection = ConnectionFactory(organization=northwind, user=alice)
    made = [
        alice,
        northwind,
        alice.memberships.get(),
        KeyFactory(membership=alice.memberships.get(), digest="d" * 64),
        connection,
        connection.application,
        install,
        RunFactory(install=install),
        RecordFactory(install=install),
        receipt,
        record("key.created", **alice_caller.audit_columns()),
    ]
    return {row._meta.label: row for row in made}


def page_of(row: Any, what: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{what}", args=[row.pk])


def test_signed_out_it_leads_to_the_sign_in_of_everyone(db: None) -> None:
    response = Client().get("/admin/", follow=True)

    assert [address for address, _ in response.redirect_chain] == [
        "/admin/login/?next=/admin/",
        "/accounts/login/?next=%2Fadmin%2F",
    ]


def test_for_an_owner_who_is_not_staff_there_is_no_admin(alice_client: Client) -> None:
    assert alice_client.get("/admin/", follow=True).status_code == 404


def test_staff_without_a_second_factor_are_told_how_to_get_one(db: None) -> None:
    response = signed_in(UserFactory(is_staff=True)).get("/admin/", follow=True)

    assert response.status_code == 403
    assert "Set up a second factor" in response.content.decode()


def test_staff_with_a_second_factor_see_every_model(staff_client: Client, rows: dict[str, Any]) -> None:
    assert staff_client.get("/admin/").status_code == 200
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        assert staff_client.get(reverse(name)).status_code == 200, name
        if model._meta.label in rows:
            assert staff_client.get(page_of(rows[model._meta.label])).status_code == 200, name


def test_only_pages_of_our_own_are_registered() -> None:
    shown = {model._meta.label for model in admin.site._registry}

    assert shown == {
        "accounts.User",
        "accounts.Organization",
        "accounts.Membership",
        "accounts.ApiKey",
        "accounts.Application",
        "accounts.Connection",
        "installs.Install",
        "installs.Client",
        "sync.Run",
        "records.Record",
        "receipts.Receipt",
        "audit.AuditEvent",
    }


def test_no_page_shows_a_secret(staff_client: Client, rows: dict[str, Any]) -> None:
    install, key, alice = rows["installs.Install"], rows["accounts.ApiKey"], rows["accounts.User"]
    secrets = [
        install.access_token,
        install.refresh_token,
        key.digest,
        alice.password,
        rows["accounts.Organization"].blinding_key,
    ]

    for row in rows.values():
        page = staff_client.get(page_of(row)).content.decode()
        assert not [secret for secret in secrets if secret in page], row


@pytest.mark.parametrize("label", HISTORY)
def test_history_is_neither_added_nor_changed_nor_deleted(
    staff_client: Client, rows: dict[str, Any], label: str
) -> None:
    row = rows[label]
    model = apps.get_model(label)

    assert staff_client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")).status_code == 403
    assert staff_client.post(page_of(row), {}).status_code == 403
    assert staff_client.post(page_of(row, "delete"), {"post": "yes"}).status_code == 403
    assert model._default_manager.filter(pk=row.pk).exists()


def test_looking_at_a_tenants_row_is_audited(staff: User, staff_client: Client, rows: dict[str, Any]) -> None:
    install = rows["installs.Install"]

    staff_client.get(page_of(install))

    event = AuditEvent.objects.get(operation="admin.viewed")
    assert (event.actor_id, event.organization_id) == (staff.pk, install.organization_id)
    assert (event.subject_kind, event.subject_id) == ("install", str(install.pk))


def test_a_setting_changed_by_staff_is_audited_with_before_and_after(
    staff_client: Client, rows: dict[str, Any]
) -> None:
    organization: Organization = rows["accounts.Organization"]
    fields = {"name": "Northwind Ltd", "privacy_floor": 20, "sync_minutes": 15, "receipt_days": 400}

    response = staff_client.post(page_of(organization), fields)

    assert response.status_code == 302
    organization.refresh_from_db()
    assert organization.name == "Northwind Ltd"
    event = AuditEvent.objects.get(operation="admin.acted")
    assert event.before == {"name": "Northwind", "privacy_floor": 10}
    assert event.after == {"name": "Northwind Ltd", "privacy_floor": 20}


def test_staff_see_receipts_by_their_public_id(staff_client: Client, rows: dict[str, Any]) -> None:
    receipt: Receipt = rows["receipts.Receipt"]

    page = staff_client.get(reverse("admin:receipts_receipt_changelist")).content.decode()

    assert receipt.public_id in page
