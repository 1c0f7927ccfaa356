"""Keeping what Klaviyo tells of its objects: renames remembered, the gone marked, odd payloads survived."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.installs.models import Install
from connector.records import upsert as upserts
from connector.records.models import FormerName, Kind, Record
from connector.records.upsert import Row, mark_missing, upsert

pytestmark = pytest.mark.django_db

# Whatever JSON can hold, in place of what Klaviyo's description promises.
ODD: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10**6) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8) | st.sampled_from(["\x00", "2026-11-25T12:00:00Z", "0001-01-01T00:00:00+14:00", "2026-99-99", "x" * 900]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["name", "definition", "content", "label", "subject", "actions", "data", "id", "message", "type", "integration",
                         "audiences", "included", "status", "send_time", "created", "campaign", "archived", "title", "url", "channel"]),
        inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
MAKERS: dict[str, Any] = {
    "metric": upserts.metric_row,
    "catalog_item": upserts.catalog_row,
    "campaign": lambda payload: upserts.campaign_row(payload, "email"),
    "message": upserts.campaign_message_row,
    "flow": upserts.flow_row,
    "list": upserts.audience_row,
}


def test_an_object_met_again_is_brought_up_to_date_and_stays_the_same_row(install: Install) -> None:
    upsert(install, "campaign", [Row("C1", "Spring", status="Draft")])
    before = Record.objects.get(klaviyo_id="C1")

    assert upsert(install, "campaign", [Row("C1", "Spring", status="Sent"), Row("C2", "Summer")]) == 2

    after = Record.objects.get(klaviyo_id="C1")
    assert (after.pk, after.status) == (before.pk, "Sent")
    assert after.organization_id == install.organization_id
    assert not FormerName.objects.exists()


def test_what_we_count_of_a_metric_is_not_lost_when_it_is_listed_again(install: Install) -> None:
    upsert(install, "metric", [Row("M1", "Placed Order")])
    Record.objects.update(events=7)

    upsert(install, "metric", [Row("M1", "Placed Order", attributes={"integration": "Shopify"})])

    assert Record.objects.get().events == 7


def test_a_new_name_leaves_the_old_one_behind_and_a_change_of_case_does_not(install: Install) -> None:
    upsert(install, "flow", [Row("F1", "Welcome")])
    upsert(install, "flow", [Row("F1", "WELCOME ")])
    assert not FormerName.objects.exists()

    upsert(install, "flow", [Row("F1", "Onboarding")])

    former = FormerName.objects.get()
    assert (former.name, former.record.name, former.organization_id) == (
        "WELCOME ",
        "Onboarding",
        install.organization_id,
    )


def test_one_id_told_twice_in_a_page_is_one_row(install: Install) -> None:
    upsert(install, "flow", [Row("F1", "first"), Row("F1", "second")])

    assert Record.objects.get(klaviyo_id="F1").name == "second"


def test_ids_are_of_their_kind(install: Install) -> None:
    upsert(install, "list", [Row("X", "a list")])
    upsert(install, "segment", [Row("X", "a segment")])

    assert Record.objects.filter(klaviyo_id="X").count() == 2


def test_what_a_whole_listing_no_longer_names_is_gone_and_may_come_back(install: Install) -> None:
    upsert(install, "list", [Row("L1", "stays"), Row("L2", "goes")])
    begun = timezone.now() + timedelta(seconds=1)
    Record.objects.filter(klaviyo_id="L1").update(seen_at=begun)

    assert mark_missing(install, "list", begun) == 1
    assert Record.objects.get(klaviyo_id="L2").deleted_at and not Record.objects.get(klaviyo_id="L1").deleted_at

    upsert(install, "list", [Row("L2", "goes")])
    assert Record.objects.get(klaviyo_id="L2").deleted_at is None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(sorted(MAKERS)), attributes=ODD, relationships=ODD)
def test_no_payload_stops_a_listing(install: Install, kind: str, attributes: Any, relationships: Any) -> None:
    row = MAKERS[kind]({"type": kind, "id": "X1", "attributes": attributes, "relationships": relationships})

    upsert(install, kind, [row])

    assert Record.objects.get(klaviyo_id="X1", kind=kind).name


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(definition=st.dictionaries(st.just("actions"), ODD))
def test_no_definition_of_a_flow_stops_a_listing(install: Install, definition: Any) -> None:
    rows = upserts.flow_message_rows("F1", definition)

    upsert(install, "message", rows)

    assert {row.klaviyo_id for row in rows} <= set(Record.objects.values_list("klaviyo_id", flat=True))


def test_a_campaign_is_read_as_klaviyo_tells_it(install: Install) -> None:
    payload = {
        "type": "campaign", "id": "01C",
        "attributes": {
            "name": "Spring", "status": "Sent", "archived": False, "send_time": "2026-04-01T08:00:00+02:00",
            "created_at": "2026-03-01T00:00:00Z", "updated_at": "2026-04-01T06:00:00Z",
            "audiences": {"included": ["L1"], "excluded": None},
        },
    }  # fmt: skip

    row = upserts.campaign_row(payload, "sms")

    assert (row.name, row.status, row.channel, row.at) == ("Spring", "Sent", "sms", datetime(2026, 4, 1, 6, tzinfo=UTC))
    assert row.created == datetime(2026, 3, 1, tzinfo=UTC) and row.attributes == {"include": ["L1"], "exclude": []}


def test_a_campaigns_message_keeps_its_words_and_who_it_is_from() -> None:
    mail = {
        "subject": "Hi",
        "preview_text": "there",
        "from_label": "Ava",
        "from_email": "ava@x.test",
        "cc_email": "me@x.test",
    }
    rows = [
        upserts.campaign_message_row(
            {"id": "M1", "attributes": {"definition": {"channel": channel, "content": content}}}
        )
        for channel, content in (("email", mail), ("sms", {"body": "See you {{ link }}", "media_url": None}))
    ]

    assert [row.attributes for row in rows] == [
        {
            "of": "campaign",
            "subject": "Hi",
            "preview": "there",
            "sender": "Ava",
            "sender_email": "ava@x.test",
            "body": "",
        },
        {
            "of": "campaign",
            "subject": "",
            "preview": "",
            "sender": "",
            "sender_email": "",
            "body": "See you {{ link }}",
        },
    ]


def test_messages_of_a_flow_come_from_its_definition() -> None:
    definition = {"actions": [
        {"id": "1", "type": "send-email", "data": {"message": {"id": "M1", "name": "First", "subject_line": "Hello"}}},
        {"id": "2", "type": "time-delay", "data": {"unit": "days"}},
        {"id": "3", "type": "send-sms", "data": {"message": {"id": "M2"}}},
        {"id": "4", "type": "send-email", "data": {"message": {"name": "without an id"}}},
        {"id": "5", "type": "send-email", "data": None}, None, "odd",
    ]}  # fmt: skip

    rows = upserts.flow_message_rows("F1", definition)

    assert [(row.klaviyo_id, row.name, row.channel, row.parent) for row in rows] == [
        ("M1", "First", "email", "F1"), ("M2", "M2", "sms", "F1"),
    ]  # fmt: skip
    assert rows[0].attributes == {"of": Kind.FLOW, "subject": "Hello", "preview": ""}
