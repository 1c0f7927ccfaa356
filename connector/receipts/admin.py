"""Receipts in the admin: what was answered, never edited."""

from django.contrib import admin
from unfold.decorators import display

from accounts.staff import StaffAdmin, linked
from connector.receipts.models import Receipt


@admin.register(Receipt)
class ReceiptAdmin(StaffAdmin):
    list_display = ("public_id", "created_at", "tool", "organization_link", "user_label", "via", "assistant", "took_ms")
    list_filter = ("tool", "via", "created_at")
    search_fields = ("user_label", "organization__name", "assistant")
    list_select_related = ("organization",)
    date_hierarchy = "created_at"

    @display(description="Organization", ordering="organization__name")
    def organization_link(self, row: Receipt) -> str:
        return linked(row.organization)
