"""Syncs in the admin: the story of each, never edited."""

from django.contrib import admin
from unfold.decorators import display

from accounts.staff import StaffAdmin, linked
from connector.sync.models import Run


@admin.register(Run)
class RunAdmin(StaffAdmin):
    list_display = (
        "queued_at",
        "install_link",
        "kind",
        "shown_state",
        "phase",
        "done",
        "total",
        "events",
        "finished_at",
        "error",
    )
    list_filter = ("state", "kind", "queued_at")
    search_fields = ("install__name", "install__klaviyo_id", "error")
    list_select_related = ("install",)
    date_hierarchy = "queued_at"

    @display(description="Account", ordering="install__name")
    def install_link(self, row: Run) -> str:
        return linked(row.install)

    @display(
        description="State",
        ordering="state",
        label={
            "Done": "success",
            "Failed": "danger",
            "Running": "info",
            "Queued": "info",
            Run.State.WAITING.label: "warning",
        },
    )
    def shown_state(self, row: Run) -> str:
        return row.get_state_display()
