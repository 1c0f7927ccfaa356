"""People, organizations, keys, assistants and the audit in the admin (the audit, a leaf, knows no page of its own)."""

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from accounts.models import ApiKey, Application, Connection, Membership, Organization, User
from accounts.staff import StaffAdmin, linked
from audit.models import AuditEvent


@admin.register(User)
class UserAdmin(StaffAdmin):
    editable = ("name", "is_active", "is_staff")
    hidden = ("password", "groups", "user_permissions")
    list_display = ("email", "name", "is_active", "is_staff", "last_login", "date_joined")
    list_filter = ("is_active", "is_staff", "date_joined")
    search_fields = ("email", "name")
    ordering = ("-date_joined",)


@admin.register(Organization)
class OrganizationAdmin(StaffAdmin):
    editable = ("name", "requires_mfa", "privacy_floor", "sync_minutes", "receipt_days")
    list_display = ("name", "slug", "members", "requires_mfa", "created_at")
    list_filter = ("requires_mfa", "created_at")
    search_fields = ("name", "slug")
    ordering = ("-created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organization]:
        return super().get_queryset(request).annotate(members_held=Count("memberships"))

    @display(description="Members", ordering="members_held")
    def members(self, row: Organization) -> int:
        return row.members_held  # type: ignore[attr-defined]  # annotated above


@admin.register(Membership)
class MembershipAdmin(StaffAdmin):
    editable = ("role",)
    list_display = ("user", "organization_link", "role", "created_at")
    list_filter = ("role", "created_at")
    search_fields = ("user__email", "organization__name")
    list_select_related = ("user", "organization")

    @display(description="Organization", ordering="organization__name")
    def organization_link(self, row: Membership) -> str:
        return linked(row.organization)


@admin.register(ApiKey)
class ApiKeyAdmin(StaffAdmin):
    hidden = ("digest",)
    list_display = ("name", "start", "membership", "created_at", "last_used_at", "revoked_at")
    list_filter = ("revoked_at", "created_at")
    search_fields = ("name", "start", "organization__name")
    list_select_related = ("membership__user", "membership__organization")


@admin.register(Application)
class ApplicationAdmin(StaffAdmin):
    hidden = ("client_secret",)
    list_display = ("name", "client_id", "client_type", "created")
    list_filter = ("client_type", "created")
    search_fields = ("name", "client_id")


@admin.register(Connection)
class ConnectionAdmin(StaffAdmin):
    list_display = (
        "application",
        "user",
        "organization_link",
        "scope",
        "client_name",
        "created_at",
        "last_used_at",
        "revoked_at",
    )
    list_filter = ("revoked_at", "created_at", "client_name")
    search_fields = ("user__email", "organization__name", "application__name", "client_name")
    list_select_related = ("application", "user", "organization")

    @display(description="Organization", ordering="organization__name")
    def organization_link(self, row: Connection) -> str:
        return linked(row.organization)


@admin.register(AuditEvent)
class AuditEventAdmin(StaffAdmin):
    list_display = (
        "at",
        "operation",
        "outcome",
        "actor_label",
        "via",
        "assistant",
        "organization_label",
        "account_label",
        "subject_label",
    )
    list_filter = ("category", "outcome", "via", "at")
    search_fields = ("actor_label", "organization_label", "account_label", "subject_label", "operation")
    date_hierarchy = "at"
