"""What was bought, viewed or left in a cart, however the shop writes it."""

from decimal import Decimal
from typing import Any

import pytest

from tests.klaviyo.test_events import of

SHOPIFY = {
    "line_items": [{"title": "Mug", "quantity": 2, "price": "9.50", "sku": "x"}, {"title": "Tea", "quantity": 1}]
}
API = [
    {"ProductName": "Mug", "Quantity": 2, "ItemPrice": 9.5, "RowTotal": 19, "ProductID": 1},
    {"ProductName": "Tea", "Quantity": 1, "ItemPrice": None},
]
BOTH = [("Mug", "2", "9.5"), ("Tea", "1", None)]


def lines(properties: dict[str, Any]) -> list[tuple[str, str | None, str | None]] | None:
    """Title, quantity, price of each item, as short as they can be written."""
    items = of(properties)["items"]

    def short(number: Decimal | None) -> str | None:
        return None if number is None else f"{number.normalize():f}"

    return items and [(one["title"], short(one["quantity"]), short(one["price"])) for one in items]


@pytest.mark.parametrize(
    "properties",
    [
        {"extra": SHOPIFY, "Items": ["Mug", "Tea"]},
        {"$extra": SHOPIFY, "Items": ["Mug", "Tea"]},
        {"extra": {"token": "x"}, "$extra": SHOPIFY},
        {"extra": "nothing", "$extra": SHOPIFY},
        {"Items": API, "extra": {"line_items": []}},
        {"Items": API, "$extra": None},
    ],
)
def test_lines_of_an_order_have_title_quantity_and_price(properties: dict[str, Any]) -> None:
    assert lines(properties) == BOTH


def test_titles_alone_are_items_too() -> None:
    assert lines({"Items": ["Mug", "Tea", ""]}) == [("Mug", None, None), ("Tea", None, None)]


def test_what_was_added_counts_before_what_was_in_the_cart() -> None:
    added = {"AddedItemProductName": "Cup", "AddedItemQuantity": 3, "AddedItemPrice": "4.25", "Items": API}

    assert lines(added) == [("Cup", "3", "4.25")]


def test_a_viewed_product_is_one_item() -> None:
    assert lines({"ProductName": "Cup", "Price": 3}) == [("Cup", None, None)]
    assert lines({"ProductName": "Cup", "Items": []}) == [("Cup", None, None)]


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"Items": None},
        {"Items": "Mug"},
        {"Items": [None, 5, [], {"name": "x"}]},
        {"extra": {"line_items": "Mug"}},
        {"extra": {"line_items": [{"name": "Mug"}]}},
        {"extra": []},
        {"ProductName": ""},
    ],
)
def test_what_names_nothing_has_no_items(properties: dict[str, Any]) -> None:
    assert lines(properties) is None


def test_an_odd_line_is_left_out_and_an_odd_number_is_unknown() -> None:
    odd = [{"ProductName": "Mug", "Quantity": "two", "ItemPrice": {"amount": 5}}, {"ProductName": None}, "Tea", 7]

    assert lines({"Items": odd}) == [("Mug", None, None)]
    assert lines({"Items": [{"ProductName": 501}]}) == [("501", None, None)]
