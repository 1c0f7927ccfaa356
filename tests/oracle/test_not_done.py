"""Who did X and not Y, on accounts so small that each answer was worked out by hand and is written down here."""

from decimal import Decimal

from tests.oracle.cases import ask, opened, openers_not_buyers, ordered, world
from tests.oracle.making import campaign


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


def test_a_window_before_the_moment_is_always_over() -> None:
    answer = ask(
        world(opened("e1", "p1", "2026-06-30 11:00:00")), but_not="ordered", but_not_when="before", within_days=7
    )

    assert (answer["people"], answer["caveats"].get("window_open")) == (1, None)


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
