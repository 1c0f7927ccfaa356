"""The count itself, on accounts so small that each answer was worked out by hand and is written down here."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.oracle.making import audience, campaign, campaign_message, event, flow, mark, metric, profile
from tests.oracle.names import BadArguments
from tests.oracle.people import people_who
from tests.oracle.world import Json, World

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
METRICS = [
    metric("OPEN", "Opened Email"),
    metric("RECV", "Received Email"),
    metric("CLCK", "Clicked Email"),
    metric("LIST", "Subscribed to List"),
    metric("ORDR", "Placed Order", "Shopify", "eCommerce"),
    metric("CART", "Added to Cart", "Shopify", "eCommerce"),
    metric("VIEW", "Viewed Product", "API", "API"),
]


def world(*events: Json, **more: Any) -> World:
    return World(now=NOW, metrics=METRICS, events=list(events), **more)


def opened(key: str, person: str | None, at: str, **held: Any) -> Json:
    return event(key, "OPEN", person, at, **held)


def ordered(key: str, person: str | None, at: str, marks: Any = (), /, **held: Any) -> Json:
    return event(key, "ORDR", person, at, marks, **held)


def ask(account: World, did: str = "opened_email", **args: Any) -> Json:
    return people_who(account, {"did": did, **args})


def openers_not_buyers(*events: Json, **args: Any) -> tuple[int, int]:
    answer = ask(world(*events), but_not="ordered", **args)
    return answer["people"], answer["did"]


# X and not Y


def test_an_order_after_the_first_open_makes_a_buyer() -> None:
    assert openers_not_buyers(
        opened("e1", "p1", "2026-03-01 10:00:00"), ordered("e2", "p1", "2026-03-01 10:00:01")
    ) == (0, 1)


def test_an_order_before_the_first_open_does_not_count_as_after() -> None:
    assert openers_not_buyers(
        opened("e2", "p1", "2026-03-01 10:00:01"), ordered("e1", "p1", "2026-03-01 10:00:00")
    ) == (1, 1)


def test_an_order_between_two_opens_counts_since_the_first_open_is_what_matters() -> None:
    events = [
        opened("e1", "p1", "2026-03-01 10:00:00"),
        ordered("e2", "p1", "2026-03-02 10:00:00"),
        opened("e3", "p1", "2026-03-03 10:00:00"),
    ]

    assert openers_not_buyers(*events) == (0, 1)


def test_the_first_open_is_the_first_in_the_period_not_ever() -> None:
    events = [
        opened("e1", "p1", "2026-03-01 10:00:00"),
        ordered("e2", "p1", "2026-03-20 10:00:00"),
        opened("e3", "p1", "2026-04-03 10:00:00"),
    ]

    assert openers_not_buyers(*events, period="2026-04") == (1, 1)


def test_the_same_second_counts_as_after_and_not_as_earlier() -> None:
    events = [opened("e2", "p1", "2026-03-01 10:00:00"), ordered("e1", "p1", "2026-03-01 10:00:00")]

    assert openers_not_buyers(*events) == (0, 1)
    assert openers_not_buyers(*events, but_not_when="before") == (1, 1)


def test_an_earlier_order_counts_before_and_a_later_one_does_not() -> None:
    events = [
        ordered("e1", "p1", "2026-03-01 09:59:59"),
        opened("e2", "p1", "2026-03-01 10:00:00"),
        opened("e3", "p2", "2026-03-01 10:00:00"),
        ordered("e4", "p2", "2026-03-01 10:00:01"),
    ]

    assert openers_not_buyers(*events, but_not_when="before") == (1, 2)


def test_in_period_looks_at_the_whole_period_and_nothing_else() -> None:
    events = [
        ordered("e1", "p1", "2026-03-01 09:00:00"),
        opened("e2", "p1", "2026-03-01 10:00:00"),
        opened("e3", "p2", "2026-03-01 10:00:00"),
        ordered("e4", "p2", "2026-04-01 10:00:00"),
    ]

    assert openers_not_buyers(*events, period="2026-03", but_not_when="in_period") == (1, 2)


def test_ever_looks_at_all_that_is_held() -> None:
    events = [
        ordered("e1", "p1", "2025-01-01 09:00:00"),
        opened("e2", "p1", "2026-03-01 10:00:00"),
        opened("e3", "p2", "2026-03-01 10:00:00"),
        ordered("e4", "p2", "2026-05-01 10:00:00"),
        opened("e5", "p3", "2026-03-01 10:00:00"),
    ]

    assert openers_not_buyers(*events, period="2026-03", but_not_when="ever") == (1, 3)


def test_but_not_period_looks_at_that_period_wherever_the_first_open_lies() -> None:
    events = [
        ordered("e1", "p1", "2026-02-10 09:00:00"),
        opened("e2", "p1", "2026-03-01 10:00:00"),
        opened("e3", "p2", "2026-03-01 10:00:00"),
        ordered("e4", "p2", "2026-03-02 10:00:00"),
    ]

    answer = ask(world(*events), but_not="ordered", period="2026-03", but_not_period="2026-02")

    assert (answer["people"], answer["did"], answer["median_days"]) == (1, 2, None)


def test_a_window_of_a_day_ends_just_before_24_hours() -> None:
    first = opened("e1", "p1", "2026-03-01 10:00:00")

    assert openers_not_buyers(first, ordered("e2", "p1", "2026-03-02 09:59:59"), within_days=1) == (0, 1)
    assert openers_not_buyers(first, ordered("e2", "p1", "2026-03-02 10:00:00"), within_days=1) == (1, 1)


def test_a_window_before_includes_its_start() -> None:
    first = opened("e2", "p1", "2026-03-02 10:00:00")
    before = {"but_not_when": "before", "within_days": 1}

    assert openers_not_buyers(first, ordered("e1", "p1", "2026-03-01 10:00:00"), **before) == (0, 1)
    assert openers_not_buyers(first, ordered("e1", "p1", "2026-03-01 09:59:59"), **before) == (1, 1)


def test_a_day_of_a_window_is_24_hours_also_where_the_clock_changes() -> None:
    """Berlin's clock goes forward on 29 March 2026, so 24 hours later it shows an hour more."""
    first = opened("e1", "p1", "2026-03-28 11:00:00")  # 12:00 in Berlin

    assert openers_not_buyers(first, ordered("e2", "p1", "2026-03-29 10:30:00"), within_days=1) == (0, 1)
    assert openers_not_buyers(first, ordered("e2", "p1", "2026-03-29 11:00:00"), within_days=1) == (1, 1)


def test_a_window_that_is_not_over_counts_as_not_done_and_is_told() -> None:
    answer = ask(
        world(
            opened("e1", "p1", "2026-06-29 12:00:01"),  # open for one more second
            opened("e2", "p2", "2026-06-29 12:00:00"),  # just over
            opened("e3", "p3", "2026-06-30 11:00:00"),
            ordered("e4", "p3", "2026-06-30 11:30:00"),  # open, but done
        ),
        but_not="ordered",
        within_days=1,
    )

    assert (answer["people"], answer["did"]) == (2, 3)
    assert answer["caveats"]["window_open"] == 1


def test_without_but_not_everybody_who_did_it_is_meant() -> None:
    answer = ask(world(opened("e1", "p1", "2026-03-01 10:00:00"), opened("e2", "p2", "2026-03-01 10:00:00")))

    assert (answer["people"], answer["did"], answer["also_did"], answer["median_days"]) == (2, 2, 0, None)


def test_opening_again_is_not_the_first_open() -> None:
    again = [
        opened("e1", "p1", "2026-03-01 10:00:00"),
        opened("e2", "p1", "2026-03-01 10:00:00"),
        opened("e3", "p2", "2026-03-01 10:00:00"),
    ]

    answer = ask(world(*again), but_not="opened_email")

    assert (answer["people"], answer["did"], answer["median_days"]) == (1, 2, 0)


def test_of_several_first_opens_in_one_second_the_smallest_id_is_the_first() -> None:
    account = world(
        opened("e1", "p1", "2026-03-01 10:00:00", message="c1"),
        opened("e2", "p1", "2026-03-01 10:00:00", message="c2"),
        campaigns=[campaign("c1", "Spring"), campaign("c2", "Summer")],
    )

    assert ask(account, but_not="opened_email", but_not_campaign="c1")["people"] == 1
    assert ask(account, but_not="opened_email", but_not_campaign="c2")["people"] == 0


def test_events_dated_ahead_are_left_out_and_told() -> None:
    events = [
        opened("e1", "p1", "2026-06-30 12:00:00"),
        opened("e2", "p2", "2026-06-30 12:00:01"),
        ordered("e3", "p1", "2026-07-09 10:00:00"),
    ]

    answer = ask(world(*events), but_not="ordered", period="2026-06")

    assert (answer["people"], answer["did"]) == (1, 1)
    assert answer["caveats"]["future_events"] == 2


def test_an_event_without_a_profile_is_an_event_and_a_value_and_nobody() -> None:
    answer = ask(
        world(ordered("e1", None, "2026-03-01 10:00:00", value=5), ordered("e2", "p1", "2026-03-01 10:00:00", value=7)),
        did="ordered",
        but_not="opened_email",
    )

    assert (answer["people"], answer["did"]) == (1, 1)
    assert answer["events"] == {"people": 1, "did": 2}
    assert answer["amount"] == {"people": Decimal("7.00"), "did": Decimal("12.00")}


def test_an_event_that_came_with_two_pages_is_one() -> None:
    twice = opened("e1", "p1", "2026-03-01 10:00:00")

    assert ask(world(twice, twice))["events"] == {"people": 1, "did": 1}


def test_a_whole_second_is_taken_from_the_timestamp_else_from_the_datetime() -> None:
    late = ordered("e2", "p1", "2026-03-01 10:00:00")
    late["attributes"] |= {"timestamp": None, "datetime": "2026-03-01T11:00:00.900000+01:00"}

    assert openers_not_buyers(opened("e1", "p1", "2026-03-01 10:00:00"), late) == (0, 1)


# Orders


def test_an_order_delivered_again_is_one_order_at_its_first_time_and_value() -> None:
    answer = ask(
        world(
            ordered("e2", "p1", "2026-03-02 10:00:00", order="A", value=99),
            ordered("e1", "p1", "2026-03-01 10:00:00", order="A", value=10),
            ordered("e3", "p1", "2026-03-03 10:00:00", order="A", value=98),
        ),
        did="ordered",
        but_not="ordered",
    )

    assert (answer["people"], answer["did"]) == (1, 1)
    assert answer["events"]["did"] == 1
    assert answer["amount"]["did"] == Decimal("10.00")
    assert answer["caveats"]["duplicate_orders"] == 2


def test_an_order_belongs_to_the_month_of_its_first_delivery() -> None:
    account = world(
        ordered("e1", "p1", "2026-03-31 10:00:00", order="A"), ordered("e2", "p1", "2026-04-01 10:00:00", order="A")
    )

    assert ask(account, did="ordered", period="2026-03")["did"] == 1
    assert ask(account, did="ordered", period="2026-04")["did"] == 0


def test_one_order_id_of_two_people_is_two_orders() -> None:
    account = world(
        ordered("e1", "p1", "2026-03-01 10:00:00", order="A"), ordered("e2", "p2", "2026-03-01 10:00:00", order="A")
    )

    assert ask(account, did="ordered")["events"]["did"] == 2


def test_a_number_as_order_id_is_the_same_as_its_text() -> None:
    account = world(
        ordered("e1", "p1", "2026-03-01 10:00:00", order=1001), ordered("e2", "p1", "2026-03-02 10:00:00", order="1001")
    )

    assert ask(account, did="ordered")["events"]["did"] == 1


def test_orders_without_an_order_id_are_one_each() -> None:
    account = world(ordered("e1", "p1", "2026-03-01 10:00:00"), ordered("e2", "p1", "2026-03-01 10:00:00"))

    assert ask(account, did="ordered", but_not="ordered")["people"] == 0
    assert ask(account, did="ordered")["events"]["did"] == 2


def test_new_customers_ordered_but_did_not_order_before() -> None:
    account = world(
        ordered("e1", "p1", "2026-02-01 10:00:00"),
        ordered("e2", "p1", "2026-03-01 10:00:00"),
        ordered("e3", "p2", "2026-03-01 10:00:00", order="B"),
        ordered("e4", "p2", "2026-03-05 10:00:00", order="B"),
    )

    answer = ask(account, did="ordered", period="2026-03", but_not="ordered", but_not_when="before")

    assert (answer["people"], answer["did"]) == (1, 2)


def test_a_late_delivery_of_an_older_order_is_still_an_order_event() -> None:
    """Not Y means every delivery; only those of the first X order itself are never a Y."""
    account = world(
        ordered("e1", "p1", "2026-02-01 10:00:00", order="A"),
        ordered("e2", "p1", "2026-03-01 10:00:00", order="B"),
        ordered("e3", "p1", "2026-03-02 10:00:00", order="A"),
    )

    assert ask(account, did="ordered", period="2026-03", but_not="ordered")["people"] == 0


def test_at_least_counts_orders_once_each() -> None:
    account = world(
        ordered("e1", "p1", "2026-03-01 10:00:00", order="A", value=1),
        ordered("e2", "p1", "2026-03-02 10:00:00", order="A", value=1),
        ordered("e3", "p2", "2026-03-01 10:00:00", order="B", value=2),
        ordered("e4", "p2", "2026-03-02 10:00:00", order="C", value=3),
        ordered("e5", None, "2026-03-02 10:00:00", order="D", value=4),
    )

    answer = ask(account, did="ordered", at_least=2)

    assert (answer["did"], answer["events"]["did"], answer["amount"]["did"]) == (1, 2, Decimal("5.00"))


def test_at_least_keeps_the_first_moment() -> None:
    account = world(
        opened("e1", "p1", "2026-03-01 10:00:00"),
        ordered("e2", "p1", "2026-03-02 10:00:00"),
        opened("e3", "p1", "2026-03-03 10:00:00"),
    )

    assert ask(account, at_least=2, but_not="ordered")["people"] == 0


# Money, shares, medians


def test_money_is_summed_exactly_and_rounded_half_up_at_the_end() -> None:
    values = [0.1, 0.2, "0.005", "abc", None, True, 10]

    answer = ask(
        world(*(ordered(f"e{n}", "p1", "2026-03-01 10:00:00", value=value) for n, value in enumerate(values))),
        did="ordered",
    )

    assert answer["amount"]["did"] == Decimal("10.31")


def test_another_currency_is_left_out_of_sums_and_told() -> None:
    account = world(
        ordered("e1", "p1", "2026-03-01 10:00:00", value=5, currency="USD"),
        ordered("e2", "p1", "2026-03-01 10:00:00", value=7, currency="EUR"),
        event("e3", "ORDR", "p1", "2026-03-01 10:00:00", (), value=8, **{"$currency_code": "GBP"}),
        ordered("e4", "p1", "2026-03-01 10:00:00", value=9),
    )

    answer = ask(account, did="ordered")

    assert (answer["events"]["did"], answer["amount"]["did"]) == (4, Decimal("16.00"))
    assert answer["caveats"]["other_currency"] == 2


def test_shares_are_rounded_half_up_to_six_places() -> None:
    opens = [opened(f"e{n}", f"p{n}", "2026-03-01 10:00:00") for n in range(3)]

    answer = ask(world(*opens, ordered("o", "p0", "2026-03-02 10:00:00")), but_not="ordered")

    assert (answer["share"], answer["also_share"]) == (Decimal("0.666667"), Decimal("0.333333"))


def test_of_nobody_there_is_no_share_and_no_median() -> None:
    answer = ask(world(), but_not="ordered")

    assert (answer["people"], answer["did"], answer["share"], answer["also_share"], answer["median_days"]) == (
        0,
        0,
        None,
        None,
        None,
    )


def test_the_median_of_two_delays_is_their_middle() -> None:
    account = world(
        opened("e1", "p1", "2026-03-01 00:00:00"),
        ordered("e2", "p1", "2026-03-02 00:00:00"),
        ordered("e3", "p1", "2026-03-09 00:00:00"),
        opened("e4", "p2", "2026-03-01 00:00:00"),
        ordered("e5", "p2", "2026-03-01 00:00:01"),
    )

    assert ask(account, but_not="ordered")["median_days"] == Decimal("0.500006")  # (86400 + 1) / 2 seconds


# Machines


def test_machine_opens_count_unless_excluded_and_human_tells_the_rest() -> None:
    account = world(
        opened("e1", "p1", "2026-03-01 10:00:00", machine_open=True),
        opened("e2", "p2", "2026-03-01 10:00:00", machine_open="true"),
        opened("e3", "p3", "2026-03-01 10:00:00", machine_open=1),
        opened("e4", "p4", "2026-03-01 10:00:00", **{"Apple Privacy Open": True}),
        opened("e5", "p5", "2026-03-01 10:00:00", **{"Machine Open": True}),
        opened("e6", "p6", "2026-03-01 10:00:00", machine_open=False),
        opened("e7", "p7", "2026-03-01 10:00:00", machine_open="false", bot=True),
        ordered("e8", "p7", "2026-03-02 10:00:00"),
    )

    answer = ask(account, but_not="ordered")
    without = ask(account, but_not="ordered", machine_opens="exclude")

    assert (answer["people"], answer["did"], answer["human"]) == (6, 7, {"people": 1, "did": 2})
    assert (without["people"], without["did"], without["human"]) == (1, 2, None)


def test_without_machines_the_first_open_is_the_first_human_one() -> None:
    account = world(
        opened("e1", "p1", "2026-03-01 10:00:00", machine_open=True),
        ordered("e2", "p1", "2026-03-02 10:00:00"),
        opened("e3", "p1", "2026-03-03 10:00:00"),
    )

    answer = ask(account, but_not="ordered")

    assert (answer["people"], answer["human"]["people"]) == (0, 1)


def test_bot_clicks_are_left_out_of_clicks_and_of_what_people_did_not_do() -> None:
    account = world(
        event("e1", "RECV", "p1", "2026-03-01 10:00:00"),
        event("e2", "CLCK", "p1", "2026-03-02 10:00:00", bot=True),
        event("e3", "RECV", "p2", "2026-03-01 10:00:00"),
        event("e4", "CLCK", "p2", "2026-03-02 10:00:00", bot=False),
    )

    answer = ask(account, did="received_email", but_not="clicked_email")

    assert (answer["people"], answer["did"], answer["human"]) == (0, 2, {"people": 1, "did": 2})
    assert ask(account, did="clicked_email", machine_opens="exclude")["did"] == 1


# Campaigns, flows, items


def test_of_a_campaign_by_its_id_its_messages_or_klaviyos_mark() -> None:
    account = world(
        opened("e1", "p1", "2026-03-01 10:00:00", message="c1"),
        opened("e2", "p2", "2026-03-01 10:00:00", message="m1"),
        opened("e3", "p3", "2026-03-01 10:00:00", message="m2"),
        event("e4", "OPEN", "p4", "2026-03-01 10:00:00", ("a1",), message="m2"),  # has a message: the mark is not asked
        campaigns=[campaign("c1", "Spring", ("m1",)), campaign("c2", "Summer", ("m2",))],
        campaign_messages=[campaign_message("m1", "c1"), campaign_message("m2", "c2")],
        included=[mark("a1", "e4", campaign="c1")],
    )

    assert ask(account, campaign="c1")["did"] == 2
    assert ask(account, campaign="Spring, summer")["did"] == 4


def test_orders_of_a_campaign_are_those_klaviyo_marked_on_their_first_delivery() -> None:
    account = world(
        ordered("e1", "p1", "2026-03-01 10:00:00", ("a1",)),
        ordered("e2", "p2", "2026-03-01 10:00:00", ("a2",)),
        ordered("e3", "p3", "2026-03-01 10:00:00", ("a3", "a4")),
        ordered("e4", "p4", "2026-03-01 10:00:00", order="A"),
        ordered("e5", "p4", "2026-03-02 10:00:00", ("a5",), order="A"),
        campaigns=[campaign("c1", "Spring", ("m1",)), campaign("c2", "Summer")],
        included=[
            mark("a1", "e1", campaign="c1"),
            mark("a2", "e2", campaign_message="m1"),
            mark("a3", "e3", campaign="c2"),
            mark("a4", "e3", flow="f1"),
            mark("a5", "e5", campaign="c1"),
        ],
        flows=[flow("f1", "Welcome", ("fm1",))],
    )

    assert ask(account, did="ordered", campaign="c1")["did"] == 2
    assert ask(account, did="ordered", flow="f1")["did"] == 1


def test_of_a_flow_by_its_id_or_its_messages() -> None:
    account = world(
        opened("e1", "p1", "2026-03-01 10:00:00", flow="f1", message="x"),
        opened("e2", "p2", "2026-03-01 10:00:00", message="fm1"),
        opened("e3", "p3", "2026-03-01 10:00:00", flow="f2", message="y"),
        flows=[flow("f1", "Welcome", ("fm1",)), flow("f2", "Winback")],
    )

    assert ask(account, flow="welcome")["did"] == 2


def test_not_opening_after_receiving_a_campaign_means_that_campaign() -> None:
    account = world(
        event("e1", "RECV", "p1", "2026-03-01 10:00:00", message="c1"),
        opened("e2", "p1", "2026-03-02 10:00:00", message="c2"),
        campaigns=[campaign("c1", "Spring"), campaign("c2", "Summer")],
    )

    assert ask(account, did="received_email", campaign="c1", but_not="opened_email")["people"] == 1
    assert (
        ask(account, did="received_email", campaign="c1", but_not="opened_email", but_not_campaign="any")["people"] == 0
    )
    assert (
        ask(account, did="received_email", campaign="c1", but_not="opened_email", but_not_campaign="c2")["people"] == 0
    )
    assert ask(account, did="received_email", campaign="c1,c2", but_not="opened_email")["people"] == 0


def test_a_list_or_an_order_is_of_anything_unless_said_otherwise() -> None:
    account = world(
        opened("e1", "p1", "2026-03-01 10:00:00", message="c1"),
        event("e2", "LIST", "p1", "2026-03-02 10:00:00"),
        ordered("e3", "p1", "2026-03-02 10:00:00"),
        campaigns=[campaign("c1", "Spring")],
    )

    assert ask(account, campaign="c1", but_not="subscribed_list")["people"] == 0
    assert ask(account, campaign="c1", but_not="ordered")["people"] == 0
    assert ask(account, campaign="c1", but_not="ordered", but_not_campaign="c1")["people"] == 1


def test_an_item_is_found_in_each_of_the_places_where_titles_stand() -> None:
    account = world(
        ordered("e1", "p1", "2026-03-01 10:00:00", extra={"line_items": [{"title": "Mug"}]}, Items=["Lamp"], value=30),
        ordered("e2", "p2", "2026-03-01 10:00:00", **{"$extra": {"line_items": [{"title": "Mug"}]}}),
        ordered("e3", "p3", "2026-03-01 10:00:00", Items=[{"ProductName": "Mug"}, {"ProductName": "Lamp"}], value=12),
        ordered("e4", "p4", "2026-03-01 10:00:00", Items=["Mug"]),
        ordered("e5", "p5", "2026-03-01 10:00:00", ProductName="Mug", AddedItemProductName="Mug"),
        event("e6", "CART", "p6", "2026-03-01 10:00:00", AddedItemProductName="Mug", Items=[{"ProductName": "Lamp"}]),
        event("e7", "VIEW", "p7", "2026-03-01 10:00:00", ProductName="Mug"),
    )

    buyers = ask(account, did="ordered", item="mug")

    assert (buyers["did"], buyers["amount"]["did"]) == (4, Decimal("42.00"))  # an order's whole value
    assert ask(account, did="ordered", item="Lamp")["did"] == 1  # p3: where line items stand, Items are not asked
    assert ask(account, did="added_to_cart", item="Mug")["did"] == 1
    assert ask(account, did="added_to_cart", item="Lamp")["did"] == 0
    assert ask(account, did="Viewed Product", item="Mug")["did"] == 1


def test_what_was_not_done_is_of_any_item_unless_one_is_named() -> None:
    account = world(
        event("e1", "CART", "p1", "2026-03-01 10:00:00", AddedItemProductName="Mug"),
        ordered("e2", "p1", "2026-03-02 10:00:00", Items=["Lamp"]),
    )

    assert ask(account, did="added_to_cart", item="Mug", but_not="ordered")["people"] == 0
    assert ask(account, did="added_to_cart", item="Mug", but_not="ordered", but_not_item="Mug")["people"] == 1


def test_a_title_with_a_comma_stands_for_itself() -> None:
    account = world(
        ordered("e1", "p1", "2026-03-01 10:00:00", Items=["Mug, blue"]),
        ordered("e2", "p2", "2026-03-01 10:00:00", Items=["Mug"]),
    )

    assert ask(account, did="ordered", item="Mug, blue")["did"] == 1


# Members


def members(*events: Json) -> World:
    return world(
        *events,
        profiles=[profile(f"p{n}") for n in range(1, 5)],
        segments=[audience("segment", "S1", "VIP")],
        lists=[audience("list", "L1", "Newsletter")],
        members={"S1": ["p1", "p2"], "L1": ["p2", "p3"]},
    )


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


# Groups


def in_countries(**people: int) -> World:
    places = [country for country, number in people.items() for _ in range(number)]
    return world(
        *(opened(f"e{n}", f"p{n:02}", "2026-03-01 10:00:00") for n in range(len(places))),
        profiles=[profile(f"p{n:02}", country=place) for n, place in enumerate(places)],
    )


def shown(answer: Json) -> list[tuple[Any, int]]:
    return [(row["value"], row["did"]) for row in answer["groups"]]


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

    assert shown(ask(account, group_by="reachable")) == [("none", 3), ("both", 1), ("email", 1), ("sms", 1)]
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


# Metrics and refusals


def test_metrics_are_refused_or_asked_for() -> None:
    no_shop = World(now=NOW, metrics=METRICS[:4], events=[opened("e1", "p1", "2026-03-01 10:00:00")])
    second = metric("ORD2", "Placed Order", "WooCommerce", "eCommerce")
    two_shops = World(now=NOW, metrics=[*METRICS, second])

    assert ask(no_shop, did="refunded") == {"status": "refused", "reason": "no_such_metric"}
    assert ask(no_shop, but_not="ordered") == {"status": "refused", "reason": "no_purchase_metric"}
    assert ask(two_shops, did="ordered")["status"] == "needs_choice"
    assert ask(two_shops, did="ordered", purchase_metric="ORD2")["status"] == "ok"
    assert ask(world(), campaign="nothing of this name") == {"status": "refused", "reason": "not_found"}


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
