"""Carts and orders, in the forms of the platforms that send them."""

from dataclasses import dataclass
from typing import Any

import msgspec

from connector.sandbox.world.account import Account
from connector.sandbox.world.names import NOTES

encode = msgspec.json.encode


@dataclass(frozen=True)
class Item:
    """One line of a cart; `price` is each."""

    product: int
    title: str
    quantity: int
    price: float


class Basket:
    """Fills carts from the shop's products and writes them as its platform does."""

    def __init__(self, account: Account) -> None:
        self.account, self.shop, self.chance = account, account.shop, account.chance
        self.products = [(place, title, price) for place, (title, price) in enumerate(self.shop.products, 1)]
        self.weights = [1 / place for place, _, _ in self.products]

    def fill(self) -> list[Item]:
        chosen = self.chance.choices(self.products, self.weights, k=self.chance.choice((1, 1, 1, 2, 2, 3)))
        quantity = self.chance.choice((1, 1, 1, 2))
        return [Item(place, title, quantity, price) for place, title, price in dict.fromkeys(chosen)]

    def total(self, items: list[Item]) -> float | int:
        whole = sum(item.price * item.quantity for item in items)
        return round(whole, self.shop.cents) if self.shop.cents else int(whole)

    def viewed(self, item: Item) -> bytes:
        return encode({"ProductName": item.title, "ProductID": f"P{item.product:03d}", "SKU": f"SKU-{item.product:03d}",
                       "Price": item.price, "URL": f"https://{self.shop.domain}/p/{item.product}"})  # fmt: skip

    def added(self, items: list[Item]) -> bytes:
        last = items[-1]
        return encode({"$value": self.total(items), "AddedItemProductName": last.title,
                       "AddedItemProductID": f"P{last.product:03d}", "AddedItemPrice": last.price,
                       "AddedItemQuantity": last.quantity, "ItemNames": [item.title for item in items],
                       "Items": self._objects(items)})  # fmt: skip

    def checkout(self, id: str, items: list[Item]) -> bytes:
        return encode(self._said(f"cart-{id}", items) | {"CheckoutURL": f"https://{self.shop.domain}/c/{id}"})

    def placed(self, id: str, items: list[Item]) -> bytes:
        said = self._said(id, items)
        if self.chance.random() < 0.05:
            note = self.chance.choice(NOTES)
            said["note"] = note
            if "$extra" in said:
                said["$extra"]["note"] = note
        if self.chance.random() < 0.02:
            said["$value"] = str(said["$value"])
        return encode(said)

    def ordered(self, id: str, item: Item) -> bytes:
        worth = (
            round(item.price * item.quantity, self.shop.cents) if self.shop.cents else int(item.price * item.quantity)
        )
        return encode({"$event_id": f"{id}:{item.product}", "$value": worth, "ProductName": item.title,
                       "ProductID": f"P{item.product:03d}", "SKU": f"SKU-{item.product:03d}",
                       "Quantity": item.quantity, "OrderId": id})  # fmt: skip

    def _said(self, id: str, items: list[Item]) -> dict[str, Any]:
        return self._shopify(id, items) if self.shop.platform == "Shopify" else self.api(id, items)

    def _shopify(self, id: str, items: list[Item]) -> dict[str, Any]:
        lines = [{"title": item.title, "quantity": item.quantity, "price": f"{item.price:.2f}",
                  "product_id": item.product, "sku": f"SKU-{item.product:03d}", "variant_title": None}
                 for item in items]  # fmt: skip
        codes = ["WELCOME10"] if self.chance.random() < 0.15 else []
        return {"$event_id": id, "$value": self.total(items), "$currency_code": self.shop.currency,
                "Item Count": sum(item.quantity for item in items), "Items": [item.title for item in items],
                "Collections": ["Frontpage"], "Discount Codes": codes, "Total Discounts": "0.00",
                "Source Name": "web", "Customer Locale": self.shop.locale,
                "$extra": {"line_items": lines, "checkout_url": f"https://{self.shop.domain}/checkouts/{id}",
                           "token": f"tok{id}"}}  # fmt: skip

    def api(self, id: str, items: list[Item]) -> dict[str, Any]:
        """As shops write that send their own events."""
        return {"$event_id": id, "$value": self.total(items), "$value_currency": self.shop.currency, "OrderId": id,
                "ItemNames": [item.title for item in items], "Items": self._objects(items)}  # fmt: skip

    def _objects(self, items: list[Item]) -> list[dict[str, Any]]:
        return [{"ProductID": f"P{item.product:03d}", "SKU": f"SKU-{item.product:03d}", "ProductName": item.title,
                 "Quantity": item.quantity, "ItemPrice": item.price, "RowTotal": item.price * item.quantity,
                 "ProductURL": f"https://{self.shop.domain}/p/{item.product}"}
                for item in items]  # fmt: skip
