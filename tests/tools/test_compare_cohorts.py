"""compare_cohorts through the door: its sentence, its caveats, what it refuses, and the receipt run again."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from accounts.caller import Caller
from connector.receipts.models import Receipt
from connector.records.models import Record
from connector.records.upsert import Row, upsert
from connector.tools.call import call
from connector.tools.rerun import rerun

pytestmark = pytest.mark.django_db
DAY = 24 * 60


@pytest.fixture
def joined(shop: Any, write: Callable[..., None]) -> Any:
    """ann by SMS in March, who orders twice; ben by a form in April, who orders once; cem by import, who does not."""
    own = {"integration": "Klaviyo", "category": "Internal", "key": "klaviyo"}
    upsert(shop, "metric", [
        Row("SMS", "Subscribed to SMS Marketing", attributes=own), Row("LIST", "Subscribed to List", attributes=own),
    ])  # fmt: skip
    write(shop, [
        ("SMS", "ann", 0, {}), ("LIST", "ann", 5, {"method": "Form"}), ("LIST", "ben", 40 * DAY, {"method": "Form"}),
        ("LIST", "cem", 0, {"method": "API"}),
        ("ORDER", "ann", -5, {"order_id": "o0", "value": Decimal(90)}),
        ("ORDER", "ann", DAY, {"order_id": "o1", "value": Decimal(10)}), ("ORDER", "ann", DAY, {"order_id": "o1", "value": Decimal(10)}),
        ("ORDER", "ann", 2 * DAY, {"order_id": "o2", "value": Decimal(5)}),
        ("ORDER", "ben", 70 * DAY, {"order_id": "o3", "value": Decimal(7), "currency": "EUR"}),
    ])  # fmt: skip
    return shop


def asked(caller: Caller, **args: Any) -> dict[str, Any]:
    return call(caller, "compare_cohorts", {"period": "2026"} | args)


def rows(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["cohort"]: row for row in answer["data"]["accounts"][0]["rows"]}


def test_the_sentence_tells_every_way_of_joining(joined: Any, alice_caller: Caller) -> None:
    answer = asked(alice_caller)

    assert answer["answer"] == (
        f"{joined.name}: of 3 people who first subscribed in 2026, 2 (66.7 %) ordered since: 3 orders, 15.00 USD. "
        "1 joined by SMS (1 ordered, 100.0 %); 1 joined by an e-mail form (1 ordered, 100.0 %); 1 joined in another way "
        "(0 ordered, 0.0 %)."
    )
    told = {caveat["code"]: caveat["text"] for caveat in answer["caveats"]}
    assert told["duplicate_orders"].startswith("1 further delivery")
    assert told["other_currency"].startswith("1 ") and "small_base" in told
    assert [source["id"] for source in answer["sources"]] == ["ORDER", "SMS", "LIST"]


def test_the_figures_of_a_cohort(joined: Any, alice_caller: Caller) -> None:
    assert rows(asked(alice_caller))["sms"] == {
        "cohort": "sms", "people": 1, "buyers": 1, "buyer_rate": 1.0, "orders": 2, "order_events": 3, "revenue": 15.0,
        "average_order_value": 7.5, "repeat_rate": 1.0, "median_days_to_first_order": 1.0,
    }  # fmt: skip


def test_by_month_the_best_and_the_weakest_are_told(joined: Any, alice_caller: Caller) -> None:
    answer = asked(alice_caller, by="signup_month")

    assert {month: row["people"] for month, row in rows(answer).items() if row["people"]} == {
        "2026-03": 2,
        "2026-04": 1,
    }
    assert next(iter(rows(answer))) == "2026-01"
    assert answer["answer"].endswith(
        "The largest share ordered of those who joined in 2026-04: 1 ordered, 100.0 % of 1; "
        "the smallest in 2026-03: 1 ordered, 50.0 % of 2."
    )


def test_orders_are_counted_up_to_the_end_of_the_period(joined: Any, alice_caller: Caller) -> None:
    answer = asked(alice_caller, period="2026-04", count_until="period_end")

    assert (rows(answer)["email_form"]["people"], rows(answer)["email_form"]["orders"]) == (1, 0)
    assert "by the end of the period" in answer["answer"]


def test_who_had_joined_before_counts_only_where_that_is_asked(joined: Any, alice_caller: Caller) -> None:
    write_period = {"period": "2026-03-01..2026-03-31"}

    assert rows(asked(alice_caller, **write_period))["sms"]["people"] == 1
    assert rows(asked(alice_caller, period="2026-05"))["email_form"]["people"] == 0
    assert asked(alice_caller, period="2026-05")["answer"] == f"{joined.name}: nobody first subscribed in May 2026."


def test_a_history_that_is_not_whole_cannot_tell_the_first_ever(joined: Any, alice_caller: Caller) -> None:
    joined.complete_from = joined.complete_from.replace(year=2025)
    joined.save()

    assert asked(alice_caller)["status"] == "partial"
    assert asked(alice_caller, joined="first_in_period", period="2026-03")["status"] == "ok"


def test_without_a_purchase_metric_it_is_refused(joined: Any, alice_caller: Caller) -> None:
    Record.objects.filter(install=joined, klaviyo_id="ORDER").delete()

    assert asked(alice_caller)["reason"]["code"] == "no_purchase_metric"


def test_run_again_it_is_equal_whatever_has_changed(
    joined: Any, write: Callable[..., None], alice_caller: Caller
) -> None:
    receipt = Receipt.objects.all().named(asked(alice_caller, by="signup_month")["receipt"]["id"]).get()
    write(joined, [])
    Record.objects.filter(install=joined, kind="metric").delete()
    joined.currency, joined.time_zone = "JPY", "Asia/Tokyo"
    joined.save()

    again = rerun(alice_caller, receipt, "same")

    assert again.changed == [] and again.answer["answer"] == receipt.answer["answer"]
