"""Present members, metrics and what cannot be answered, worked out by hand."""

import pytest

from tests.oracle.cases import METRICS, NOW, ask, members, opened, ordered, world
from tests.oracle.making import event, metric
from tests.oracle.names import BadArguments
from tests.oracle.people import people_who
from tests.oracle.world import Json, World


def test_an_audience_keeps_only_its_present_members() -> None:
    account = members(
        opened("e1", "p1", "2026-03-01 10:00:00"),
        opened("e2", "p3", "2026-03-01 10:00:00"),
        opened("e3", None, "2026-03-01 10:00:00"),
    )

    answer = ask(account, audience="VIP")

    assert (answer["did"], answer["events"]["did"]) == (1, 1)
    assert answer["audience"] == {"id": "S1", "name": "VIP", "kind": "segment", "members": 2}
    assert ask(account, audience="S1,L1")["did"] == 2


def test_caveats_tell_of_the_audience_alone() -> None:
    account = members(
        ordered("e1", "p1", "2026-03-01 10:00:00", order="A", value=1),
        ordered("e2", "p3", "2026-03-01 10:00:00", order="B", value=2, currency="USD"),
        ordered("e3", "p3", "2026-03-02 10:00:00", order="B", value=2, currency="USD"),
    )

    vip, everybody = ask(account, did="ordered", audience="VIP"), ask(account, did="ordered")

    assert {"other_currency", "duplicate_orders"} & set(vip["caveats"]) == set()
    assert (everybody["caveats"]["other_currency"], everybody["caveats"]["duplicate_orders"]) == (1, 1)


def test_members_who_never_did_it() -> None:
    account = members(opened("e1", "p1", "2026-03-01 10:00:00"))

    answer = ask(account, did="member", audience="VIP", but_not="opened_email", but_not_when="ever")
    everybody = ask(account, did="member", but_not="opened_email")

    assert (answer["people"], answer["did"], answer["human"], answer["events"], answer["amount"]) == (
        1,
        2,
        None,
        None,
        None,
    )
    assert (everybody["people"], everybody["did"]) == (3, 4)


def test_a_members_moment_is_the_start_of_the_period() -> None:
    account = members(
        opened("e1", "p1", "2026-02-28 23:00:00"), opened("e2", "p2", "2026-02-28 22:59:59")
    )  # Berlin: UTC+1

    after = ask(account, did="member", audience="S1", period="2026-03", but_not="opened_email")
    before = ask(account, did="member", audience="S1", period="2026-03", but_not="opened_email", but_not_when="before")

    assert (after["people"], after["median_days"]) == (1, 0)
    assert before["people"] == 1


def test_who_did_it_and_belongs_to_no_audience() -> None:
    account = members(opened("e1", "p1", "2026-03-01 10:00:00"), opened("e2", "p4", "2026-03-01 10:00:00"))

    answer = ask(account, but_not="member", but_not_audience="VIP")
    overlap = ask(account, did="member", audience="VIP", but_not="member", but_not_audience="L1")

    assert (answer["people"], answer["also_did"], answer["median_days"]) == (1, 1, None)
    assert (overlap["people"], overlap["also_did"]) == (1, 1)


def test_metrics_are_refused_or_asked_for() -> None:
    no_shop = World(now=NOW, metrics=METRICS[:4], events=[opened("e1", "p1", "2026-03-01 10:00:00")])
    second = metric("ORD2", "Placed Order", "WooCommerce", "eCommerce")
    two_shops = World(now=NOW, metrics=[*METRICS, second])

    assert ask(no_shop, did="refunded") == {"status": "refused", "reason": "no_such_metric"}
    assert ask(no_shop, but_not="ordered") == {"status": "refused", "reason": "no_purchase_metric"}
    assert ask(two_shops, did="ordered")["status"] == "needs_choice"
    assert ask(two_shops, did="ordered", purchase_metric="ORD2")["status"] == "ok"
    assert ask(world(), campaign="nothing of this name") == {"status": "refused", "reason": "not_found"}


def test_of_two_reasons_the_first_in_order_is_told() -> None:
    no_shop = World(now=NOW, metrics=METRICS[:4], events=[opened("e1", "p1", "2026-03-01 10:00:00")])

    assert ask(no_shop, did="ordered", item="Mug")["reason"] == "not_found"
    assert ask(no_shop, did="cancelled", but_not="ordered")["reason"] == "no_such_metric"
    assert ask(no_shop, period="2027")["reason"] == "out_of_range"


def test_the_shop_wins_over_an_import_and_the_import_is_told() -> None:
    account = World(
        now=NOW,
        metrics=[*METRICS, metric("ORD2", "Placed Order", "API", "API")],
        events=[ordered("e1", "p1", "2026-03-01 10:00:00"), event("e2", "ORD2", "p2", "2026-03-01 10:00:00")],
    )

    answer = ask(account, did="ordered")

    assert answer["did"] == 1
    assert answer["caveats"]["two_purchase_metrics"] == 1


@pytest.mark.parametrize(
    "args",
    [
        {"did": "opened_email", "but_not": "member"},
        {"did": "opened_email", "but_not": "ordered", "but_not_audience": "S1"},
        {"did": "opened_email", "but_not": "member", "but_not_audience": "S1", "within_days": 1},
        {"did": "opened_email", "but_not": "ordered", "but_not_period": "2026", "within_days": 1},
        {"did": "opened_email", "but_not": "ordered", "but_not_period": "2026", "but_not_when": "ever"},
        {"did": "opened_email", "but_not": "ordered", "but_not_when": "ever", "within_days": 1},
        {"did": "member", "campaign": "c1"},
        {"did": "member", "at_least": 2},
        {"did": "member", "group_by": "times"},
        {"did": "opened_email", "period": "2026-02-30"},
    ],
)
def test_a_question_that_contradicts_itself_is_no_question(args: Json) -> None:
    with pytest.raises(BadArguments):
        people_who(members(), args)
