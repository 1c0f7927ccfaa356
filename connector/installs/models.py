"""A Klaviyo account that an organization has connected, and what its connection needs."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.encryption import EncryptedTextField
from accounts.tenancy import InOrganization, TenantQuerySet

if TYPE_CHECKING:
    from accounts.caller import Caller


class Client(InOrganization):
    """An agency's name for a group of installs."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="one_client_per_name")]
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class InstallQuerySet(TenantQuerySet["Install"]):
    def visible_to(self, caller: "Caller") -> Self:
        """What this caller may see: of the organization, and among the installs of membership and grant."""
        rows = self.in_organization(caller.organization)
        return rows if caller.installs is None else rows.filter(pk__in=caller.installs)

    def usable(self) -> Self:
        """Those whose tokens may be used."""
        return self.exclude(status__in=[Install.Status.DISCONNECTED, Install.Status.NEEDS_RECONNECT])


class Install(InOrganization):
    """One connected Klaviyo account. Reconnecting keeps the row, its id and its history."""

    class Status(models.TextChoices):
        CONNECTING = "connecting", "Connecting"
        SYNCING = "syncing", "Syncing"
        WAITING = "waiting", "Waiting"
        CONNECTED = "connected", "Connected"
        PAUSED = "paused", "Paused"
        NEEDS_RECONNECT = "needs_reconnect", "Needs reconnect"
        SCOPE_MISSING = "scope_missing", "Scope missing"
        DISCONNECTED = "disconnected", "Disconnected"
        ERROR = "error", "Error"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    klaviyo_id = models.CharField(max_length=16)
    name = models.CharField(max_length=200)
    client = models.ForeignKey(Client, on_delete=models.SET_NULL, null=True, blank=True, related_name="installs")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.CONNECTING)
    status_reason = models.CharField(max_length=300, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    currency = models.CharField(max_length=8, default="USD")
    is_test_account = models.BooleanField(default=False)
    connected_at = models.DateTimeField(default=timezone.now)
    connected_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    access_token = EncryptedTextField(blank=True, editable=False)
    refresh_token = EncryptedTextField(blank=True, editable=False)
    token_renew_at = models.DateTimeField(null=True, editable=False, help_text="A little before the access token's end")
    # A claim, not a lock: the one who set it may call Klaviyo outside any transaction, the others poll (tokens.py).
    renewing_until = models.DateTimeField(null=True, editable=False)
    scopes = models.JSONField(default=list, help_text="As Klaviyo granted them")

    purchase_metric = models.CharField(
        max_length=16, blank=True, help_text="Klaviyo id set by a manager; empty: by rule"
    )
    properties = models.JSONField(
        default=dict, help_text="Custom properties that are kept: name to the time since which"
    )
    # All events in [complete_from, complete_to) are held; one pair per install, shown beside every figure.
    complete_from = models.DateTimeField(null=True)
    complete_to = models.DateTimeField(null=True)
    last_sync_at = models.DateTimeField(null=True)
    reconciled_at = models.DateTimeField(null=True)

    objects = InstallQuerySet.as_manager()  # type: ignore[misc]  # narrower than the base's on purpose

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "klaviyo_id"], name="one_install_per_account")]
        ordering = ("name", "klaviyo_id")

    def __str__(self) -> str:
        return f"{self.name} ({self.klaviyo_id})"

    @property
    def is_whole(self) -> bool:
        """The whole history is held."""
        return self.complete_from is not None and self.complete_from.year == 2000


class ConnectAttempt(InOrganization):
    """One press of Connect: the single-use `state`, bound to the browser session and the organization."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    state_digest = models.CharField(max_length=64, unique=True)
    session_digest = models.CharField(max_length=64)
    verifier = EncryptedTextField()
    install_id = models.UUIDField(null=True, help_text="The install to reconnect")
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"attempt of {self.user} at {self.created_at:%Y-%m-%d %H:%M}"


class Allowance(models.Model):
    """What is used of one of Klaviyo's limits, shared by all processes where there is no Redis (limits.py).

    Keyed by Klaviyo account, not by install: two organizations with the same account share its limits.
    """

    account = models.CharField(max_length=64)
    bucket = models.CharField(max_length=64)
    state = models.JSONField(default=dict)
    version = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "bucket"], name="one_allowance_per_bucket")]

    def __str__(self) -> str:
        return f"{self.account} {self.bucket}"
