"""Connected Klaviyo accounts in the admin; tokens never show."""

from django.contrib import admin
from unfold.decorators import display

from accounts.staff import StaffAdmin, linked
from connector.installs.models import Client, Install

Status = Install.Status
COLOURS = {
    Status.CONNECTING: "info",
    Status.SYNCING: "info",
    Status.WAITING: "info",
    Status.CONNECTED: "success",
    Status.PAUSED: "",
    Status.NEEDS_RECONNECT: "danger",
    Status.SCOPE_MISSING: "warning",
    Status.DISCONNECTED: "",
    Status.ERROR: "danger",
}


@admin.register(Install)
class InstallAdmin(StaffAdmin):
    hidden = ("access_token", "refresh_token")
    list_display = (
        "name",
        "klaviyo_id",
        "organization_link",
        "shown_status",
        "complete_to",
        "last_sync_at",
        "connected_at",
    )
    list_filter = ("status", "is_test_account", "currency", "connected_at")
    search_fields = ("name", "klaviyo_id", "organization__name")
    list_select_related = ("organization",)

    @display(description="Organization", ordering="organization__name")
    def organization_link(self, row: Install) -> str:
        return linked(row.organization)

    @display(
        description="Status",
        ordering="status",
        label={str(status.label): colour for status, colour in COLOURS.items()},
    )
    def shown_status(self, row: Install) -> str:
        return row.get_status_display()


@admin.register(Client)
class ClientAdmin(StaffAdmin):
    list_display = ("name", "organization")
    search_fields = ("name", "organization__name")
    list_select_related = ("organization",)
