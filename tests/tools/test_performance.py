"""campaign_performance and flow_performance as a caller meets them: sentence, caveats, refusals, pages, a further run."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils.html import strip_tags

from accounts.caller import Caller
from connector.receipts.models import Receipt
from connector.records.links import klaviyo_url
from connector.records.models import Record
from connector.records.upsert import Row, upsert
from connector.tools.call import BadArguments, call
from connector.tools.rerun import rerun

pytestmark = pytest.mark.django_db
Write = Callable[..., None]
Event = tuple[str, str | None, int, dict[str, Any]]

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
OF_C1: dict[str, Any] = {"campaign": "C1", "flow": None, "message": None}
OF_F1: dict[str, Any] = {"campaign": None, "flow": "F1", "message": None}


@pytest.fixture
def sent(shop: Any) -> Any:
    """C1 was sent on 1 March, C2 in January; C4 is scheduled, C5 was and is gone; F1 has a message."""
    shop.complete_to = NOW
    shop.save()
    upsert(shop, "list", [Row("L1", "Newsletter")])
    upsert(shop, "campaign", [
        Row("C1", "Q4 Holiday Campaign", status="Sent", channel="email", at=datetime(2026, 3, 1, 11, tzinfo=UTC)),
        Row("C2", "Q4 Holiday Reminder", status="Sent", channel="email", at=datetime(2026, 1, 9, 11, tzinfo=UTC)),
        Row("C4", "Spring", status="Scheduled", channel="email", at=datetime(2026, 3, 5, 11, tzinfo=UTC), attributes={"include": ["L1", "GONE"]}),
        Row("C5", "Summer", status="Scheduled", channel="email"),
    ])  # fmt: skip
    Record.objects.filter(klaviyo_id="C5").update(deleted_at=NOW)
    upsert(
        shop, "message", [Row("FM1", "First mail", parent="F1", channel="email", attributes={"subject": "Come back"})]
    )
    return shop


def received(number: int, message: str = "M1", **more: Any) -> list[Event]:
    return [("RECV", f"p{at}", at, {"message": message, **more}) for at in range(number)]


def order(person: str, minutes: int, value: str, of: dict[str, Any], key: str) -> Event:
    return "ORDER", person, minutes, {"order_id": key, "value": Decimal(value), "attributed": [of]}


EVENTS: list[Event] = [
    *received(4), ("RECV", "p9", 0, {"message": "M2"}), *received(2, "FM1", flow="F1"),
    ("OPEN", "p0", 10, {"message": "M1"}), ("OPEN", "p1", 10, {"message": "M1", "machine_open": True}),
    ("OPEN", "p0", 10, {"message": "FM1", "flow": "F1"}), ("CLICK", "p0", 12, {"message": "M1"}),
    order("p0", 20, "10.005", OF_C1, "o1"), order("p0", 21, "10.005", OF_C1, "o1"), order("p1", 22, "5", OF_F1, "o2"),
]  # fmt: skip


@pytest.fixture
def ask(sent: Any, write: Write, alice_caller: Caller) -> Callable[..., dict[str, Any]]:
    write(sent, EVENTS)

    def asked(tool: str, **args: Any) -> dict[str, Any]:
        with time_machine.travel(NOW, tick=False):
            return call(alice_caller, tool, args)

    return asked


Ask = Callable[..., dict[str, Any]]


def entry(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["data"]["accounts"][0]
    return found


def codes(answer: dict[str, Any]) -> list[str]:
    return [caveat["code"] for caveat in answer["caveats"]]


def test_the_sentence_has_the_figures_of_all_and_the_leading_campaigns(ask: Ask) -> None:
    answer = ask("campaign_performance")

    assert answer["answer"] == (
        "Fernweh Outdoor: 2 campaigns sent in the last 90 days: 5 deliveries, 40.0 % opened (20.0 % without machines), "
        "20.0 % clicked, 2 orders worth 20.01 USD attributed by Klaviyo. By revenue, highest first: "
        "“Q4 Holiday Campaign” 20.01 USD, “Q4 Holiday Reminder” 0.00 USD."
    )
    assert entry(answer)["rows"][0]["campaign"] == {
        "id": "C1",
        "name": "Q4 Holiday Campaign",
        "url": klaviyo_url("campaign", "C1"),
    }
    assert entry(answer)["rows"][0]["sent_at"] == "2026-03-01T06:00:00-05:00"
    assert {source["id"] for source in answer["sources"]} == {"C1", "C2", "ORDER"}


def test_what_must_be_known_beside_the_figures_is_said(ask: Ask) -> None:
    assert codes(ask("campaign_performance")) == ["provisional", "machine_opens", "small_base", "attribution_window"]
    assert "duplicate_orders" in codes(ask("campaign_performance", attribution="last_touch"))


def test_a_campaign_named_is_told_whenever_it_was_sent(ask: Ask) -> None:
    answer = ask("campaign_performance", campaign="latest:holiday")

    assert answer["answer"].startswith("Fernweh Outdoor: “Q4 Holiday Campaign” (sent 2026-03-01): 4 deliveries")
    assert answer["method"]["period"]["label"] == "all"


def test_groups_name_weekdays_and_hours_in_words(ask: Ask) -> None:
    answer = ask("campaign_performance", group_by="weekday")

    assert [(row["value"], row["campaigns"], row["deliveries"]) for row in entry(answer)["groups"]] == [
        (5, 1, 1),
        (7, 1, 4),
    ]
    assert "Sunday 20.01 USD, Friday 0.00 USD" in answer["answer"]


def test_min_deliveries_leaves_campaigns_out_of_the_total_too(ask: Ask) -> None:
    found = entry(ask("campaign_performance", min_deliveries=2))

    assert [row["campaign"]["id"] for row in found["rows"]] == ["C1"]
    assert (found["total"]["campaigns"], found["total"]["deliveries"], found["total"]["recipients"]) == (1, 4, 4)


def test_what_is_scheduled_has_its_time_and_audiences_and_no_figures(ask: Ask) -> None:
    answer = ask("campaign_performance", status="scheduled", period="next_7_days")

    row = entry(answer)["rows"][0]
    assert [row["campaign"]["id"] for row in entry(ask("campaign_performance", status="scheduled"))["rows"]] == ["C4"]
    assert (row["send_at"], row["deliveries"], row["exclude"]) == ("2026-03-05T06:00:00-05:00", None, [])
    assert row["include"] == [
        {"id": "L1", "name": "Newsletter", "kind": "list"},
        {"id": "GONE", "name": None, "kind": None},
    ]
    assert answer["answer"] == (
        "Fernweh Outdoor: 1 campaign scheduled in the next 7 days: “Spring” (2026-03-05 06:00)."
    )


def test_a_draft_is_found_by_name_only_where_drafts_are_asked_for(ask: Ask) -> None:
    refused = ask("campaign_performance", campaign="never sent")
    found = ask("campaign_performance", campaign="never sent", status="draft")

    assert refused["reason"]["code"] == "not_found"
    assert [row["campaign"]["id"] for row in entry(found)["rows"]] == ["C3"]


@pytest.mark.parametrize(
    ("tool", "args", "sentence"),
    [
        ("campaign_performance", {"status": "draft", "group_by": "hour"}, "group_by: goes with status=sent only"),
        (
            "campaign_performance",
            {"status": "scheduled", "basis": "klaviyo_report"},
            "basis: goes with status=sent only",
        ),
        ("campaign_performance", {"period": "next_week"}, "'next_week' is no period"),
        ("campaign_performance", {"sort_by": "shoe size"}, "sort_by: is “shoe size”"),
        ("flow_performance", {"interval": "hour"}, "interval: is “hour”"),
        (
            "flow_performance",
            {"basis": "klaviyo_report", "attribution": "last_touch"},
            "attribution: last_touch does not go",
        ),
    ],
)
def test_bad_arguments_are_one_sentence_that_names_the_field(
    ask: Ask, tool: str, args: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadArguments) as error:
        ask(tool, **args)

    assert sentence in str(error.value)


def test_flows_are_told_by_month_and_the_leading_ones_named(ask: Ask) -> None:
    answer = ask("flow_performance", period="this_month")

    found = entry(answer)
    assert answer["answer"] == (
        "Fernweh Outdoor: 3 flows this month: 2 deliveries, 1 order worth 5.00 USD attributed by Klaviyo; "
        "50.0 % opened (50.0 % without machines). By revenue, highest first: “Abandoned cart” 5.00 USD from 2 deliveries, "
        "“Abandoned cart (old)” 0.00 USD from 0 deliveries, “Abandoned Carton” 0.00 USD from 0 deliveries."
    )
    assert [row["flow"] for row in found["rows"]] == [None, "F1", "F2", "F3"]
    assert [(flow["id"], flow["status"]) for flow in found["flows"]] == [
        ("F1", "live"),
        ("F2", "draft"),
        ("F3", "live"),
    ]
    assert found["flows"][0]["last_sent_at"] == "2026-03-01T07:01:00-05:00"


def test_the_page_of_the_receipt_names_flows(ask: Ask, alice_client: Client) -> None:
    answer = ask("flow_performance", period="this_month")

    page = alice_client.get(f"/receipts/{answer['receipt']['id']}/").content.decode()

    cells = {strip_tags(cell).strip() for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", page, re.DOTALL)}
    assert {"Abandoned cart", "Abandoned cart (old)"} <= cells and "F1" not in cells


def test_a_flows_messages_have_their_subject(ask: Ask) -> None:
    found = entry(ask("flow_performance", period="this_month", by="message", flow="F1"))

    assert found["rows"][2]["message"] == {
        "id": "FM1", "name": "First mail", "subject": "Come back", "channel": "email",
    }  # fmt: skip
    assert (found["rows"][2]["flow"], found["rows"][2]["openers"]) == ("F1", 1)


def test_flows_that_are_cut_off_come_with_the_cursor_and_all_rows_of_theirs(ask: Ask) -> None:
    first = ask("flow_performance", period="2026-02-01..2026-03-31", limit=1)
    second = ask("flow_performance", cursor=first["more"]["cursor"])

    assert [row["flow"] for row in entry(first)["rows"]] == [None, "F1", None, "F1"]
    assert [flow["id"] for flow in entry(second)["flows"]] == ["F2"]
    assert [row["flow"] for row in entry(second)["rows"]] == ["F2", "F2"]
    assert first["receipt"]["id"] == second["receipt"]["id"]


def test_without_a_purchase_metric_orders_are_left_empty(ask: Ask, sent: Any) -> None:
    upsert(sent, "metric", [Row("ORDER", "Something else")])

    for tool in ("campaign_performance", "flow_performance"):
        answer = ask(tool)
        row = (entry(answer)["rows"])[0]
        assert (answer["status"], row["orders"], row["revenue"]) == ("ok", None, None)
        assert "no_purchase_metric" in codes(answer)


def test_one_order_that_makes_most_of_the_revenue_is_named(ask: Ask, sent: Any, write: Write) -> None:
    orders = [order(f"p{at}", 30 + at, "10", OF_C1, f"n{at}") for at in range(20)]
    write(sent, [*EVENTS, *orders, order("p3", 90, "5000", OF_C1, "slip")])

    told = {caveat["code"]: caveat["text"] for caveat in ask("campaign_performance")["caveats"]}

    assert "2026-03-01 (order id slip) makes 5,000.00 USD of 5,220.01 USD" in told["dominant_value"]


@pytest.mark.parametrize(
    ("tool", "args"),
    [
        ("campaign_performance", {"campaign": "holiday*", "attribution": "last_touch"}),
        ("campaign_performance", {"group_by": "month"}),
        ("campaign_performance", {"status": "scheduled"}),
        ("flow_performance", {"by": "message", "sort_by": "openers", "interval": "week", "period": "this_month"}),
    ],
)
def test_run_again_on_the_same_versions_it_is_equal(
    ask: Ask, sent: Any, write: Write, alice_caller: Caller, tool: str, args: dict[str, Any]
) -> None:
    answer = ask(tool, **args)
    receipt = Receipt.objects.all().named(answer["receipt"]["id"]).get()
    write(sent, [*EVENTS, ("OPEN", "p3", 1, {"message": "M1"})])
    Record.objects.filter(install=sent).update(name="Renamed", folded="renamed", channel="sms")

    again = rerun(alice_caller, receipt, "same")

    assert again.changed == [] and again.is_same_definition
    assert again.answer["answer"] == answer["answer"]
