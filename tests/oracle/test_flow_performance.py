"""flow_performance: a hand-made account with its figures, and the product against the count by hand."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from accounts.caller import Caller
from tests.insights.budget import examples
from tests.insights.comparing import compare
from tests.oracle.cases import NOW, happened, shop
from tests.oracle.flow_performance import count, questions, row_key
from tests.oracle.making import flow, mark
from tests.oracle.world import Json, World

EVENTS = """
RECV p1 2026-04-10T10:00:00 flow=f1 message=m1
RECV p2 2026-04-10T10:00:00 flow=f1 message=m1
RECV p1 2026-05-31T21:59:59 flow=f1 message=m2
RECV p1 2026-05-31T22:00:00 flow=f1 message=m1
RECV p3 2026-06-01T10:00:00 message=m3
RECV -  2026-06-02T10:00:00 message=m3
RSMS p4 2026-06-03T10:00:00 flow=f1 message=t1
OPEN p1 2026-06-05T10:00:00 flow=f1 message=m1
OPEN p2 2026-04-11T10:00:00 flow=f1 message=m1 machine_open=true
OPEN p4 2026-06-05T10:00:00 flow=f1 message=m1
OPEN p3 2026-06-05T10:00:00 flow=f1 message=m1
CLCK p1 2026-06-05T10:00:00 flow=f1 message=m1
CSMS p4 2026-06-05T10:00:00 flow=f1 message=t1
CLCK p3 2026-06-05T10:00:00 message=m3 bot=true
ORDR p1 2026-06-06T10:00:00 marks=a1 value=10 order=A id=o1
ORDR p1 2026-06-07T10:00:00 marks=a2 value=10 order=A id=o2
ORDR p3 2026-05-07T10:00:00 marks=a3 value=5 order=B id=o3
"""


def account() -> World:
    return shop(
        *happened(EVENTS),
        included=[
            mark("a1", "o1", flow="f1", flow_message="m1"),
            mark("a2", "o2", flow="f1"),
            mark("a3", "o3", flow_message="m3"),
        ],
        flows=[
            flow("f1", "Welcome", ("m1", "m2"), {"m1": "Hello"}, texts=("t1",)),
            flow("f2", "Winback", ("m3",), status="manual"),
            flow("f3", "Old", status="draft", archived=True),
        ],
    )


def asked(**args: object) -> Json:
    return count(account(), {"period": "2026-04-01..2026-06-30"} | args, NOW)


def table(answer: Json, *columns: str) -> list[tuple[object, ...]]:
    return [(*row_key(row)[:2], *(row[column] for column in columns)) for row in answer["rows"]]


def test_every_bucket_has_a_row_for_all_and_one_for_each_flow() -> None:
    assert table(asked(), "deliveries", "recipients", "email_recipients") == [
        ("2026-04-01", "", 2, 2, 2),
        ("2026-04-01", "f1", 2, 2, 2),
        ("2026-04-01", "f2", 0, 0, 0),
        ("2026-04-01", "f3", 0, 0, 0),
        ("2026-05-01", "", 1, 1, 1),
        ("2026-05-01", "f1", 1, 1, 1),
        ("2026-05-01", "f2", 0, 0, 0),
        ("2026-05-01", "f3", 0, 0, 0),
        ("2026-06-01", "", 4, 3, 2),
        ("2026-06-01", "f1", 2, 2, 1),
        ("2026-06-01", "f2", 2, 1, 1),
        ("2026-06-01", "f3", 0, 0, 0),
    ]


def test_openers_opened_at_any_time_what_they_received_in_the_bucket() -> None:
    """p1 opened the mail m1 in June, having received it in April and in June; p3 and p4 never received it."""
    found = table(asked(flow="f1"), "openers", "openers_human", "open_rate_human", "active_openers")

    assert [row for row in found if row[1] == "f1"] == [
        ("2026-04-01", "f1", 2, 1, Decimal("0.5"), 1),
        ("2026-05-01", "f1", 0, 0, Decimal(0), 0),
        ("2026-06-01", "f1", 1, 1, Decimal(1), 3),
    ]


def test_orders_are_of_the_bucket_and_each_delivery_counts() -> None:
    found = table(asked(), "orders", "revenue", "clickers_human")

    assert [row for row in found if row[1] in ("", "f1", "f2")][3:] == [
        ("2026-05-01", "", 1, Decimal("5.00"), 0),
        ("2026-05-01", "f1", 0, Decimal("0.00"), 0),
        ("2026-05-01", "f2", 1, Decimal("5.00"), 0),
        ("2026-06-01", "", 2, Decimal("20.00"), 2),
        ("2026-06-01", "f1", 2, Decimal("20.00"), 2),
        ("2026-06-01", "f2", 0, Decimal("0.00"), 0),
    ]


def test_the_last_touch_gives_an_order_to_one_flow() -> None:
    found = table(asked(attribution="last_touch", interval="total"), "orders", "revenue")

    assert found[:2] == [("2026-04-01", "", 1, Decimal("10.00")), ("2026-04-01", "f1", 1, Decimal("10.00"))]


def test_messages_have_rows_beside_their_flow() -> None:
    found = {row_key(row): row for row in asked(by="message", interval="total", flow="f1")["rows"]}

    assert [key[2] for key in found] == ["", "", "m1", "m2", "t1"]
    assert found["2026-04-01", "f1", "t1"]["message"] == {
        "id": "t1",
        "name": "Message t1",
        "subject": None,
        "channel": "sms",
    }
    assert [found["2026-04-01", "f1", key]["deliveries"] for key in ("m1", "m2", "t1")] == [3, 1, 1]
    assert [found["2026-04-01", "f1", key]["orders"] for key in ("m1", "m2", "t1")] == [1, 0, 0]
    assert [found["2026-04-01", "f1", key]["open_rate"] for key in ("m1", "m2", "t1")] == [1, 0, None]


def test_flows_are_in_the_order_asked_over_the_whole_period() -> None:
    assert [one["id"] for one in asked()["flows"]] == ["f1", "f2", "f3"]
    assert [one["id"] for one in asked(sort_by="open_rate", order="asc")["flows"]] == ["f2", "f1", "f3"]
    assert [one["id"] for one in asked(status="manual")["flows"]] == ["f2"]
    first = asked()["flows"][0]
    assert (first["status"], first["trigger"], str(first["last_sent_at"])) == (
        "live",
        "Metric",
        "2026-06-03 12:00:00+02:00",
    )
    assert asked()["flows"][2]["last_sent_at"] is None


def test_buckets_are_local_and_cut_by_the_period() -> None:
    weeks = asked(period="2026-05-30..2026-06-03", interval="week", flow="f1")

    assert table(weeks, "deliveries") == [
        ("2026-05-25", "", 1),
        ("2026-05-25", "f1", 1),
        ("2026-06-01", "", 2),
        ("2026-06-01", "f1", 2),
    ]


@examples(5, 250)
@given(data=st.data())
def test_every_figure_of_flows_is_the_one_counted_by_hand(
    data: st.DataObject, alice_caller: Caller, lake: None
) -> None:
    compare(
        data,
        alice_caller,
        "flow_performance",
        count,
        questions,
        often=("RECEIV", "OPENED", "CLICKD", "RECSMS"),
        any_order=lambda args: {"rows": row_key} if args.get("by") == "message" else {},
    )
