"""A named object of Klaviyo as answers use it: plain values, so that a receipt can keep what a name meant."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from connector.records.models import Kind, Record


@dataclass(frozen=True)
class KlaviyoObject:
    """A campaign, flow, message, list, segment or metric. `at`: a campaign's send time; `parent`: of a message, its
    campaign or flow; `messages`: of a campaign or flow, the ids of its messages."""

    id: str
    kind: str
    name: str
    status: str = ""
    channel: str = ""
    at: datetime | None = None
    parent: str = ""
    deleted: bool = False
    archived: bool = False
    trigger: str = ""
    subject: str = ""
    preview: str = ""
    body: str = ""  # of a message without a subject: its text
    integration: str = ""
    category: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    record: str = ""  # our own key of it

    @property
    def event_messages(self) -> tuple[str, ...]:
        """What `$message` of its events can be. Of a campaign's it is the campaign's id or a message's: which one,
        Klaviyo does not say."""
        return (*self.messages, self.id) if self.kind == Kind.CAMPAIGN else self.messages


def object_of(record: Record, messages: Iterable[str] = ()) -> KlaviyoObject:
    facts = record.attributes
    return KlaviyoObject(
        id=record.klaviyo_id,
        kind=record.kind,
        name=record.name,
        status=record.status,
        channel=record.channel,
        at=record.at,
        parent=record.parent,
        deleted=record.deleted_at is not None,
        archived=record.archived,
        trigger=str(facts.get("trigger") or ""),
        subject=str(facts.get("subject") or ""),
        preview=str(facts.get("preview") or ""),
        body=str(facts.get("body") or ""),
        integration=str(facts.get("integration") or facts.get("key") or ""),
        category=str(facts.get("category") or ""),
        include=tuple(facts.get("include") or ()),
        exclude=tuple(facts.get("exclude") or ()),
        messages=tuple(messages),
        record=str(record.pk),
    )
