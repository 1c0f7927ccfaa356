"""list_health at the one entry of all doors: rows, times, sentences, refusals."""

from typing import Any

import pytest
import time_machine

from accounts.caller import Caller
from connector.receipts.models import Receipt
from connector.records.models import Audience, Record
from connector.tools import jobs
from connector.tools.call import BadArguments, call
from connector.tools.rerun import rerun
from tests.insights.loading import Loaded, loaded
from tests.oracle.cases import EVERYTHING, NOW, happened, shop
from tests.oracle.making import audience, profile
from tests.oracle.world import World

pytestmark = pytest.mark.django_db

EVENTS = """
OPEN p1 2026-06-01T10:00:00
OPEN p2 2026-06-01T10:00:00 machine_open=true
CLCK p2 2026-06-01T10:00:00 bot=true
ORDR p3 2026-03-01T12:00:00 order=A
ORDR p3 2026-06-01T12:00:00 order=A
ORDR p4 2026-06-29T21:59:59 order=B
ORDR p5 2026-06-29T22:00:00 order=C
OPEN p5 2026-08-01T10:00:00
"""


@pytest.fixture
def held(alice_caller: Caller, lake: None) -> Loaded:
    return loaded(account(), alice_caller)


def account(**more: Any) -> World:
    consents = {"p1": "SUBSCRIBED", "p2": "SUBSCRIBED", "p3": "UNSUBSCRIBED"}
    people = [profile(person, consent=consent, suppressed=person == "p2") for person, consent in consents.items()]
    return shop(
        *happened(EVENTS),
        profiles=people,
        lists=[audience("list", "L1", "Newsletter"), audience("list", "L2", "Empty")],
        segments=[audience("segment", "S1", "VIP")],
        members={"L1": ["p1", "p2", "p3", "p4", "p5", "p6"], "S1": ["p1"]},
        **more,
    )


def ask(held: Loaded, caller: Caller, **args: Any) -> dict[str, Any]:
    with time_machine.travel(NOW, tick=False):
        return call(caller, "list_health", {"account": held.install.klaviyo_id} | args)


def rows(answer: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer["data"]["accounts"][0]["rows"]
    return found


def test_who_may_be_mailed_and_who_takes_part(held: Loaded, alice_caller: Caller) -> None:
    answer = ask(held, alice_caller, list="Newsletter")

    assert rows(answer) == [
        {
            "list": {"id": "L1", "name": "Newsletter", "kind": "list"},
            "members": 6,
            "subscribed": 2,
            "suppressed": 1,
            "mailable": 1,
            "engaged": 3,
            "lapsed": 1,
            "machine_only": 1,
            "never": 1,
        }
    ]
    assert answer["answer"].endswith(
        ": “Newsletter” has 6 members: 1 may be mailed; within 90 days 3 were engaged, 1 had lapsed, 1 had opens by machines only; "
        "1 never did anything."
    )
    assert answer["freshness"][0]["members"][0]["id"] == "L1"
    assert "future_events" in {caveat["code"] for caveat in answer["caveats"]}


def test_all_lists_largest_first_and_segments_when_asked(held: Loaded, alice_caller: Caller) -> None:
    assert [row["list"]["id"] for row in rows(ask(held, alice_caller))] == ["L1", "L2"]
    assert [row["list"]["kind"] for row in rows(ask(held, alice_caller, audience="VIP", list="Empty"))] == [
        "segment",
        "list",
    ]
    assert ask(held, alice_caller, list="VIP")["reason"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("at", "engaged"),
    [
        ("2026-06-29", 2),  # its last second in Berlin
        ("2026-06-29T21:59:58Z", 1),
        ("2026-06-30T00:00:00", 3),  # without an offset by the account's clock
        ("2026-06-30T00:00:01", 3),
    ],
)
def test_what_comes_after_the_moment_does_not_count(held: Loaded, alice_caller: Caller, at: str, engaged: int) -> None:
    assert rows(ask(held, alice_caller, list="L1", at=at, days=120))[0]["engaged"] == engaged


@pytest.mark.parametrize("at", ["yesterday", "2026-02-30", "20260101", "2027-01-01", "1999-12-31", "2026-06-30T25:00"])
def test_what_is_no_time_is_told(held: Loaded, alice_caller: Caller, at: str) -> None:
    with pytest.raises(BadArguments, match="^at: "):
        ask(held, alice_caller, at=at)


def test_a_list_that_is_gone_has_no_members(held: Loaded, alice_caller: Caller) -> None:
    Record.objects.filter(install=held.install, klaviyo_id="L2").update(deleted_at=NOW)

    assert [row["list"]["id"] for row in rows(ask(held, alice_caller))] == ["L1"]
    assert ask(held, alice_caller, list="Empty")["reason"]["code"] == "not_found"


def test_without_a_purchase_metric_purchases_are_left_out_and_that_is_said(alice_caller: Caller, lake: None) -> None:
    others = [metric for metric in EVERYTHING if metric["id"] != "ORDR"]
    answer = ask(loaded(account(metrics=others), alice_caller), alice_caller, list="L1")

    assert rows(answer)[0]["engaged"] == 1
    told = {caveat["code"]: caveat["text"] for caveat in answer["caveats"]}
    assert told["no_purchase_metric"] == "Purchases do not count as engagement: what counts as a purchase is not known."


def test_members_not_held_yet_are_waited_for(
    held: Loaded, alice_caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PATIENCE", 0)
    Audience.objects.filter(record__klaviyo_id="L1").update(fetched_at=None)

    assert ask(held, alice_caller, list="L1")["status"] == "pending"


def test_the_health_of_lists_run_again_is_equal(held: Loaded, alice_caller: Caller) -> None:
    answer = ask(held, alice_caller)
    receipt = Receipt.objects.all().named(answer["receipt"]["id"]).get()
    Record.objects.filter(install=held.install).update(name="Renamed", folded="renamed", deleted_at=NOW)
    held.install.time_zone = "Asia/Tokyo"
    held.install.save()

    again = rerun(alice_caller, receipt, "same")

    assert again.changed == [] and again.answer["sources"] == receipt.answer["sources"]
