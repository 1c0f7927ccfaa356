"""people_who on an account small enough to count on the fingers: names, conditions on people, caveats, refusals."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.caller import Caller
from connector.lake.store import writing
from connector.records.models import Record
from connector.records.upsert import Row, upsert
from connector.tools.call import BadArguments, call
from tests.tools.conftest import BEGIN

pytestmark = pytest.mark.django_db
Write = Callable[..., None]

COUNTRIES = {"ann": "Germany", "ben": "GERMANY", "cem": "France", "dan": None}


@pytest.fixture
def readers(shop: Any, write: Write) -> Any:
    """ann opens both campaigns and orders, ben and cem the first, dan the second, eve (no profile) the first."""
    write(shop, [
        ("OPEN", "ann", 0, {"message": "M1"}), ("OPEN", "ann", 5, {"message": "M2"}), ("ORDER", "ann", 9, {"value": Decimal(5)}),
        ("OPEN", "ben", 0, {"message": "M1"}), ("OPEN", "cem", 0, {"message": "M1"}), ("OPEN", "dan", 0, {"message": "M2"}),
        ("OPEN", "eve", 0, {"message": "M1"}), ("OPEN", None, 0, {"message": "M1"}),
    ])  # fmt: skip
    with writing(shop.pk, "test") as lake:
        lake.upsert_profiles(
            {
                "id": list(COUNTRIES),
                "country": list(COUNTRIES.values()),
                "email_domain": ["gmail.com", "gmx.de", "gmail.com", "gmail.com"],
                "suppressed": [False] * len(COUNTRIES),
                "properties": [{"Tier": "gold"}, {"Tier": "Gold"}, {"Tier": "silver"}, None],
            }
        )
    shop.properties = {"Tier": BEGIN.isoformat()}
    shop.save()
    set_floor(shop, 1)
    return shop


def set_floor(shop: Any, people: int) -> None:
    shop.organization.privacy_floor = people
    shop.organization.save()


def entry(answer: dict[str, Any]) -> dict[str, Any]:
    return dict(answer["data"]["accounts"][0])


def said(answer: dict[str, Any], code: str) -> str:
    return next((caveat["text"] for caveat in answer["caveats"] if caveat["code"] == code), "")


@pytest.mark.parametrize(
    ("where", "did"),
    [
        ("country=germany", 2),
        (" country = Germany | france ; email_domain=gmail.com", 2),
        ("property:Tier=GOLD", 2),
        ("reachable=none", 4),
        ("country=Spain", 0),
    ],
)
def test_only_people_whose_profile_has_it_are_counted(readers: Any, alice_caller: Caller, where: str, did: int) -> None:
    found = entry(call(alice_caller, "people_who", {"did": "opened_email", "where": where}))

    assert (found["did"], found["human"]["did"]) == (did, did)


def test_a_condition_is_named_in_answer_and_definition(readers: Any, alice_caller: Caller) -> None:
    answer = call(
        alice_caller, "people_who", {"did": "opened_email", "but_not": "ordered", "where": "country=Germany|France"}
    )

    assert answer["answer"] == (
        f"{readers.name}: of 3 people whose country is “Germany” or “France” who opened an e-mail in the whole history, "
        "1 (33.3 %) placed an order afterwards, median 9 minutes; 2 (66.7 %) did not."
    )
    assert "those whose country is “Germany” or “France” who opened an e-mail" in answer["method"]["definition"]


def test_members_are_chosen_by_conditions_too(readers: Any, alice_caller: Caller) -> None:
    found = entry(call(alice_caller, "people_who", {"did": "member", "where": "country=Germany", "but_not": "ordered"}))

    assert (found["did"], found["people"], found["events"]) == (2, 1, None)


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ("country", "is no condition; give one such as country=US"),
        ("country=", "is no condition"),
        ("country=US;", "is no condition"),
        ("planet=Earth", "'planet' is not known; give property:NAME or one of country, region"),
        ("property:Shoe=42", "no custom property 'Shoe' is kept of the accounts asked; there are Tier"),
    ],
)
def test_a_condition_that_cannot_be_read_says_what_would_do(
    readers: Any, alice_caller: Caller, where: str, problem: str
) -> None:
    with pytest.raises(BadArguments) as refused:
        call(alice_caller, "people_who", {"did": "opened_email", "where": where})

    assert problem in str(refused.value) and refused.value.problems[0].field == "where"


def test_fewer_people_than_the_floor_are_not_counted_by_condition(readers: Any, alice_caller: Caller) -> None:
    set_floor(readers, 3)

    few = call(alice_caller, "people_who", {"did": "opened_email", "where": "country=Germany"})
    nobody = call(alice_caller, "people_who", {"did": "opened_email", "where": "country=Spain"})

    assert few["reason"]["code"] == "too_small" and "Fewer than 3 people with these attributes" in few["reason"]["text"]
    assert entry(nobody)["did"] == 0


def test_groups_that_are_too_small_say_which_rule_it_was(readers: Any, alice_caller: Caller) -> None:
    set_floor(readers, 10)

    answer = call(alice_caller, "people_who", {"did": "opened_email", "group_by": "country"})

    assert answer["reason"]["text"] == (
        "Groups of fewer than 10 people are not shown one by one, and no more than one group would remain."
    )


def test_those_who_did_it_often_are_a_part_of_those_who_did(readers: Any, alice_caller: Caller) -> None:
    often = call(alice_caller, "people_who", {"did": "opened_email", "at_least": 2})
    once = call(alice_caller, "people_who", {"did": "opened_email"})

    assert (entry(often)["did"], entry(often)["base"], entry(often)["base_share"]) == (1, 5, 0.2)
    assert "That is 20.0 % of the 5 people who did so at least once." in often["answer"]
    assert (entry(once)["base"], entry(once)["base_share"]) == (None, None)
    assert often["method"]["terms"]["base_share"] == "did / base: the part that did it at least so often"


def test_the_leading_groups_are_named_and_none_has_a_name(readers: Any, alice_caller: Caller) -> None:
    answer = call(alice_caller, "people_who", {"did": "opened_email", "group_by": "property:Tier"})

    assert answer["answer"].endswith("Most by Tier: no Tier 2 (40.0 %), Gold 1 (20.0 %), gold 1 (20.0 %).")
    assert entry(answer)["groups"][0] == {"value": None, "people": 2, "did": 2, "events": 2, "amount": 0.0}


def test_an_hour_and_a_weekday_are_said_as_a_clock_and_a_calendar_say_them(readers: Any, alice_caller: Caller) -> None:
    by_hour = call(alice_caller, "people_who", {"did": "ordered", "group_by": "event:hour"})
    by_day = call(alice_caller, "people_who", {"did": "ordered", "group_by": "event:weekday"})

    assert by_hour["answer"].endswith("Most by hour: 07:00 1 (100.0 %).")
    assert by_day["answer"].endswith("Most by weekday: Sunday 1 (100.0 %).")
    assert entry(by_day)["groups"][0]["value"] == 7


def test_one_event_of_most_of_the_money_is_pointed_out(shop: Any, write: Write, alice_caller: Caller) -> None:
    orders = [("ORDER", f"p{n}", n, {"order_id": f"o{n}", "value": Decimal(1)}) for n in range(19)]
    huge = ("ORDER", "zoe", 60 * 24, {"order_id": "o99", "value": Decimal(1000)})
    write(shop, [*orders, huge])
    dominated = call(alice_caller, "people_who", {"did": "ordered"})
    write(shop, [*orders[:18], huge])
    of_few = call(alice_caller, "people_who", {"did": "ordered"})
    write(shop, [*orders, ("ORDER", "zoe", 90, {"order_id": "o99", "value": Decimal(19)})])
    of_a_half = call(alice_caller, "people_who", {"did": "ordered"})

    assert said(dominated, "dominant_value") == (
        "One event of 2026-03-02 (order id o99) makes 1,000.00 USD of 1,019.00 USD; check that it is no error."
    )
    assert not said(of_few, "dominant_value") and not said(of_a_half, "dominant_value")


def test_what_dominates_those_who_did_not_is_pointed_out_too(shop: Any, write: Write, alice_caller: Caller) -> None:
    """Of all orders the largest is a small part; of those of people who did not order again it is most."""
    once = [("ORDER", f"p{n}", n, {"order_id": f"o{n}", "value": Decimal(1)}) for n in range(19)]
    huge = ("ORDER", "zoe", 50, {"order_id": "o50", "value": Decimal(100)})
    again = [("ORDER", "yan", 60 + n, {"order_id": f"y{n}", "value": Decimal(90)}) for n in range(9)]
    write(shop, [*once, huge, *again])

    answer = call(alice_caller, "people_who", {"did": "ordered", "but_not": "ordered"})

    assert entry(answer)["amount"] == {"people": 119.0, "did": 929.0}
    assert "(order id o50) makes 100.00 USD of 119.00 USD" in said(answer, "dominant_value")


def test_an_open_with_a_value_can_dominate_too(shop: Any, write: Write, alice_caller: Caller) -> None:
    opens = [("OPEN", f"p{n}", n, {"value": Decimal(1)}) for n in range(20)]
    write(shop, [*opens, ("OPEN", "zoe", 50, {"value": Decimal(100)})])

    assert "makes 100.00 USD of 120.00 USD" in said(
        call(alice_caller, "people_who", {"did": "opened_email"}), "dominant_value"
    )


@pytest.fixture
def newsletters(shop: Any, readers: Any) -> Any:
    """An old Newsletter (M1) and a new Newsletter #2 (M2)."""
    times = {"C1": ("Newsletter", BEGIN - timedelta(days=300)), "C2": ("Newsletter #2", BEGIN - timedelta(days=1))}
    upsert(
        shop, "campaign", [Row(key, name, status="Sent", channel="email", at=at) for key, (name, at) in times.items()]
    )
    return shop


def test_an_exact_name_says_which_others_it_fits(newsletters: Any, alice_caller: Caller) -> None:
    answer = call(alice_caller, "people_who", {"did": "opened_email", "campaign": "newsletter"})

    assert entry(answer)["did"] == 4
    assert said(answer, "also_fits") == "Other names contain “newsletter” too: “Newsletter #2” (sent 2026-02-28)."


def test_the_latest_campaign_is_named_with_its_date(newsletters: Any, alice_caller: Caller) -> None:
    latest = call(alice_caller, "people_who", {"did": "opened_email", "campaign": "latest"})
    of_words = call(alice_caller, "people_who", {"did": "opened_email", "campaign": "latest:newsletter"})

    assert entry(latest)["did"] == entry(of_words)["did"] == 2
    assert "opened “Newsletter #2” (sent 2026-02-28) in the whole history" in latest["answer"]


def test_flows_of_these_words_are_all_in_sources(shop: Any, write: Write, alice_caller: Caller) -> None:
    """Abandoned cart and Abandoned cart (old); Abandoned Carton has another word."""
    Record.objects.filter(install=shop, klaviyo_id="F1").update(
        name="Abandoned cart - VIP", folded="abandoned cart - vip"
    )
    write(
        shop,
        [("OPEN", "ann", 0, {"flow": "F1"}), ("OPEN", "ben", 0, {"flow": "F2"}), ("OPEN", "cem", 0, {"flow": "F3"})],
    )

    answer = call(alice_caller, "people_who", {"did": "opened_email", "flow": "abandoned cart"})

    assert entry(answer)["did"] == 2
    assert {each["id"] for each in answer["sources"] if each["kind"] == "flow"} == {"F1", "F2"}


@pytest.mark.parametrize(
    ("period", "people"),
    [
        ("last_90_days", 2),
        ("last_90_days..now", 1),
        ("2026-06-01..", 1),
        ("..2026-05-31", 2),
        ("2026-01-01..", 1),
        ("all", 1),
    ],
)
def test_what_was_not_done_up_to_now_leaves_out_those_of_today(
    shop: Any, write: Write, alice_caller: Caller, time_machine: Any, period: str, people: int
) -> None:
    """ann ordered in March alone, ben in March and an hour ago."""
    now = datetime(2026, 6, 30, 12, tzinfo=UTC)
    recent = int((now - BEGIN).total_seconds() // 60) - 60
    write(shop, [("ORDER", "ann", 0, {}), ("ORDER", "ben", 0, {}), ("ORDER", "ben", recent, {})])
    shop.complete_to = now
    shop.save()
    time_machine.move_to(now, tick=False)
    asked = {"did": "ordered", "period": "2026-03", "but_not": "ordered", "but_not_period": period}

    found = entry(call(alice_caller, "people_who", asked))

    assert (found["did"], found["people"]) == (2, people)
