"""metric_trend at the one entry of all doors: rows, groups, pages, sentences, refusals."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from accounts.caller import Caller
from connector.lake.store import writing
from connector.receipts.models import Receipt
from connector.records.models import Record
from connector.tools.call import BadArguments, call
from connector.tools.fit import SIZE, text_of
from connector.tools.rerun import rerun
from tests.factories import InstallFactory

pytestmark = pytest.mark.django_db
Write = Callable[..., None]
DAY = 24 * 60  # in minutes


def ask(caller: Caller, **args: Any) -> dict[str, Any]:
    return call(caller, "metric_trend", {"period": "2026-03-01..2026-04-30"} | args)


def entry(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["data"]["accounts"][0]
    return found


def codes(answer: dict[str, Any]) -> set[str]:
    return {caveat["code"] for caveat in answer["caveats"]}


def opened(person: str | None, minutes: int, message: str = "M1", **extra: Any) -> tuple[Any, ...]:
    return "OPEN", person, minutes, {"message": message, **extra}


def ordered(person: str | None, minutes: int, value: str, **extra: Any) -> tuple[Any, ...]:
    return "ORDER", person, minutes, {"value": Decimal(value), "order_id": "o1", **extra}


def people_from(shop: Any, **countries: list[str]) -> None:
    """The profiles of an account by country."""
    people = [(person, country) for country, named in countries.items() for person in named]
    with writing(shop.pk, "test") as lake:
        lake.upsert_profiles({
            "id": [person for person, _ in people],
            "country": [country for _, country in people],
            "suppressed": [False for _ in people],
            "properties": [{"Tier": country[0]} for _, country in people],
        })  # fmt: skip


def test_every_delivery_counts_and_the_sentence_tells_the_month_with_most(
    shop: Any, write: Write, alice_caller: Caller
) -> None:
    write(shop, [ordered("ann", 0, "10.005"), ordered("ann", 1, "10.005"), ordered(None, 40 * DAY, "7")])

    answer = ask(alice_caller, metric="ordered")

    assert [(row["start"], row["count"], row["people"], row["value"]) for row in entry(answer)["rows"]] == [
        ("2026-03-01", 2, 1, 20.01),
        ("2026-04-01", 1, 0, 7.0),
    ]
    assert answer["answer"] == (
        "Fernweh Outdoor: “Placed Order” happened 3 times from 1 Mar 2026 to 30 Apr 2026, worth 27.01 USD; most in March 2026 (2)."
    )
    assert [source["name"] for source in answer["sources"]] == ["Placed Order"]


@pytest.mark.parametrize(
    ("interval", "told"),
    [("week", "in the week of 23 Feb 2026"), ("day", "on 1 Mar 2026")],
)
def test_the_bucket_with_most_is_told_in_its_own_words(
    shop: Any, write: Write, alice_caller: Caller, interval: str, told: str
) -> None:
    write(shop, [opened("ann", 0), opened("ben", 0), opened("ann", 9 * DAY)])

    assert ask(alice_caller, metric="opened_email", interval=interval)["answer"].endswith(f"; most {told} (2).")


def test_groups_are_listed_by_their_events_with_none_last_of_equals(
    shop: Any, write: Write, alice_caller: Caller
) -> None:
    write(shop, [opened("ann", 0, "M2"), opened("ben", 0, "M2"), opened("ann", 40 * DAY), opened("ann", 1, "gone")])

    answer = ask(alice_caller, metric="opened_email", group_by="campaign")

    first, second = {"id": "C2", "name": "Q4 Holiday Reminder"}, {"id": "C1", "name": "Q4 Holiday Campaign"}
    assert entry(answer)["groups"] == [first, second, None]
    assert [(row["start"], row["group"], row["count"]) for row in entry(answer)["rows"]] == [
        ("2026-03-01", first, 2),
        ("2026-03-01", None, 1),
        ("2026-04-01", second, 1),
    ]
    assert answer["answer"].endswith(
        "; most: “Q4 Holiday Reminder” 2 (50.0 %), “Q4 Holiday Campaign” 1 (25.0 %), none 1 (25.0 %)."
    )


def test_pages_hold_whole_groups_and_name_those_that_they_hold(shop: Any, write: Write, alice_caller: Caller) -> None:
    write(shop, [opened("ann", 0, "M2"), opened("ben", 0, "M2"), opened("ann", 40 * DAY), opened("ann", 1, "gone")])
    first = ask(alice_caller, metric="opened_email", group_by="campaign", limit=2)

    second = call(alice_caller, "metric_trend", {"cursor": first["more"]["cursor"]})

    assert [group["id"] for group in entry(first)["groups"]] == ["C2", "C1"]
    assert (first["more"]["left_out"], second["more"]) == (1, None)
    assert entry(second)["groups"] == [None]
    assert [row["group"] for row in entry(second)["rows"]] == [None]


def test_a_long_series_keeps_its_newest_buckets(shop: Any, write: Write, alice_caller: Caller) -> None:
    write(shop, [opened("ann", 0)])

    answer = ask(alice_caller, metric="opened_email", interval="day", period="2025-03-01..2026-03-31")

    rows = entry(answer)["rows"]
    assert len(text_of(answer).encode()) <= SIZE and rows[-1]["start"] == "2026-03-31"
    assert len(rows) + answer["more"]["left_out"] == 396


def test_countries_of_too_few_people_are_counted_together_in_each_bucket(
    shop: Any, write: Write, alice_caller: Caller
) -> None:
    alice_caller.organization.privacy_floor = 2
    alice_caller.organization.save()
    people_from(shop, Italy=["i1", "i2"], France=["f1"], Spain=["s1"])
    write(shop, [opened(person, day * DAY) for person in ("i1", "i2", "f1", "s1") for day in (0, 40)])

    answer = ask(alice_caller, metric="opened_email", group_by="country", limit=1)

    assert [(row["start"], row["group"], row["count"], row.get("other")) for row in entry(answer)["rows"]] == [
        ("2026-03-01", "Italy", 2, None),
        ("2026-03-01", "other", 2, True),
        ("2026-04-01", "Italy", 2, None),
        ("2026-04-01", "other", 2, True),
    ]
    assert entry(answer)["groups"] == ["Italy"] and "floor_applied" in codes(answer) and answer["more"] is None


def test_a_country_that_no_bucket_shows_is_not_named(shop: Any, write: Write, alice_caller: Caller) -> None:
    alice_caller.organization.privacy_floor = 2
    alice_caller.organization.save()
    people_from(shop, France=["f1"])
    write(shop, [opened("f1", 0)])

    answer = ask(alice_caller, metric="opened_email", group_by="country")

    assert (answer["status"], answer["reason"]["code"]) == ("refused", "too_small")
    assert "France" not in text_of(answer)


def test_a_custom_property_groups_people_where_it_is_kept(shop: Any, write: Write, alice_caller: Caller) -> None:
    alice_caller.organization.privacy_floor = 1
    alice_caller.organization.save()
    shop.properties = {"Tier": "2026-01-01T00:00:00Z"}
    shop.save()
    people_from(shop, Italy=["i1"], France=["f1"])
    write(shop, [opened("i1", 0), opened("f1", 0), opened("f1", 1)])

    trend = ask(alice_caller, metric="opened_email", group_by="property:Tier")
    people = call(alice_caller, "people_who", {"did": "opened_email", "group_by": "property:Tier"})

    assert [(row["group"], row["count"]) for row in entry(trend)["rows"]] == [("F", 2), ("I", 1)]
    assert [(row["value"], row["did"]) for row in entry(people)["groups"]] == [("F", 1), ("I", 1)]


def test_a_custom_property_that_one_account_keeps_is_not_found_in_the_others(
    shop: Any, write: Write, alice_caller: Caller, northwind: Any
) -> None:
    write(shop, [opened("ann", 0)])
    InstallFactory(organization=northwind, klaviyo_id="OTHER1", name="Candles", properties={"Tier": "2026-01-01"})

    with pytest.raises(
        BadArguments, match="^group_by: no custom property 'Size' is kept of the accounts asked; there are Tier"
    ):
        ask(alice_caller, metric="OPEN", account="all", group_by="property:Size")
    both = ask(alice_caller, metric="OPEN", account="all", group_by="property:Tier")["data"]["accounts"]

    assert {each["account"]["name"]: each["reason"]["code"] for each in both} == {
        "Fernweh Outdoor": "not_found",
        "Candles": "no_such_metric",
    }


@pytest.mark.parametrize("group", ["region", "event:hour", "event:Colour", "property:", "times"])
def test_what_cannot_be_grouped_by_is_told(shop: Any, alice_caller: Caller, group: str) -> None:
    with pytest.raises(BadArguments, match="^group_by: "):
        ask(alice_caller, metric="OPEN", group_by=group)


def test_what_is_worth_a_note(shop: Any, write: Write, alice_caller: Caller) -> None:
    write(shop, [
        *(ordered("ann", minute, "1", order_id=str(minute)) for minute in range(20)), ordered("ben", 30, "900", order_id="b7"),
        ordered("ben", 31, "5", currency="EUR"), opened("ann", 0, machine_open=True),
    ])  # fmt: skip

    orders = ask(alice_caller, metric="ordered", period="2026")

    assert codes(orders) >= {"other_currency", "dominant_value"}
    dominant = next(caveat["text"] for caveat in orders["caveats"] if caveat["code"] == "dominant_value")
    assert "2026-03-01 (order id b7) makes 900.00 USD of 920.00 USD" in dominant
    assert "machine_opens" in codes(ask(alice_caller, metric="opened_email"))
    assert "machine_opens" not in codes(ask(alice_caller, metric="opened_email", machine_opens="exclude"))


@pytest.mark.parametrize(
    "group", [None, "campaign", "flow", "item", "country", "currency", "event:Subject", "event:List"]
)
def test_a_trend_run_again_is_equal(shop: Any, write: Write, alice_caller: Caller, group: str | None) -> None:
    alice_caller.organization.privacy_floor = 1
    alice_caller.organization.save()
    events = [opened("ann", 0), opened("ben", 9 * DAY, "M2"), ordered("ann", 10, "3.5")]
    write(shop, events)
    answer = ask(alice_caller, metric="OPEN", **({"group_by": group} if group else {}))
    receipt = Receipt.objects.all().named(answer["receipt"]["id"]).get()
    write(shop, [*events, opened("dan", 1)])
    Record.objects.filter(install=shop).update(name="Renamed", folded="renamed")

    again = rerun(alice_caller, receipt, "same")

    assert answer["status"] == "ok" and again.changed == []
    assert again.answer["answer"] == receipt.answer["answer"]
