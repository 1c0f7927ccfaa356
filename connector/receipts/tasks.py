"""Retention of receipts, for workers. Safe to run twice."""

import time
from datetime import datetime, timedelta
from typing import Final

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from accounts.models import Organization
from audit.record import record
from connector.receipts.models import Receipt

BATCH: Final = 500  # in one transaction, which others wait for on SQLite
TURN: Final = 20.0  # seconds; what is left then goes at the next waking


@shared_task
def purge_receipts() -> None:
    """Remove the receipts that are older than their organization keeps them; each removal is audited."""
    until = time.monotonic() + TURN
    for organization in Organization.objects.order_by("pk").iterator():
        before = timezone.now() - timedelta(days=organization.receipt_days)
        while time.monotonic() < until and _purge(organization, before) == BATCH:
            pass


def _purge(organization: Organization, before: datetime) -> int:
    """One batch, and its audit event in the same transaction; how many."""
    with transaction.atomic():
        old = Receipt.objects.in_organization(organization).filter(created_at__lt=before).order_by("id")
        keys = list(old.values_list("pk", flat=True)[:BATCH])
        if keys:
            Receipt.objects.filter(pk__in=keys).delete()
            record(
                "receipt.purged",
                via="task",
                organization_id=organization.pk,
                organization_label=organization.name,
                subject_kind="receipts",
                subject_label=f"{len(keys)} from before {before:%Y-%m-%d}",
                rows=len(keys),
                after={"receipt_days": organization.receipt_days},
            )
    return len(keys)
