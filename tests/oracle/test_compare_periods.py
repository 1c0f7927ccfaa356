"""compare_periods: hand-made periods and figures, and the product against the count by hand."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.caller import Caller
from tests.insights.budget import examples
from tests.insights.comparing import compare
from tests.oracle.cases import NOW, happened, shop
from tests.oracle.compare_periods import count, questions
from tests.oracle.making import campaign, campaign_message, flow, mark
from tests.oracle.spans import compared
from tests.oracle.world import World

EVENTS = """
RECV p1 2026-06-01T10:00:00
RECV p1 2026-06-02T10:00:00
RECV -  2026-06-02T10:00:00
RECV p1 2026-05-02T10:00:00
RSMS p1 2026-06-02T10:00:00
BNCE p2 2026-06-02T10:00:00
FSMS p2 2026-06-02T10:00:00
OPEN p1 2026-06-02T10:00:00
OPEN p2 2026-06-02T10:00:00 machine_open=true
CSMS p1 2026-06-02T10:00:00
ORDR p1 2026-05-31T21:59:59 value=10 order=A marks=a1 id=o1
ORDR p1 2026-06-03T10:00:00 value=10 order=A marks=a2 id=o2
ORDR p1 2026-06-04T10:00:00 value=30.005 order=B marks=a3 id=o3
ORDR p2 2026-06-04T10:00:00 value=5 order=C marks=a4,a5 id=o4
ORDR -  2026-06-05T10:00:00 value=1 order=D
REFU p1 2026-06-06T10:00:00 value=4
LIST p1 2026-06-06T10:00:00
LEFT p1 2026-05-06T10:00:00
"""


def account() -> World:
    return shop(
        *happened(EVENTS),
        included=[
            mark("a1", "o1", campaign="c1"),
            mark("a2", "o2", campaign="c1", campaign_message="m1"),
            mark("a3", "o3", flow="f1", flow_message="t1"),
            mark("a4", "o4", campaign="c2"),
            mark("a5", "o4", flow="f1", flow_message="f1m"),
        ],
        campaigns=[campaign("c1", "Spring", ("m1",)), campaign("c2", "Texts")],
        campaign_messages=[campaign_message("m1", "c1", "Hello")],
        sms_campaigns={"c2"},
        flows=[flow("f1", "Welcome", ("f1m",), texts=("t1",))],
    )


def asked(**args: Any) -> dict[str, tuple[Any, ...]]:
    rows = count(account(), {"period": "2026-06"} | args, NOW)["rows"]
    return {row["measure"]: (row["value"], row["before"], row["change"], row["change_rate"]) for row in rows}


def test_the_usual_measures_against_the_month_before() -> None:
    assert asked() == {
        "email_deliveries": (3, 1, 2, 2),
        "openers": (2, 0, 2, None),
        "openers_human": (1, 0, 1, None),
        "clickers_human": (1, 0, 1, None),
        "orders": (3, 1, 2, 2),
        "buyers": (2, 1, 1, 1),
        "revenue": (Decimal("36.01"), Decimal("10.00"), Decimal("26.01"), Decimal("2.601")),
        "average_order_value": (Decimal("12.00"), Decimal("10.00"), Decimal("2.00"), Decimal("0.2")),
        "subscribed_list": (1, 0, 1, None),
        "unsubscribed_list": (0, 1, -1, -1),
    }


def test_further_measures_when_named() -> None:
    assert {name: figures[:2] for name, figures in asked(measures="all").items()} == {
        **{name: figures[:2] for name, figures in asked().items()},
        "email_recipients": (1, 1),
        "sms_deliveries": (1, 0),
        "bounces": (2, 0),
        "spam_complaints": (0, 0),
        "subscribed_email": (0, 0),
        "unsubscribed_email": (0, 0),
        "new_buyers": (1, 1),
        "attributed_revenue": (Decimal("45.01"), Decimal("10.00")),
        "campaign_revenue": (Decimal("15.00"), Decimal("10.00")),
        "flow_revenue": (Decimal("35.01"), Decimal("0.00")),
        "email_revenue": (Decimal("15.00"), Decimal("10.00")),
        "sms_revenue": (Decimal("35.01"), Decimal("0.00")),
        "refunds": (Decimal("4.00"), Decimal("0.00")),
    }
    assert list(asked(measures="buyers, orders")) == ["buyers", "orders"]


def test_against_nothing_there_is_no_change() -> None:
    assert asked(measures="orders", against="none") == {"orders": (3, None, None, None)}
    assert asked(measures="orders", period="all") == {"orders": (4, None, None, None)}


def test_an_average_of_no_orders_is_null_and_so_is_its_change() -> None:
    assert asked(measures="average_order_value", period="2026-05", against="2026-04") == {
        "average_order_value": (Decimal("10.00"), None, None, None)
    }


def test_each_bucket_is_counted_by_itself() -> None:
    answer = count(
        account(), {"period": "2026-05-31..2026-06-07", "interval": "week", "measures": "buyers,new_buyers"}, NOW
    )

    assert answer["series"] == [
        {"start": "2026-05-25", "buyers": 1, "new_buyers": 1},
        {"start": "2026-06-01", "buyers": 2, "new_buyers": 1},
    ]


# Berlin, Tuesday 30 June 2026, 14:00 by the clock; the bounds of what the period is compared with, by the clock.
AGAINST = [
    ("last_30_days", "previous", "2026-05-01 00:00", "2026-05-31 00:00"),
    ("last_2_weeks", "previous", "2026-06-01 00:00", "2026-06-15 00:00"),
    ("last_month", "previous", "2026-04-01 00:00", "2026-05-01 00:00"),
    ("last_2_quarters", "previous", "2025-04-01 00:00", "2025-10-01 00:00"),
    ("2026-Q1", "previous", "2025-10-01 00:00", "2026-01-01 00:00"),
    ("2026-03", "previous", "2026-02-01 00:00", "2026-03-01 00:00"),
    ("2026", "previous", "2025-01-01 00:00", "2026-01-01 00:00"),
    ("2026-03-30", "previous", "2026-03-29 00:00", "2026-03-30 00:00"),
    ("2026-03-10..2026-03-12", "previous", "2026-03-07 00:00", "2026-03-10 00:00"),
    ("yesterday", "previous", "2026-06-28 00:00", "2026-06-29 00:00"),
    ("today", "previous", "2026-06-29 00:00", "2026-06-29 14:00"),
    ("this_week", "previous", "2026-06-22 00:00", "2026-06-23 14:00"),
    ("this_month", "previous", "2026-05-01 00:00", "2026-05-30 14:00"),
    ("this_quarter", "previous", "2026-01-01 00:00", "2026-04-01 00:00"),
    ("this_year", "previous", "2025-01-01 00:00", "2025-06-30 14:00"),
    ("2026-06-21..", "previous", "2026-06-11 00:00", "2026-06-20 14:00"),
    ("..2026-05-31", "previous", "2026-03-05 00:00", "2026-04-18 00:00"),
    ("last_7_days..now", "previous", "2026-06-15 00:00", "2026-06-22 14:00"),
    ("2024-02-29", "year_before", "2023-02-28 00:00", "2023-03-01 00:00"),
    ("2024-02", "year_before", "2023-02-01 00:00", "2023-03-01 00:00"),
    ("this_month", "year_before", "2025-06-01 00:00", "2025-06-30 14:00"),
    ("last_week", "year_before_weekday", "2025-06-23 00:00", "2025-06-30 00:00"),
    ("today", "year_before_weekday", "2025-07-01 00:00", "2025-07-01 14:00"),
    ("2026-06-21..", "year_before", "2025-06-21 00:00", "2025-06-30 14:00"),
    ("today", "this_month", "2026-06-01 00:00", "2026-06-30 14:00"),
    ("all", "2025", "2025-01-01 00:00", "2026-01-01 00:00"),
]


@pytest.mark.parametrize(("period", "against", "start", "stop"), AGAINST)
def test_what_a_period_is_compared_with(period: str, against: str, start: str, stop: str) -> None:
    first = datetime(2026, 4, 18, 10, tzinfo=UTC)

    span = compared(period, against, "Europe/Berlin", NOW, first)

    assert span is not None
    there = [f"{at.astimezone(ZoneInfo('Europe/Berlin')):%Y-%m-%d %H:%M}" for at in span]
    assert there == [start, stop]


def test_the_month_before_a_long_one_ends_with_itself() -> None:
    """On 31 March, 15:00, there is no 31st of February to be compared with."""
    span = compared("this_month", "previous", "Europe/Berlin", datetime(2026, 3, 31, 13, tzinfo=UTC), None)

    assert span == (datetime(2026, 1, 31, 23, tzinfo=UTC), datetime(2026, 2, 28, 23, tzinfo=UTC))


@examples(5, 250)
@given(data=st.data())
def test_every_figure_of_periods_is_the_one_counted_by_hand(
    data: st.DataObject, alice_caller: Caller, lake: None
) -> None:
    often = ("RECEIV", "OPENED", "SUBLST", "REFUND")
    compare(data, alice_caller, "compare_periods", count, questions, often=often)
