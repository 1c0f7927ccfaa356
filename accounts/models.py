"""Who may call: people, organizations, their memberships, keys for programs, grants to assistants."""

import hashlib
import hmac
import secrets
import unicodedata
from typing import Any, ClassVar

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models, transaction
from django.utils import timezone
from django.utils.text import slugify
from oauth2_provider import models as oauth
from uuid_utils.compat import uuid7

from accounts.encryption import EncryptedTextField
from accounts.tenancy import InOrganization, Tenant


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=normal_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """By Django's command alone. Whoever has this shell need not prove the address, so it counts as verified."""
        addresses = apps.get_model("account", "EmailAddress")  # allauth's, whose table refers to this one
        with transaction.atomic(using=self._db):
            user = self.create_user(email, password, is_staff=True, is_superuser=True, **fields)
            addresses.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=normal_email(username or ""))


class User(AbstractBaseUser, PermissionsMixin):
    """A person, known by e-mail. What they may do depends on the organization: see Membership."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_staff = models.BooleanField(default=False, help_text="May sign in to the admin")
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email.split("@")[0]


def normal_email(email: str) -> str:
    """NFKC, trimmed, lower case: the one form in which addresses are compared and hashed (architecture 7.1)."""
    return unicodedata.normalize("NFKC", email).strip().lower()


def new_blinding_key() -> str:
    return secrets.token_hex(32)


class Organization(Tenant):
    """The tenant: an agency or a brand. Owns installs, receipts, drafts, everything."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # Never rotated: e-mails and phones are stored only as HMACs under it, so a new key would orphan them.
    blinding_key = EncryptedTextField(default=new_blinding_key, editable=False)
    plans_refused = models.JSONField(default=list, blank=True, help_text="Plan families of assistants that are refused")
    requires_mfa = models.BooleanField(default=False)
    privacy_floor = models.PositiveSmallIntegerField(default=10, help_text="Smallest group of people that is shown")
    sync_minutes = models.PositiveSmallIntegerField(default=15, help_text="Minutes between increments")
    receipt_days = models.PositiveSmallIntegerField(default=400, help_text="Days that receipts are kept")
    # Fairness between organizations: schedule_* takes the one served longest ago.
    served_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return self.name

    def blind(self, value: str) -> str:
        """HMAC-SHA256 (hex) of an e-mail or phone in its normal form; equal values can be found, not read back."""
        return hmac.new(bytes.fromhex(self.blinding_key), value.encode(), hashlib.sha256).hexdigest()


def free_slug(name: str) -> str:
    """A slug for a new organization that no other has."""
    stem = slugify(name)[:50] or "organization"
    slug = stem
    while Organization.objects.filter(slug=slug).exists():
        slug = f"{stem}-{secrets.token_hex(3)}"
    return slug


class Role(models.TextChoices):
    """What each may do stands in accounts/roles.py."""

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    MANAGER = "manager", "Manager"
    ANALYST = "analyst", "Analyst"


class Membership(InOrganization):
    """A person in an organization, with a role and the installs they may see."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)
    # A JSON list, not a table: token -> Caller stays one query. Null = all installs, later ones too.
    installs = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "user"], name="one_membership_per_organization")]
        ordering = ("created_at", "id")

    def __str__(self) -> str:
        return f"{self.user} in {self.organization} ({self.role})"


class ApiKey(InOrganization):
    """A key for programs. It acts as the member who made it, never with more than that member has."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="keys")
    name = models.CharField(max_length=80)
    start = models.CharField(max_length=12, help_text="First characters, to recognize it by")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the key; the key itself is shown once")
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.name} ({self.start}…)"


class Application(oauth.AbstractApplication):
    """An assistant's OAuth client. Its name is its own claim."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta(oauth.AbstractApplication.Meta):
        swappable = "OAUTH2_PROVIDER_APPLICATION_MODEL"


class Connection(InOrganization):
    """One approval on the consent page: a member lets an assistant ask in one organization. Nothing else carries rights."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="connections")
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="connections")
    installs = models.JSONField(null=True, blank=True, help_text="Null = all, later ones too; else a list of ids")
    scope = models.CharField(max_length=200)
    resource = models.JSONField(default=list)
    plan = models.CharField(max_length=40, blank=True, help_text="Plan family the member says the assistant runs on")
    reveals_people = models.BooleanField(default=False, help_text="people:reveal; owner and admin only")
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)
    client_name = models.CharField(max_length=80, blank=True, help_text="As the assistant names itself in calls")
    client_version = models.CharField(max_length=40, blank=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_why = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.application} for {self.user}"


class Grant(oauth.AbstractGrant):
    """An authorization code. Kept after use, so that a replay is recognized and ends the connection."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="codes", null=True)
    used_at = models.DateTimeField(null=True)

    class Meta(oauth.AbstractGrant.Meta):
        swappable = "OAUTH2_PROVIDER_GRANT_MODEL"


class AccessToken(oauth.AbstractAccessToken):
    """A bearer token; only its checksum is stored."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="access_tokens", null=True)

    class Meta(oauth.AbstractAccessToken.Meta):
        swappable = "OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL"


class RefreshToken(oauth.AbstractRefreshToken):
    """A refresh token; rotated at every use, only its checksum is stored."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="refresh_tokens", null=True)
    rotated_at = models.DateTimeField(null=True)

    class Meta(oauth.AbstractRefreshToken.Meta):
        swappable = "OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL"


class IDToken(oauth.AbstractIDToken):
    """Unused (OpenID stays off), swapped because it cannot be later."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta(oauth.AbstractIDToken.Meta):
        swappable = "OAUTH2_PROVIDER_ID_TOKEN_MODEL"


class DeviceGrant(oauth.AbstractDeviceGrant):
    """Unused (no device flow), swapped because it cannot be later."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta(oauth.AbstractDeviceGrant.Meta):
        swappable = "OAUTH2_PROVIDER_DEVICE_GRANT_MODEL"
