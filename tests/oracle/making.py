"""JSON:API resources in Klaviyo's shapes, as short to write as a test needs them."""

from datetime import UTC, datetime
from typing import Any

from tests.oracle.world import Json

HOST = "https://a.klaviyo.com/api"
PROPERTY = {
    "message": "$message",
    "flow": "$flow",
    "value": "$value",
    "order": "$event_id",
    "currency": "$value_currency",
    "list_id": "$list",
    "bot": "Bot Click",
}


def metric(key: str, name: str, integration: str | None = "Klaviyo", category: str = "Internal") -> Json:
    """`integration` None: as it is told without the scope metrics:read."""
    if integration is None:
        return _resource("metric", key, {"name": name, "integration": None})
    told = {
        "object": "integration",
        "id": f"in{integration}",
        "key": integration.lower(),
        "name": integration,
        "category": category,
    }
    return _resource("metric", key, {"name": name, "created": None, "updated": None, "integration": told})


def event(key: str, metric_id: str, person: str | None, at: datetime | str, marks: Any = (), /, **held: Any) -> Json:
    """`at` in UTC, as a text like 2026-03-01 10:00:00; short names of properties as in PROPERTY."""
    moment = datetime.fromisoformat(f"{at}+00:00") if isinstance(at, str) else at.astimezone(UTC)
    made = _resource(
        "event",
        key,
        {
            "timestamp": int(moment.timestamp()),
            "datetime": moment.isoformat(),
            "uuid": f"uuid-{key}",
            "event_properties": {PROPERTY.get(name, name): value for name, value in held.items()},
        },
    )
    made["relationships"] = {"metric": _one("metric", metric_id), "attributions": _many("attribution", marks)}
    if person:
        made["relationships"]["profile"] = _one("profile", person)
    return made


def mark(key: str, of_event: str, **told: str) -> Json:
    """An attribution: campaign, campaign_message, flow, flow_message."""
    made = _resource("attribution", key, {})
    del made["attributes"]
    made["relationships"] = {"event": _one("event", of_event)}
    for name, target in told.items():
        kind = name.replace("_", "-")
        made["relationships"][kind] = _one(kind, target)
    return made


def campaign(
    key: str,
    name: str,
    messages: tuple[str, ...] = (),
    status: str = "Sent",
    sent: datetime | str | None = None,
    include: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
) -> Json:
    """`sent` in UTC: the send time, also of one that is to be sent."""
    at = datetime.fromisoformat(f"{sent}+00:00") if isinstance(sent, str) else sent
    made = _resource(
        "campaign",
        key,
        {
            "name": name,
            "status": status,
            "archived": False,
            "send_time": at and at.isoformat(),
            "audiences": {"included": list(include), "excluded": list(exclude)},
        },
    )
    made["relationships"] = {"campaign-messages": _many("campaign-message", messages)}
    return made


def campaign_message(key: str, campaign_id: str, subject: str = "", channel: str = "email", preview: str = "") -> Json:
    content = {"subject": subject, "preview_text": preview} if channel == "email" else {"body": subject}
    made = _resource(
        "campaign-message", key, {"definition": {"channel": channel, "label": subject or key, "content": content}}
    )
    made["relationships"] = {"campaign": _one("campaign", campaign_id)}
    return made


def flow(
    key: str,
    name: str,
    messages: tuple[str, ...] = (),
    subjects: dict[str, str] | None = None,
    *,
    texts: tuple[str, ...] = (),
    status: str = "live",
    archived: bool = False,
    trigger: str = "Metric",
) -> Json:
    """`texts` are the ids of its SMS messages."""
    sent = [("send-email", message) for message in messages] + [("send-sms", message) for message in texts]
    actions = [
        {"id": f"act{number}", "type": kind, "data": {"message": _flow_message(kind, message, subjects or {})}}
        for number, (kind, message) in enumerate(sent)
    ]
    definition = {"triggers": [], "actions": actions}
    told = {"name": name, "status": status, "archived": archived, "trigger_type": trigger, "definition": definition}
    return _resource("flow", key, told)


def _flow_message(kind: str, key: str, subjects: dict[str, str]) -> Json:
    made: Json = {"id": key, "name": f"Message {key}"}
    return made | ({"subject_line": subjects.get(key, "")} if kind == "send-email" else {"body": "Hello"})


def catalog_item(key: str, title: str, price: object = None, url: str = "", image: str = "") -> Json:
    return _resource("catalog-item", key, {"title": title, "price": price, "url": url, "image_full_url": image})


def audience(kind: str, key: str, name: str) -> Json:
    """A list or a segment."""
    return _resource(kind, key, {"name": name})


def profile(
    key: str,
    email: str | None = None,
    consent: str | None = None,
    sms: str | None = None,
    suppressed: bool = False,
    custom: Json | None = None,
    **location: str | None,
) -> Json:
    blocks = [{"reason": "HARD_BOUNCE", "timestamp": "2026-01-01T00:00:00+00:00"}] if suppressed else []
    subscriptions: Json = {
        "email": {
            "marketing": {
                "can_receive_email_marketing": True,
                "consent": consent,
                "suppression": blocks,
                "list_suppressions": [],
            }
        },
        "sms": {"marketing": {"can_receive_sms_marketing": False, "consent": sms}},
    }
    return _resource(
        "profile",
        key,
        {
            "email": email,
            "created": "2025-01-01T00:00:00+00:00",
            "updated": "2026-01-01T00:00:00+00:00",
            "location": location,
            "properties": custom or {},
            "subscriptions": subscriptions,
        },
    )


def _resource(kind: str, key: str, attributes: Json) -> Json:
    return {"type": kind, "id": key, "attributes": attributes, "links": {"self": f"{HOST}/{kind}s/{key}/"}}


def _one(kind: str, key: str) -> Json:
    return {"data": {"type": kind, "id": key}, "links": {"self": HOST, "related": HOST}}


def _many(kind: str, keys: tuple[str, ...]) -> Json:
    return {"data": [{"type": kind, "id": key} for key in keys], "links": {"self": HOST, "related": HOST}}
