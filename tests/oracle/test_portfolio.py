"""portfolio: hand-made accounts with their figures, and the product against the count by hand."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.caller import Caller
from tests.insights.budget import examples
from tests.insights.comparing import QUESTIONS, asked_at, differences, whole
from tests.insights.loading import loaded
from tests.insights.worlds import NOWS, worlds
from tests.oracle.cases import NOW, happened, shop
from tests.oracle.making import campaign, flow
from tests.oracle.names import BadArguments
from tests.oracle.portfolio import by_currency, count, questions
from tests.oracle.world import Json, World

ONE = """
RECV p1 2026-06-10T10:00:00 message=c1
RECV p2 2026-06-10T10:00:00 message=c1
RECV p2 2026-05-10T10:00:00 flow=f1 message=m1
RECV p3 2026-06-11T10:00:00 flow=f2 message=m2
RECV p3 2026-05-11T10:00:00 flow=f2 message=m2
BNCE p4 2026-06-11T10:00:00 message=c1
OPEN p1 2026-06-30T11:00:00 message=c1
OPEN p2 2026-06-12T11:00:00 message=m1
OPEN p3 2026-06-12T11:00:00 message=m2 machine_open=true
CLCK p3 2026-06-12T11:00:00 message=m2
CLCK p2 2026-06-12T11:00:00 message=c1 bot=true
SPAM p1 2026-06-12T11:00:00 message=c1
SPAM p1 2026-06-13T11:00:00 message=c1
UNSU p9 2026-06-12T11:00:00
LIST p9 2026-06-12T11:00:00
LEFT p9 2026-06-12T11:00:00
LEFT p8 2026-06-12T11:00:00
ORDR p1 2026-06-12T12:00:00 value=10 order=A
ORDR p1 2026-06-13T12:00:00 value=10 order=A
ORDR p1 2026-05-13T12:00:00 value=4 order=B
"""


def accounts() -> dict[str, World]:
    flows = [flow("f1", "Welcome", ("m1",)), flow("f2", "Winback", ("m2",)), flow("f3", "New", ())]
    sent = [
        campaign("c1", "Spring", sent="2026-06-10 10:00:00"),
        campaign("c2", "Plan", (), "Scheduled", "2026-06-20 10:00"),
    ]
    one = shop(*happened(ONE), flows=flows, campaigns=sent)
    two = shop(*happened("ORDR p1 2026-06-12T12:00:00 value=99"), currency="USD")
    three = shop(*happened("ORDR p1 2026-06-12T12:00:00 value=10"))
    none = shop(metrics=[metric for metric in one.metrics if metric["id"] != "ORDR"])
    return {"BBBBBB": one, "CCCCCC": two, "AAAAAA": three, "DDDDDD": none}


def asked(measure: str, **args: Any) -> list[tuple[Any, ...]]:
    rows = count(accounts(), {"measure": measure, "period": "2026-06"} | args, NOW)
    return [tuple(row[name] for name in ("rank", "value", "before", "change_rate")) for row in rows if _is_one(row)]


def _is_one(row: Json) -> bool:
    return bool(row["account"]["id"] == "BBBBBB")


@pytest.mark.parametrize(
    ("measure", "figures"),
    [
        ("revenue", (2, Decimal("10.00"), Decimal("4.00"), Decimal("1.5"))),
        ("orders", (2, 1, 1, Decimal(0))),
        ("open_rate_human", (1, Decimal("0.333333"), Decimal("0.5"), Decimal("-0.333334"))),
        ("click_rate", (1, Decimal("0.333333"), Decimal("0.5"), Decimal("-0.333334"))),
        ("email_deliveries", (1, 3, 2, Decimal("0.5"))),
        ("subscribed_net", (4, -1, 0, None)),
        ("spam_rate", (1, Decimal("0.333333"), Decimal(0), None)),
        ("unsubscribe_rate", (1, Decimal("0.333333"), Decimal(0), None)),
        ("bounce_rate", (1, Decimal("0.25"), Decimal(0), None)),
        ("campaigns_sent", (1, 1, 0, None)),
        ("silent_flows", (1, 1, None, None)),
    ],
)
def test_each_measure_of_one_account(measure: str, figures: tuple[Any, ...]) -> None:
    assert asked(measure) == [figures]


def test_money_is_ranked_within_its_currency_and_an_account_without_orders_is_last() -> None:
    rows = count(accounts(), {"period": "2026-06"}, NOW)

    assert sorted((row["currency"], row["rank"], row["account"]["id"]) for row in rows if "rank" in row) == [
        ("EUR", 1, "AAAAAA"),
        ("EUR", 2, "BBBBBB"),
        ("USD", 1, "CCCCCC"),
    ]
    assert (rows[-1]["account"]["id"], rows[-1]["status"], "rank" in rows[-1]) == ("DDDDDD", "refused", False)
    assert rows[-1]["reason"] == {"code": "no_purchase_metric"}


def test_measures_follow_each_other_and_nothing_before_is_null() -> None:
    rows = count(accounts(), {"measure": "orders, email_deliveries", "against": "none", "period": "2026-06"}, NOW)

    assert [(row["measure"], row["account"]["id"], row["before"]) for row in rows] == [
        *[("orders", key, None) for key in ("AAAAAA", "BBBBBB", "CCCCCC", "DDDDDD")],
        *[("email_deliveries", key, None) for key in ("BBBBBB", "AAAAAA", "CCCCCC", "DDDDDD")],
    ]


def test_flows_fall_silent_compared_with_something() -> None:
    with pytest.raises(BadArguments):
        count(accounts(), {"measure": "silent_flows", "against": "none"}, NOW)


@examples(4, 250)
@given(data=st.data())
def test_every_figure_of_accounts_is_the_one_counted_by_hand(
    data: st.DataObject, alice_caller: Caller, lake: None
) -> None:
    now = data.draw(st.sampled_from(NOWS))
    drawn = [
        data.draw(worlds(often=("RECEIV", "OPENED", "CLICKD"), now=now)) for _ in range(data.draw(st.integers(2, 3)))
    ]
    currencies = [data.draw(st.sampled_from(["EUR", "EUR", "USD"])) for _ in drawn]
    held = [replace(world, currency=currency) for world, currency in zip(drawn, currencies, strict=True)]
    accounts = {made.install.klaviyo_id: made.world for made in (loaded(world, alice_caller) for world in held)}

    for _ in range(QUESTIONS):
        args = data.draw(questions())
        try:
            wanted = by_currency(count(accounts, args, now))
        except BadArguments:
            with pytest.raises(BadArguments):
                asked_at(now, alice_caller, "portfolio", {"account": ",".join(accounts)} | args)
            continue
        envelope = whole(asked_at(now, alice_caller, "portfolio", {"account": ",".join(accounts), "limit": 200} | args))
        wrong = differences(by_currency(envelope["data"]["rows"]), wanted)
        assert not wrong, json.dumps({"args": args, "now": now.isoformat(), "wrong": wrong[:20]}, indent=1)
