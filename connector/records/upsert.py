"""Keep what Klaviyo tells of its named objects: new ones in, changed ones up to date, former names remembered."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from connector.installs.models import Install
from connector.records.models import FormerName, Kind, Record
from connector.records.names import LONGEST, fold

Payload = Mapping[str, Any]
UNTEXTUAL: Final = re.compile("[\x00\ud800-\udfff]")
COLUMNS: Final = (
    "name",
    "folded",
    "parent",
    "status",
    "channel",
    "at",
    "created",
    "updated",
    "archived",
    "attributes",
    "deleted_at",
    "seen_at",
)


@dataclass(frozen=True)
class Row:
    """One object in our words; times are aware datetimes."""

    klaviyo_id: str
    name: str
    parent: str = ""
    status: str = ""
    channel: str = ""
    at: datetime | None = None
    created: datetime | None = None
    updated: datetime | None = None
    archived: bool = False
    attributes: dict[str, Any] = field(default_factory=dict)


@transaction.atomic
def upsert(install: Install, kind: str, rows: Iterable[Row]) -> int:
    """Write the rows; one met again is updated, its old name kept in FormerName. Returns how many there were."""
    wanted = {row.klaviyo_id: row for row in rows}
    now = timezone.now()
    known = {
        record.klaviyo_id: record for record in Record.objects.filter(install=install, kind=kind, klaviyo_id__in=wanted)
    }
    new = [
        _fill(Record(install=install, organization_id=install.organization_id, kind=kind, klaviyo_id=key), row, now)
        for key, row in wanted.items()
        if key not in known
    ]
    FormerName.objects.bulk_create(
        FormerName(
            organization_id=install.organization_id, record=record, name=record.name, folded=record.folded, until=now
        )
        for key, record in known.items()
        if record.folded != fold(wanted[key].name)[:LONGEST]
    )
    Record.objects.bulk_create(new, batch_size=500)
    Record.objects.bulk_update(
        [_fill(record, wanted[key], now) for key, record in known.items()], COLUMNS, batch_size=200
    )
    return len(wanted)


def mark_missing(install: Install, kind: str, since: datetime, **of: str) -> int:
    """Objects of the kind (and with the columns `of`) that a whole listing begun at `since` did not name any more are
    marked deleted."""
    unseen = Record.objects.filter(install=install, kind=kind, seen_at__lt=since, deleted_at=None, **of)
    return unseen.update(deleted_at=timezone.now())


def _fill(record: Record, row: Row, now: datetime) -> Record:
    record.name, record.folded = row.name[:500], fold(row.name)[:LONGEST]
    record.parent, record.status, record.channel = row.parent, row.status[:64], row.channel[:24]
    record.at, record.created, record.updated, record.archived = row.at, row.created, row.updated, row.archived
    record.attributes, record.deleted_at, record.seen_at = row.attributes, None, now
    return record


def metric_row(payload: Payload) -> Row:
    attributes = _part(payload, "attributes")
    integration = _part(attributes, "integration")
    return _row(
        payload,
        attributes={
            "integration": _text(integration.get("name")),
            "category": _text(integration.get("category")),
            "key": _text(integration.get("key")),
        },
    )


def catalog_row(payload: Payload) -> Row:
    attributes = _part(payload, "attributes")
    facts = _known(attributes, "url", "image_full_url", "price")
    return _row(payload, name=_text(attributes.get("title")), attributes=facts)


def campaign_row(payload: Payload, channel: str) -> Row:
    attributes = _part(payload, "attributes")
    audiences = _part(attributes, "audiences")
    return _row(
        payload,
        status=_text(attributes.get("status")),
        channel=channel,
        at=_time(attributes.get("send_time")),
        attributes={"include": _texts(audiences.get("included")), "exclude": _texts(audiences.get("excluded"))},
    )


def campaign_message_row(payload: Payload) -> Row:
    definition = _part(payload, "attributes", "definition")
    content = _part(definition, "content")
    campaign = _part(payload, "relationships", "campaign", "data")
    return _row(
        payload,
        name=_text(definition.get("label")),
        parent=_text(campaign.get("id")),
        channel=_text(definition.get("channel")),
        attributes={
            "of": Kind.CAMPAIGN.value,
            "subject": _text(content.get("subject")),
            "preview": _text(content.get("preview_text")),
            "sender": _text(content.get("from_label")),
            "sender_email": _text(content.get("from_email")),
            "body": "" if content.get("subject") else _text(content.get("body")),  # all the words that a text has
        },
    )


def flow_row(payload: Payload) -> Row:
    attributes = _part(payload, "attributes")
    return _row(
        payload, status=_text(attributes.get("status")), attributes={"trigger": _text(attributes.get("trigger_type"))}
    )


CHANNEL_OF_ACTION: Final = {
    "send-email": "email",
    "send-sms": "sms",
    "send-mobile-push": "mobile_push",
    "send-whatsapp": "whatsapp",
}


def flow_message_rows(flow_id: str, definition: Payload) -> list[Row]:
    """The messages that a flow's definition names (GET flow with additional-fields[flow]=definition)."""
    rows = []
    actions = definition.get("actions")
    for action in actions if isinstance(actions, list) else []:
        message = _part(action, "data", "message") if isinstance(action, Mapping) else {}
        channel = CHANNEL_OF_ACTION.get(_text(action.get("type"))) if message else None
        if channel and message.get("id"):
            rows.append(_message_of_flow(flow_id, message["id"], message, channel))
    return rows


def flow_message_row(flow_id: str, payload: Payload) -> Row:
    """One message as GET flow-actions/{id}/flow-messages tells it."""
    attributes = _part(payload, "attributes")
    definition = {**_part(attributes, "definition"), "name": attributes.get("name")}
    return _message_of_flow(flow_id, payload["id"], definition, _text(attributes.get("channel")))


def _message_of_flow(flow_id: str, key: str, message: Payload, channel: str) -> Row:
    facts = {
        "of": Kind.FLOW.value,
        "subject": _text(message.get("subject_line")),
        "preview": _text(message.get("preview_text")),
    }
    return Row(
        klaviyo_id=str(key),
        name=_text(message.get("name")) or str(key),
        parent=flow_id,
        channel=channel,
        attributes=facts,
    )


def audience_row(payload: Payload) -> Row:
    """A list or a segment."""
    attributes = _part(payload, "attributes")
    return _row(
        payload,
        attributes=_known(attributes, "opt_in_process", "is_active", "is_processing"),
    )


def _row(payload: Payload, *, name: str = "", **columns: Any) -> Row:
    attributes = _part(payload, "attributes")
    key = str(payload["id"])
    return Row(
        klaviyo_id=key,
        name=name or _text(attributes.get("name")) or key,
        created=_time(attributes.get("created") or attributes.get("created_at")),
        updated=_time(attributes.get("updated") or attributes.get("updated_at")),
        archived=bool(attributes.get("archived")),
        **columns,
    )


def _part(payload: Payload, *path: str) -> Payload:
    """The object at the path, an empty one where there is none: one odd object must not stop a listing."""
    found: object = payload
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _text(value: object) -> str:
    """The text without what no database keeps (a null character, half of a character); of anything else, none."""
    return UNTEXTUAL.sub("", value) if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [_text(item) for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _known(attributes: Payload, *names: str) -> dict[str, str | float | bool]:
    """Those of the attributes that have a plain value."""
    values = {name: attributes.get(name) for name in names}
    return {
        name: _text(value) if isinstance(value, str) else value
        for name, value in values.items()
        if isinstance(value, str | int | float)
    }


def _time(value: object) -> datetime | None:
    """An aware time, or None for what is no time: a listing must not fail for one odd object."""
    if not isinstance(value, str):
        return None
    try:
        time = parse_datetime(value)
        # In UTC, where a time of the first or last hours there are has no place: told here, not by the database.
        return (time if timezone.is_aware(time) else time.replace(tzinfo=UTC)).astimezone(UTC) if time else None
    except (ValueError, OverflowError):
        return None
