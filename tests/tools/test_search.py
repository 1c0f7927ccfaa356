"""search and fetch: what has a name, and past answers, with the figures that the tools give."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.caller import Caller
from connector.records.models import Record
from connector.records.upsert import Row, upsert
from connector.tools.call import call

pytestmark = pytest.mark.django_db
Write = Callable[..., None]


@pytest.fixture
def named(shop: Any, write: Write) -> Any:
    march, january = (datetime(2026, month, 2, 1, tzinfo=UTC) for month in (3, 1))
    upsert(shop, "campaign", [
        Row("C1", "Q4 Holiday Campaign", status="Sent", channel="email", at=january),
        Row("C2", "Q4 Holiday Reminder", status="Sent", channel="email", at=march),
        Row("C3", "Q4 holiday, late", status="Draft", channel="email"),
    ])  # fmt: skip
    upsert(shop, "template", [Row("T1", "Holiday layout")])
    upsert(shop, "catalog_item", [Row("$custom:::$default:::1", "Holiday mug", attributes={"price": 9.9})])
    write(shop, [
        ("RECV", "ann", 0, {"message": "M1"}), ("RECV", "ben", 0, {"message": "M1"}), ("OPEN", "ann", 5, {"message": "M1"}),
        ("RECV", "ann", 0, {"flow": "F1"}), ("RECV", "ben", 1, {"flow": "F1"}), ("RECV", "ben", 2, {"flow": "F1"}),
    ])  # fmt: skip
    return shop


def found(caller: Caller, query: str) -> list[dict[str, str]]:
    results: list[dict[str, str]] = call(caller, "search", {"query": query})["results"]
    return results


def test_titles_say_status_send_date_and_channel_and_the_newest_come_first(named: Any, alice_caller: Caller) -> None:
    titles = [result["title"] for result in found(alice_caller, "q4 holiday")]

    assert titles[:2] == [
        "Q4 Holiday Reminder (campaign, email, Sent 2026-03-01, Fernweh Outdoor)",
        "Q4 Holiday Campaign (campaign, email, Sent 2026-01-01, Fernweh Outdoor)",
    ]
    assert titles[2] == "Q4 holiday, late (campaign, email, Draft, Fernweh Outdoor)"


def test_a_name_as_it_stands_comes_before_newer_ones_that_contain_it(named: Any, alice_caller: Caller) -> None:
    upsert(
        named, "campaign", [Row("C9", "Q4 Holiday Campaign, again", status="Sent", at=datetime(2026, 4, 1, tzinfo=UTC))]
    )

    ids = [result["id"] for result in found(alice_caller, "Q4 holiday campaign")]

    assert ids == [f"campaign:{named.klaviyo_id}:C1", f"campaign:{named.klaviyo_id}:C9"]


def test_templates_catalog_items_ids_and_accounts_are_found(named: Any, alice_caller: Caller) -> None:
    account = named.klaviyo_id

    assert {result["id"] for result in found(alice_caller, "holiday")} >= {
        f"template:{account}:T1",
        f"catalog_item:{account}:$custom:::$default:::1",
    }
    assert found(alice_caller, "T1")[0]["id"] == f"template:{account}:T1"
    assert found(alice_caller, "fernweh")[0]["id"] == f"account:{account}:{account}"
    document = call(alice_caller, "fetch", {"id": f"catalog_item:{account}:$custom:::$default:::1"})
    assert "Price: 9.9" in document["text"] and set(document) == {"id", "title", "text", "url", "metadata"}


def test_near_misses_stand_in_for_nothing_and_nothing_for_what_is_not_alike(named: Any, alice_caller: Caller) -> None:
    assert found(alice_caller, "Holidai Layout")[0]["title"].startswith("Holiday layout")
    assert found(alice_caller, "abandonned")[0]["title"].startswith("Abandoned cart")
    assert found(alice_caller, "zzzzqqqq") == []


def test_a_deleted_object_says_so(named: Any, alice_caller: Caller) -> None:
    Record.objects.filter(klaviyo_id="C2").update(deleted_at=timezone.now())

    assert "deleted 2026-03-01" in found(alice_caller, "holiday reminder")[0]["title"]


def test_past_answers_are_found_by_words_of_their_question_and_read(named: Any, alice_caller: Caller) -> None:
    answer = call(alice_caller, "people_who", {"did": "opened_email", "campaign": "C1"})

    result = next(each for each in found(alice_caller, "people opened holiday") if each["id"].startswith("receipt:"))
    document = call(alice_caller, "fetch", {"id": result["id"]})

    assert result["id"] == f"receipt:{named.klaviyo_id}:{answer['receipt']['id']}"
    assert result["url"] == answer["receipt"]["url"]
    assert f"Answer: {answer['answer']}" in document["text"]


def test_fetched_figures_are_those_of_the_tools(named: Any, alice_caller: Caller) -> None:
    campaign = call(alice_caller, "fetch", {"id": f"campaign:{named.klaviyo_id}:C1"})["text"]
    flow = call(alice_caller, "fetch", {"id": f"flow:{named.klaviyo_id}:F1"})["text"]
    draft = call(alice_caller, "fetch", {"id": f"campaign:{named.klaviyo_id}:C3"})["text"]

    row = call(alice_caller, "campaign_performance", {"campaign": "C1"})["data"]["accounts"][0]["rows"][0]
    assert (row["deliveries"], row["open_rate"]) == (2, 0.5)
    assert "Deliveries: 2 (Received events)" in campaign and "Open rate: 50.0 %" in campaign
    assert "Deliveries: 3" in flow and "E-mail recipients: 2" in flow
    assert "Figures" not in draft


def test_a_record_page_shows_the_same_figures(named: Any, alice_client: Client) -> None:
    page = alice_client.get(f"/installs/{named.pk}/flow/F1/").content.decode()
    draft = alice_client.get(f"/installs/{named.pk}/campaign/C3/").content.decode()

    assert "E-mail recipients" in page and "openers / email_recipients" in page
    assert "What it did" not in draft
    assert "Draft" in draft


def test_a_record_page_of_an_account_that_is_loading_says_so(named: Any, alice_client: Client) -> None:
    named.complete_from = named.complete_to = None
    named.status = "syncing"
    named.save()

    page = alice_client.get(f"/installs/{named.pk}/campaign/C1/")

    assert page.status_code == 200
    assert "still being loaded" in page.content.decode()
