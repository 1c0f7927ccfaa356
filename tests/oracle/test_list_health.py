"""list_health: a hand-made account with its figures, and the product against the count by hand."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from accounts.caller import Caller
from tests.insights.budget import examples
from tests.insights.comparing import compare
from tests.oracle.cases import NOW, happened, shop
from tests.oracle.list_health import count, questions, row_key
from tests.oracle.making import audience, profile
from tests.oracle.world import Json, World

EVENTS = """
OPEN p1 2026-06-01T10:00:00
OPEN p1 2026-01-01T10:00:00
OPEN p2 2026-06-01T10:00:00 machine_open=true
CLCK p2 2026-06-01T10:00:00 bot=true
ORDR p2 2026-04-01T11:59:59 order=A
ORDR p2 2026-06-01T11:59:59 order=A
ORDR p3 2026-04-01T12:00:00 order=B
OPEN p4 2026-06-01T10:00:00 machine_open=true
ORDR p5 2026-04-01T12:00:01 order=C
RECV p6 2026-06-01T10:00:00
OPEN p6 2026-07-01T10:00:00
CSMS p8 2026-06-30T12:00:00
"""


def account() -> World:
    return shop(
        *happened(EVENTS),
        profiles=[
            profile("p1", consent="SUBSCRIBED"),
            profile("p2", consent="SUBSCRIBED", suppressed=True),
            profile("p3", consent="UNSUBSCRIBED", suppressed=True),
            profile("p4", consent="NEVER_SUBSCRIBED"),
        ],
        lists=[audience("list", "L1", "Newsletter"), audience("list", "L2", "Empty")],
        segments=[audience("segment", "S1", "VIP")],
        members={"L1": ["p1", "p2", "p3", "p4", "p5", "p6", "p7"], "S1": ["p8"]},
    )


def asked(**args: Any) -> dict[str, Json]:
    return {row["list"]["id"]: row for row in count(account(), args, NOW)["rows"]}


def test_consent_and_suppression_of_the_present_members() -> None:
    row = asked()["L1"]

    assert (row["members"], row["subscribed"], row["suppressed"], row["mailable"]) == (7, 2, 2, 1)


def test_who_takes_part_and_who_no_longer_does() -> None:
    """90 days before now is 1 April, 12:00: an order of that very second was before the window."""
    row = asked()["L1"]

    assert (row["engaged"], row["lapsed"], row["machine_only"], row["never"]) == (2, 2, 2, 2)


def test_what_came_after_the_moment_does_not_count() -> None:
    then = asked(at="2026-05-31", days=30)["L1"]
    to_the_second = asked(at="2026-04-01T12:00:01Z", days=1)["L1"]
    before = asked(at="2026-04-01T13:59:59+02:00", days=1)["L1"]

    assert (then["engaged"], then["lapsed"], then["machine_only"], then["never"]) == (0, 4, 0, 3)
    assert (to_the_second["engaged"], to_the_second["lapsed"]) == (3, 1)
    assert (before["engaged"], before["lapsed"]) == (1, 1)


def test_lists_and_audiences_asked_or_all_lists() -> None:
    assert list(asked()) == ["L1", "L2"]
    assert list(asked(audience="VIP")) == ["S1"]
    assert list(asked(audience="VIP, Newsletter", list="L1")) == ["L1", "S1"]
    assert asked(audience="segment:vip")["S1"]["engaged"] == 1
    assert asked()["L2"]["never"] == 0


def test_without_a_purchase_metric_purchases_are_left_out() -> None:
    held = account()
    held.metrics = [metric for metric in held.metrics if metric["id"] != "ORDR"]
    held.events = [event for event in held.events if event["relationships"]["metric"]["data"]["id"] != "ORDR"]

    row = count(held, {"list": "L1"}, NOW)["rows"][0]

    assert (row["engaged"], row["lapsed"], row["machine_only"], row["never"]) == (1, 0, 2, 4)


@examples(5, 250)
@given(data=st.data())
def test_every_figure_of_lists_is_the_one_counted_by_hand(
    data: st.DataObject, alice_caller: Caller, lake: None
) -> None:
    def any_order(args: Any) -> Any:
        return {"rows": row_key}

    compare(data, alice_caller, "list_health", count, questions, often=("OPENED", "CLICKD"), any_order=any_order)
