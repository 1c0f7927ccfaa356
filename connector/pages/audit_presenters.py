"""An audit event as a sentence."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from audit.models import AuditDetail, AuditEvent
from audit.operations import OPERATIONS
from connector.pages.install_presenters import Badge

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


# Of a question: what its answer was, where that is less than all that was asked.
ANSWERS: Final = {
    "needs_choice": Badge("Needs a choice", "circle-alert", "warn", "A name fits several objects."),
    "pending": Badge("Being worked out", "hourglass", "busy", "The answer takes longer than one call may."),
    "partial": Badge("Not all of it", "triangle-alert", "warn", "Some of what was asked is missing from the answer."),
}


@dataclass(frozen=True)
class Line:
    """One event on the page."""

    event: AuditEvent
    actor: str
    did: str
    icon: str
    assistant: str
    badge: Badge | None
    details: list[tuple[str, str]]


def lines(events: Iterable[AuditEvent]) -> list[Line]:
    """With the arguments and words of each, where they are still kept; one query for all."""
    shown = list(events)
    kept = AuditDetail.objects.filter(event_id__in=[event.pk for event in shown])
    contents: dict[UUID, Any] = dict(kept.values_list("event_id", "content"))
    return [line(event, contents.get(event.pk) or {}) for event in shown]


def line(event: AuditEvent, content: dict[str, Any]) -> Line:
    return Line(
        event=event,
        actor=event.actor_label or "Plumbline",
        did=" ".join(part for part in (OPERATIONS.get(event.operation, event.operation), subject(event)) if part),
        icon=ICONS.get(event.category, "info"),
        assistant=f"{event.assistant} {event.assistant_version}".strip(),
        badge=badge(event),
        details=list(details(event, content)),
    )


def badge(event: AuditEvent) -> Badge | None:
    """What did not go as asked; None where all is well."""
    if event.outcome == AuditEvent.Outcome.OK:
        return ANSWERS.get(str((event.after or {}).get("status")))
    return Badge(event.get_outcome_display().capitalize(), "circle-x", "bad", "It was not done.")


def details(event: AuditEvent, content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What the row has no room for."""
    for name, value in content.items():
        for part, given in value.items() if isinstance(value, dict) else [(name, value)]:
            yield part, _text(given)
    yield "Outcome", f"{event.get_outcome_display()}{_facts(event.after)}"
    if event.before:
        yield "Before", _facts(event.before).removeprefix("; ")
    if event.duration_ms is not None:
        yield "Took", f"{event.duration_ms:,} ms"
    if event.rows is not None:
        yield "Rows", f"{event.rows:,}"
    for name, fact in (("Address", event.ip), ("Request", event.request_id), ("Id", event.pk)):
        if fact:
            yield name, str(fact)


def _facts(facts: Any) -> str:
    if not isinstance(facts, dict):
        return f"; {_text(facts)}" if facts else ""
    return "".join(f"; {name.replace('_', ' ')} {_text(value)}" for name, value in facts.items() if value is not None)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def subject(event: AuditEvent) -> str:
    """What it was done to, unless the account, which has its own column, says so."""
    named = event.subject_label or (event.subject_id if event.category == "tool" else "")
    return f"“{named}”" if named and named != event.organization_label else ""


def category_choices() -> list[tuple[str, str]]:
    """The categories that events can have, as the filter shows them."""
    used = dict.fromkeys(name.split(".")[0] for name in OPERATIONS)
    return [(category, CATEGORIES.get(category, category.capitalize())) for category in used]
