"""The audit in the admin: read, never changed."""

from django.contrib import admin

from accounts.staff import StaffAdmin
from audit.models import AuditEvent


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
