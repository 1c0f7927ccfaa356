"""compare_periods at its door: the sentence, what is said beside it, what is cut, what is refused."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from accounts.caller import Caller
from connector.records.upsert import Row, upsert
from connector.tools.call import BadArguments, call
from connector.tools.catalogue import TOOLS
from connector.tools.fit import text_of
from tests.tools.conftest import BEGIN

pytestmark = pytest.mark.django_db
Write = Callable[..., None]
DAY = 1440  # minutes

ORDERS = [
    ("ORDER", "ann", -DAY, {"order_id": "o1", "value": Decimal("10.00"), "currency": "USD"}),
    ("ORDER", "ann", 0, {"order_id": "o2", "value": Decimal("10.005"), "currency": "USD"}),
    ("ORDER", "ann", 5, {"order_id": "o2", "value": Decimal("10.005"), "currency": "USD"}),
    ("ORDER", "ben", 6, {"order_id": "o3", "value": Decimal("7.00"), "currency": "EUR"}),
]
MARCH = {"period": "2026-03", "against": "2026-02"}


def entry(caller: Caller, **args: Any) -> dict[str, Any]:
    account: dict[str, Any] = call(caller, "compare_periods", args)["data"]["accounts"][0]
    return account


def test_the_sentence_leads_with_revenue_and_says_what_it_is_compared_with(
    shop: Any, write: Write, alice_caller: Caller
) -> None:
    write(shop, ORDERS)

    answer = call(alice_caller, "compare_periods", MARCH)

    assert answer["status"] == "ok"
    assert answer["answer"] == (
        "Fernweh Outdoor, in March 2026: revenue 10.01 USD (+0.1 %), orders 2 (+100.0 %), buyers 2 (+100.0 %), "
        "e-mails delivered 0 (0 before). Compared with February 2026."
    )
    assert [source["id"] for source in answer["sources"]] == ["ORDER"]
    assert answer["method"]["against"] == "2026-02"


def test_deliveries_of_one_order_and_other_currencies_are_said(shop: Any, write: Write, alice_caller: Caller) -> None:
    write(shop, [*ORDERS, ("OPEN", "ann", 1, {"machine_open": True}), ("ORDER", "ann", 500_000, {"order_id": "o9"})])

    said = {each["code"]: each["text"] for each in call(alice_caller, "compare_periods", MARCH)["caveats"]}

    assert said["duplicate_orders"].startswith("1 further delivery")
    assert said["other_currency"].startswith("1 event in another currency than USD")
    assert said["future_events"].startswith("1 event is dated after")
    assert said["machine_opens"].startswith("100 %")


def test_without_a_purchase_metric_orders_are_null_and_the_rest_is_told(
    shop: Any, write: Write, alice_caller: Caller
) -> None:
    shop.records.filter(klaviyo_id="ORDER").delete()
    write(shop, [("RECV", "ann", 0, {}), ("RECV", "ben", 0, {})])

    answer = call(alice_caller, "compare_periods", MARCH | {"measures": "revenue, new_buyers,email_deliveries"})

    rows = answer["data"]["accounts"][0]["rows"]
    assert [(row["measure"], row["value"]) for row in rows] == [
        ("revenue", None),
        ("new_buyers", None),
        ("email_deliveries", 2),
    ]
    assert [each["code"] for each in answer["caveats"]] == ["no_purchase_metric"]


def test_refunds_are_null_without_a_metric_and_zero_without_an_event(
    shop: Any, write: Write, alice_caller: Caller
) -> None:
    write(shop, ORDERS)
    before = entry(alice_caller, measures="refunds", **MARCH)["rows"][0]["value"]
    facts = {"integration": "Shopify", "category": "eCommerce", "key": "shopify"}
    upsert(shop, "metric", [Row("REFUND", "Refunded Order", attributes=facts)])

    assert (before, entry(alice_caller, measures="refunds", **MARCH)["rows"][0]["value"]) == (None, 0)


def test_a_mark_that_names_a_message_alone_is_of_its_campaign_and_channel(
    shop: Any, write: Write, alice_caller: Caller
) -> None:
    upsert(shop, "message", [Row("T1", "text", parent="F1", channel="sms", attributes={"of": "flow"})])
    marks = [{"campaign": None, "flow": None, "message": "T1"}, {"campaign": "C1", "flow": None, "message": None}]
    write(shop, [("ORDER", "ann", 0, {"order_id": "o1", "value": Decimal("5.00"), "attributed": marks})])
    names = "attributed_revenue,campaign_revenue,flow_revenue,email_revenue,sms_revenue"

    rows = entry(alice_caller, measures=names, **MARCH)["rows"]

    assert [row["value"] for row in rows] == [5.0] * 5


def test_a_time_that_is_not_held_has_no_figure(shop: Any, write: Write, alice_caller: Caller) -> None:
    shop.complete_from = BEGIN
    shop.save()
    write(shop, ORDERS)

    answer = call(alice_caller, "compare_periods", {"period": "2026-03-02..2026-03-09", "against": "2026-02"})

    row = answer["data"]["accounts"][0]["rows"][0]
    assert (answer["status"], row["before"], row["change"]) == ("partial", None, None)
    assert "are not held" in next(each["text"] for each in answer["caveats"] if each["code"] == "outside_range")


@pytest.mark.parametrize(
    ("args", "field"),
    [
        ({"measures": "revenue,profit"}, "measures"),
        ({"measures": "revenue,,orders"}, "measures"),
        ({"against": "yesteryear"}, "against"),
        ({"period": "all", "against": "previous"}, "against"),
        ({"period": "2026-13"}, "period"),
    ],
)
def test_what_cannot_be_compared_is_named(shop: Any, alice_caller: Caller, args: dict[str, Any], field: str) -> None:
    with pytest.raises(BadArguments) as said:
        call(alice_caller, "compare_periods", args)

    assert [problem.field for problem in said.value.problems] == [field]


def test_a_long_series_keeps_its_newest_days_and_every_measure(shop: Any, write: Write, alice_caller: Caller) -> None:
    write(shop, ORDERS)
    args = {"measures": "all", "period": "2026-01-01..2026-06-30", "interval": "day", "against": "none"}

    first = call(alice_caller, "compare_periods", args)
    days = [row["start"] for row in first["data"]["accounts"][0]["series"]]
    page = first
    while page["more"]:
        page = call(alice_caller, "compare_periods", {"cursor": page["more"]["cursor"]})
        assert len(page["data"]["accounts"][0]["rows"]) == 23
        days = [*(row["start"] for row in page["data"]["accounts"][0]["series"]), *days]

    assert first["data"]["accounts"][0]["series"][-1]["start"] == "2026-06-30"
    assert first["more"] and len(text_of(first).encode()) <= 24_000
    assert len(days) == 181 and days == sorted(set(days))


def test_it_is_listed_in_a_few_bytes() -> None:
    for name in ("compare_periods", "portfolio"):
        tool = TOOLS[name]
        assert tool.description.startswith("Use this when")
        assert len(text_of([tool.name, tool.title, tool.description, tool.input_schema]).encode()) < 3_600
