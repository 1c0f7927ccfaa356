"""Our own pages of accounts and of the Klaviyo objects in an answer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse

from accounts.caller import Caller
from connector.installs.models import Install
from connector.pages.figures import is_rows
from connector.records.models import Kind, Record

WITH_PAGE = (Kind.CAMPAIGN, Kind.FLOW, Kind.LIST, Kind.SEGMENT, Kind.METRIC)


@dataclass(frozen=True)
class ObjectLinks:
    """By account: its page; by account and object: the object's page, its kind, and when a campaign was sent."""

    accounts: Mapping[str, str] = field(default_factory=dict)
    objects: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sent: Mapping[tuple[str, str], datetime] = field(default_factory=dict)

    def of(self, account: str) -> Mapping[str, str]:
        return self.objects.get(account, {})


def object_links(caller: Caller, answer: Mapping[str, Any]) -> ObjectLinks:
    """For the accounts and objects that an answer names; two queries."""
    entries = (answer.get("data") or {}).get("accounts") or []
    accounts = [entry["account"]["id"] for entry in entries if entry["account"]["id"]]
    installs = {each.klaviyo_id: each for each in Install.objects.visible_to(caller).filter(klaviyo_id__in=accounts)}
    ids = {str(source["id"]) for source in answer.get("sources") or []} | set(_ids(answer.get("data")))
    records = Record.objects.filter(install__in=installs.values(), kind__in=WITH_PAGE).select_related("install")
    objects: dict[str, dict[str, str]] = {}
    sent = {}
    for record in records.filter(klaviyo_id__in=sorted(ids)[:500]):
        account = record.install.klaviyo_id
        address = reverse("record", args=[record.install_id, record.kind, record.klaviyo_id])
        objects.setdefault(account, {})[record.klaviyo_id] = address
        if record.kind == Kind.CAMPAIGN and record.at:
            sent[account, record.klaviyo_id] = record.at
    pages = {key: reverse("install", args=[install.pk]) for key, install in installs.items()}
    return ObjectLinks(pages, objects, sent)


def _ids(value: Any) -> Iterable[str]:
    """Ids of the objects in rows."""
    if is_rows(value):
        for row in value[:1_000]:
            yield from _ids(row)
    elif isinstance(value, Mapping):
        if "id" in value:
            yield str(value["id"])
        for part in value.values():
            if isinstance(part, Mapping | list):
                yield from _ids(part)
