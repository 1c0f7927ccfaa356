"""Of which campaign, flow, item or machine an event is, worked out by hand."""

from decimal import Decimal

from tests.oracle.cases import ask, opened, ordered, world
from tests.oracle.making import campaign, campaign_message, event, flow, mark


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
        campaign_messages=[campaign_message("m1", "c1")],
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
