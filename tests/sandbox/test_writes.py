"""What writes may not do, what they leave behind, and that it is still there after a restart."""

import base64
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox.rendering import rendered
from tests.sandbox.running import AMERICA, BASE, Running, running
from tests.sandbox.test_pages import stamp
from tests.sandbox.test_refusals import expect_refusal


def body(type: str, attributes: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"json": {"data": {"type": type, **({} if attributes is None else {"attributes": attributes}), **more}}}


def made(answer: httpx.Response) -> str:
    assert answer.status_code in (201, 202), answer.text
    id: str = answer.json()["data"]["id"]
    return id


def draft(api: httpx.Client, audience: str, **changes: Any) -> httpx.Response:
    content = {"subject": "Hi", "from_email": "a@example.org", "from_label": "A"}
    message = {"definition": {"channel": "email", "label": "M", "content": content}}
    attributes = {"name": "A draft", "audiences": {"included": [audience]},
                  "campaign-messages": {"data": [{"type": "campaign-message", "attributes": message}]}}  # fmt: skip
    return api.post("/api/campaigns", **body("campaign", attributes | changes))


@pytest.fixture
def newsletter(klaviyo: Running) -> str:
    id: str = next(one["id"] for one in klaviyo.raw("lists") if one["attributes"]["name"] == "Newsletter")
    return id


def test_a_draft_needs_an_audience_that_exists(api: httpx.Client, newsletter: str) -> None:
    expect_refusal(draft(api, "nobody"), 400)
    expect_refusal(draft(api, newsletter, audiences={"included": []}), 400)
    expect_refusal(draft(api, newsletter, **{"campaign-messages": {"data": []}}), 400)


def test_a_campaign_that_was_sent_stays_as_it_is(api: httpx.Client, klaviyo: Running) -> None:
    sent = next(one for one in klaviyo.raw("campaigns") if one["attributes"]["status"] == "Sent")
    message = sent["relations"]["campaign-messages"][0][1]
    template = klaviyo.raw("templates")[0]["id"]
    expect_refusal(api.patch(f"/api/campaigns/{sent['id']}", **body("campaign", {"name": "x"}, id=sent["id"])), 409)
    expect_refusal(api.delete(f"/api/campaigns/{sent['id']}"), 409)
    expect_refusal(api.post("/api/campaign-send-jobs", **body("campaign-send-job", id=sent["id"])), 409)
    changed = {"definition": {"channel": "email", "content": {"subject": "x"}}}
    expect_refusal(api.patch(f"/api/campaign-messages/{message}", **body("campaign-message", changed, id=message)), 409)
    link = {"template": {"data": {"type": "template", "id": template}}}
    assigned = body("campaign-message", id=message, relationships=link)
    expect_refusal(api.post("/api/campaign-message-assign-template", **assigned), 409)


def test_nothing_is_sent_without_a_template_or_into_the_past(
    api: httpx.Client, newsletter: str, klaviyo: Running
) -> None:
    campaign = made(draft(api, newsletter))
    expect_refusal(api.post("/api/campaign-send-jobs", **body("campaign-send-job", id=campaign)), 400)
    past = {"method": "static", "datetime": stamp(BASE - 3600), "options": {"is_local": False}}
    late = made(draft(api, newsletter, send_strategy=past))
    _dress(api, klaviyo, late)
    expect_refusal(api.post("/api/campaign-send-jobs", **body("campaign-send-job", id=late)), 400)


def _dress(api: httpx.Client, klaviyo: Running, campaign: str) -> str:
    """Give the campaign's message a template. Returns the copy's id."""
    document = api.get(f"/api/campaigns/{campaign}").json()["data"]
    message = document["relationships"]["campaign-messages"]["data"][0]["id"]
    link = {"template": {"data": {"type": "template", "id": klaviyo.raw("templates")[0]["id"]}}}
    assigned = api.post(
        "/api/campaign-message-assign-template", **body("campaign-message", id=message, relationships=link)
    )
    copy: str = assigned.json()["data"]["relationships"]["template"]["data"]["id"]
    return copy


def test_a_campaign_sent_at_once_goes_through_its_states(api: httpx.Client, newsletter: str, klaviyo: Running) -> None:
    campaign = made(draft(api, newsletter))
    _dress(api, klaviyo, campaign)

    def status() -> str:
        said: str = api.get(f"/api/campaigns/{campaign}").json()["data"]["attributes"]["status"]
        return said

    assert status() == "Draft"
    made(api.post("/api/campaign-send-jobs", **body("campaign-send-job", id=campaign)))
    seen = [status()]
    for _ in range(6):
        klaviyo.clock.forward(1)
        seen.append(status())

    assert list(dict.fromkeys(seen)) == ["Preparing to send", "Sending", "Sent"]


def test_a_scheduled_campaign_can_be_cancelled_for_good(api: httpx.Client, newsletter: str, klaviyo: Running) -> None:
    later = {"method": "static", "datetime": stamp(BASE + 86_400 * 3), "options": {"is_local": False}}
    campaign = made(draft(api, newsletter, send_strategy=later))
    _dress(api, klaviyo, campaign)
    made(api.post("/api/campaign-send-jobs", **body("campaign-send-job", id=campaign)))
    klaviyo.clock.forward(5)
    cancel = body("campaign-send-job", {"action": "cancel"}, id=campaign)

    assert api.patch(f"/api/campaign-send-jobs/{campaign}", **cancel).status_code == 204

    assert api.get(f"/api/campaigns/{campaign}").json()["data"]["attributes"]["status"] == "Cancelled"
    expect_refusal(api.patch(f"/api/campaign-send-jobs/{campaign}", **cancel), 409)


def test_a_message_keeps_its_copy_when_the_template_changes(
    api: httpx.Client, newsletter: str, klaviyo: Running
) -> None:
    copy = _dress(api, klaviyo, made(draft(api, newsletter)))
    original = klaviyo.raw("templates")[0]
    before = api.get(f"/api/templates/{copy}").json()["data"]["attributes"]["html"]
    change = body("template", {"html": "<p>changed</p>"}, id=original["id"])

    assert api.patch(f"/api/templates/{original['id']}", **change).status_code == 200

    assert api.get(f"/api/templates/{copy}").json()["data"]["attributes"]["html"] == before


def test_an_estimate_counts_who_can_be_reached(api: httpx.Client, newsletter: str, klaviyo: Running) -> None:
    vip = next(one["id"] for one in klaviyo.raw("segments") if one["attributes"]["name"] == "VIP Customers")
    campaign = made(draft(api, newsletter, audiences={"included": [newsletter], "excluded": [vip]}))
    made(api.post("/api/campaign-recipient-estimation-jobs", **body("campaign-recipient-estimation-job", id=campaign)))

    def members(group: str) -> set[str]:
        text = httpx.get(f"{klaviyo.url}/_sandbox/members/{AMERICA}/{group}").text
        return {line.strip('"') for line in text.split()}

    able = {
        one["id"]
        for one in klaviyo.raw("profiles")
        if one["subscriptions"]["email"]["marketing"]["can_receive_email_marketing"]
    }
    counted = api.get(f"/api/campaign-recipient-estimations/{campaign}").json()["data"]["attributes"]
    assert counted["estimated_recipient_count"] == len((members(newsletter) - members(vip)) & able)


def test_templates_of_each_editor(api: httpx.Client) -> None:
    for wrong in ({"editor_type": "WORD", "html": "x"}, {"editor_type": "CODE"},
                  {"editor_type": "SYSTEM_DRAGGABLE", "html": "x"}):  # fmt: skip
        expect_refusal(api.post("/api/templates", **body("template", {"name": "x"} | wrong)), 400)
    block = {
        "content_type": "block",
        "type": "text",
        "data": {"content": "<b>Drag me</b>", "display_options": {}, "styles": {}},
    }
    definition = {
        "body": {"properties": {}, "styles": {}, "sections": [{"rows": [{"columns": [{"blocks": [block]}]}]}]}
    }
    dragged = {"name": "x", "editor_type": "SYSTEM_DRAGGABLE", "definition": definition}

    id = made(api.post("/api/templates", **body("template", dragged)))

    shown = api.get(f"/api/templates/{id}?additional-fields[template]=definition").json()["data"]["attributes"]
    assert shown["definition"] == definition
    assert "<b>Drag me</b>" in shown["html"]
    assert "definition" not in api.get(f"/api/templates/{id}").json()["data"]["attributes"]


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hello {{ name }}", "Hello Zoë &amp; co"),
        ("Hello {{ missing }}!", "Hello !"),
        ("Hello {{ missing|default:'you' }}", "Hello you"),
        ("{{ a.b.0 }} {{ name|upper }}", "first ZOË &amp; CO"),
        ("{% if name %}yes{% else %}no{% endif %}", "yes"),
        ("{% if not missing %}a{% if a %}b{% endif %}{% endif %}c", "abc"),
        ("{% for one in a.b %}[{{ one }}]{% endfor %}", "[first][second]"),
        ("{% if name", "{% if name"),
    ],
)
def test_variables_conditions_and_loops(template: str, text: str) -> None:
    assert rendered(template, {"name": "Zoë & co", "a": {"b": ["first", "second"]}}) == text


@given(st.text(alphabet="{%} iforelsnd.a|:'x", max_size=60))
def test_no_template_breaks_the_renderer(template: str) -> None:
    assert isinstance(rendered(template, {"a": [1, {"x": 2}]}), str)


def test_profiles_are_unique_and_their_identifiers_have_a_form(api: httpx.Client) -> None:
    first = made(api.post("/api/profiles", **body("profile", {"email": "Once@example.org"})))
    again = expect_refusal(api.post("/api/profiles", **body("profile", {"email": "once@EXAMPLE.org"})), 409)
    assert again["meta"] == {"duplicate_profile_id": first}
    for wrong in ({"email": "x"}, {"phone_number": "0151 23"}, {"first_name": "Nobody"}, {"email": 7}):
        expect_refusal(api.post("/api/profiles", **body("profile", wrong)), 400)
    heavy = {"email": "heavy@example.org", "properties": {"x": "x" * 110_000}}
    expect_refusal(api.post("/api/profiles", **body("profile", heavy)), 413)


def test_properties_are_appended_taken_out_and_unset(api: httpx.Client) -> None:
    id = made(
        api.post(
            "/api/profiles", **body("profile", {"email": "p@example.org", "properties": {"likes": ["a"], "old": 1}})
        )
    )
    patch = {"append": {"likes": ["b", "c"]}, "unappend": {"likes": "a"}, "unset": "old"}

    changed = api.patch(f"/api/profiles/{id}", **body("profile", {}, id=id, meta={"patch_properties": patch}))

    assert changed.json()["data"]["attributes"]["properties"] == {"likes": ["b", "c"]}


def test_lists_take_a_thousand_at_a_time_and_only_people_who_exist(api: httpx.Client, newsletter: str) -> None:
    address = f"/api/lists/{newsletter}/relationships/profiles"
    expect_refusal(api.post(address, json={"data": [{"type": "profile", "id": "x"}] * 1001}), 400)
    expect_refusal(api.post(address, json={"data": [{"type": "profile", "id": "x"}]}), 404)


def test_segments_name_only_what_exists_and_five_at_once_are_worked_out(api: httpx.Client, klaviyo: Running) -> None:
    def segment(metric: str) -> httpx.Response:
        condition = {"type": "profile-metric", "metric_id": metric, "measurement": "count",
                     "measurement_filter": {"type": "numeric", "operator": "greater-than", "value": 0},
                     "timeframe_filter": {"type": "date", "operator": "alltime"}}  # fmt: skip
        definition = {"condition_groups": [{"conditions": [condition]}]}
        return api.post("/api/segments", **body("segment", {"name": "S", "definition": definition}))

    expect_refusal(segment("none"), 400)
    expect_refusal(
        api.post("/api/segments", **body("segment", {"name": "S", "definition": {"condition_groups": []}})), 400
    )
    klaviyo.clock.forward(10)
    metric = klaviyo.raw("metrics")[0]["id"]
    for _ in range(5):
        made(segment(metric))
    expect_refusal(segment(metric), 400)
    klaviyo.clock.forward(10)
    made(segment(metric))


def test_a_segment_of_a_list_is_as_the_list_is(api: httpx.Client, klaviyo: Running) -> None:
    people = [one["id"] for one in klaviyo.raw("profiles")[:3]]
    list_id = made(api.post("/api/lists", **body("list", {"name": "Three"})))
    path = f"/api/lists/{list_id}/relationships/profiles"
    condition = {"type": "profile-group-membership", "is_member": True, "group_ids": [list_id]}
    definition = {"condition_groups": [{"conditions": [condition]}]}
    segment = made(api.post("/api/segments", **body("segment", {"name": "Of three", "definition": definition})))
    klaviyo.clock.forward(10)

    def members() -> set[str]:
        return {one["id"] for one in api.get(f"/api/segments/{segment}/relationships/profiles").json()["data"]}

    def change(method: str, person: str) -> None:
        api.request(method, path, json={"data": [{"type": "profile", "id": person}]}).raise_for_status()

    change("POST", people[0])
    first = members()
    change("DELETE", people[0])
    change("POST", people[1])

    assert (first, members()) == ({people[0]}, {people[1]})


def test_images_have_a_format_and_a_size(api: httpx.Client) -> None:
    def uri(content: bytes) -> dict[str, Any]:
        return body("image", {"import_from_url": "data:image/png;base64," + base64.b64encode(content).decode()})

    expect_refusal(api.post("/api/images", **uri(b"not an image")), 400)
    expect_refusal(api.post("/api/images", **body("image", {"import_from_url": "file:///etc/passwd"})), 400)
    shown = api.post("/api/images", **uri(b"\x89PNG\r\n\x1a\n" + bytes(90))).json()["data"]["attributes"]
    assert (shown["format"], shown["size"]) == ("png", 98)
    file = {"file": ("a.gif", b"GIF89a" + bytes(10), "image/gif")}
    upload = api.post("/api/image-upload", files=file, data={"name": "given", "hidden": "true"})
    assert upload.json()["data"]["attributes"]["hidden"] is True


def test_what_was_written_is_there_after_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("written")
    with running(folder, accounts=1) as klaviyo, klaviyo.client() as api:
        newsletter = klaviyo.raw("lists")[0]["id"]
        campaign = made(draft(api, newsletter))
        _dress(api, klaviyo, campaign)
        made(api.post("/api/campaign-send-jobs", **body("campaign-send-job", id=campaign)))
        person = made(api.post("/api/profiles", **body("profile", {"email": "kept@example.org"})))
        api.post(f"/api/lists/{newsletter}/relationships/profiles", json={"data": [{"type": "profile", "id": person}]})
        api.delete(f"/api/segments/{klaviyo.raw('segments')[0]['id']}")
        before = {
            kind: klaviyo.raw(kind) for kind in ("lists", "segments", "profiles", "templates", "campaign-messages")
        }

    with running(folder, accounts=1) as klaviyo, klaviyo.client() as api:
        klaviyo.clock.forward(60)
        assert {kind: klaviyo.raw(kind) for kind in before} == before
        assert api.get(f"/api/campaigns/{campaign}").json()["data"]["attributes"]["status"] == "Sent"
        assert newsletter in [one["id"] for one in api.get(f"/api/profiles/{person}/lists").json()["data"]]
