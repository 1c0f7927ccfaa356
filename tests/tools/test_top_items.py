"""top_items through the door: its sentence, its caveats, what it refuses, its pages, and the receipt run again."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.caller import Caller
from connector.lake.store import writing
from connector.receipts.models import Receipt
from connector.records.models import Audience, Record
from connector.records.upsert import Row, upsert
from connector.tools.call import call
from connector.tools.rerun import rerun
from tests.tools.conftest import BEGIN

pytestmark = pytest.mark.django_db
DAY = 24 * 60


def line(title: str, quantity: int | None = 1, price: str | None = "10") -> dict[str, Any]:
    return {"title": title, "quantity": quantity, "price": None if price is None else Decimal(price)}


@pytest.fixture
def trading(shop: Any, write: Callable[..., None]) -> Any:
    """ann begins a checkout and orders within the week, ben a day late, cem not at all; ann's order is delivered twice."""
    of_shop = {"integration": "Shopify", "category": "eCommerce", "key": "shopify"}
    upsert(
        shop,
        "metric",
        [Row("CHECK", "Started Checkout", attributes=of_shop), Row("CART", "Added to Cart", attributes=of_shop)],
    )
    upsert(
        shop,
        "catalog_item",
        [Row("i2", "Mug"), Row("i1", "Mug", attributes={"url": "https://x.test/mug", "price": 10})],
    )
    upsert(shop, "list", [Row("L1", "Newsletter")])
    write(shop, [
        ("CHECK", "ann", 0, {"items": [line("Mug")]}), ("CHECK", "ben", 0, {"items": [line("Mug"), line("Lamp")]}),
        ("CHECK", "cem", 0, {"items": [line("Lamp", None)]}), ("CHECK", None, 0, {"items": [line("Vase")]}),
        ("ORDER", "ann", 7 * DAY, {"order_id": "o1", "items": [line("Mug", 2), line("Sock")]}),
        ("ORDER", "ann", 8 * DAY, {"order_id": "o1", "items": [line("Mug", 2), line("Sock")]}),
        ("ORDER", "ben", 7 * DAY + 1, {"order_id": "o2", "items": [line("Lamp", 1, "0.005")]}),
        ("ORDER", "ben", 9 * DAY, {"order_id": "o3", "currency": "EUR", "items": [line("Lamp"), line("Mug", 1, None)]}),
        ("ORDER", "ben", 300 * DAY, {"order_id": "o4", "items": [line("Lamp")]}),
    ])  # fmt: skip
    with writing(shop.pk, "test") as lake:
        lake.replace_members("L1", ["ann"])
    record = Record.objects.get(install=shop, klaviyo_id="L1")
    Audience.objects.create(record=record, organization_id=shop.organization_id, fetched_at=timezone.now(), members=1)
    return shop


def asked(caller: Caller, **args: Any) -> dict[str, Any]:
    return call(caller, "top_items", {"period": "2026-03"} | args)


def rows(answer: dict[str, Any]) -> list[tuple[Any, ...]]:
    names = ("item", "count", "people", "quantity", "revenue")
    return [tuple(row[name] for name in names) for row in answer["data"]["accounts"][0]["rows"]]


def test_products_sold_are_lines_of_orders_each_once(trading: Any, alice_caller: Caller) -> None:
    answer = asked(alice_caller, event="ordered")

    assert rows(answer) == [("Lamp", 2, 1, 2, 0.01), ("Mug", 2, 2, 3, 20.0), ("Sock", 1, 1, 1, 10.0)]
    assert answer["answer"] == (
        f"{trading.name}: most ordered in March 2026 were “Lamp” (2 lines, 1 person), “Mug” (2 lines, 2 people), "
        "“Sock” (1 line, 1 person)."
    )
    told = {caveat["code"]: caveat["text"] for caveat in answer["caveats"]}
    assert told["duplicate_orders"].startswith("1 further delivery")
    assert told["other_currency"].startswith("1 event in another currency than USD")
    assert [source["id"] for source in answer["sources"]] == ["ORDER"]


def test_an_event_dated_ahead_is_left_out_and_told(trading: Any, alice_caller: Caller) -> None:
    with time_machine.travel(BEGIN.replace(month=6), tick=False):
        Audience.objects.update(fetched_at=timezone.now())
        answer = asked(alice_caller, event="ordered", period="2026")

    assert rows(answer)[0][:2] == ("Lamp", 2)
    assert "future_events" in {caveat["code"] for caveat in answer["caveats"]}


def test_left_behind_is_what_was_not_ordered_within_the_days(trading: Any, alice_caller: Caller) -> None:
    answer = asked(alice_caller, event="abandoned_checkout")

    assert rows(answer) == [("Lamp", 2, 2, 1, 10.0), ("Mug", 1, 1, 1, 10.0)]
    assert "within 7 × 24 hours" in answer["method"]["definition"]
    assert rows(asked(alice_caller, event="abandoned_checkout", within_days=8))[0] == ("Lamp", 1, 1, None, None)


def test_days_that_are_not_over_are_told(trading: Any, alice_caller: Caller) -> None:
    with time_machine.travel(BEGIN.replace(day=3), tick=False):
        told = {caveat["code"]: caveat["text"] for caveat in asked(alice_caller, event="abandoned_checkout")["caveats"]}

    assert told["window_open"].startswith("For 3 of these checkouts the 7 days are not over yet")


def test_what_is_bought_together(trading: Any, alice_caller: Caller) -> None:
    answer = asked(alice_caller, event="ordered", with_item="mug", sort_by="revenue")

    assert [row[0] for row in rows(answer)] == ["Sock", "Lamp"]
    assert (
        "most ordered by price × quantity in March 2026 together with “Mug” were “Sock” (10.00 USD," in answer["answer"]
    )
    assert [row[0] for row in rows(asked(alice_caller, event="ordered", with_item="mug", item="sock"))] == ["Sock"]


def test_of_an_audience_and_of_nobody(trading: Any, alice_caller: Caller) -> None:
    answer = asked(alice_caller, event="ordered", audience="Newsletter")

    assert [row[0] for row in rows(answer)] == ["Mug", "Sock"]
    assert answer["freshness"][0]["members"][0]["id"] == "L1"
    nothing = asked(alice_caller, event="ordered", audience="Newsletter", campaign="Q4 Holiday Campaign")
    assert nothing["answer"] == (
        f"{trading.name}: no item was ordered in March 2026 by present members of “Newsletter” attributed to “Q4 Holiday Campaign”."
    )


def test_a_title_has_the_catalogs_item_of_the_smallest_id(trading: Any, alice_caller: Caller) -> None:
    held = {row["item"]: row["catalog"] for row in asked(alice_caller, event="ordered")["data"]["accounts"][0]["rows"]}

    assert held["Mug"] == {"id": "i1", "url": "https://x.test/mug", "image": None, "price": 10}
    assert held["Lamp"] is None


def test_what_fits_no_price_is_in_no_amount(trading: Any, write: Callable[..., None], alice_caller: Caller) -> None:
    dear = line("Mug", 9 * 10**12, "90000000000000")
    write(trading, [("CART", "ann", 0, {"items": [dear]}), ("CART", "ann", 1, {"items": [line("Mug")]})])

    assert rows(asked(alice_caller)) == [("Mug", 2, 1, 9 * 10**12 + 1, 10.0)]


def test_a_verb_the_account_has_no_metric_for_is_refused(trading: Any, alice_caller: Caller) -> None:
    assert asked(alice_caller, event="viewed_product")["reason"]["code"] == "no_such_metric"
    Record.objects.filter(install=trading, klaviyo_id="ORDER").delete()
    assert asked(alice_caller, event="abandoned_checkout")["reason"]["code"] == "no_purchase_metric"
    assert asked(alice_caller, event="ordered", item="nothing of ours")["reason"]["code"] == "not_found"


def test_twenty_items_are_shown_and_the_rest_by_cursor(
    trading: Any, write: Callable[..., None], alice_caller: Caller
) -> None:
    write(trading, [("CART", "ann", number, {"items": [line(f"Item {number:02d}")]}) for number in range(23)])

    first = asked(alice_caller)
    assert (len(rows(first)), first["more"]["left_out"]) == (20, 3)
    further = call(alice_caller, "top_items", {"cursor": first["more"]["cursor"]})
    assert [row[0] for row in rows(further)] == ["Item 20", "Item 21", "Item 22"] and further["more"] is None


@pytest.mark.parametrize(
    "args",
    [
        {"event": "ordered", "with_item": "Mug"},
        {"event": "abandoned_checkout", "audience": "Newsletter"},
        {"event": "ordered", "campaign": "Q4 Holiday Campaign"},
    ],
)
def test_run_again_it_is_equal_whatever_was_renamed(
    trading: Any, write: Callable[..., None], alice_caller: Caller, args: dict[str, Any]
) -> None:
    receipt = Receipt.objects.all().named(asked(alice_caller, **args)["receipt"]["id"]).get()
    write(trading, [])
    Record.objects.filter(install=trading).exclude(kind="metric").update(name="Renamed", folded="renamed")
    trading.currency, trading.time_zone = "JPY", "Asia/Tokyo"
    trading.save()

    again = rerun(alice_caller, receipt, "same")

    assert again.changed == [] and again.answer["answer"] == receipt.answer["answer"]
