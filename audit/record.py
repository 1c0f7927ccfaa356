"""Write one audit event, in the caller's own transaction."""

import hashlib
import json
import secrets
from typing import Any
from uuid import UUID

from django.utils import timezone

from audit.models import AuditDetail, AuditEvent
from audit.operations import OPERATIONS


def record(
    operation: str,
    *,
    via: str,
    actor_id: UUID | None = None,
    detail: dict[str, Any] | None = None,
    **facts: Any,
) -> AuditEvent:
    """Insert the event named `category.operation`; `facts` are the other columns of AuditEvent.

    Must run inside the transaction of the change it tells of, so that neither exists without the other.
    `detail` is the erasable part (words and arguments); it goes to the side row. Raises KeyError for an unknown name.
    """
    event, side_row = build(operation, via=via, actor_id=actor_id, detail=detail, **facts)
    event.save(force_insert=True)
    if side_row:
        side_row.save(force_insert=True)
    return event


def build(
    operation: str, *, via: str, actor_id: UUID | None = None, detail: dict[str, Any] | None = None, **facts: Any
) -> tuple[AuditEvent, AuditDetail | None]:
    """The unsaved rows, for those who write many at once (connector/tools/group_commit.py)."""
    if operation not in OPERATIONS:
        raise KeyError(operation)
    event = AuditEvent(
        at=timezone.now(),
        category=operation.split(".")[0],
        operation=operation,
        via=via,
        actor_id=actor_id,
        **cut(facts),
    )
    if detail is None:
        return event, None
    side_row = AuditDetail(
        event_id=event.id, organization_id=event.organization_id, salt=secrets.token_hex(16), content=detail
    )
    event.detail_hash = detail_hash(side_row.salt, detail)
    return event, side_row


def detail_hash(salt: str, content: dict[str, Any]) -> str:
    """SHA-256 (hex) over the salt and the content as canonical JSON: what the seal covers once the content is erased."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{salt}\n{text}".encode()).hexdigest()


def cut(facts: dict[str, Any]) -> dict[str, Any]:
    """Labels fit their columns: an over-long name must never lose the event."""
    fitted = {}
    for name, value in facts.items():
        limit = AuditEvent._meta.get_field(name).max_length  # type: ignore[union-attr]  # plain columns only
        fitted[name] = value[:limit] if limit and isinstance(value, str) else value
    return fitted
