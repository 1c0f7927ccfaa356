"""Receipts are kept as long as the organization says, and no longer."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.models import AuditEvent
from connector.receipts import tasks
from connector.receipts.models import Receipt, ReceiptInstall
from tests.factories import InstallFactory, ReceiptFactory

pytestmark = pytest.mark.django_db


def aged(install: Any, days: float) -> Receipt:
    return ReceiptFactory(install=install, created_at=timezone.now() - timedelta(days=days))


def test_what_is_older_than_the_organization_keeps_goes_and_is_audited(install: Any, northwind: Any) -> None:
    northwind.receipt_days = 30
    northwind.save()
    other = InstallFactory()
    kept = {aged(install, 29.9).pk, aged(other, 31).pk}
    gone = [aged(install, 30.1), aged(install, 400)]

    tasks.purge_receipts()
    tasks.purge_receipts()

    assert set(Receipt.objects.values_list("pk", flat=True)) == kept
    assert not ReceiptInstall.objects.filter(receipt__in=[receipt.pk for receipt in gone]).exists()
    event = AuditEvent.objects.get(operation="receipt.purged")
    assert (event.organization_id, event.via, event.rows) == (northwind.pk, "task", 2)
    assert event.after == {"receipt_days": 30}


def test_more_than_a_batch_goes_in_one_night(install: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "BATCH", 2)
    for _ in range(5):
        aged(install, 401)

    tasks.purge_receipts()

    assert not Receipt.objects.exists()
    events = AuditEvent.objects.filter(operation="receipt.purged").order_by("rows")
    assert list(events.values_list("rows", flat=True)) == [1, 2, 2]
