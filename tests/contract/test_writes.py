"""Klaviyo's SDK writes everything our scopes allow, unchanged; each reply is valid, and each write is seen afterwards."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.sandbox.facts import operations
from tests.contract.recording import Recorded, recorded
from tests.contract.sdk import Sdk
from tests.sandbox.running import BASE

PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    with recorded(tmp_path_factory.mktemp("writes")) as started:
        yield started


@pytest.fixture
def sdk(recording: Recorded) -> Iterator[Sdk]:
    """At the end of each test all replies so far are judged."""
    yield Sdk(recording.klaviyo)
    assert recording.problems() == []


def data(type: str, attributes: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"data": {"type": type, **({} if attributes is None else {"attributes": attributes}), **more}}


def test_a_campaign_from_draft_to_cancelled(sdk: Sdk, recording: Recorded) -> None:
    newsletter = recording.klaviyo.raw("lists")[0]["id"]
    campaign = _draft(sdk, newsletter)
    message = campaign.relationships.campaign_messages.data[0].id
    image = sdk("upload_image_from_url", data("image", {"import_from_url": PIXEL, "name": "pixel"})).data.id
    sdk("update_campaign", campaign.id, data("campaign", {"name": "Renamed"}, id=campaign.id))
    changed = {"definition": {"channel": "email", "content": {"subject": "Changed"}}}
    sdk("update_campaign_message", message, data("campaign-message", changed, id=message))
    sdk("update_image_for_campaign_message", message, data("image", id=image))
    template = sdk(
        "create_template", data("template", {"name": "T", "editor_type": "CODE", "html": "<b>Hi</b>"})
    ).data.id
    link = {"template": {"data": {"type": "template", "id": template}}}
    sdk("assign_template_to_campaign_message", data("campaign-message", id=message, relationships=link))
    _estimate(sdk, recording, campaign.id)

    sdk("send_campaign", data("campaign-send-job", id=campaign.id))
    recording.klaviyo.clock.forward(5)
    assert sdk("get_campaign_send_job", campaign.id).data.attributes.status == "complete"
    assert sdk("get_campaign", campaign.id).data.attributes.status == "Scheduled"
    sdk("cancel_campaign_send", campaign.id, data("campaign-send-job", {"action": "revert"}, id=campaign.id))

    shown = sdk("get_campaign", campaign.id).data.attributes
    assert (shown.name, shown.status) == ("Renamed", "Draft")
    assert sdk("get_campaign_message", message).data.attributes.definition["content"]["subject"] == "Changed"
    assert sdk("get_image_for_campaign_message", message).data.id == image
    assert sdk("get_image_id_for_campaign_message", message).data.id == image
    copy = sdk("get_template_for_campaign_message", message).data
    assert copy.id != template
    assert copy.attributes.html == "<b>Hi</b>"


def _draft(sdk: Sdk, audience: str) -> Any:
    at = datetime.fromtimestamp(BASE, UTC) + timedelta(days=2)
    content = {"subject": "Hi", "preview_text": "there", "from_email": "hello@northwind.example", "from_label": "Ava"}
    message = {"definition": {"channel": "email", "label": "One", "content": content}}
    attributes = {
        "name": "Drafted",
        "audiences": {"included": [audience], "excluded": []},
        "send_strategy": {"method": "static", "datetime": at.isoformat(), "options": {"is_local": False}},
        "send_options": {"use_smart_sending": True},
        "campaign-messages": {"data": [{"type": "campaign-message", "attributes": message}]},
    }
    return sdk("create_campaign", data("campaign", attributes)).data


def _estimate(sdk: Sdk, recording: Recorded, campaign: str) -> None:
    sdk("refresh_campaign_recipient_estimation", data("campaign-recipient-estimation-job", id=campaign))
    recording.klaviyo.clock.forward(5)
    job = sdk("get_campaign_recipient_estimation_job", campaign)
    assert job.data.attributes.status == "complete"
    assert sdk("get_campaign_recipient_estimation", campaign).data.attributes.estimated_recipient_count > 0


def test_a_clone_is_a_draft_of_its_own_and_can_be_deleted(sdk: Sdk, recording: Recorded) -> None:
    original = sdk("get_campaigns", "equals(messages.channel,'email')").data[0]

    clone = sdk("create_campaign_clone", data("campaign", {"new_name": "Copy"}, id=original.id)).data
    assert (clone.attributes.name, clone.attributes.status) == ("Copy", "Draft")
    sdk("delete_campaign", clone.id)

    assert clone.id not in [one["id"] for one in recording.klaviyo.raw("campaigns")]


def test_templates_and_universal_content(sdk: Sdk) -> None:
    html = "Hello {{ person.first_name|default:'there' }}{% if vip %} VIP{% endif %}"
    made = sdk("create_template", data("template", {"name": "T", "editor_type": "CODE", "html": html})).data.id
    rendered = sdk("render_template", data("template", {"context": {"person": {"first_name": "<Zoë>"}}}, id=made))
    assert rendered.data.attributes.html == "Hello &lt;Zoë&gt;"
    clone = sdk("clone_template", data("template", {"name": "U"}, id=made)).data
    sdk("update_template", clone.id, data("template", {"html": "<i>new</i>"}, id=clone.id))
    assert sdk("get_template", clone.id).data.attributes.html == "<i>new</i>"
    sdk("delete_template", clone.id)
    assert clone.id not in sdk.ids("get_templates")

    block = {"content_type": "block", "type": "html", "data": {"content": "<p>x</p>", "display_options": {}}}
    body = data("template-universal-content", {"name": "Footer", "definition": block})
    footer = sdk("create_universal_content", body).data.id
    change = data("template-universal-content", {"name": "Footer 2"}, id=footer)
    sdk("update_universal_content", footer, change)
    assert sdk("get_universal_content", footer).data.attributes.name == "Footer 2"
    assert [one.id for one in sdk("get_all_universal_content").data] == [footer]
    sdk("delete_universal_content", footer)


def test_images_from_an_address_and_from_a_file(sdk: Sdk, tmp_path: Path) -> None:
    first = sdk("upload_image_from_url", data("image", {"import_from_url": "https://shop.example/a/banner.gif"})).data
    assert (first.attributes.name, first.attributes.format) == ("banner", "gif")
    file = tmp_path / "photo.jpg"
    file.write_bytes(b"\xff\xd8\xff\xe0" + bytes(200))
    second = sdk("upload_image_from_file", str(file), name="banner").data
    assert second.attributes.name == "banner_1"

    sdk("update_image", second.id, data("image", {"hidden": True}, id=second.id))

    assert sdk("get_image", second.id).data.attributes.hidden is True


def test_lists_and_who_is_on_them(sdk: Sdk, recording: Recorded) -> None:
    made = sdk("create_list", data("list", {"name": "Chosen few"})).data.id
    people = {"data": [{"type": "profile", "id": one["id"]} for one in recording.klaviyo.raw("profiles")[:3]]}
    sdk("add_profiles_to_list", made, people)
    assert len(sdk.ids("get_profiles_for_list", id=made)) == 3
    sdk("remove_profiles_from_list", made, {"data": people["data"][:1]})
    sdk("update_list", made, data("list", {"name": "Fewer"}, id=made))

    counted = sdk("get_list", made, additional_fields_list=["profile_count"]).data.attributes
    assert (counted.name, counted.profile_count) == ("Fewer", 2)
    sdk("delete_list", made)
    assert made not in sdk.ids("get_lists")


def test_a_segment_takes_its_time(sdk: Sdk, recording: Recorded) -> None:
    opened = next(one for one in recording.klaviyo.raw("metrics") if one["attributes"]["name"] == "Opened Email")
    definition = {"condition_groups": [{"conditions": [_condition(opened["id"])]}]}
    made = sdk("create_segment", data("segment", {"name": "Openers", "definition": definition})).data
    assert made.attributes.is_processing is True
    assert sdk.ids("get_profile_ids_for_segment", id=made.id) == []

    recording.klaviyo.clock.forward(10)

    assert sdk("get_segment", made.id).data.attributes.is_processing is False
    openers = {one["profile"] for one in recording.klaviyo.raw("events") if one["metric"] == opened["id"]}
    assert set(sdk.ids("get_profile_ids_for_segment", id=made.id)) == openers
    sdk("update_segment", made.id, data("segment", {"is_starred": True}, id=made.id))
    sdk("delete_segment", made.id)


def _condition(metric: str) -> dict[str, Any]:
    return {
        "type": "profile-metric",
        "metric_id": metric,
        "measurement": "count",
        "measurement_filter": {"type": "numeric", "operator": "greater-than", "value": 0},
        "timeframe_filter": {"type": "date", "operator": "alltime"},
    }


def test_profiles_one_by_one_in_bulk_and_merged(sdk: Sdk, recording: Recorded) -> None:
    said = {"email": "new@example.org", "first_name": "Łucja", "properties": {"Size": "M"}}
    made = sdk("create_profile", data("profile", said)).data
    sdk("update_profile", made.id, data("profile", {"first_name": None, "properties": {"Size": "L"}}, id=made.id))
    again = sdk("create_or_update_profile", data("profile", {"email": "new@example.org", "last_name": "Nowak"})).data
    assert again.id == made.id
    shown = sdk("get_profile", made.id).data.attributes
    assert (shown.first_name, shown.last_name, shown.properties["Size"]) == (None, "Nowak", "L")

    two = [{"email": "a@example.org"}, {"email": "not an address"}]
    profiles = {"data": [{"type": "profile", "attributes": one} for one in two]}
    newsletter = {"lists": {"data": [{"type": "list", "id": recording.klaviyo.raw("lists")[0]["id"]}]}}
    body = data("profile-bulk-import-job", {"profiles": profiles}, relationships=newsletter)
    job = sdk("bulk_import_profiles", body).data.id
    recording.klaviyo.clock.forward(5)
    done = sdk("get_bulk_import_profiles_job", job, include=["lists"]).data.attributes
    assert (done.status, done.completed_count, done.failed_count) == ("complete", 1, 1)
    assert job in sdk.ids("get_bulk_import_profiles_jobs")
    assert len(sdk("get_errors_for_bulk_import_profiles_job", job).data) == 1
    imported = sdk("get_profiles_for_bulk_import_profiles_job", job).data[0].id
    assert sdk("get_profile_ids_for_bulk_import_profiles_job", job).data[0].id == imported
    assert sdk("get_list_for_bulk_import_profiles_job", job).data[0].id == newsletter["lists"]["data"][0]["id"]
    assert sdk("get_list_ids_for_bulk_import_profiles_job", job).data[0].type.value == "list"

    source = {"profiles": {"data": [{"type": "profile", "id": imported}]}}
    sdk("merge_profiles", data("profile-merge", id=made.id, relationships=source))
    assert imported not in [one["id"] for one in recording.klaviyo.raw("profiles")]


def test_reports_and_aggregates(sdk: Sdk, recording: Recorded) -> None:
    order = next(one for one in recording.klaviyo.raw("metrics") if one["attributes"]["name"] == "Placed Order")["id"]
    whole = {"statistics": ["opens_unique", "delivered", "open_rate", "conversion_value"], "conversion_metric_id": order,
             "timeframe": {"key": "last_365_days"}}  # fmt: skip
    rows = sdk("query_campaign_values", data("campaign-values-report", whole)).data.attributes.results
    assert sum(row.statistics["delivered"] for row in rows) > 0
    sdk("query_flow_values", data("flow-values-report", whole))
    sdk("query_flow_series", data("flow-series-report", whole | {"interval": "weekly"}))
    members = {"statistics": ["total_members", "members_added"], "timeframe": {"key": "last_30_days"}}
    sdk("query_segment_values", data("segment-values-report", members))
    sdk("query_segment_series", data("segment-series-report", members | {"interval": "daily"}))
    frame = ["greater-or-equal(datetime,2026-01-01T00:00:00)", "less-than(datetime,2026-11-01T00:00:00)"]
    asked = {"metric_id": order, "measurements": ["count", "sum_value", "unique"], "interval": "month", "filter": frame,
             "timezone": "America/New_York", "by": ["$attributed_message"]}  # fmt: skip
    counted = sdk("query_metric_aggregates", data("metric-aggregate", asked)).data.attributes
    assert len(counted.dates) == 10
    assert sum(sum(row.measurements["count"]) for row in counted.data) > 0


def test_every_operation_that_is_no_read_is_written_here() -> None:
    """The names above, against the table: an operation that comes with a later revision is missed here first."""
    source = Path(__file__).read_text()

    missing = [one.id for one in operations().values() if one.method != "GET" and f'sdk("{one.id}"' not in source]

    assert missing == []
