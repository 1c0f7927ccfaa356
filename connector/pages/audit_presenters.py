"""An audit event as a sentence."""

from dataclasses import dataclass
from typing import Final

from audit.models import AuditEvent
from audit.operations import OPERATIONS

CATEGORIES: Final = {
    "member": "Members and sign-ins",
    "organization": "Organization",
    "key": "API keys",
    "grant": "Assistants",
    "install": "Klaviyo accounts",
    "sync": "Syncs",
    "tool": "Questions",
    "receipt": "Receipts",
    "admin": "Staff",
}
ICONS: Final = {
    "member": "user",
    "organization": "building-2",
    "key": "key-round",
    "grant": "bot",
    "install": "store",
    "sync": "refresh-cw",
    "tool": "message-square-text",
    "receipt": "receipt-text",
    "admin": "shield-alert",
}


@dataclass(frozen=True)
class Line:
    """One event on the page."""

    event: AuditEvent
    actor: str
    did: str
    icon: str
    assistant: str
    is_bad: bool


def line(event: AuditEvent) -> Line:
    return Line(
        event=event,
        actor=event.actor_label or "Plumbline",
        did=" ".join(part for part in (OPERATIONS.get(event.operation, event.operation), subject(event)) if part),
        icon=ICONS.get(event.category, "info"),
        assistant=f"{event.assistant} {event.assistant_version}".strip(),
        is_bad=event.outcome != AuditEvent.Outcome.OK,
    )


def subject(event: AuditEvent) -> str:
    """What it was done to, unless the account, which has its own column, says so."""
    named = event.subject_label or (event.subject_id if event.category == "tool" else "")
    return f"“{named}”" if named and named != event.organization_label else ""


def category_choices() -> list[tuple[str, str]]:
    """The categories that events can have, as the filter shows them."""
    used = dict.fromkeys(name.split(".")[0] for name in OPERATIONS)
    return [(category, CATEGORIES.get(category, category.capitalize())) for category in used]
