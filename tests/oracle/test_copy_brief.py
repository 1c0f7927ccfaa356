"""copy_brief: a hand-made account with its figures, and the product against the count by hand."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from accounts.caller import Caller
from tests.insights.budget import examples
from tests.insights.comparing import QUESTIONS, differences, told
from tests.insights.loading import loaded
from tests.insights.worlds import CAMPAIGNS, TEXTS, worlds
from tests.oracle.cases import NOW, shop
from tests.oracle.copy_brief import count, questions
from tests.oracle.making import audience, campaign, campaign_message, event
from tests.oracle.world import Json, World


def sent_to(key: str, metric: str, opened: str, message: str, deliveries: int, opens: int, at: str) -> list[Json]:
    """So many deliveries of a message, each to another person, the first of whom opened it."""
    told = [event(f"{key}r{n}", metric, f"01MANY{n}", at, message=message) for n in range(deliveries)]
    return told + [event(f"{key}o{n}", opened, f"01MANY{n}", at, message=message) for n in range(opens)]


def account() -> World:
    subjects = {"c1": "Hi {{ name }}", "c2": "5 days, 20% off", "c3": "🌷", "c4": "Too few", "c5": "To others"}
    rates = {"c1": (100, 30), "c2": (200, 80), "c3": (100, 30), "c4": (99, 99), "c5": (100, 50)}
    at = "2026-06-01 10:00:00"
    return shop(
        *(one for key, (many, opens) in rates.items() for one in sent_to(key, "RECV", "OPEN", key, many, opens, at)),
        campaigns=[
            campaign(key, key.upper(), (f"m{key}",), sent=at, include=("L1",) if key != "c5" else ("L2",))
            for key in subjects
        ],
        campaign_messages=[campaign_message(f"m{key}", key, text, preview="Read") for key, text in subjects.items()],
        lists=[audience("list", "L1", "Newsletter"), audience("list", "L2", "Friends")],
        members={"L1": ["p1", "p2"]},
    )


def test_subjects_sent_to_the_audience_best_first_and_filled_up_from_others() -> None:
    rows = count(account(), {"audience": "newsletter"}, NOW)["subjects"]

    assert [(row["subject"], row["open_rate_human"], row.get("audience", True)) for row in rows] == [
        ("5 days, 20% off", Decimal("0.4"), True),
        ("Hi {{ name }}", Decimal("0.3"), True),
        ("🌷", Decimal("0.3"), True),
        ("To others", Decimal("0.5"), False),
    ]
    assert (rows[0]["preview"], rows[0]["deliveries"], rows[0]["click_rate"], rows[0]["revenue"]) == ("Read", 200, 0, 0)


def test_what_subjects_with_a_trait_have_in_common() -> None:
    answer = count(account(), {"audience": "newsletter"}, NOW)

    assert answer["audience"] == {"id": "L1", "name": "Newsletter", "kind": "list", "size": 2}
    assert answer["patterns"] == {
        "median_length": Decimal(11),  # 1, 9, 13, 15
        "with_emoji": {"open_rate_human": Decimal("0.3")},
        "with_personalization": {"open_rate_human": Decimal("0.3")},
        "with_number": {"open_rate_human": Decimal("0.4")},
        "with_discount": {"open_rate_human": Decimal("0.4")},
    }


@examples(4, 250)
@given(data=st.data())
def test_every_figure_of_subjects_is_the_one_counted_by_hand(
    data: st.DataObject, alice_caller: Caller, lake: None
) -> None:
    world = data.draw(worlds(often=("OPENED", "CLICKD")))
    world = replace(world, events=world.events + data.draw(many_deliveries(world)))
    account = loaded(world, alice_caller)

    for _ in range(QUESTIONS):
        args = data.draw(questions(world))
        answer, wanted = told(account, alice_caller, "copy_brief", args), count(world, args, world.now)
        wrong = differences(answer, wanted)
        assert not wrong, json.dumps({"args": args, "wrong": wrong[:20]}, indent=1, ensure_ascii=False)


@st.composite
def many_deliveries(draw: st.DrawFn, world: World) -> list[Json]:
    """Of some campaigns as many as make their rates worth telling, or one fewer."""
    found = []
    for key in CAMPAIGNS:
        many, opens = draw(st.sampled_from([0, 99, 100, 120])), draw(st.sampled_from([0, 30, 60]))
        at = f"{world.now - timedelta(days=9):%Y-%m-%d %H:%M:%S}"
        metrics = ("RECSMS", "CLKSMS") if key in TEXTS else ("RECEIV", "OPENED")
        found += sent_to(key, *metrics, key, many, min(many, opens), at)
    return found
