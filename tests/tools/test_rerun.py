"""A receipt can be run again: with the same meaning on the same data it is equal, whatever has changed since."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from accounts.caller import Caller
from connector.receipts.models import Receipt
from connector.records.models import Record
from connector.records.upsert import Row, upsert
from connector.tools.call import call
from connector.tools.rerun import rerun
from tests.factories import InstallFactory

pytestmark = pytest.mark.django_db
Write = Callable[..., None]

OPENS = [
    ("OPEN", "ann", 0, {"message": "M1"}),
    ("OPEN", "ben", 7, {"message": "M1"}),
    ("OPEN", "cem", 9, {"message": "M9"}),
]
ORDERS = [("ORDER", "ann", 5, {"order_id": "o1", "value": Decimal("12.34")})]
QUESTION = {"did": "opened_email", "campaign": "Q4 Holiday Campaign", "but_not": "ordered", "within_days": 7}


def receipt_of(answer: dict[str, Any]) -> Receipt:
    return Receipt.objects.all().named(answer["receipt"]["id"]).get()


@pytest.mark.parametrize(
    "args",
    [
        QUESTION,
        {"did": "opened_email", "group_by": "event:weekday"},
        {"did": "ordered", "period": "..2026-12-31"},
        {"did": "opened_email", "at_least": 1, "where": "country=Germany", "campaign": "latest:q4"},
    ],
)
def test_run_again_on_the_same_versions_it_is_equal(
    shop: Any, write: Write, alice_caller: Caller, args: dict[str, Any]
) -> None:
    write(shop, OPENS + ORDERS)
    answer = call(alice_caller, "people_who", args)
    receipt = receipt_of(answer)
    write(shop, [*OPENS, ("OPEN", "dan", 1, {"message": "M1"})])
    Record.objects.filter(install=shop, kind="campaign").update(name="Renamed", folded="renamed")
    shop.currency, shop.time_zone = "JPY", "Asia/Tokyo"
    shop.save()

    again = rerun(alice_caller, receipt, "same")

    assert again.changed == [] and again.is_same_definition
    assert again.answer["method"] == receipt.answer["method"]
    assert again.answer["sources"] == receipt.answer["sources"]


def test_asked_as_of_now_the_change_is_told_figure_by_figure(shop: Any, write: Write, alice_caller: Caller) -> None:
    write(shop, OPENS + ORDERS)
    receipt = receipt_of(call(alice_caller, "people_who", QUESTION))
    write(shop, [*OPENS, *ORDERS, ("OPEN", "dan", 1, {"message": "M1"})])

    changed = {each["path"]: (each["before"], each["after"]) for each in rerun(alice_caller, receipt, "latest").changed}

    assert changed["data.accounts[0].did"] == (2, 3)
    assert changed["data.accounts[0].people"] == (1, 2)


def test_an_account_that_was_not_answered_stands_as_it_was_recorded(
    shop: Any, write: Write, alice_caller: Caller, northwind: Any
) -> None:
    write(shop, OPENS + ORDERS)
    other = InstallFactory(organization=northwind, klaviyo_id="OTHER1", name="Candles")
    upsert(other, "metric", [Row("OPEN", "Opened Email", attributes={"integration": "Klaviyo", "key": "klaviyo"})])
    receipt = receipt_of(call(alice_caller, "people_who", QUESTION | {"account": "all"}))

    assert rerun(alice_caller, receipt, "same").changed == []


def test_a_definition_that_has_changed_since_is_said(shop: Any, write: Write, alice_caller: Caller) -> None:
    write(shop, OPENS + ORDERS)
    receipt = receipt_of(call(alice_caller, "people_who", QUESTION))
    receipt.definition_version = 0

    assert not rerun(alice_caller, receipt, "same").is_same_definition
