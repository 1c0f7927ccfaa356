"""top_items: a hand-made account with its figures, and the product against the count by hand."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from accounts.caller import Caller
from tests.insights.budget import examples
from tests.insights.comparing import compare
from tests.oracle.cases import NOW, shop
from tests.oracle.making import audience, catalog_item, event, mark
from tests.oracle.top_items import count, questions
from tests.oracle.world import Json, World


def lines(*held: tuple[str, Any, Any]) -> Json:
    return {"line_items": [{"title": title, "quantity": many, "price": price} for title, many, price in held]}


def account() -> World:
    cart = {"AddedItemQuantity": 2, "AddedItemPrice": "10.005"}
    return shop(
        event("c1", "CART", "p1", "2026-06-01 10:00:00", AddedItemProductName="Mug", **cart),
        event("c2", "CART", "p1", "2026-06-02 10:00:00", AddedItemProductName="Mug", Items=["Lamp"]),
        event("c3", "CART", None, "2026-06-02 10:00:00", AddedItemProductName="Lamp", currency="USD", **cart),
        event("c4", "CART", "p2", "2026-06-02 10:00:00", AddedItemProductName="Bowl"),
        event("k1", "CHEK", "p1", "2026-06-01 10:00:00", Items=["Mug", "Mug", "Lamp"]),
        event("k2", "CHEK", "p2", "2026-06-01 10:00:00", Items=["Lamp"]),
        event("k3", "CHEK", "p3", "2026-06-01 10:00:00", Items=["Bowl"]),
        event("k4", "CHEK", None, "2026-06-01 10:00:00", Items=["Vase"]),
        event(
            "o1", "ORDR", "p1", "2026-06-08 10:00:00", ("a1",), order="A", extra=lines(("Mug", 2, 5), ("Lamp", 1, 9.9))
        ),
        event("o2", "ORDR", "p1", "2026-06-09 10:00:00", order="A", extra=lines(("Mug", 2, 5))),
        event("o3", "ORDR", "p2", "2026-06-08 10:00:01", order="B", extra=lines(("Mug", None, 5), ("Bowl", 3, "1.5"))),
        event("o4", "ORDR", "p3", "2026-06-01 10:00:00", order="C", Items=["Mug"]),
        included=[mark("a1", "o1", campaign="x", flow="f1")],
        segments=[audience("segment", "S1", "VIP")],
        members={"S1": ["p2"]},
        catalog=[catalog_item("I1", "Mug", 5, "https://shop.test/mug", "https://shop.test/mug.png")],
    )


def asked(**args: Any) -> list[tuple[Any, ...]]:
    rows = count(account(), {"period": "2026-06"} | args, NOW)["rows"]
    return [(row["item"], row["count"], row["people"], row["quantity"], row["revenue"]) for row in rows]


def test_an_added_item_is_its_own_line_whatever_else_is_in_the_cart() -> None:
    assert asked() == [
        ("Mug", 2, 1, 2, Decimal("20.01")),
        ("Bowl", 1, 1, None, None),
        ("Lamp", 1, 0, 2, None),  # of nobody, in another currency
    ]


def test_what_sold_is_in_lines_of_orders_not_of_deliveries() -> None:
    assert asked(event="ordered") == [
        ("Mug", 3, 3, 2, Decimal("10.00")),
        ("Bowl", 1, 1, 3, Decimal("4.50")),
        ("Lamp", 1, 1, 1, Decimal("9.90")),
    ]
    assert [row[0] for row in asked(event="ordered", sort_by="revenue")] == ["Mug", "Lamp", "Bowl"]
    assert [row[0] for row in asked(event="ordered", sort_by="quantity")] == ["Bowl", "Mug", "Lamp"]


def test_each_line_counts_and_a_title_twice_in_a_basket_is_two() -> None:
    assert asked(event="started_checkout")[:2] == [("Lamp", 2, 2, None, None), ("Mug", 2, 1, None, None)]


def test_a_basket_is_abandoned_without_an_order_after_it_up_to_the_last_second() -> None:
    """p1 ordered after seven days to the second, p2 a second later, p3 in the second of the basket itself."""
    assert [row[0] for row in asked(event="abandoned_checkout")] == ["Bowl", "Lamp"]
    assert [row[0] for row in asked(event="abandoned_checkout", within_days=6)] == ["Lamp", "Mug", "Bowl"]


def test_rows_of_titles_and_of_what_is_bought_with_them() -> None:
    assert [row[:2] for row in asked(event="ordered", item="mug")] == [("Mug", 3)]
    assert [row[:2] for row in asked(event="ordered", with_item="Mug")] == [("Bowl", 1), ("Lamp", 1)]
    assert [row[:2] for row in asked(event="ordered", with_item="Bowl")] == [("Mug", 1)]


def test_only_of_an_audience_or_of_a_flow() -> None:
    assert [row[0] for row in asked(event="ordered", audience="VIP")] == ["Bowl", "Mug"]
    held = account()
    held.flows = [{"type": "flow", "id": "f1", "attributes": {"name": "Winback", "status": "live"}}]
    assert [
        row["item"] for row in count(held, {"event": "ordered", "flow": "winback", "period": "all"}, NOW)["rows"]
    ] == ["Lamp", "Mug"]


def test_a_title_of_the_catalog_has_its_item() -> None:
    found = {row["item"]: row["catalog"] for row in count(account(), {"period": "2026-06"}, NOW)["rows"]}

    mug = {"id": "I1", "url": "https://shop.test/mug", "image": "https://shop.test/mug.png", "price": 5}
    assert found == {"Mug": mug, "Bowl": None, "Lamp": None}


def test_without_a_purchase_metric_orders_and_abandoned_baskets_are_refused() -> None:
    held = account()
    held.metrics = [metric for metric in held.metrics if metric["id"] != "ORDR"]
    held.events = [one for one in held.events if not one["id"].startswith("o")]

    assert count(held, {"event": "ordered"}, NOW)["reason"] == "no_purchase_metric"
    assert count(held, {"event": "abandoned_checkout"}, NOW)["reason"] == "no_purchase_metric"
    assert count(held, {}, NOW)["status"] == "ok"


@examples(5, 250)
@given(data=st.data())
def test_every_figure_of_items_is_the_one_counted_by_hand(
    data: st.DataObject, alice_caller: Caller, lake: None
) -> None:
    compare(data, alice_caller, "top_items", count, questions, often=("CARTAD", "CHECKO", "VIEWED"))
