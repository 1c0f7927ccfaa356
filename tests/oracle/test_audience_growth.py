"""audience_growth: a hand-made account with its figures, and the product against the count by hand."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from accounts.caller import Caller
from tests.insights.budget import examples
from tests.insights.comparing import compare
from tests.oracle.audience_growth import count, questions, row_key
from tests.oracle.cases import NOW, happened, shop
from tests.oracle.making import audience
from tests.oracle.world import World

EVENTS = """
LIST p1 2026-04-30T21:59:59 list_id=L1 List=Newsletter
LIST p1 2026-04-30T22:00:00 list_id=L1 List=Old_name
LIST p1 2026-05-02T22:00:00 list_id=L1
LIST p2 2026-05-02T22:00:00 List=Newsletter
LIST -  2026-05-02T22:00:00 List=Newsletter
LIST p3 2026-05-02T22:00:00 list_id=L9 List=Newsletter
LIST p3 2026-05-02T22:00:00
LEFT p1 2026-05-03T22:00:00 list_id=L1
LEFT p1 2026-05-04T22:00:00 list_id=L1
UNSU p2 2026-05-04T22:00:00
SUBE p2 2026-05-04T22:00:00 list_id=L1
LIST p1 2026-05-05T22:00:00 list_id=L2
LIST p1 2026-07-05T22:00:00 list_id=L2
"""


def account() -> World:
    return shop(
        *happened(EVENTS),
        lists=[audience("list", "L1", "Newsletter"), audience("list", "L2", "Friends")],
        segments=[audience("segment", "S1", "VIP")],
    )


def asked(**args: Any) -> list[tuple[Any, ...]]:
    rows = count(account(), {"period": "2026-04-01..2026-05-31"} | args, NOW)["rows"]
    figures = ("subscribed", "unsubscribed", "subscribed_people", "unsubscribed_people", "net")
    return [(*row_key(row), *(row[name] for name in figures)) for row in rows]


def test_events_that_name_the_list_by_id_or_else_by_name() -> None:
    assert asked(list="newsletter") == [("L1", "2026-04-01", 1, 0, 1, 0, 1), ("L1", "2026-05-01", 4, 2, 2, 1, 2)]


def test_all_lists_when_none_is_named_and_empty_months_as_zeros() -> None:
    assert asked() == [
        ("L1", "2026-04-01", 1, 0, 1, 0, 1),
        ("L1", "2026-05-01", 4, 2, 2, 1, 2),
        ("L2", "2026-04-01", 0, 0, 0, 0, 0),
        ("L2", "2026-05-01", 1, 0, 1, 0, 1),
    ]


def test_days_and_weeks_and_nothing_dated_ahead() -> None:
    assert asked(list="L1", period="2026-05-03..2026-05-04", interval="day") == [
        ("L1", "2026-05-03", 3, 0, 2, 0, 3),
        ("L1", "2026-05-04", 0, 1, 0, 1, -1),
    ]
    assert [row[:3] for row in asked(list="L2", period="2026-06-29..2026-07-31", interval="week")] == [
        ("L2", "2026-06-29", 0),
    ]


@examples(5, 250)
@given(data=st.data())
def test_every_figure_of_lists_is_the_one_counted_by_hand(
    data: st.DataObject, alice_caller: Caller, lake: None
) -> None:
    def any_order(args: Any) -> Any:
        return {"rows": row_key}

    compare(data, alice_caller, "audience_growth", count, questions, often=("SUBLST", "UNSLST"), any_order=any_order)
