"""people_who through the whole product, from Klaviyo's JSON to the envelope, against the count by hand.

DRILL=full tries many more worlds, new ones each time, and makes a failing one small before it shows it.
"""

import inspect
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.caller import Caller
from tests.insights.asking import COUNTED, FIGURES, ROWS, SHOWN, exact, people_who
from tests.insights.budget import examples
from tests.insights.loading import loaded
from tests.insights.questions import questions
from tests.insights.worlds import worlds
from tests.oracle import cases, names, people, test_groups, test_members, test_not_done, test_of, test_orders
from tests.oracle.world import Json, World

QUESTIONS = 8
BY_HAND = {
    name: case
    for module in (test_groups, test_members, test_not_done, test_of, test_orders)
    for name, case in vars(module).items()
    if name.startswith("test_") and not inspect.signature(case).parameters
}


@examples(15, 600)
@given(data=st.data())
def test_every_figure_is_the_one_counted_by_hand(data: st.DataObject, alice_caller: Caller, lake: None) -> None:
    world = data.draw(worlds())
    account = loaded(world, alice_caller)

    for _ in range(QUESTIONS):
        args = data.draw(questions(world))
        told = tried(lambda args=args: people_who(account, alice_caller, args))  # type: ignore[misc]  # bound to this round
        wanted = tried(lambda args=args: counted(world, args))  # type: ignore[misc]
        wrong = {
            name: f"{told.get(name)}, by hand {wanted.get(name)}"
            for name in told | wanted
            if told.get(name) != wanted.get(name)
        }
        assert not wrong, json.dumps(
            {"args": args, "now": world.now.isoformat(), "wrong": wrong}, indent=1, ensure_ascii=False
        )


@pytest.mark.parametrize("name", list(BY_HAND))
def test_the_product_answers_what_was_worked_out_by_hand(
    name: str, alice_caller: Caller, lake: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each small account with its written answer, once more: this time the product is asked."""
    monkeypatch.setattr(
        cases, "people_who", lambda world, args: people_who(loaded(world, alice_caller), alice_caller, args)
    )

    BY_HAND[name]()


def counted(world: World, args: Json) -> Json:
    """The count by hand, in the form of asking.read."""
    entry = people.people_who(world, args)
    if entry["status"] != "ok":
        return entry
    period = {name: at.replace(microsecond=0) for name, at in entry["period"].items()}  # shown without them
    for row in entry["groups"] or []:
        row.pop("other", None)
    caveats = {code: number for code, number in entry["caveats"].items() if code in COUNTED + SHOWN}
    return {name: exact(entry[name]) for name in FIGURES + ROWS} | {
        "status": "ok",
        "period": period,
        "caveats": caveats,
    }


def tried(ask: Callable[[], Json]) -> Json:
    try:
        answer = ask()
    except names.BadArguments:
        return {"status": "bad arguments"}
    # A second metric of the purchase metric's name may be told wherever the shop is meant, orders asked for or not.
    answer.get("caveats", {}).pop("two_purchase_metrics", None)
    return answer
