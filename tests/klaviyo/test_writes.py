"""Changes are sent once; a lost answer is looked for before anything is sent again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.klaviyo.client import Klaviyo
from connector.klaviyo.errors import NotFound, TryLater, Unconfirmed
from connector.klaviyo.payloads import Campaign, Strategy, message_ids
from connector.klaviyo.writes import Writes
from tests.klaviyo.conftest import JSON, Reply, Request, Told, refusal, reply

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LOST = Reply(500, b"{}", {"content-type": JSON})
GONE = refusal(404, "not_found")

Answers = dict[tuple[str, str], list[Reply]]


@pytest.fixture
def writes(klaviyo: Klaviyo) -> Writes:
    return Writes(klaviyo, known=["KNOWN"], now=lambda: NOON, sleep=lambda seconds: None)


@pytest.fixture
def answers(server: Told) -> Callable[[Answers], None]:
    """Answers by method and path: the next of each list, its last one for ever."""

    def given(script: Answers) -> None:
        def answer(request: Request) -> Reply:
            left = script.get((request.method, request.path), [GONE])
            return left.pop(0) if len(left) > 1 else left[0]

        server.handler = answer

    return given


def thing(type: str, id: str, **attributes: Any) -> dict[str, Any]:
    return {"type": type, "id": id, "attributes": attributes}


def one(*arguments: Any, **attributes: Any) -> Reply:
    return reply({"data": thing(*arguments, **attributes)})


def several(*things: dict[str, Any]) -> Reply:
    return reply({"data": things, "links": {"next": None}})


def sent(server: Told, method: str, path: str) -> list[Request]:
    return [request for request in server.requests if (request.method, request.path) == (method, path)]


CAMPAIGN = Campaign(
    name="Spring, 50% off",
    channel="email",
    included=["LIST1"],
    definition={"label": "Spring", "content": {"subject": "Hello", "from_email": "a@b.example", "from_label": "Shop"}},
    strategy=Strategy("static", at=NOON + timedelta(days=1)),
)


def test_a_campaign_is_drafted_with_its_message_and_its_time(
    server: Told, writes: Writes, answers: Callable[[Answers], None]
) -> None:
    made = thing("campaign", "C1", name=CAMPAIGN.name)
    made["relationships"] = {"campaign-messages": {"data": [{"type": "campaign-message", "id": "CM1"}]}}
    answers({("POST", "/api/campaigns"): [reply({"data": made}, 201)]})

    campaign = writes.create_campaign(CAMPAIGN)

    attributes = server.requests[0].json["data"]["attributes"]
    assert message_ids(campaign) == ["CM1"]
    assert attributes["send_strategy"] == {
        "method": "static",
        "datetime": "2026-03-03T12:00:00Z",
        "options": {"is_local": False},
    }
    assert attributes["audiences"] == {"included": ["LIST1"], "excluded": []}
    assert attributes["campaign-messages"]["data"][0]["attributes"]["definition"]["channel"] == "email"


def test_a_campaign_whose_answer_was_lost_is_found_and_not_made_twice(
    server: Told, writes: Writes, answers: Callable[[Answers], None]
) -> None:
    audiences = {"included": ["LIST1"], "excluded": []}
    listed = several(
        thing("campaign", "KNOWN", name=CAMPAIGN.name, audiences=audiences),
        thing("campaign", "OTHER", name="Another", audiences=audiences),
        thing("campaign", "C1", name=CAMPAIGN.name, audiences=audiences),
    )
    answers({("POST", "/api/campaigns"): [LOST], ("GET", "/api/campaigns"): [several(), listed]})

    assert writes.create_campaign(CAMPAIGN)["id"] == "C1"
    assert len(sent(server, "POST", "/api/campaigns")) == 1
    assert sent(server, "GET", "/api/campaigns")[0].query["filter"] == (
        'equals(messages.channel,"email"),greater-or-equal(created_at,2026-03-02T11:59:30Z)'
    )


def test_what_was_not_made_is_sent_again_once(server: Told, writes: Writes, answers: Callable[[Answers], None]) -> None:
    made = one("template", "T1", name="A", html="<p>")
    answers({("POST", "/api/templates"): [LOST, made], ("GET", "/api/templates"): [several()]})

    assert writes.create_template("A", "<p>")["id"] == "T1"
    assert len(sent(server, "POST", "/api/templates")) == 2


def test_what_cannot_be_told_apart_is_left_to_the_caller(
    server: Told, writes: Writes, answers: Callable[[Answers], None]
) -> None:
    twins = several(thing("list", "L1", name="VIP"), thing("list", "L2", name="VIP"))
    answers({("POST", "/api/lists"): [LOST], ("GET", "/api/lists"): [twins]})

    with pytest.raises(Unconfirmed):
        writes.create_list("VIP")

    assert len(sent(server, "POST", "/api/lists")) == 1


@pytest.mark.parametrize(
    ("call", "path", "listing", "found"),
    [
        (lambda w: w.create_template("A", "<p>"), "/api/templates", "/api/templates", {"name": "A", "html": "<p>"}),
        (lambda w: w.clone_template("T0", "A"), "/api/template-clone", "/api/templates", {"name": "A"}),
        (lambda w: w.create_segment("A", {"condition_groups": []}), "/api/segments", "/api/segments", {"name": "A"}),
        (lambda w: w.create_list("A", "double_opt_in"), "/api/lists", "/api/lists", {"name": "A"}),
        (lambda w: w.clone_campaign("C0", "A"), "/api/campaign-clone", "/api/campaigns", {"name": "A"}),
        (lambda w: w.image_from_url("https://x/y.png", "A"), "/api/images", "/api/images", {"name": "A"}),
        (lambda w: w.upload_image(b"png", "A", "image/png"), "/api/image-upload", "/api/images", {"name": "A"}),
        (
            lambda w: w.bulk_import([{"email": "a@b.example"}] * 3, "L1"),
            "/api/profile-bulk-import-jobs",
            "/api/profile-bulk-import-jobs",
            {"total_count": 3, "created_at": "2026-03-02T12:00:01+00:00"},
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else None,
)
def test_everything_that_is_made_is_looked_for_first(
    server: Told,
    writes: Writes,
    answers: Callable[[Answers], None],
    call: Callable[[Writes], Any],
    path: str,
    listing: str,
    found: dict[str, Any],
) -> None:
    """Listed under each channel of campaigns, the same campaign would be several: it is under one."""
    shown = [several(thing("x", "NEW", **found)), several(), several()]
    answers({("POST", path): [LOST], ("GET", listing): shown})

    assert call(writes)["id"] == "NEW"
    assert len(sent(server, "POST", path)) == 1


def test_a_change_that_arrived_is_not_repeated_and_one_that_did_not_is(
    server: Told, writes: Writes, answers: Callable[[Answers], None]
) -> None:
    answers(
        {
            ("PATCH", "/api/templates/T1"): [LOST],
            ("GET", "/api/templates/T1"): [one("template", "T1", name="A", html="new", editor_type="CODE")],
            ("PATCH", "/api/campaigns/C1"): [LOST, one("campaign", "C1", name="new")],
            ("GET", "/api/campaigns/C1"): [one("campaign", "C1", name="old")],
        }
    )

    assert writes.update_template("T1", {"html": "new"})["id"] == "T1"
    assert writes.update_campaign("C1", {"name": "new"})["attributes"]["name"] == "new"

    assert len(sent(server, "PATCH", "/api/templates/T1")) == 1
    assert len(sent(server, "PATCH", "/api/campaigns/C1")) == 2


def test_what_is_gone_already_counts_as_deleted(
    writes: Writes, answers: Callable[[Answers], None], server: Told
) -> None:
    answers({("DELETE", "/api/templates/T1"): [LOST], ("DELETE", "/api/lists/L1"): [GONE]})

    writes.delete_template("T1")
    writes.delete_list("L1")

    assert len(sent(server, "DELETE", "/api/templates/T1")) == 1


def test_a_campaign_is_never_sent_twice_by_itself(
    server: Told, writes: Writes, answers: Callable[[Answers], None]
) -> None:
    answers(
        {
            ("POST", "/api/campaign-send-jobs"): [LOST],
            ("GET", "/api/campaigns/C1"): [one("campaign", "C1", status="Draft")],
        }
    )

    with pytest.raises(Unconfirmed):
        writes.send_campaign("C1")

    assert len(sent(server, "POST", "/api/campaign-send-jobs")) == 1


@pytest.mark.parametrize(("job", "status"), [("queued", "Draft"), ("complete", "Scheduled"), ("processing", "Sending")])
def test_a_send_whose_answer_was_lost_is_found(
    writes: Writes, answers: Callable[[Answers], None], job: str, status: str
) -> None:
    answers(
        {
            ("POST", "/api/campaign-send-jobs"): [LOST],
            ("GET", "/api/campaign-send-jobs/C1"): [one("campaign-send-job", "C1", status=job)],
            ("GET", "/api/campaigns/C1"): [one("campaign", "C1", status=status)],
        }
    )

    assert writes.send_campaign("C1")["attributes"]["status"] == job


def test_an_earlier_send_that_was_taken_back_is_not_taken_for_this_one(
    writes: Writes, answers: Callable[[Answers], None]
) -> None:
    answers(
        {
            ("POST", "/api/campaign-send-jobs"): [LOST],
            ("GET", "/api/campaign-send-jobs/C1"): [one("campaign-send-job", "C1", status="complete")],
            ("GET", "/api/campaigns/C1"): [one("campaign", "C1", status="Draft")],
        }
    )

    with pytest.raises(Unconfirmed):
        writes.send_campaign("C1")


def test_a_send_is_cancelled_or_taken_back(server: Told, writes: Writes, answers: Callable[[Answers], None]) -> None:
    answers(
        {
            ("PATCH", "/api/campaign-send-jobs/C1"): [Reply(204), LOST],
            ("GET", "/api/campaigns/C1"): [one("campaign", "C1", status="Draft")],
        }
    )

    writes.cancel_campaign("C1")
    writes.revert_campaign("C1")

    actions = [one.json["data"]["attributes"]["action"] for one in sent(server, "PATCH", "/api/campaign-send-jobs/C1")]
    assert actions == ["cancel", "revert"]


def test_recipients_are_estimated_when_klaviyo_has_counted(writes: Writes, answers: Callable[[Answers], None]) -> None:
    job = "campaign-recipient-estimation-job"
    waiting, done = one(job, "C1", status="processing"), one(job, "C1", status="complete")
    counted = one("campaign-recipient-estimation", "C1", estimated_recipient_count=4711)
    script: Answers = {
        ("POST", "/api/campaign-recipient-estimation-jobs"): [waiting],
        ("GET", "/api/campaign-recipient-estimation-jobs/C1"): [waiting, done],
        ("GET", "/api/campaign-recipient-estimations/C1"): [counted],
    }
    answers(script)

    assert writes.estimate_recipients("C1") == 4711
    answers({**script, ("GET", "/api/campaign-recipient-estimation-jobs/C1"): [waiting]})
    with pytest.raises(TryLater):
        writes.estimate_recipients("C1", patience=2)


def test_a_template_is_assigned_and_recognised_by_its_copy(
    server: Told, writes: Writes, answers: Callable[[Answers], None]
) -> None:
    answers(
        {
            ("POST", "/api/campaign-message-assign-template"): [LOST],
            ("GET", "/api/campaign-messages/CM1/template"): [one("template", "COPY", html="<p>")],
            ("GET", "/api/templates/T1"): [one("template", "T1", html="<p>")],
            ("GET", "/api/campaign-messages/CM1"): [one("campaign-message", "CM1")],
        }
    )

    assert writes.assign_template("CM1", "T1")["id"] == "CM1"
    assert server.requests[0].json["data"]["relationships"]["template"]["data"]["id"] == "T1"


def test_members_are_added_a_thousand_at_a_time(
    server: Told, writes: Writes, answers: Callable[[Answers], None]
) -> None:
    path = "/api/lists/L1/relationships/profiles"
    people = [f"P{number}" for number in range(2001)]
    joined = several(*(thing("profile", one) for one in people[1000:2000]))
    answers({("POST", path): [Reply(204), LOST, Reply(204)], ("GET", path): [joined]})

    writes.add_to_list("L1", people)

    sizes = [len(one.json["data"]) for one in sent(server, "POST", path)]
    assert sizes == [1000, 1000, 1]


def test_members_are_removed_and_looked_for_by_the_first_and_last(
    server: Told, writes: Writes, answers: Callable[[Answers], None]
) -> None:
    path = "/api/lists/L1/relationships/profiles"
    still = several(thing("list", "L1"))
    answers(
        {
            ("DELETE", path): [LOST, Reply(204)],
            ("GET", "/api/profiles/P1/lists"): [still],
            ("GET", "/api/profiles/P2/lists"): [several(thing("list", "L2"))],
        }
    )

    writes.remove_from_list("L1", ["P1", "P2"])

    assert len(sent(server, "DELETE", path)) == 2


def test_a_profile_is_imported_once(server: Told, writes: Writes, answers: Callable[[Answers], None]) -> None:
    attributes = {"email": "eve@example.com", "properties": {"Plan": "gold"}}
    stored = thing("profile", "P1", email="eve@example.com", properties={"Plan": "gold", "Age": 5}, first_name="Eve")
    answers({("POST", "/api/profile-import"): [LOST], ("GET", "/api/profiles"): [several(stored)]})

    assert writes.import_profile(attributes)["id"] == "P1"
    assert sent(server, "GET", "/api/profiles")[0].query["filter"] == 'equals(email,"eve@example.com")'
    with pytest.raises(ValueError):
        writes.import_profile({"first_name": "Nobody"})


def test_a_profile_is_updated_by_its_id(server: Told, writes: Writes, answers: Callable[[Answers], None]) -> None:
    stored = thing("profile", "P1", email="eve@example.com", properties={"Plan": "gold"})
    answers({("POST", "/api/profile-import"): [LOST], ("GET", "/api/profiles"): [several(stored)]})

    assert writes.import_profile({"id": "P1", "properties": {"Plan": "gold"}})["id"] == "P1"
    sent_body = sent(server, "POST", "/api/profile-import")[0].json["data"]
    assert sent_body == {"type": "profile", "id": "P1", "attributes": {"properties": {"Plan": "gold"}}}
    assert sent(server, "GET", "/api/profiles")[0].query["filter"] == 'equals(id,"P1")'


def test_a_picture_is_uploaded_as_a_form(server: Told, writes: Writes, answers: Callable[[Answers], None]) -> None:
    answers({("POST", "/api/image-upload"): [one("image", "I1")]})

    writes.upload_image(b"\x89PNG", "Logo", "image/png", hidden=True)

    asked = server.requests[0]
    assert asked.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b"\x89PNG" in asked.body
    assert b'name="hidden"\r\n\r\ntrue' in asked.body


def test_a_template_is_filled_in(server: Told, writes: Writes, answers: Callable[[Answers], None]) -> None:
    answers({("POST", "/api/template-render"): [LOST, one("template", "T1", html="Hi Eve")]})

    assert writes.render_template("T1", {"first_name": "Eve"})["attributes"]["html"] == "Hi Eve"


def test_what_is_not_there_cannot_be_changed(writes: Writes, answers: Callable[[Answers], None]) -> None:
    answers({})

    with pytest.raises(NotFound):
        writes.update_list("L9", {"name": "x"})


@pytest.mark.parametrize(
    ("strategy", "body"),
    [
        (Strategy("immediate"), {"method": "immediate"}),
        (Strategy("smart_send_time", date="2026-03-05"), {"method": "smart_send_time", "date": "2026-03-05"}),
        (
            Strategy("throttled", at=NOON, percentage=20),
            {"method": "throttled", "datetime": "2026-03-02T12:00:00Z", "throttle_percentage": 20},
        ),
        (
            Strategy("static", at=NOON, local=True),
            {
                "method": "static",
                "datetime": "2026-03-02T12:00:00Z",
                "options": {"is_local": True, "send_past_recipients_immediately": False},
            },
        ),
    ],
)
def test_when_a_campaign_goes_out_is_always_said(strategy: Strategy, body: dict[str, Any]) -> None:
    assert strategy.body() == body


def test_a_strategy_without_its_time_is_refused() -> None:
    with pytest.raises(ValueError):
        Strategy("static").body()
