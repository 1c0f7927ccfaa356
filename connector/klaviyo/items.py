"""The line items of carts and orders. Each integration writes them in its own way; the first that is there counts:

AddedItemProductName, ...Quantity, ...Price    Added to Cart
extra.line_items, $extra.line_items            Shopify's orders and checkouts: title, quantity, price
Items of objects                               events by API: ProductName, Quantity, ItemPrice
Items of texts                                 Shopify's titles alone
ProductName                                    Viewed Product
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Protocol

import msgspec

from connector.klaviyo.values import ABSENT, Scalar, amount, text

Item = dict[str, str | Decimal | None]
"""`title`, `quantity`, `price`."""


class Bought(Protocol):
    """The properties that may name items: see events.Props."""

    added_title: str | int | None
    added_quantity: msgspec.Raw
    added_price: msgspec.Raw
    extra: msgspec.Raw
    raw_extra: msgspec.Raw
    items: msgspec.Raw
    product: str | int | None


class _Line(msgspec.Struct, gc=False):
    title: Scalar = None
    quantity: msgspec.Raw = ABSENT
    price: msgspec.Raw = ABSENT


class _Extra(msgspec.Struct, gc=False):
    line_items: msgspec.Raw = ABSENT


class _Product(msgspec.Struct, gc=False):
    title: Scalar = msgspec.field(name="ProductName", default=None)
    quantity: msgspec.Raw = msgspec.field(name="Quantity", default=ABSENT)
    price: msgspec.Raw = msgspec.field(name="ItemPrice", default=ABSENT)


_LISTS = msgspec.json.Decoder(list[msgspec.Raw])
_EXTRAS = msgspec.json.Decoder(_Extra)
_LINES = msgspec.json.Decoder(_Line)
_PRODUCTS = msgspec.json.Decoder(_Product)
_TEXTS = msgspec.json.Decoder(str)
_Lines = msgspec.json.Decoder[_Line] | msgspec.json.Decoder[_Product]


def line_items(props: Bought) -> list[Item] | None:
    """The items of one event, or None when it names none."""
    title = text(props.added_title)
    if title is not None:
        return [_item(title, props.added_quantity, props.added_price)]
    for extra in (props.extra, props.raw_extra):
        if len(extra):
            lines = list(_read(entries(_line_items(extra)), _LINES))
            if lines:
                return lines
    if len(props.items):
        return _items(entries(props.items)) or _viewed(props)
    return _viewed(props)


def _items(elements: list[msgspec.Raw]) -> list[Item] | None:
    objects = list(_read(elements, _PRODUCTS))
    return objects or [_item(title, ABSENT, ABSENT) for title in texts(elements) if title] or None


def _viewed(props: Bought) -> list[Item] | None:
    title = text(props.product)
    return None if title is None else [_item(title, ABSENT, ABSENT)]


def _line_items(extra: msgspec.Raw) -> msgspec.Raw:
    try:
        return _EXTRAS.decode(extra).line_items
    except msgspec.DecodeError:
        return ABSENT


def entries(raw: msgspec.Raw) -> list[msgspec.Raw]:
    """The elements of a JSON array; none of anything else."""
    try:
        return _LISTS.decode(raw) if len(raw) else []
    except msgspec.DecodeError:
        return []


def texts(elements: list[msgspec.Raw]) -> list[str]:
    """The texts among some JSON values."""
    return [_TEXTS.decode(one) for one in elements if bytes(one).startswith(b'"')]


def _read(elements: list[msgspec.Raw], decoder: _Lines) -> Iterator[Item]:
    for element in elements:
        try:
            line = decoder.decode(element)
        except msgspec.DecodeError:
            continue
        title = text(line.title)
        if title is not None:
            yield _item(title, line.quantity, line.price)


def _item(title: str, quantity: msgspec.Raw, price: msgspec.Raw) -> Item:
    return {"title": title, "quantity": amount(quantity), "price": amount(price)}
