"""metric_trend: a hand-made account with its figures, and the product against the count by hand."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from accounts.caller import Caller
from tests.insights.budget import examples
from tests.insights.comparing import compare
from tests.oracle.cases import NOW, happened, shop
from tests.oracle.making import campaign, event, mark, profile
from tests.oracle.metric_trend import count, questions
from tests.oracle.world import World

EVENTS = """
ORDR p1 2026-03-31T21:59:59 value=5.005 order=A marks=a1
ORDR p1 2026-03-31T22:00:00 value=5.005 order=A marks=a2 id=o2
ORDR p2 2026-04-15T10:00:00 value=7 order=B currency=USD
ORDR -  2026-04-16T10:00:00 value=2
ORDR p3 2026-06-30T11:00:00 value=1
ORDR p3 2026-06-30T13:00:00 value=1
OPEN p1 2026-06-29T10:00:00 message=c1
OPEN p2 2026-06-29T10:00:00 message=c2 machine_open=true
OPEN p2 2026-06-29T11:00:00 message=gone
"""


def account(floor: int = 1) -> World:
    return shop(
        *happened(EVENTS),
        included=[mark("a1", "e00", campaign="c1"), mark("a2", "o2", campaign="c1"), mark("a3", "o2", campaign="c2")],
        campaigns=[campaign("c1", "Spring"), campaign("c2", "Summer")],
        profiles=[profile("p1", country="Italy"), profile("p2", country="France")],
        floor=floor,
    )


def trend(**args: Any) -> list[tuple[Any, ...]]:
    rows = count(account(), {"metric": "ordered", "period": "2026-03-01..2026-06-30"} | args, NOW)["rows"]
    return [(row["start"], row["count"], row["people"], row["value"], row["running"]) for row in rows]


def groups(floor: int = 1, **args: Any) -> list[tuple[Any, ...]]:
    held = {"metric": "ordered", "period": "2026-03-01..2026-06-30", "interval": "total"} | args
    rows = count(account(floor), held, NOW)["rows"]
    return [(row["group"], row["count"], row["people"], row["value"]) for row in rows]


def test_every_delivery_counts_in_its_local_month_and_empty_months_are_zeros() -> None:
    assert trend() == [
        ("2026-03-01", 1, 1, Decimal("5.01"), False),
        ("2026-04-01", 3, 2, Decimal("7.01"), False),
        ("2026-05-01", 0, 0, Decimal("0.00"), False),
        ("2026-06-01", 1, 1, Decimal("1.00"), True),
    ]


def test_the_total_is_one_row_that_starts_with_the_period() -> None:
    assert trend(interval="total", period="2026-03-31..2026-04-15") == [
        ("2026-03-31", 3, 2, Decimal("10.01"), False),
    ]
    assert trend(interval="total", period="this_month") == [("2026-06-01", 1, 1, Decimal("1.00"), True)]


def test_a_week_begins_on_monday_and_holds_what_lies_in_the_period() -> None:
    assert trend(interval="week", period="2026-03-31..2026-04-06") == [
        ("2026-03-30", 2, 1, Decimal("10.01"), False),
        ("2026-04-06", 0, 0, Decimal("0.00"), False),
    ]


def test_no_bucket_begins_after_now() -> None:
    assert [row[0] for row in trend(interval="day", period="2026-06-29..2026-07-05")] == ["2026-06-29", "2026-06-30"]


def test_machine_opens_are_dropped_when_asked() -> None:
    assert trend(metric="opened_email", period="2026-06")[0][1:3] == (3, 2)
    assert trend(metric="opened_email", period="2026-06", machine_opens="exclude")[0][1:3] == (2, 2)


def test_groups_by_campaign_are_of_message_or_mark_and_none_is_null() -> None:
    c1, c2 = {"id": "c1", "name": "Spring"}, {"id": "c2", "name": "Summer"}

    assert [row[:2] for row in groups(metric="opened_email", group_by="campaign")] == [(c1, 1), (c2, 1), (None, 1)]
    assert [row[:2] for row in groups(group_by="campaign")] == [(None, 3), (c1, 2)]  # no mark a3 on the event itself


def test_an_order_marked_with_two_campaigns_is_of_both() -> None:
    held = account()
    held.events.append(event("o9", "ORDR", "p1", "2026-05-05 10:00:00", ("a8", "a9"), value=3))
    held.included += [mark("a8", "o9", campaign="c1"), mark("a9", "o9", campaign="c2")]

    rows = count(held, {"metric": "ordered", "group_by": "campaign", "period": "2026-05"}, NOW)["rows"]

    assert [(row["group"]["id"], row["value"]) for row in rows] == [("c1", Decimal("3.00")), ("c2", Decimal("3.00"))]


def test_by_currency_the_value_is_in_that_one() -> None:
    assert groups(group_by="currency") == [("EUR", 4, 2, Decimal("13.01")), ("USD", 1, 1, Decimal("7.00"))]


def test_by_item_an_event_counts_once_in_each_of_its_items_and_has_no_value() -> None:
    held = shop(
        event("e1", "ORDR", "p1", "2026-05-05 10:00:00", value=3, Items=["Mug", "Mug", "Lamp"]),
        event("e2", "ORDR", "p1", "2026-05-05 10:00:00", value=3, **{"Discount Codes": ["A", "B"]}),
    )
    rows = count(held, {"metric": "ordered", "group_by": "item", "period": "2026-05"}, NOW)["rows"]
    codes = count(held, {"metric": "ordered", "group_by": "event:Discount Codes", "period": "2026-05"}, NOW)["rows"]

    assert [(row["group"], row["count"], row["value"]) for row in rows] == [
        *[("Lamp", 1, None), ("Mug", 1, None), (None, 1, None)],
    ]
    assert [(row["group"], row["value"]) for row in codes] == [("A", 3), ("B", 3), (None, 3)]


def test_countries_of_too_few_people_are_other_in_each_bucket() -> None:
    """One Italian, one French, one of whom no country is known; the ownerless order has none either."""
    assert groups(group_by="country") == [
        ("Italy", 2, 1, Decimal("10.01")),
        (None, 2, 1, Decimal("3.00")),
        ("France", 1, 1, Decimal("0.00")),
    ]
    assert count(account(2), {"metric": "ordered", "group_by": "country", "period": "2026"}, NOW) == {
        "status": "refused",
        "reason": "too_small",
    }


def test_an_other_of_too_few_takes_the_smallest_group_with_it() -> None:
    people = [("p1", "Italy"), ("p2", "Italy"), ("p3", "Spain"), ("p4", "Spain"), ("p5", "France")]
    held = shop(
        *(event(f"e{person}", "ORDR", person, "2026-05-05 10:00:00", value=1) for person, _ in people),
        event("e6", "ORDR", "p1", "2026-05-06 10:00:00", value=1),
        profiles=[profile(person, country=country) for person, country in people],
        floor=2,
    )
    rows = count(held, {"metric": "ordered", "group_by": "country", "period": "2026-05"}, NOW)["rows"]

    assert [(row["group"], row["count"], row["people"], row.get("other")) for row in rows] == [
        ("Italy", 3, 2, None),
        ("other", 3, 3, True),
    ]


@examples(5, 250)
@given(data=st.data())
def test_every_figure_of_trends_is_the_one_counted_by_hand(
    data: st.DataObject, alice_caller: Caller, lake: None
) -> None:
    compare(data, alice_caller, "metric_trend", count, questions, often=("OPENED", "CARTAD"))
