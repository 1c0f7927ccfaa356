"""Addresses of objects in Klaviyo's own pages, for sources and receipts."""

from typing import Final
from urllib.parse import quote

from django.conf import settings

from connector.records.models import Kind, Record

PATHS: Final[dict[str, str]] = {
    Kind.CAMPAIGN: "/campaign/{id}/overview",
    Kind.FLOW: "/flow/{id}/edit",
    Kind.LIST: "/list/{id}",
    Kind.SEGMENT: "/list/{id}",
    Kind.METRIC: "/metric/{id}",
    Kind.TEMPLATE: "/template/{id}",
    Kind.MESSAGE: "/campaign/{id}/overview",
}


def klaviyo_url(record: Record) -> str:
    """The object's page at Klaviyo; a message leads to its campaign or flow."""
    kind, key = record.kind, record.klaviyo_id
    if kind == Kind.MESSAGE:
        kind, key = (Kind.FLOW if record.facts.get("of") == Kind.FLOW else Kind.CAMPAIGN), record.parent
    path = PATHS.get(kind)
    base: str = settings.KLAVIYO_PAGES_URL
    return base + path.replace("{id}", quote(key, safe="")) if path else base
