"""Make the receipt of an answer. It is written by whoever records the answer, together with the audit event."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from uuid_utils.compat import uuid7

from accounts.caller import Caller
from connector.insights.outcome import Outcome
from connector.receipts.models import Receipt


def receipt_of(
    caller: Caller, tool: str, args: Mapping[str, Any], outcome: Outcome, *, moment: datetime, took_ms: int
) -> Receipt:
    """An unsaved receipt; its `answer` is set once the envelope, which names the receipt, is whole."""
    entries = [entry for entry in outcome.accounts if entry.install and entry.versions]
    return Receipt(
        id=uuid7(),
        organization=caller.organization,
        tool=tool,
        args=dict(args),
        resolved={str(entry.install.pk): plain(entry.resolved) for entry in entries if entry.install},
        versions={
            str(entry.install.pk): entry.versions.facts() for entry in entries if entry.install and entry.versions
        },
        install_text=joined([entry.install.pk for entry in outcome.accounts if entry.install]),
        user_id=caller.user.pk,
        user_label=caller.user.email,
        via=caller.via,
        assistant=caller.client,
        connection_id=caller.connection_id,
        took_ms=took_ms,
        created_at=moment,
    )


def joined(installs: Sequence[UUID]) -> str:
    return " ".join(sorted(str(key) for key in installs))


def plain(value: Any) -> Any:
    """JSON types only: instants as ISO 8601, the rest as it is."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | type(None)) else DjangoJSONEncoder().default(value)
