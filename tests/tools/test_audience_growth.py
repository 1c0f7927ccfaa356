"""audience_growth at the one entry of all doors: lists by id and by name, empty periods, pages, sentences."""

from typing import Any

import pytest
import time_machine

from accounts.caller import Caller
from connector.receipts.models import Receipt
from connector.records.models import Record
from connector.tools.call import call
from connector.tools.fit import SIZE, text_of
from connector.tools.rerun import rerun
from tests.insights.loading import Loaded, loaded
from tests.oracle.cases import NOW, shop
from tests.oracle.making import audience, event

pytestmark = pytest.mark.django_db

NEWS, FRIENDS = {"id": "L1", "name": "Newsletter"}, {"id": "L2", "name": "Friends"}
EVENTS = [
    event("e1", "LIST", "p1", "2026-05-01 10:00:00", list_id="L1", List="Newsletter"),
    event("e2", "LIST", "p1", "2026-05-02 10:00:00", list_id="L1", List="An older name"),
    event("e3", "LIST", "p2", "2026-06-02 10:00:00", List="Newsletter"),
    event("e4", "LEFT", "p1", "2026-06-03 10:00:00", list_id="L1"),
    event("e5", "LIST", None, "2026-06-04 10:00:00", list_id="L2"),
    event("e6", "LIST", "p1", "2026-06-04 10:00:00", list_id="GONE"),
]


@pytest.fixture
def held(alice_caller: Caller, lake: None) -> Loaded:
    lists = [audience("list", "L1", "Newsletter"), audience("list", "L2", "Friends")]
    return loaded(shop(*EVENTS, lists=lists), alice_caller)


def ask(held: Loaded, caller: Caller, **args: Any) -> dict[str, Any]:
    with time_machine.travel(NOW, tick=False):
        return call(
            caller, "audience_growth", {"account": held.install.klaviyo_id, "period": "2026-05-01..2026-06-30"} | args
        )


def rows(answer: dict[str, Any]) -> list[tuple[Any, ...]]:
    names = ("list", "start", "subscribed", "unsubscribed", "subscribed_people", "unsubscribed_people", "net")
    return [tuple(row[name] for name in names) for row in answer["data"]["accounts"][0]["rows"]]


def test_joins_and_departures_of_every_list(held: Loaded, alice_caller: Caller) -> None:
    answer = ask(held, alice_caller)

    assert rows(answer) == [
        (NEWS, "2026-05-01", 2, 0, 1, 0, 2),
        (NEWS, "2026-06-01", 1, 1, 1, 1, 0),
        (FRIENDS, "2026-05-01", 0, 0, 0, 0, 0),
        (FRIENDS, "2026-06-01", 1, 0, 0, 0, 1),
    ]
    assert answer["answer"] == (
        f"{held.install.name} from 1 May 2026 to 30 Jun 2026: “Newsletter” had 3 joins and 1 departure, net +2; “Friends” had 1 join "
        "and 0 departures, net +1."
    )


def test_an_event_that_tells_a_name_alone_is_of_every_list_of_that_name(alice_caller: Caller, lake: None) -> None:
    twins = [audience("list", "L1", "Newsletter"), audience("list", "L2", "Newsletter")]
    held = loaded(shop(*EVENTS, lists=twins), alice_caller)

    joined = {(row[0]["id"], row[1]): row[2] for row in rows(ask(held, alice_caller))}

    assert joined == {
        ("L1", "2026-05-01"): 2,
        ("L1", "2026-06-01"): 1,
        ("L2", "2026-05-01"): 0,
        ("L2", "2026-06-01"): 2,
    }
    assert [row[2] for row in rows(ask(held, alice_caller, list="L2"))] == [0, 2]


def test_an_account_without_events_has_no_buckets_at_any_time(alice_caller: Caller, lake: None) -> None:
    held = loaded(shop(lists=[audience("list", "L1", "Newsletter")]), alice_caller)

    answer = ask(held, alice_caller, period="all")

    assert (answer["status"], rows(answer)) == ("ok", [])
    assert answer["answer"].endswith("“Newsletter” had 0 joins and 0 departures, net 0.")


def test_pages_hold_whole_lists_and_of_one_too_long_its_newest_days(held: Loaded, alice_caller: Caller) -> None:
    first = ask(held, alice_caller, limit=1)
    second = call(alice_caller, "audience_growth", {"cursor": first["more"]["cursor"]})
    long = ask(held, alice_caller, period="2025-06-01..2026-06-29", interval="day", list="L1")

    assert {row[0]["id"] for row in rows(first)} == {"L1"} and {row[0]["id"] for row in rows(second)} == {"L2"}
    assert first["more"]["left_out"] == 1 and second["more"] is None
    assert len(text_of(long).encode()) <= SIZE and rows(long)[-1][1] == "2026-06-29"
    older = call(alice_caller, "audience_growth", {"cursor": long["more"]["cursor"]})
    assert rows(older)[-1][1] < rows(long)[0][1]


def test_growth_run_again_is_equal(held: Loaded, alice_caller: Caller) -> None:
    receipt = Receipt.objects.all().named(ask(held, alice_caller, list="newsletter")["receipt"]["id"]).get()
    Record.objects.filter(install=held.install).update(name="Renamed", folded="renamed")

    again = rerun(alice_caller, receipt, "same")

    assert again.changed == [] and again.answer["answer"] == receipt.answer["answer"]
