"""A raw world put into the product, by the way that a sync takes: decode, upsert, write."""

import json
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from accounts.caller import Caller
from connector.installs.models import Install
from connector.klaviyo import events as event_pages
from connector.klaviyo import profiles as profile_pages
from connector.lake.store import writing
from connector.records import upsert
from connector.records.models import Audience, Kind, Record
from connector.sync.people import profile_rows
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
        complete_to=world.now,
        last_sync_at=world.now,
    )
    keep_records(install, world)
    with writing(install.pk, "test") as lake:
        pages = [world.events[at : at + PAGE] for at in range(0, len(world.events), PAGE)]
        times = [when(event) for event in world.events]
        if times:
            columns = [event_pages.decode(page(events, world.included)).columns for events in pages]
            lake.replace_events(columns, min(times), max(times) + timedelta(seconds=1))
        if world.profiles:
            told = profile_pages.decode(page(world.profiles, [])).columns
            lake.upsert_profiles(profile_rows(caller.organization, told))
        for audience, members in world.members.items():
            lake.replace_members(audience, members)
    return Loaded(install, world)


def page(data: list[Json], included: list[Json]) -> bytes:
    links = {"self": "https://a.klaviyo.com/api/events", "next": None, "prev": None}
    return json.dumps({"data": data, "included": included, "links": links}).encode()


def keep_records(install: Install, world: World) -> None:
    upsert.upsert(install, Kind.METRIC, [upsert.metric_row(metric) for metric in world.metrics])
    upsert.upsert(install, Kind.CAMPAIGN, [upsert.campaign_row(campaign, "email") for campaign in world.campaigns])
    messages = [upsert.campaign_message_row(message) for message in world.campaign_messages]
    for flow in world.flows:
        messages += upsert.flow_message_rows(flow["id"], flow["attributes"]["definition"])
    upsert.upsert(install, Kind.MESSAGE, messages)
    upsert.upsert(install, Kind.FLOW, [upsert.flow_row(flow) for flow in world.flows])
    for kind, audiences in ((Kind.LIST, world.lists), (Kind.SEGMENT, world.segments)):
        upsert.upsert(install, kind, [upsert.audience_row(audience) for audience in audiences])
    for record in Record.objects.filter(install=install, kind__in=[Kind.LIST, Kind.SEGMENT]):
        members = len(world.members.get(record.klaviyo_id, []))
        Audience.objects.create(organization=install.organization, record=record, fetched_at=world.now, members=members)
