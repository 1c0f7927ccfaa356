"""Who may write an install's lake, and which of its versions are still spoken of.

Installs are named by plain ids: the files outlive the row while a disconnect or an erasure is under way.
"""

from django.db import models
from uuid_utils.compat import uuid7


class Lease(models.Model):
    """The right to write one install's lake. Its key is new at each taking, so a late holder cannot renew another's."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    install = models.UUIDField(unique=True)
    owner = models.CharField(max_length=120, help_text="The run or command that writes")
    taken_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    expires_at = models.DateTimeField(help_text="Once passed, anyone may take it")

    def __str__(self) -> str:
        return f"{self.owner} writes {self.install}"


class Pin(models.Model):
    """Versions that must stay readable until a moment, because a receipt or a draft speaks of them."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    install = models.UUIDField()
    versions = models.JSONField(help_text="Version of each table, as query.Versions.as_dict() gives it")
    until = models.DateTimeField()
    why = models.CharField(max_length=120)

    class Meta:
        indexes = [models.Index(fields=["install", "until"], name="pin_by_install")]

    def __str__(self) -> str:
        return f"{self.install} until {self.until:%Y-%m-%d}: {self.why}"
