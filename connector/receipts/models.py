"""What was answered: the question as resolved, the versions read, the figures, so that it can be run again."""

from collections.abc import Iterable
from typing import Final, Self
from uuid import UUID

from django.db import models
from uuid_utils.compat import uuid7

from accounts import public_ids
from accounts.caller import Caller
from accounts.tenancy import InOrganization, TenantQuerySet

PREFIX = "rcp_"
ANSWERED: Final = ("ok", "partial")  # the statuses that come with figures


class ReceiptQuerySet(TenantQuerySet["Receipt"]):
    def visible_to(self, caller: Caller) -> Self:
        """Only receipts all of whose installs the caller sees now; one of no install is its asker's, and of who sees all."""
        rows = self.in_organization(caller.organization)
        if caller.installs is None:
            return rows
        asked = ReceiptInstall.objects.filter(receipt=models.OuterRef("pk"))
        own = models.Q(models.Exists(asked)) | models.Q(user_id=caller.user.pk)
        return rows.filter(own).exclude(models.Exists(asked.exclude(install_id__in=caller.installs)))

    def answered(self) -> Self:
        """Those with figures, without the short ones of questions that got none."""
        return self.filter(status__in=ANSWERED)

    def about(self, install_ids: Iterable[UUID]) -> Self:
        """Those that asked any of these installs."""
        asked = ReceiptInstall.objects.filter(receipt=models.OuterRef("pk"), install_id__in=install_ids)
        return self.filter(models.Exists(asked))

    def named(self, public: str) -> Self:
        """The receipt of a public id; none for a text that is no such id."""
        key = key_of(public)
        return self.filter(pk=key) if key else self.none()


class Receipt(InOrganization):
    """One answer with figures, or in short why a question got none. Holds figures, never people. The public id is the key
    itself in 22 characters."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tool = models.CharField(max_length=40)
    args = models.JSONField(help_text="As the caller gave them")
    question = models.CharField(max_length=500, blank=True, help_text="What was asked, in words, with resolved names")
    status = models.CharField(max_length=16, default="ok")
    sentence = models.TextField(blank=True, help_text="The envelope's answer, for lists that do not load it")
    definition_version = models.PositiveIntegerField(default=1, help_text="Of the tool, as of the answer")
    answer = models.JSONField(help_text="The whole envelope, at most 10,000 groups an account")
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

    @property
    def is_answered(self) -> bool:
        return self.status in ANSWERED


class ReceiptInstall(models.Model):
    """One account of an answer: the allow-list of who may see it, and what a further run reads. `install_id` is no foreign
    key: a receipt outlives the install it was counted from."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    receipt = models.ForeignKey(Receipt, on_delete=models.CASCADE, related_name="installs")
    install_id = models.UUIDField()
    versions = models.JSONField(null=True, help_text="Of every table read; null where nothing was read")
    # Ids of objects and their messages, metric ids, instants, floor: what `same` binds (architecture 7.12).
    resolved = models.JSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["receipt", "install_id"], name="one_row_per_install_read")]
        indexes = [models.Index(fields=["install_id"], name="receipt_by_install")]

    def __str__(self) -> str:
        return f"{self.receipt} of {self.install_id}"


def key_of(public: str) -> UUID | None:
    """The key behind a receipt's public id, or None for anything that is none."""
    return public_ids.key_of(PREFIX, public)
