"""Orders, money, shares and medians, worked out by hand."""

from decimal import Decimal

from tests.oracle.cases import ask, opened, ordered, world
from tests.oracle.making import event


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
