"""Groups and their floor, worked out by hand."""

from decimal import Decimal

from tests.oracle.cases import ask, opened, ordered, shown, world
from tests.oracle.making import event, profile
from tests.oracle.world import World


def in_countries(**people: int) -> World:
    places = [country for country, number in people.items() for _ in range(number)]
    return world(
        *(opened(f"e{n}", f"p{n:02}", "2026-03-01 10:00:00") for n in range(len(places))),
        profiles=[profile(f"p{n:02}", country=place) for n, place in enumerate(places)],
    )


def test_groups_of_too_few_people_go_to_other() -> None:
    assert shown(ask(in_countries(DE=12, FR=10, IT=9, ES=2), group_by="country")) == [
        ("DE", 12),
        ("FR", 10),
        ("other", 11),
    ]


def test_an_other_that_is_too_small_takes_the_smallest_shown_group() -> None:
    assert shown(ask(in_countries(DE=12, FR=10, AT=10, ES=2), group_by="country")) == [
        ("DE", 12),
        ("AT", 10),
        ("other", 12),
    ]


def test_nothing_but_other_is_refused() -> None:
    assert ask(in_countries(DE=9, FR=9), group_by="country") == {"status": "refused", "reason": "too_small"}
    assert ask(in_countries(DE=10, FR=9), group_by="country") == {"status": "refused", "reason": "too_small"}


def test_groups_of_nobody_are_none() -> None:
    assert ask(in_countries(), group_by="country")["groups"] == []


def test_groups_by_attribute_count_people_events_and_amount() -> None:
    account = world(
        ordered("e1", "p1", "2026-03-01 10:00:00", value=3),
        ordered("e2", "p1", "2026-03-02 10:00:00", value=4),
        ordered("e3", "p2", "2026-03-02 10:00:00", value=5),
        profiles=[profile("p1", email="a@Web.example"), profile("p2")],
        floor=1,
    )

    groups = ask(account, did="ordered", but_not="ordered", group_by="email_domain")["groups"]

    assert groups == [
        {"value": None, "people": 1, "did": 1, "events": 1, "amount": Decimal("5.00")},
        {"value": "web.example", "people": 0, "did": 1, "events": 2, "amount": Decimal("7.00")},
    ]


def test_reachable_wants_consent_and_for_email_no_suppression() -> None:
    yes = "SUBSCRIBED"
    people = [
        profile("p1", consent=yes),
        profile("p2", consent=yes, sms=yes),
        profile("p3", consent=yes, suppressed=True, sms=yes),
        profile("p4", consent="UNSUBSCRIBED"),
        profile("p5", consent=yes, suppressed=True),
    ]
    account = world(*(opened(f"e{n}", f"p{n}", "2026-03-01 10:00:00") for n in range(1, 7)), profiles=people, floor=1)

    assert shown(ask(account, group_by="reachable")) == [("none", 2), ("both", 1), ("email", 1), ("sms", 1), (None, 1)]
    assert shown(ask(account, group_by="email_consent")) == [("SUBSCRIBED", 4), ("UNSUBSCRIBED", 1), (None, 1)]


def test_groups_by_times_go_up_to_eleven_and_more() -> None:
    opens = [opened(f"a{n}", "p1", "2026-03-01 10:00:00") for n in range(11)]
    opens += [opened(f"b{n}", "p2", "2026-03-01 10:00:00") for n in range(10)]
    opens += [opened("c", "p3", "2026-03-01 10:00:00"), opened("d", None, "2026-03-01 10:00:00")]

    answer = ask(world(*opens), group_by="times")

    assert [(row["value"], row["did"], row["events"]) for row in answer["groups"]] == [
        ("1", 1, 1),
        ("10", 1, 10),
        ("11+", 1, 11),
    ]


def test_hours_and_weekdays_are_local_on_both_sides_of_a_clock_change() -> None:
    account = world(
        opened("e1", "p1", "2026-03-29 00:30:00"),  # Sunday 01:30 in Berlin, half an hour before the change
        opened("e2", "p1", "2026-03-29 01:30:00"),  # 03:30
        opened("e3", "p2", "2026-03-29 22:00:00"),  # Monday 00:00
    )

    assert shown(ask(account, group_by="event:hour")) == [(0, 1), (1, 1), (3, 1)]
    assert shown(ask(account, group_by="event:weekday")) == [(1, 1), (7, 1)]


def test_a_person_is_in_every_value_of_their_events_and_judged_once() -> None:
    account = world(
        ordered("e1", "p1", "2026-03-01 10:00:00", value=5, **{"Discount Codes": ["A", "B", "A"]}),
        ordered("e2", "p1", "2026-03-02 10:00:00", value=6, **{"Discount Codes": []}),
        ordered("e3", "p2", "2026-03-02 10:00:00", value=7, **{"Discount Codes": "A"}),
        ordered("e4", None, "2026-03-02 10:00:00", value=8, **{"Discount Codes": "B"}),
    )

    groups = ask(account, did="ordered", but_not="ordered", group_by="event:Discount Codes")["groups"]

    assert groups == [
        {"value": "A", "people": 1, "did": 2, "events": 2, "amount": Decimal("12.00")},
        {"value": "B", "people": 0, "did": 1, "events": 2, "amount": Decimal("13.00")},
        {"value": None, "people": 0, "did": 1, "events": 1, "amount": Decimal("6.00")},
    ]


def test_pages_are_cut_at_their_query() -> None:
    account = world(
        event("e1", "CLCK", "p1", "2026-03-01 10:00:00", URL="https://shop.example/a?u=1"),
        event("e2", "CLCK", "p2", "2026-03-01 10:00:00", URL="https://shop.example/a#top"),
    )

    assert shown(ask(account, did="clicked_email", group_by="event:URL")) == [("https://shop.example/a", 2)]
