"""What was answered: the question as resolved, the versions read, the figures, so that it can be run again."""

from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.db import models
from uuid_utils.compat import uuid7

from accounts import public_ids
from accounts.tenancy import InOrganization, TenantQuerySet
from connector.installs.models import Install

if TYPE_CHECKING:
    from accounts.caller import Caller

PREFIX = "rcp_"


class ReceiptQuerySet(TenantQuerySet["Receipt"]):
    def visible_to(self, caller: "Caller") -> Self:
        """Only receipts all of whose installs the caller sees now."""
        rows = self.in_organization(caller.organization)
        if caller.installs is None:
            return rows
        # A JSON list has no subset test on SQLite; there are few installs, so each hidden one is excluded by its text.
        hidden = Install.objects.in_organization(caller.organization).exclude(pk__in=caller.installs)
        for key in hidden.values_list("pk", flat=True):
            rows = rows.exclude(install_text__contains=str(key))
        return rows

    def named(self, public: str) -> Self:
        """The receipt of a public id; none for a text that is no such id."""
        key = key_of(public)
        return self.filter(pk=key) if key else self.none()


class Receipt(InOrganization):
    """One answer with figures. Holds figures, never people. The public id is the key itself in 22 characters."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tool = models.CharField(max_length=40)
    args = models.JSONField(help_text="As the caller gave them")
    # Ids of objects and their messages, metric ids, instants, moment, floor: what `same` binds (architecture 7.12).
    resolved = models.JSONField()
    versions = models.JSONField(help_text="Install id to the versions of the tables read")
    answer = models.JSONField(help_text="The whole envelope, every row")
    install_text = models.TextField(
        help_text="Ids of all installs in it, joined: who sees not every one of them sees nothing"
    )
    user_id = models.UUIDField(null=True)
    user_label = models.CharField(max_length=254, blank=True)
    via = models.CharField(max_length=16)
    assistant = models.CharField(max_length=80, blank=True)
    connection_id = models.UUIDField(null=True)
    took_ms = models.PositiveIntegerField()
    created_at = models.DateTimeField(help_text="The moment of the question")

    objects = ReceiptQuerySet.as_manager()  # type: ignore[misc]  # narrower than the base's on purpose

    class Meta:
        indexes = [models.Index(fields=["organization", "-id"], name="receipt_by_organization")]
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public_ids.public_id(PREFIX, self.id)


def key_of(public: str) -> UUID | None:
    """The key behind a receipt's public id, or None for anything that is none."""
    return public_ids.key_of(PREFIX, public)
