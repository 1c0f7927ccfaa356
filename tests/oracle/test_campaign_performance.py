"""campaign_performance: a hand-made account with its figures, and the product against the count by hand."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.caller import Caller
from tests.insights.budget import examples
from tests.insights.comparing import compare
from tests.oracle.campaign_performance import count, questions
from tests.oracle.cases import NOW, happened, shop
from tests.oracle.making import audience, campaign, campaign_message, mark
from tests.oracle.world import Json, World

EVENTS = """
RECV p1 10:00:00 message=m1
RECV p1 10:00:01 message=m2
RECV p2 10:00:00 message=m2
RECV -  10:00:00 message=c1
BNCE p3 10:00:00 message=m1
OPEN p1 11:00:00 message=m1 machine_open=true
OPEN p2 11:00:00 message=m2
OPEN p2 11:30:00 message=m2
OPEN p9 11:30:00 message=c2
CLCK p2 12:00:00 message=m1 bot=true
CLCK p1 12:00:00 message=m1
UNSU p2 12:00:00 message=m1
SPAM p2 12:00:00 message=m1
RSMS p1 10:00:00 message=m3
FSMS p2 10:00:00 message=m3
CSMS p1 10:10:00 message=m3
ORDR p1 13:00:00 marks=a1 value=10.005 order=A id=o1
ORDR p1 14:00:00 marks=a2 value=10.005 order=A id=o2
ORDR p2 14:00:00 marks=a3 value=7 order=B id=o3 currency=USD
ORDR p2 2026-03-06T11:30:00 value=5 order=C id=o4
ORDR p2 2026-03-06T11:30:01 value=6 order=D id=o5
"""


def account() -> World:
    return shop(
        *happened(EVENTS),
        included=[
            mark("a1", "o1", campaign="c1"),
            mark("a2", "o2", campaign_message="m2"),
            mark("a3", "o3", campaign="c1", campaign_message="m1"),
        ],
        campaigns=[
            campaign("c1", "Spring", ("m1", "m2"), sent="2026-05-01 21:30:00"),  # Friday 23:30 in Berlin
            campaign("c2", "Summer", (), sent="2026-05-02 22:30:00"),  # Sunday 00:30 in Berlin
            campaign("c3", "Texts", ("m3",), sent="2026-06-28 09:00:00"),
            campaign("c4", "Old", (), sent="2026-01-01 09:00:00"),
            campaign("c5", "Soon", (), "Scheduled", "2026-07-01 08:00:00", include=("L1",)),
            campaign("c6", "Some day", (), "Scheduled"),
            campaign("c7", "Not yet", (), "Draft"),
        ],
        sms_campaigns={"c3"},
        campaign_messages=[
            campaign_message("m1", "c1", "Hello"),
            campaign_message("m2", "c1", "Hi"),
            campaign_message("m3", "c3", channel="sms"),
        ],
        lists=[audience("list", "L1", "Newsletter")],
    )


def asked(**args: object) -> Json:
    return count(account(), dict(args), NOW)


def figures(row: Json, *columns: str) -> list[object]:
    return [row[column] for column in columns]


def test_a_campaign_by_its_id_and_its_messages() -> None:
    row = asked()["rows"][0]

    assert figures(row, "deliveries", "recipients", "bounces", "unique_opens", "unique_opens_human") == [4, 2, 1, 2, 1]
    assert figures(row, "unique_clicks", "unique_clicks_human", "unsubscribes", "spam_complaints") == [2, 1, 1, 1]
    assert figures(row, "open_rate", "open_rate_human", "click_rate") == [
        Decimal("0.5"),
        Decimal("0.25"),
        Decimal("0.25"),
    ]
    assert figures(row, "bounce_rate", "subject", "channel") == [Decimal("0.2"), "Hello", "email"]


def test_klaviyos_attribution_counts_every_delivery_of_an_order() -> None:
    row = asked()["rows"][0]

    assert figures(row, "orders", "revenue", "order_rate") == [3, Decimal("20.01"), Decimal("0.75")]
    assert row["revenue_per_delivery"] == Decimal("5.0025")


def test_the_last_touch_counts_each_order_once_within_five_days() -> None:
    rows = {row["campaign"]["id"]: row for row in asked(attribution="last_touch")["rows"]}

    # p1's order A after its click of 12:00, p2's B in another currency and C five days to the second; D is too late
    assert figures(rows["c1"], "orders", "revenue") == [3, Decimal("15.01")]


def test_rows_are_those_sent_in_the_last_90_days_largest_revenue_first() -> None:
    answer = asked()

    assert [row["campaign"]["id"] for row in answer["rows"]] == ["c1", "c2", "c3"]
    assert [row["campaign"]["id"] for row in asked(period="all")["rows"]] == ["c1", "c2", "c3", "c4"]
    assert [row["campaign"]["id"] for row in asked(campaign="old")["rows"]] == ["c4"]
    assert [row["campaign"]["id"] for row in asked(channel="sms")["rows"]] == ["c3"]
    assert [row["campaign"]["id"] for row in asked(min_deliveries=1)["rows"]] == ["c1", "c3"]


def test_the_total_counts_people_once_and_events_all() -> None:
    total = asked()["total"]

    assert figures(total, "campaigns", "deliveries", "recipients", "bounces", "unique_clicks_human") == [3, 5, 2, 2, 1]
    assert figures(total, "unique_opens", "bounce_rate", "orders") == [3, Decimal("0.285714"), 3]


def test_a_rate_of_no_deliveries_is_null_and_last_either_way() -> None:
    falling, rising = (asked(sort_by="open_rate", order=order) for order in ("desc", "asc"))

    assert [row["campaign"]["id"] for row in falling["rows"]] == ["c1", "c3", "c2"]
    assert [row["campaign"]["id"] for row in rising["rows"]] == ["c3", "c1", "c2"]
    assert figures(falling["rows"][2], "unique_opens", "open_rate", "revenue") == [1, None, Decimal("0.00")]


@pytest.mark.parametrize(
    ("by", "values"),
    [
        ("channel", [("email", 2), ("sms", 1)]),
        ("month", [("2026-05", 2), ("2026-06", 1)]),
        ("week", [("2026-04-27", 2), ("2026-06-22", 1)]),
        ("weekday", [(5, 1), (7, 2)]),
        ("hour", [(0, 1), (11, 1), (23, 1)]),
    ],
)
def test_groups_by_the_local_time_of_sending(by: str, values: list[tuple[object, int]]) -> None:
    answer = asked(group_by=by)

    assert [(row["value"], row["campaigns"]) for row in answer["groups"]] == values
    assert "rows" not in answer
    assert answer["total"]["campaigns"] == 3


def test_campaigns_not_sent_have_no_figures() -> None:
    scheduled, tomorrow, drafts = (
        asked(status="scheduled"),
        asked(status="scheduled", period="tomorrow"),
        asked(status="draft"),
    )

    assert [row["campaign"]["id"] for row in scheduled["rows"]] == ["c5", "c6"]
    assert [row["campaign"]["id"] for row in tomorrow["rows"]] == ["c5"]
    assert [row["campaign"]["id"] for row in drafts["rows"]] == ["c7"]
    assert scheduled["rows"][0]["include"] == [{"id": "L1", "name": "Newsletter", "kind": "list"}]
    assert figures(scheduled["rows"][0], "deliveries", "revenue", "exclude") == [None, None, []]
    assert figures(scheduled["total"], "campaigns", "orders") == [2, None]


def test_without_a_purchase_metric_orders_are_not_known() -> None:
    held = account()
    held.metrics = [metric for metric in held.metrics if metric["id"] != "ORDR"]
    held.events = [event for event in held.events if not event["id"].startswith("o")]

    row = count(held, {}, NOW)["rows"][0]

    assert figures(row, "deliveries", "orders", "revenue", "order_rate") == [4, None, None, None]


@examples(5, 250)
@given(data=st.data())
def test_every_figure_of_campaigns_is_the_one_counted_by_hand(
    data: st.DataObject, alice_caller: Caller, lake: None
) -> None:
    often = ("RECEIV", "OPENED", "CLICKD", "RECSMS")
    compare(data, alice_caller, "campaign_performance", count, questions, often=often)
