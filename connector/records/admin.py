"""What has a name in Klaviyo, in the admin."""

from django.contrib import admin
from unfold.decorators import display

from accounts.staff import StaffAdmin, linked
from connector.records.models import Record


@admin.register(Record)
class RecordAdmin(StaffAdmin):
    list_display = ("name", "kind", "klaviyo_id", "install_link", "status", "at", "seen_at", "deleted_at")
    list_filter = ("kind", "archived", "channel")
    search_fields = ("name", "klaviyo_id", "install__name")
    list_select_related = ("install",)

    @display(description="Account", ordering="install__name")
    def install_link(self, row: Record) -> str:
        return linked(row.install)
