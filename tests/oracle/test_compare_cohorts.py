"""compare_cohorts: a hand-made account with its figures, and the product against the count by hand."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from accounts.caller import Caller
from tests.insights.budget import examples
from tests.insights.comparing import compare
from tests.oracle.cases import NOW, happened, shop
from tests.oracle.compare_cohorts import count, questions
from tests.oracle.world import Json, World

EVENTS = """
SUBS p1 2026-01-10T10:00:00
LIST p1 2026-01-10T10:00:00 Method=Form id=z1
ORDR p1 2026-01-10T10:00:00 value=10 order=A
ORDR p1 2026-01-11T10:00:00 value=10 order=A
ORDR p1 2026-01-12T10:00:00 value=5.005 order=B
ORDR p1 2026-01-09T10:00:00 value=70 order=C
ORDR p1 2026-02-09T10:00:00 value=70 order=C
LIST p2 2026-01-31T22:59:59 Method=Form
ORDR p2 2026-02-02T22:59:59 value=7 order=D currency=USD
SUBE p3 2026-01-31T23:00:00 Method=API
LIST p4 2025-12-31T22:59:59 Method=Form
SUBE p4 2026-01-05T10:00:00 Method=Form
LIST -  2026-01-05T10:00:00 Method=Form
"""


def account() -> World:
    return shop(*happened(EVENTS))


def rows(**args: Any) -> dict[str, Json]:
    return {row["cohort"]: row for row in count(account(), args, NOW)["rows"]}


def test_a_person_belongs_to_the_class_of_their_first_subscription() -> None:
    """p1 joined by text and by form in one second: of equal times the smaller event id is the first."""
    assert {name: row["people"] for name, row in rows().items()} == {"sms": 1, "email_form": 1, "other": 1}


def test_who_joined_before_is_only_counted_by_the_first_in_the_period() -> None:
    found = rows(joined="first_in_period")

    assert {name: row["people"] for name, row in found.items()} == {"sms": 1, "email_form": 2, "other": 1}


def test_orders_from_the_second_of_joining_on_each_once_and_every_delivery_apart() -> None:
    """Order C was made before p1 joined; its second delivery came after."""
    row = rows()["sms"]

    assert (row["buyers"], row["orders"], row["order_events"], row["revenue"]) == (1, 2, 4, Decimal("15.01"))
    assert (row["average_order_value"], row["repeat_rate"], row["median_days_to_first_order"]) == (
        Decimal("7.50"),
        1,
        0,
    )


def test_another_currency_is_an_order_without_a_value() -> None:
    row = rows()["email_form"]

    assert (row["orders"], row["revenue"], row["average_order_value"]) == (1, Decimal("0.00"), Decimal("0.00"))
    assert (row["buyer_rate"], row["repeat_rate"], row["median_days_to_first_order"]) == (1, 0, 2)


def test_of_nobody_the_rates_are_null() -> None:
    row = rows()["other"]

    assert (row["buyers"], row["buyer_rate"], row["repeat_rate"], row["average_order_value"]) == (0, 0, None, None)
    empty = rows(period="2020")["sms"]
    assert (empty["people"], empty["buyer_rate"], empty["revenue"]) == (0, None, Decimal("0.00"))


def test_months_are_local_and_empty_ones_are_there() -> None:
    found = rows(by="signup_month")

    assert [(name, row["people"]) for name, row in found.items()] == [
        *[("2026-01", 2), ("2026-02", 1), ("2026-03", 0)],
        *[("2026-04", 0), ("2026-05", 0), ("2026-06", 0)],
    ]


def test_orders_up_to_the_end_of_the_period() -> None:
    found = rows(period="2026-01", count_until="period_end")

    assert {name: row["orders"] for name, row in found.items()} == {"sms": 2, "email_form": 0, "other": 0}
    assert found["sms"]["order_events"] == 3


def test_without_a_purchase_metric_it_is_refused() -> None:
    held = shop(metrics=[metric for metric in account().metrics if metric["id"] != "ORDR"])

    assert count(held, {}, NOW) == {"status": "refused", "reason": "no_purchase_metric"}


@examples(5, 250)
@given(data=st.data())
def test_every_figure_of_cohorts_is_the_one_counted_by_hand(
    data: st.DataObject, alice_caller: Caller, lake: None
) -> None:
    compare(data, alice_caller, "compare_cohorts", count, questions, often=("SUBLST", "SUBSMS", "SUBEML"))
