"""Addresses of objects in Klaviyo's own pages, for sources and receipts."""

from typing import Final
from urllib.parse import quote

from django.conf import settings

from connector.records.models import Kind

PATHS: Final[dict[str, str]] = {
    Kind.CAMPAIGN: "/campaign/{id}/overview",
    Kind.FLOW: "/flow/{id}/edit",
    Kind.LIST: "/list/{id}",
    Kind.SEGMENT: "/list/{id}",
    Kind.METRIC: "/metric/{id}",
    Kind.TEMPLATE: "/template/{id}",
}


def klaviyo_url(kind: str, key: str) -> str:
    """The object's page at Klaviyo; the front page for a kind that has none."""
    path = PATHS.get(kind)
    base: str = settings.KLAVIYO_PAGES_URL
    return base + path.replace("{id}", quote(key, safe="")) if path else base
