"""portfolio at its door: accounts ranked, and those that give no figure."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from accounts.caller import Caller
from connector.receipts.models import Receipt
from connector.records.models import Record
from connector.records.upsert import Row, upsert
from connector.tools.call import BadArguments, call
from connector.tools.rerun import rerun
from tests.factories import InstallFactory
from tests.tools.conftest import BEGIN

pytestmark = pytest.mark.django_db
Write = Callable[..., None]
MARCH = {"period": "2026-03", "against": "2026-02"}
MONTH = 1440 * 28


@pytest.fixture
def candles(northwind: Any) -> Any:
    """An account in another currency that knows e-mails, and nothing of orders."""
    install = InstallFactory(organization=northwind, klaviyo_id="CANDLE", name="Candles", currency="EUR")
    own = {"integration": "Klaviyo", "category": "Internal", "key": "klaviyo"}
    upsert(install, "metric", [Row("RECV", "Received Email", attributes=own)])
    return install


def test_an_account_without_a_figure_is_last_with_the_reason(
    shop: Any, candles: Any, write: Write, alice_caller: Caller
) -> None:
    write(candles, [("RECV", "ann", 0, {})])
    write(
        shop,
        [
            ("ORDER", "ann", 0, {"order_id": "o1", "value": Decimal("12.00")}),
            ("RECV", "ann", 0, {}),
            ("RECV", "ben", 0, {}),
        ],
    )

    answer = call(alice_caller, "portfolio", MARCH | {"measure": "revenue,email_deliveries"})

    told = [
        (row["measure"], row["account"]["name"], row["rank"], row["value"], row["status"])
        for row in answer["data"]["rows"]
    ]
    assert told == [
        ("revenue", "Fernweh Outdoor", 1, 12.0, "ok"),
        ("revenue", "Candles", None, None, "refused"),
        ("email_deliveries", "Fernweh Outdoor", 1, 2, "ok"),
        ("email_deliveries", "Candles", 2, 1, "ok"),
    ]
    assert answer["data"]["rows"][1]["reason"]["code"] == "no_purchase_metric"
    assert answer["status"] == "partial"
    assert {each["account"]["name"]: each["status"] for each in answer["data"]["accounts"]} == {
        "Fernweh Outdoor": "ok",
        "Candles": "partial",
    }
    assert answer["answer"].startswith("Revenue in 2026-03: Fernweh Outdoor 12.00 USD. E-mails delivered in 2026-03:")
    assert "Candles has no metric named" in answer["answer"]


def test_flows_that_fell_silent_are_named_in_the_sources(shop: Any, write: Write, alice_caller: Caller) -> None:
    write(shop, [
        ("RECV", "ann", -MONTH, {"flow": "F1"}), ("RECV", "ann", -MONTH, {"flow": "F2"}),
        ("RECV", "ann", -MONTH, {"flow": "F3"}), ("RECV", "ann", 0, {"flow": "F3"}),
    ])  # fmt: skip

    answer = call(alice_caller, "portfolio", MARCH | {"measure": "silent_flows"})

    assert answer["data"]["rows"][0]["value"] == 1 and answer["data"]["rows"][0]["before"] is None
    assert [source["id"] for source in answer["sources"]] == ["F1"]


def test_flows_are_not_silent_for_want_of_what_is_held(shop: Any, write: Write, alice_caller: Caller) -> None:
    shop.complete_from = BEGIN
    shop.save()
    write(shop, [("RECV", "ann", 0, {"flow": "F3"})])

    row = call(alice_caller, "portfolio", MARCH | {"measure": "silent_flows"})["data"]["rows"][0]

    assert (row["status"], row["value"]) == ("partial", None)


def test_a_rate_of_few_is_said_to_be_one(shop: Any, write: Write, alice_caller: Caller) -> None:
    own = {"integration": "Klaviyo", "category": "Internal", "key": "klaviyo"}
    upsert(shop, "metric", [Row("BOUNCE", "Bounced Email", attributes=own)])
    write(shop, [("RECV", "ann", 0, {})] * 90 + [("BOUNCE", "ben", 0, {})] * 9)

    answer = call(alice_caller, "portfolio", MARCH | {"measure": "bounce_rate"})

    assert answer["data"]["rows"][0]["value"] == 0.090909
    assert "rest on 99 e-mails" in next(each["text"] for each in answer["caveats"] if each["code"] == "small_base")


@pytest.mark.parametrize(
    ("args", "field"),
    [
        ({"measure": "silent_flows", "against": "none"}, "against"),
        ({"measure": "silent_flows", "period": "all"}, "against"),
        ({"measure": "profit"}, "measure"),
        ({"measure": "revenue", "basis": "klaviyo_report"}, "measure"),
    ],
)
def test_what_cannot_be_ranked_is_named(shop: Any, alice_caller: Caller, args: dict[str, Any], field: str) -> None:
    with pytest.raises(BadArguments) as said:
        call(alice_caller, "portfolio", args)

    assert [problem.field for problem in said.value.problems] == [field]


@pytest.mark.parametrize("tool", ["portfolio", "compare_periods"])
def test_run_again_on_the_same_versions_it_is_equal(
    shop: Any, candles: Any, write: Write, alice_caller: Caller, tool: str
) -> None:
    measures = "orders,campaigns_sent,silent_flows,open_rate_human" if tool == "portfolio" else "all"
    args = {"account": "all", **MARCH, "measure" if tool == "portfolio" else "measures": measures}
    marks = [{"campaign": "C1", "flow": None, "message": "M1"}]
    order = ("ORDER", "ann", 3, {"order_id": "o1", "value": Decimal("5.00"), "attributed": marks})
    write(
        shop,
        [
            ("RECV", "ann", -MONTH, {"flow": "F1"}),
            ("RECV", "ann", 0, {"message": "M1"}),
            ("OPEN", "ann", 2, {"message": "M1"}),
            order,
        ],
    )
    candles.complete_from = candles.complete_to = None
    candles.save()
    receipt = Receipt.objects.all().named(call(alice_caller, tool, args)["receipt"]["id"]).get()
    write(shop, [])
    Record.objects.filter(install=shop).update(name="Renamed", folded="renamed", status="draft", channel="sms")
    shop.currency, shop.time_zone, shop.name = "JPY", "Asia/Tokyo", "Other"
    shop.save()

    again = rerun(alice_caller, receipt, "same")

    assert again.changed == []
    assert again.answer["sources"] == receipt.answer["sources"]


def test_rows_that_do_not_fit_come_with_the_cursor(shop: Any, candles: Any, write: Write, alice_caller: Caller) -> None:
    write(candles, [])
    write(shop, [])
    args = {"measure": "email_deliveries,subscribed_net,spam_rate", "limit": 4}

    first = call(alice_caller, "portfolio", args)
    rest = call(alice_caller, "portfolio", {"cursor": first["more"]["cursor"]})

    assert (len(first["data"]["rows"]), first["more"]["left_out"]) == (4, 2)
    assert [row["measure"] for row in rest["data"]["rows"]] == ["spam_rate", "spam_rate"]
