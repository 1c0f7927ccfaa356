"""Who did what. Append-only: no code path changes a row, a database trigger refuses it on both databases.

No foreign keys: the log neither blocks nor follows live data. Facts that may have to be erased later stand in
`AuditDetail`, whose salted hash is in the event: the row goes, the chain stays whole.
"""

from typing import Any

from django.db import models
from uuid_utils.compat import uuid7


class AuditEvent(models.Model):
    """One thing that happened. `operation` is `category.operation`; all names are in audit/operations.py."""

    class Outcome(models.TextChoices):
        OK = "ok", "done"
        REFUSED = "refused", "refused"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(help_text="The clock at insert (UTC)")
    category = models.CharField(max_length=32)
    operation = models.CharField(max_length=64)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, default=Outcome.OK)
    actor_id = models.UUIDField(null=True, help_text="The user; null for the system itself")
    actor_label = models.CharField(max_length=254, blank=True)
    role = models.CharField(max_length=16, blank=True)
    via = models.CharField(max_length=16, help_text="The door: page, mcp, rest, cli, admin, task")
    assistant = models.CharField(max_length=80, blank=True, help_text="The assistant or program, as it names itself")
    assistant_version = models.CharField(max_length=40, blank=True)
    connection_id = models.UUIDField(null=True, help_text="The grant or key that was used")
    organization_id = models.UUIDField(null=True)
    organization_label = models.CharField(max_length=120, blank=True)
    install_id = models.UUIDField(null=True)
    account_label = models.CharField(max_length=200, blank=True)
    subject_kind = models.CharField(max_length=32, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    subject_label = models.CharField(max_length=200, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    rows = models.PositiveBigIntegerField(null=True)
    receipt = models.CharField(max_length=32, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    ip = models.GenericIPAddressField(null=True)
    detail_hash = models.CharField(max_length=64, blank=True, help_text="SHA-256 of salt and content of the side row")

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=["organization_id", "-id"], name="audit_by_organization"),
            models.Index(fields=["organization_id", "category", "-id"], name="audit_by_category"),
            models.Index(fields=["at", "id"], name="audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.at:%Y-%m-%d %H:%M}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("An audit event is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("An audit event is only removed by retention, a whole sealed hour at a time.")


class AuditDetail(models.Model):
    """The erasable part of one event: free words, arguments. `event_id` is an id, not a foreign key."""

    event_id = models.UUIDField(primary_key=True)
    organization_id = models.UUIDField(null=True, db_index=True)
    salt = models.CharField(max_length=32)
    content = models.JSONField()

    def __str__(self) -> str:
        return str(self.event_id)


class AuditGate(models.Model):
    """While a row of the running transaction stands here, the triggers let audit rows be removed (see audit/gate.py)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reason = models.CharField(max_length=64)
    transaction = models.BigIntegerField(
        null=True, help_text="PostgreSQL's txid, so that no other transaction gets through"
    )

    def __str__(self) -> str:
        return self.reason
