"""What was answered: the question as resolved, the versions read, the figures, so that it can be run again."""

import base64
from uuid import UUID

from django.db import models
from uuid_utils.compat import uuid7

from accounts.tenancy import InOrganization

PREFIX = "rcp_"


class Receipt(InOrganization):
    """One answer with figures. Holds figures, never people. The public id is the key itself in 22 characters."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tool = models.CharField(max_length=40)
    args = models.JSONField(help_text="As the caller gave them")
    # Ids of objects and their messages, metric ids, instants, moment, floor: what `same` binds (architecture 7.12).
    resolved = models.JSONField()
    versions = models.JSONField(help_text="Install id to the versions of the tables read")
    answer = models.JSONField(help_text="The whole envelope, every row")
    installs = models.JSONField(help_text="Ids of all installs in it: who sees not every one of them sees nothing")
    user_id = models.UUIDField(null=True)
    user_label = models.CharField(max_length=254, blank=True)
    via = models.CharField(max_length=16)
    assistant = models.CharField(max_length=80, blank=True)
    connection_id = models.UUIDField(null=True)
    took_ms = models.PositiveIntegerField()
    created_at = models.DateTimeField(help_text="The moment of the question")

    class Meta:
        indexes = [models.Index(fields=["organization", "-id"], name="receipt_by_organization")]
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public_id(self.id)


def public_id(key: UUID) -> str:
    """`rcp_` and the key in 22 URL-safe characters."""
    return PREFIX + base64.urlsafe_b64encode(key.bytes).rstrip(b"=").decode()


def key_of(public: str) -> UUID | None:
    """The key behind a public id, or None for anything that is none."""
    if not public.startswith(PREFIX) or len(public) != len(PREFIX) + 22:
        return None
    try:
        return UUID(bytes=base64.urlsafe_b64decode(public[len(PREFIX) :] + "=="))
    except ValueError:
        return None
