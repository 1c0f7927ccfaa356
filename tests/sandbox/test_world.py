"""The made-up accounts: the same for the same plan, and with everything in them that counting goes wrong on."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.sandbox.world.account import DAY, Account, Size
from connector.sandbox.world.making import Plan, World
from connector.sandbox.world.odd import edges
from tests.sandbox.running import AMERICA, ASIA, BASE, EMPTY, EUROPE, running

PLAN = Plan(seed=7, base=BASE, accounts=4, size=Size(people=1000, events=12_000), empty=True)
SCRIPTS = {"Latin": r"[A-Za-z]", "Cyrillic": "[а-яА-Я]", "Arabic": "[\u0600-\u06ff]", "Devanagari": "[\u0900-\u097f]",
           "Han or kana": "[\u3040-\u30ff\u4e00-\u9fff]", "Greek": "[α-ω]", "Hebrew": "[\u0590-\u05ff]"}  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return World(PLAN)


@pytest.fixture(scope="module", params=[AMERICA, EUROPE, ASIA])
def account(request: pytest.FixtureRequest, world: World) -> Account:
    return world.account(request.param)


def events(account: Account, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows of this name, of whatever integration, with their properties."""
    for row in account.events.order:
        if account.metrics[account.events.metric[row]].attributes["name"] == name:
            yield row, json.loads(account.events.properties(row))


def test_the_same_plan_is_the_same_world_and_another_seed_another(world: World) -> None:
    def spelled(account: Account) -> list[tuple[Any, ...]]:
        held = account.events
        return [(held.id(row), held.time[row], held.person[row], held.properties(row)) for row in held.order]

    again, other = World(PLAN), World(Plan(8, BASE, 4, PLAN.size))

    assert spelled(again.account(EUROPE)) == spelled(world.account(EUROPE))
    assert spelled(other.account(EUROPE)) != spelled(world.account(EUROPE))
    assert again.account(EUROPE).things == world.account(EUROPE).things


def test_it_is_as_large_as_was_asked(account: Account) -> None:
    assert 0 <= len(account.events) - PLAN.size.events < 400
    assert len(account.people.all) == PLAN.size.people


def test_zones_and_currencies_differ(world: World) -> None:
    said = [(one.shop.timezone, one.shop.currency) for one in map(world.account, (AMERICA, EUROPE, ASIA))]
    assert said == [("America/New_York", "USD"), ("Europe/Berlin", "EUR"), ("Asia/Tokyo", "JPY")]


def test_the_empty_account_is_empty(world: World) -> None:
    account = world.account(EMPTY)
    assert (len(account.events), len(account.people.all)) == (0, 0)
    assert account.metrics


def test_event_ids_are_unique_across_accounts(world: World) -> None:
    ids = [held.id(row) for one in (AMERICA, EUROPE, ASIA) if (held := world.account(one).events) for row in held.order]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[0-9A-Za-z]{11}", id) for id in ids)


def test_the_history_covers_two_years_a_leap_day_and_both_turns_of_the_clocks(world: World) -> None:
    account = world.account(AMERICA)
    zone = ZoneInfo("America/New_York")
    local = [datetime.fromtimestamp(account.events.time[row], zone) for row in account.events.order]
    assert local[0] < datetime.fromtimestamp(BASE, UTC) - timedelta(days=700)
    assert any((at.month, at.day) == (2, 29) for at in local)
    assert any(at.fold for at in local), "an hour that the clocks show twice"
    turns = {at for at in edges(account) if (at - account.start) % DAY}
    assert len(turns) > 20


def test_some_events_are_dated_ahead(account: Account) -> None:
    ahead = [at - BASE for at in account.events.time if at > BASE]
    assert len(ahead) >= 3
    assert max(ahead) < 365 * DAY


def test_machine_opens_and_bot_clicks_are_marked_as_the_account_does(account: Account) -> None:
    name, written = account.shop.machine
    flags = Counter(json.dumps(said.get(name)) for _, said in events(account, "Opened Email"))
    assert flags[written] > 50
    assert flags["null"] > 50
    bots = Counter(said["Bot Click"] for _, said in events(account, "Clicked Email"))
    assert bots[True] > 10
    assert bots[False] > 10


def test_orders_are_delivered_twice_in_another_currency_for_nobody_and_with_odd_values(account: Account) -> None:
    orders = list(events(account, "Placed Order"))
    counted = Counter(said.get("$event_id") for _, said in orders)
    assert [id for id, count in counted.items() if count == 2 and str(id).startswith("dup-")]
    assert {said.get("$currency_code") for _, said in orders} >= {"CAD", "GBP", "CHF", "KWD"}
    assert [row for row, _ in orders if account.events.person[row] < 0]
    assert {str(said.get("$value")) for _, said in orders} >= {"30.000000000000004", "12.50", "None", "n/a", "-15.5"}


def test_one_account_has_two_metrics_called_placed_order(world: World) -> None:
    named = [one for one in world.account(AMERICA).metrics if one.attributes["name"] == "Placed Order"]
    assert [one.attributes["integration"]["name"] for one in named] == ["Shopify", "API"]


def test_items_come_as_titles_with_lines_or_as_objects(world: World) -> None:
    shopify = next(said for _, said in events(world.account(AMERICA), "Placed Order") if "$extra" in said)
    assert [type(one) for one in shopify["Items"]] == [str] * len(shopify["Items"])
    assert {"title", "quantity", "price"} <= set(shopify["$extra"]["line_items"][0])
    own = next(said for _, said in events(world.account(ASIA), "Placed Order") if "OrderId" in said)
    assert {"ProductName", "Quantity", "ItemPrice"} <= set(own["Items"][0])


def test_an_order_and_an_open_share_a_second(account: Account) -> None:
    opens = {(account.events.person[row], account.events.time[row]) for row, _ in events(account, "Opened Email")}
    tied = [row for row, _ in events(account, "Placed Order") if _moment(account, row) in opens]
    assert len(tied) >= 4


def _moment(account: Account, row: int) -> tuple[int, int]:
    return account.events.person[row], account.events.time[row]


def test_names_are_in_many_scripts_and_some_are_hostile(account: Account) -> None:
    names = " ".join(f"{said['first_name']} {said['last_name']}" for said in (one.shown() for one in account.people))
    for script, pattern in SCRIPTS.items():
        assert re.search(pattern, names), script
    for hostile in ("<script>", "Ignore previous instructions", "\u202e", "=HYPERLINK"):
        assert hostile in names
    campaigns = {one.attributes["name"] for one in account.of("campaign").values()}
    assert 'Say "hi", friend, 50% off' in campaigns
    assert any("ignore all previous instructions" in name for name in campaigns)


def test_order_notes_hold_what_should_not_be_there(account: Account) -> None:
    notes = " ".join(str(said.get("note")) for _, said in events(account, "Placed Order"))
    assert "4111 1111 1111 1111" in notes


def test_a_marketer_finds_the_campaigns_flows_and_segments_people_ask_about(account: Account) -> None:
    holiday = [one for one in account.of("campaign").values() if one.attributes["name"] == "Q4 Holiday Campaign"]
    assert [one.attributes["status"] for one in holiday] == ["Sent", "Sent"]
    assert {one.attributes["name"] for one in account.of("flow").values()} >= {"Abandoned Cart", "Abandoned Cart - VIP"}
    assert "VIP Customers" in {one.attributes["name"] for one in account.of("segment").values()}
    assert {said["Method"] for _, said in events(account, "Subscribed to SMS Marketing")} == {"Form", "API"}


def test_campaigns_of_a_year_ago_wrote_their_own_id_and_later_ones_their_messages(account: Account) -> None:
    codes = {said["$message"] for _, said in events(account, "Received Email")}
    assert codes & set(account.of("campaign"))
    assert codes & set(account.of("campaign-message"))
    assert codes & set(account.of("flow-message"))


def test_orders_belong_to_the_last_open_or_click_of_five_days(account: Account) -> None:
    """Worked out again, slowly: for each order, look back over all of that person's events."""
    held = account.events
    touches = {"Opened Email", "Clicked Email", "Clicked SMS"}
    checked = 0
    for row, said in events(account, "Placed Order"):
        if str(said.get("$event_id")).startswith(("val-", "cart-odd", "edge-", "ahead-")) or held.person[row] < 0:
            continue
        before = [
            one
            for one in held.of_person(held.person[row])
            if account.metrics[held.metric[one]].attributes["name"] in touches
            and held.message[one] >= 0
            and held.key(one) < held.key(row)
            and held.time[row] - held.time[one] <= 5 * DAY
        ]
        expected = [(held.message[before[-1]], before[-1])] if before else []
        assert [tuple(one) for one in held.credits.get(row, [])] == expected
        checked += 1
    assert checked > 50
    assert held.credits


def test_lists_hold_who_signed_up(account: Account) -> None:
    newsletter = account.lists[account.named["list Newsletter"]]
    assert newsletter
    for number, joined in newsletter.items():
        assert joined == account.people.all[number].created


def test_some_profiles_were_merged_some_deleted_and_some_events_came_late(tmp_path: Path) -> None:
    with running(tmp_path, accounts=1) as klaviyo, klaviyo.client() as api:
        account = klaviyo.sandbox.changes.account(AMERICA)
        gone = [person for person in account.people.all if not person.here]
        into = {person.merged_into for person in gone if person.merged_into}
        statuses = {api.get(f"/api/profiles/{person.id}").status_code for person in gone}
        told = klaviyo.raw("events")

    assert (
        sorted((person.merged_into is None, person.deleted) for person in gone)
        == [(False, False)] * 2 + [(True, True)] * 2
    )
    assert statuses == {404} and not {person.id for person in gone} & {event["profile"] for event in told}
    assert into <= {event["profile"] for event in told}
    assert sum(str(event["properties"].get("$event_id", "")).startswith("late-") for event in told) == 12
