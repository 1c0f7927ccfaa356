"""A raw world put into the product, by the way that a sync takes: decode, upsert, write."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid4

from accounts.caller import Caller
from connector.installs.models import Install
from connector.klaviyo import events as event_pages
from connector.klaviyo import profiles as profile_pages
from connector.lake.store import Writer, writing
from connector.records import upsert
from connector.records.models import Audience, Kind, Record
from connector.sync.profile_sync import profile_rows
from tests.factories import InstallFactory
from tests.oracle.world import Json, World, when

PAGE = 25


@dataclass(frozen=True)
class Loaded:
    install: Install
    world: World


def loaded(world: World, caller: Caller) -> Loaded:
    caller.organization.privacy_floor = world.floor
    caller.organization.save()
    install: Install = InstallFactory(
        organization=caller.organization,
        klaviyo_id=uuid4().hex[:12],
        time_zone=world.time_zone,
        currency=world.currency,
        purchase_metric=world.purchase_metric,
        properties=dict.fromkeys(world.properties, world.now.isoformat()),
        complete_to=world.now,
        last_sync_at=world.now,
    )
    keep_records(install, world)
    with writing(install.pk, "test") as lake:
        for events in (world.earlier, world.events):
            _replace(lake, world, events)
        if world.profiles:
            told = profile_pages.decode(page(world.profiles, []), world.properties).columns
            lake.upsert_profiles(profile_rows(caller.organization, told))
        for audience, members in world.members.items():
            lake.replace_members(audience, members)
    return Loaded(install, world)


def _replace(lake: Writer, world: World, events: list[Json]) -> None:
    """All the time in which anything happened holds exactly these events."""
    times = [when(event) for event in world.events + world.earlier]
    if times:
        pages = [events[at : at + PAGE] for at in range(0, len(events), PAGE)]
        columns = [event_pages.decode(page(part, world.included), world.properties).columns for part in pages]
        lake.replace_events(columns, min(times), max(times) + timedelta(seconds=1))


def page(data: list[Json], included: list[Json]) -> bytes:
    links = {"self": "https://a.klaviyo.com/api/events", "next": None, "prev": None}
    return json.dumps({"data": data, "included": included, "links": links}).encode()


def keep_records(install: Install, world: World) -> None:
    """First under their former names; then as they are, and those that are gone marked so."""
    if world.former_names:
        _upsert(install, world, world.former_names)
    _upsert(install, world, {})
    Record.objects.filter(install=install, klaviyo_id__in=world.deleted).update(deleted_at=world.now)
    for record in Record.objects.filter(install=install, kind__in=[Kind.LIST, Kind.SEGMENT]):
        members = len(world.members.get(record.klaviyo_id, []))
        Audience.objects.create(organization=install.organization, record=record, fetched_at=world.now, members=members)


def _upsert(install: Install, world: World, called: dict[str, str]) -> None:
    """`called`: names by id that stand for the present ones."""
    messages = [upsert.campaign_message_row(message) for message in world.campaign_messages]
    for flow in world.flows:
        messages += upsert.flow_message_rows(flow["id"], flow["attributes"]["definition"])
    rows = {
        Kind.METRIC: [upsert.metric_row(metric) for metric in world.metrics],
        Kind.CAMPAIGN: [upsert.campaign_row(one, _channel(world, one)) for one in world.campaigns],
        Kind.MESSAGE: messages,
        Kind.FLOW: [upsert.flow_row(flow) for flow in world.flows],
        Kind.LIST: [upsert.audience_row(audience) for audience in world.lists],
        Kind.SEGMENT: [upsert.audience_row(audience) for audience in world.segments],
        Kind.CATALOG_ITEM: [upsert.catalog_row(item) for item in world.catalog],
    }
    for kind, found in rows.items():
        upsert.upsert(install, kind, [replace(row, name=called.get(row.klaviyo_id, row.name)) for row in found])


def _channel(world: World, campaign: Json) -> str:
    return "sms" if campaign["id"] in world.sms_campaigns else "email"
