"""Every table: whose rows they are, and by what key. What is exempt says why, and is struck off when that ends."""

from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models

from accounts.tenancy import InOrganization, TenantQuerySet

NOT_OF_A_TENANT = {
    "accounts.User": "a person may be a member of several organizations",
    "accounts.Organization": "the tenant itself",
    "accounts.Application": "an assistant's registration, shared by all who connect it",
    "accounts.Grant": "follows its connection, which has the organization",
    "accounts.AccessToken": "follows its connection",
    "accounts.RefreshToken": "follows its connection",
    "accounts.IDToken": "the OAuth library's table, unused",
    "accounts.DeviceGrant": "the OAuth library's table, unused",
    "audit.AuditEvent": "outlives its organization: an id, no foreign key",
    "audit.AuditDetail": "follows its event",
    "audit.AuditGate": "a switch of the running transaction",
    "installs.Allowance": "a Klaviyo account's limits, which two organizations may share",
    "receipts.ReceiptInstall": "follows its receipt, which has the organization",
    "lake.Lease": "keyed by install: the lake below knows no tenant",
    "lake.Pin": "keyed by install",
}
OTHER_KEYS = {
    "audit.AuditDetail": "its event's id",
    "installs.Allowance": "met by (account, bucket) alone, never shown",
}


def ours() -> dict[str, type[models.Model]]:
    labels = {"accounts", "audit", "installs", "lake", "records", "sync", "receipts", "tools", "sandbox"}
    return {model._meta.label: model for model in apps.get_models() if model._meta.app_label in labels}


def test_every_table_belongs_to_an_organization_or_says_why_not() -> None:
    stray = {
        label
        for label, model in ours().items()
        if not issubclass(model, InOrganization) and label not in NOT_OF_A_TENANT
    }

    assert stray == set()
    assert len(ours()) > 15


def test_a_tenants_row_cannot_be_without_its_organization() -> None:
    for label, model in ours().items():
        if issubclass(model, InOrganization):
            field: Any = model._meta.get_field("organization")
            assert not field.null, label
            assert field.remote_field.on_delete is models.CASCADE, label
            assert isinstance(model._default_manager.all(), TenantQuerySet), label


def test_every_key_is_a_time_ordered_uuid_or_says_why_not() -> None:
    for label, model in ours().items():
        key = model._meta.pk
        if label in OTHER_KEYS:
            continue
        assert isinstance(key, models.UUIDField), label
        assert not key.editable, label
        made = key.get_default()
        assert isinstance(made, UUID) and made.version == 7, label


def test_the_exempt_tables_exist_and_still_need_it() -> None:
    known = ours()

    assert {label for label in NOT_OF_A_TENANT if label not in known} == set()
    assert {label for label in NOT_OF_A_TENANT if issubclass(known[label], InOrganization)} == set()
    assert {label for label in OTHER_KEYS if label not in known} == set()
    for label in OTHER_KEYS:
        key = known[label]._meta.pk
        is_uuid7 = isinstance(key, models.UUIDField) and key.has_default() and key.get_default().version == 7
        assert not is_uuid7, label
