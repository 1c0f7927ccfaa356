"""Request bodies of revision 2026-07-15. A later revision changes this file and resources.py.

(2026-10-15 gives campaigns variations: `campaign` and `message_ids` are where that would show.)
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connector.klaviyo.filters import moment

Json = dict[str, Any]


@dataclass(frozen=True)
class Strategy:
    """When a campaign goes out. Always said outright: left out, Klaviyo sends immediately.

    `local` counts `at` in each recipient's own time zone; people for whom it is past already get it at once or not.
    """

    method: str
    at: datetime | None = None
    local: bool = False
    past_at_once: bool = False
    percentage: int | None = None
    date: str | None = None

    def body(self) -> Json:
        if self.method == "static" and self.at is not None:
            options = {"is_local": self.local}
            if self.local:
                options["send_past_recipients_immediately"] = self.past_at_once
            return {"method": "static", "datetime": moment(self.at), "options": options}
        if self.method == "throttled" and self.at is not None and self.percentage is not None:
            return {"method": "throttled", "datetime": moment(self.at), "throttle_percentage": self.percentage}
        if self.method == "smart_send_time" and self.date is not None:
            return {"method": "smart_send_time", "date": self.date}
        if self.method == "immediate":
            return {"method": "immediate"}
        raise ValueError("A send strategy is static, throttled, immediate or smart_send_time, with its time.")


@dataclass(frozen=True)
class Campaign:
    """A campaign to be drafted: one message on one channel. `definition` is the message's: label, content, options."""

    name: str
    channel: str
    included: Sequence[str]
    definition: Mapping[str, Any]
    strategy: Strategy
    excluded: Sequence[str] = ()
    smart_sending: bool = True
    tracking: Mapping[str, Any] = field(default_factory=dict)
    image: str | None = None

    def body(self) -> Json:
        message: Json = {
            "type": "campaign-message",
            "attributes": {"definition": {"channel": self.channel, **self.definition}},
        }
        if self.image is not None:
            message["relationships"] = {"image": {"data": {"type": "image", "id": self.image}}}
        attributes: Json = {
            "name": self.name,
            "audiences": {"included": list(self.included), "excluded": list(self.excluded)},
            "send_strategy": self.strategy.body(),
            "send_options": {"use_smart_sending": self.smart_sending},
            "campaign-messages": {"data": [message]},
        }
        if self.tracking:
            attributes["tracking_options"] = dict(self.tracking)
        return resource("campaign", attributes)


def message_ids(campaign: Mapping[str, Any]) -> list[str]:
    """Ids of the messages of a campaign's resource object."""
    related = campaign.get("relationships", {}).get("campaign-messages", {}).get("data") or []
    return [one["id"] for one in related]


def resource(type: str, attributes: Mapping[str, Any] | None = None, id: str | None = None) -> Json:
    """`{"data": {"type", "id", "attributes"}}`."""
    data: Json = {"type": type}
    if id is not None:
        data["id"] = id
    if attributes is not None:
        data["attributes"] = dict(attributes)
    return {"data": data}


def references(type: str, ids: Collection[str]) -> Json:
    return {"data": [{"type": type, "id": id} for id in ids]}


def with_template(message_id: str, template_id: str) -> Json:
    body = resource("campaign-message", id=message_id)
    body["data"]["relationships"] = {"template": {"data": {"type": "template", "id": template_id}}}
    return body


def bulk_import(profiles: Sequence[Mapping[str, Any]], list_id: str | None) -> Json:
    """`profiles` are attributes: email, phone_number, external_id, names, location, properties."""
    people = [{"type": "profile", "attributes": dict(one)} for one in profiles]
    body = resource("profile-bulk-import-job", {"profiles": {"data": people}})
    if list_id is not None:
        body["data"]["relationships"] = {"lists": references("list", [list_id])}
    return body
