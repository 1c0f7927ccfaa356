"""What stands in an account before anybody comes: metrics, lists, segments, tags, templates, images, the catalog."""

from typing import Any

from connector.sandbox.things import Ref, Thing
from connector.sandbox.world import ids
from connector.sandbox.world.account import DAY, Account, iso

KLAVIYO = {"object": "integration", "id": "0rG4eQ", "key": "klaviyo", "name": "Klaviyo", "category": "Internal"}
API = {"object": "integration", "id": "7FtS4J", "key": "api", "name": "API", "category": "API"}
SHOPS = {
    "Shopify": {"object": "integration", "id": "0eMvjm", "key": "shopify", "name": "Shopify", "category": "eCommerce"},
    "WooCommerce": {"object": "integration", "id": "0fQx2W", "key": "woocommerce", "name": "WooCommerce",
                    "category": "eCommerce"},
    "API": API,
}  # fmt: skip
OWN = (
    "Received Email", "Opened Email", "Clicked Email", "Bounced Email", "Dropped Email", "Marked Email as Spam",
    "Unsubscribed from Email Marketing", "Subscribed to Email Marketing", "Subscribed to List", "Unsubscribed from List",
    "Received SMS", "Clicked SMS", "Sent SMS", "Failed to Deliver SMS", "Subscribed to SMS Marketing",
    "Unsubscribed from SMS Marketing", "Received Push", "Opened Push", "Form submitted by profile", "Merged Profile",
)  # fmt: skip
OLD = ("Unsubscribed", "Consented to Receive SMS")
TRADE = ("Placed Order", "Ordered Product", "Fulfilled Order", "Cancelled Order", "Refunded Order")
ONSITE = ("Active on Site", "Viewed Product", "Added to Cart")


def furnish(account: Account) -> None:
    """Put all of it in place."""
    account.put(Thing("account", account.id, _attributes(account)))
    _metrics(account)
    _tags(account)
    _lists(account)
    _segments(account)
    _templates(account)
    _images(account)
    _catalog(account)


def _attributes(account: Account) -> dict[str, Any]:
    shop = account.shop
    return {
        "test_account": True,
        "contact_information": {
            "default_sender_name": shop.sender,
            "default_sender_email": f"hello@{shop.domain}",
            "website_url": f"https://{shop.domain}",
            "organization_name": shop.name,
            "street_address": {"address1": "1 Example Street", "address2": None, "city": shop.timezone.split("/")[1],
                               "region": None, "country": shop.country, "zip": "00001"},
        },
        "industry": shop.industry,
        "timezone": shop.timezone,
        "preferred_currency": shop.currency,
        "public_api_key": shop.id,
        "locale": shop.locale,
    }  # fmt: skip


def _metrics(account: Account) -> None:
    shop = account.shop
    trade = SHOPS[shop.platform]
    named = [(name, KLAVIYO) for name in OWN + (OLD if shop.old_names else ())]
    named += [(name, trade) for name in (shop.checkout, *TRADE)]
    named += [(name, API) for name in ONSITE]
    if shop.second_orders:
        named.append(("Placed Order", API))
    for name, integration in named:
        attributes = {"name": name, "created": iso(account.start), "updated": iso(account.start)}
        thing = Thing("metric", ids.short(account.chance), attributes | {"integration": integration})
        account.metrics.append(account.put(thing))


def _tags(account: Account) -> None:
    chance = account.chance
    for name, default in (("Default", True), ("Season", False)):
        attributes = {"name": name, "exclusive": not default, "default": default}
        group = account.put(Thing("tag-group", ids.uuid(chance), attributes))
        account.named[f"tag-group {name}"] = group.id
    for name, held_by in (
        ("Holiday", "Season"),
        ("Evergreen", "Default"),
        ("Reactivation", "Default"),
        ("Sale, big", "Default"),
    ):
        ref: Ref = ("tag-group", account.named[f"tag-group {held_by}"])
        tag = account.put(Thing("tag", ids.uuid(chance), {"name": name}, {"tag-group": ref}))
        account.named[f"tag {name}"] = tag.id


def _lists(account: Account) -> None:
    for name, optin in (("Newsletter", "double_opt_in"), ("SMS Subscribers", "single_opt_in"), ("VIP Early Access", "single_opt_in"),
                        ("Old import (do not use)", "single_opt_in")):  # fmt: skip
        times = {"created": iso(account.start), "updated": iso(account.start + 30 * DAY)}
        thing = Thing("list", ids.short(account.chance), {"name": name, **times, "opt_in_process": optin}, {"tags": []})
        account.named[f"list {name}"] = account.put(thing).id
        account.lists[thing.id] = {}


def _segments(account: Account) -> None:
    order = account.metrics[account.metric("Placed Order")].id
    opened = account.metrics[account.metric("Opened Email")].id
    for name, conditions in (
        ("VIP Customers", [[counted(order, "greater-than-or-equal", 3)]]),
        ("Engaged (90 days)", [[counted(opened, "greater-than", 0, within=90)]]),
        ("Lapsed Buyers", [[counted(order, "greater-than", 0)], [counted(order, "equals", 0, within=180)]]),
        ("Never ordered", [[counted(order, "equals", 0)]]),
        ("Newsletter, not SMS", [[_member(account, "Newsletter", True)], [_member(account, "SMS Subscribers", False)]]),
    ):
        attributes = {
            "name": name,
            "definition": {"condition_groups": [{"conditions": group} for group in conditions]},
            "created": iso(account.start + 10 * DAY),
            "updated": iso(account.start + 40 * DAY),
            "is_active": True,
            "is_processing": False,
            "is_starred": name.startswith("VIP"),
        }
        thing = account.put(Thing("segment", ids.short(account.chance), attributes, {"tags": []}))
        account.named[f"segment {name}"] = thing.id


def counted(metric: str, operator: str, value: int, within: int | None = None) -> dict[str, Any]:
    """A segment's condition: how often something was done, ever or in the last `within` days."""
    frame: dict[str, Any] = {"type": "date", "operator": "alltime"}
    if within:
        frame = {"type": "date", "operator": "in-the-last", "unit": "day", "quantity": within}
    return {
        "type": "profile-metric",
        "metric_id": metric,
        "measurement": "count",
        "measurement_filter": {"type": "numeric", "operator": operator, "value": value},
        "timeframe_filter": frame,
    }


def _member(account: Account, name: str, inside: bool) -> dict[str, Any]:
    id = account.named[f"list {name}"]
    return {"type": "profile-group-membership", "is_member": inside, "group_ids": [id]}


def _templates(account: Account) -> None:
    for name in ("Basic newsletter", "Product grid", "Cart reminder", "Welcome"):
        html = page(name, account.shop.name, "Hello {{ person.first_name|default:'there' }}, see what is new.")
        account.put(template(account, name, html, account.start))


def template(account: Account, name: str, html: str, at: int) -> Thing:
    """One more template, not yet put."""
    attributes = {"name": name, "editor_type": "CODE", "html": html, "text": None, "amp": None,
                  "created": iso(at), "updated": iso(at)}  # fmt: skip
    return Thing("template", ids.short(account.chance), attributes)


def page(title: str, shop: str, words: str) -> str:
    """The HTML of a plain message."""
    return (
        f"<html><body><h1>{title}</h1><p>{words}</p>"
        f"<p><a href='https://shop.example/?utm_source=klaviyo'>{shop}</a></p>{{% unsubscribe %}}</body></html>"
    )


def _images(account: Account) -> None:
    for name in ("hero.jpg", "logo.png", "sale-banner.gif"):
        format = {"jpg": "jpeg", "png": "png", "gif": "gif"}[name.rsplit(".", 1)[1]]
        attributes = {"name": name, "image_url": f"https://images.example/{account.id}/{name}", "format": format,
                      "size": account.chance.randrange(10_000, 900_000), "hidden": False,
                      "updated_at": iso(account.start)}  # fmt: skip
        account.put(Thing("image", ids.number(account.chance), attributes))


def _catalog(account: Account) -> None:
    created = {"created": iso(account.start), "updated": iso(account.start)}
    refs: list[Ref] = []
    category = Thing("catalog-category", "$custom:::$default:::ALL", {"external_id": "ALL", "name": "All products",
                                                                    "updated": iso(account.start)})  # fmt: skip
    for number, (title, price) in enumerate(account.shop.products, 1):
        external = f"P{number:03d}"
        shown = {"external_id": external, "title": title, "description": f"{title}.", "price": price,
                 "url": f"https://{account.shop.domain}/p/{number}", "image_full_url": f"https://images.example/{number}.jpg",
                 "image_thumbnail_url": None, "images": [], "custom_metadata": {}, "published": True} | created  # fmt: skip
        item: Ref = ("catalog-item", f"$custom:::$default:::{external}")
        variant: Ref = ("catalog-variant", f"$custom:::$default:::{external}-V1")
        stock = {"sku": f"SKU-{number:03d}", "inventory_policy": 1, "inventory_quantity": 100.0 * number}
        account.put(Thing(*item, shown, {"variants": [variant]}, {"categories": [category.id]}))
        account.put(Thing(*variant, shown | stock | {"external_id": f"{external}-V1"}, {"item": item}))
        refs.append(item)
    category.relations["items"] = list(refs)
    account.put(category)
