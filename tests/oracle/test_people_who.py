"""people_who: its newer arguments on a hand-made account, and the product against the count by hand with all of them."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.caller import Caller
from tests.insights.budget import examples
from tests.insights.comparing import compare
from tests.oracle.cases import NOW, ask, happened, shop, shown
from tests.oracle.making import audience, campaign, profile
from tests.oracle.people_who import count, questions
from tests.oracle.world import World

EVENTS = """
OPEN p1 10:00:00 message=c1
OPEN p1 11:00:00 message=c2
OPEN p2 10:00:00 message=c2
OPEN p3 10:00:00 message=c3
OPEN p4 10:00:00 message=c3
OPEN -  10:00:00 message=c3
ORDR p1 2026-06-01T10:00:00 value=5
ORDR p2 2026-01-01T10:00:00 value=7
ORDR p2 2026-06-30T12:00:01 value=7
"""


def account(floor: int = 1) -> World:
    return shop(
        *happened(EVENTS),
        profiles=[
            profile("p1", email="a@gmail.com", country="Germany", custom={"Tier": "Gold", "VIP": True}),
            profile("p2", email="b@GMX.de", country="germany", custom={"Tier": "gold"}),
            profile("p3", email="c@gmail.com", country="France", custom={"Tier": 3}),
        ],
        campaigns=[
            campaign("c1", "Spring", sent="2026-03-01 09:00:00"),
            campaign("c2", "Spring, late", sent="2026-03-02 09:00:00"),
            campaign("c3", "News", sent="2026-03-03 09:00:00"),
            campaign("c4", "Plan", status="Draft"),
        ],
        lists=[audience("list", "L1", "VIP")],
        segments=[audience("segment", "S1", "VIP")],
        members={"L1": ["p1"], "S1": ["p2", "p3"]},
        former_names={"c3": "Newsletter"},
        properties=("Tier", "VIP"),
        floor=floor,
    )


@pytest.mark.parametrize(
    ("where", "did"),
    [
        ("country=GERMANY", 2),
        ("country=Germany; email_domain=gmail.com", 1),
        ("email_domain=gmail.com|gmx.de", 3),
        ("property:Tier=gold", 2),
        ("property:Tier=3", 1),
        ("property:VIP=true", 1),
        ("city=Berlin", 0),
    ],
)
def test_where_keeps_people_whose_profile_has_it(where: str, did: int) -> None:
    answer = ask(account(), where=where)

    assert (answer["did"], answer["events"]["did"]) == (
        did,
        {2: 3, 1: 2 if where != "property:Tier=3" else 1, 3: 4, 0: 0}[did],
    )


def test_a_few_people_are_not_told_by_where() -> None:
    assert ask(account(3), where="country=germany") == {"status": "refused", "reason": "too_small"}
    assert ask(account(3), where="city=Berlin")["did"] == 0
    assert ask(account(2), where="country=germany")["did"] == 2


def test_the_base_of_those_who_did_it_more_than_once() -> None:
    answer, once = ask(account(), at_least=2), ask(account())

    assert (answer["did"], answer["base"], answer["base_share"]) == (1, 4, Decimal("0.25"))
    assert (once["base"], once["base_share"]) == (None, None)
    assert ask(account(), at_least=2, where="country=germany")["base"] == 2


def test_groups_by_a_property_that_the_organization_has_named() -> None:
    assert shown(ask(account(), group_by="property:Tier")) == [("3", 1), ("Gold", 1), ("gold", 1), (None, 1)]
    assert shown(ask(account(), group_by="property:VIP")) == [(None, 3), ("true", 1)]


def test_the_newest_campaign_and_the_newest_of_some_words() -> None:
    assert ask(account(), campaign="latest")["did"] == 2
    assert ask(account(), campaign="latest:spring")["did"] == 2
    assert ask(account(), campaign="latest:spring, c3")["did"] == 4
    assert ask(account(), campaign="latest:summer")["reason"] == "not_found"


def test_a_name_with_a_comma_is_one_name_and_a_former_name_is_found() -> None:
    assert ask(account(), campaign="spring,  LATE")["did"] == 2
    assert ask(account(), campaign="Spring")["did"] == 1
    assert ask(account(), campaign="newsletter")["did"] == 2
    assert ask(account(), campaign="Plan")["reason"] == "not_found"


def test_a_list_or_a_segment_of_one_name() -> None:
    assert ask(account(), audience="VIP")["status"] == "needs_choice"
    assert ask(account(), audience="list:VIP")["did"] == 1
    assert ask(account(), audience="segment:vip")["did"] == 2
    assert ask(account(), audience="list:VIP, segment:VIP")["did"] == 3


@pytest.mark.parametrize(
    ("period", "people"),
    [
        ("2026-06-01..", 3),
        ("..2026-05-31", 3),
        ("last_90_days..now", 3),
        ("2026-01-01..", 2),
        ("..2026-06-30", 2),
        ("all", 2),
    ],
)
def test_what_was_not_done_in_an_open_ended_period(period: str, people: int) -> None:
    """p1 ordered in June, p2 in January and once more a second after now."""
    answer: Any = ask(account(), but_not="ordered", but_not_period=period)

    assert (answer["people"], answer["did"]) == (people, 4)


def test_another_purchase_metric_may_be_named() -> None:
    held = account()
    held.events += happened("REFU p3 2026-04-01T10:00:00 value=3 id=x1")

    answer = count(held, {"did": "ordered", "purchase_metric": "REFU"}, NOW)

    assert (answer["did"], answer["amount"]["did"]) == (1, Decimal("3.00"))


@examples(5, 250)
@given(data=st.data())
def test_every_figure_of_people_is_the_one_counted_by_hand(
    data: st.DataObject, alice_caller: Caller, lake: None
) -> None:
    compare(data, alice_caller, "people_who", count, questions)
