"""The phases that read what has names. A full listing also tells what is gone; an increment asks for what has changed."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from connector.installs.connect import apply_account
from connector.installs.models import Install
from connector.klaviyo import filters
from connector.klaviyo.client import Klaviyo
from connector.klaviyo.errors import WITHHELD, NotFound, UpgradePlan
from connector.klaviyo.resources import CHANNELS
from connector.records import upsert
from connector.records.models import Kind, Record
from connector.sync.step import Step

JUST_CONNECTED: Final = timedelta(minutes=2)


def account(step: Step) -> bool:
    """Name, time zone and currency as they are now: every period is reckoned in the account's own zone.

    Not right after connecting: that has just read them, before it knew under which account to count the request.
    """
    if timezone.now() - step.install.connected_at < JUST_CONNECTED:
        return True
    told = step.klaviyo.get("accounts")["data"]
    if told:
        apply_account(step.install, told[0])
        step.install.save(update_fields=["name", "time_zone", "currency", "is_test_account"])
    return True


def metrics(step: Step) -> bool:
    """All metrics, one page or two. Where Klaviyo withholds them the events tell their names (history.py)."""
    begun = timezone.now()
    try:
        for page in step.klaviyo.pages("metrics"):
            upsert.upsert(step.install, Kind.METRIC, [upsert.metric_row(payload) for payload in page.data])
    except WITHHELD:
        step.save(checkpoint={"learn_metrics": True})
        return True
    upsert.mark_missing(step.install, Kind.METRIC, begun)
    return True


def campaigns(step: Step) -> bool:
    """Campaigns with their messages, channel by channel: Klaviyo refuses a listing without one."""
    begun, since = timezone.now(), changed_since(step)
    for channel in CHANNELS:
        try:
            for each in _chosen("updated_at", since):
                _campaigns(step, channel, each)
        except UpgradePlan:
            continue  # an account without SMS still has its e-mail
        if not since:
            upsert.mark_missing(step.install, Kind.CAMPAIGN, begun, channel=channel)
    return True


def _campaigns(step: Step, channel: str, chosen: filters.Filter) -> None:
    of_channel = filters.all_of(filters.equals("messages.channel", channel), chosen)
    for page in step.klaviyo.pages("campaigns", filter=of_channel, include=("campaign-messages",)):
        upsert.upsert(step.install, Kind.CAMPAIGN, [upsert.campaign_row(payload, channel) for payload in page.data])
        messages = [payload for payload in page.included if payload.get("type") == "campaign-message"]
        upsert.upsert(step.install, Kind.MESSAGE, [upsert.campaign_message_row(payload) for payload in messages])


def flows(step: Step) -> bool:
    """Flows, archived ones too."""
    begun, since = timezone.now(), changed_since(step)
    for each in _chosen("updated", since):
        for page in step.klaviyo.pages("flows", filter=each):
            upsert.upsert(step.install, Kind.FLOW, [upsert.flow_row(payload) for payload in page.data])
    if not since:
        upsert.mark_missing(step.install, Kind.FLOW, begun)
    return True


def _chosen(field: str, since: datetime | None) -> list[filters.Filter]:
    """What has changed; else everything, which takes two listings: Klaviyo hides what is archived unless asked for it."""
    if since:
        return [filters.at_least(field, since)]
    return [filters.equals("archived", value) for value in (False, True)]


def flow_messages(step: Step) -> bool:
    """Messages of the flows that have changed since they were last read: 60 flows a minute is all that Klaviyo allows."""
    for flow in _flows_to_read(step.install):
        _keep_messages(step, flow)
        if step.is_over:
            return False
    return True


def _keep_messages(step: Step, flow: Record) -> None:
    stored = Record.objects.filter(pk=flow.pk)
    try:
        upsert.upsert(step.install, Kind.MESSAGE, _messages_of(step.klaviyo, flow.klaviyo_id))
    except NotFound:
        stored.update(deleted_at=timezone.now())  # since it was listed; asked for again and again it would end the run
    else:
        stored.update(attributes={**flow.attributes, "messages_read": _stamp(flow)})


def _flows_to_read(install: Install) -> list[Record]:
    flows = Record.objects.filter(install=install, kind=Kind.FLOW, deleted_at=None)
    return [flow for flow in flows if flow.attributes.get("messages_read") != _stamp(flow)]


def _stamp(flow: Record) -> str:
    return flow.updated.isoformat() if flow.updated else "once"


def _messages_of(klaviyo: Klaviyo, flow_id: str) -> Iterable[upsert.Row]:
    """From the flow's definition, in one request; where Klaviyo gives none, action by action."""
    flow = klaviyo.get("flow", flow_id, additional=("definition",))["data"]
    definition = (flow.get("attributes") or {}).get("definition")
    if definition:
        return upsert.flow_message_rows(flow_id, definition)
    actions = [action["id"] for page in klaviyo.pages("flow-actions", id=flow_id) for action in page.data]
    pages = (page for action in actions for page in klaviyo.pages("flow-messages", id=action))
    return [upsert.flow_message_row(flow_id, payload) for page in pages for payload in page.data]


def audiences(step: Step) -> bool:
    """Lists and segments by name; their members are read when a question needs them."""
    begun, since = timezone.now(), changed_since(step)
    for resource, kind in (("lists", Kind.LIST), ("segments", Kind.SEGMENT)):
        chosen = filters.after("updated", since) if since else None
        for page in step.klaviyo.pages(resource, filter=chosen):
            upsert.upsert(step.install, kind, [upsert.audience_row(payload) for payload in page.data])
        if not since:
            upsert.mark_missing(step.install, kind, begun)
    return True


def catalog(step: Step) -> bool:
    """Titles of catalog items."""
    if changed_since(step):
        return True
    begun = timezone.now()
    for page in step.klaviyo.pages("catalog-items"):
        upsert.upsert(step.install, Kind.CATALOG_ITEM, [upsert.catalog_row(payload) for payload in page.data])
    upsert.mark_missing(step.install, Kind.CATALOG_ITEM, begun)
    return True


def changed_since(step: Step) -> datetime | None:
    """An increment asks for what has changed since then; None: list everything."""
    text = step.run.checkpoint.get("changed_since")
    return datetime.fromisoformat(text) if text else None
