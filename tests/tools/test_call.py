"""The one entry of all doors: what it refuses, what it records, and what the envelope says."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.caller import Caller, member_caller
from audit.models import AuditDetail, AuditEvent
from connector.receipts.models import Receipt
from connector.records.upsert import Row, upsert
from connector.tools.call import BadArguments, UnknownTool, call
from connector.tools.catalogue import TOOLS
from connector.tools.fit import text_of
from tests.factories import InstallFactory

pytestmark = pytest.mark.django_db

OPENED = ("OPEN", "M1")
Write = Callable[..., None]


def opened(
    person: str | None, minutes: int, message: str = "M1", **extra: Any
) -> tuple[str, str | None, int, dict[str, Any]]:
    return "OPEN", person, minutes, {"message": message, **extra}


def ordered(person: str | None, minutes: int, order: str, **extra: Any) -> tuple[str, str | None, int, dict[str, Any]]:
    return "ORDER", person, minutes, {"order_id": order, **extra}


def entry(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["data"]["accounts"][0]
    return found


def ask(caller: Caller, **args: Any) -> dict[str, Any]:
    return call(caller, "people_who", args)


def test_opened_but_did_not_order(shop: Any, write: Write, alice_caller: Caller) -> None:
    write(shop, [
        opened("ann", 0), opened("ann", 9), opened("ben", 0), opened("cem", 5), opened("dan", 0, "M2"), opened(None, 1),
        ordered("ann", 0, "o1"),  # the same second counts as after
        ordered("cem", 4, "o2"),  # before the open
    ])  # fmt: skip

    answer = ask(alice_caller, did="opened_email", campaign="Q4 Holiday Campaign", but_not="ordered")

    assert answer["status"] == "ok"
    found = entry(answer)
    assert (found["did"], found["people"], found["also_did"]) == (3, 2, 1)
    assert (found["share"], found["also_share"], found["median_days"]) == (0.666667, 0.333333, 0.0)
    assert found["events"] == {"people": 2, "did": 5}  # the one without a person counts as an event
    assert found["human"] == {"people": 2, "did": 3}


def test_an_answer_is_recorded_with_who_asked_and_through_which_door(
    shop: Any, write: Write, alice_caller: Caller
) -> None:
    write(shop, [opened("ann", 0)])
    caller = replace(alice_caller, via="mcp", client="ChatGPT", client_version="7")

    answer = ask(caller, did="opened_email")

    receipt = Receipt.objects.all().named(answer["receipt"]["id"]).get()
    assert receipt.answer == json.loads(json.dumps(answer))
    assert [(row.install_id, row.versions) for row in receipt.installs.all()] == [
        (shop.pk, {"events": 1, "profiles": -1, "members": -1})
    ]
    event = AuditEvent.objects.get(operation="tool.called")
    assert (event.actor_id, event.via, event.assistant, event.assistant_version) == (
        caller.user.pk,
        "mcp",
        "ChatGPT",
        "7",
    )
    assert (event.organization_id, event.install_id, event.subject_id, event.receipt) == (
        caller.organization.pk, shop.pk, "people_who", answer["receipt"]["id"],
    )  # fmt: skip
    assert AuditDetail.objects.get(event_id=event.pk).content == {"args": {"did": "opened_email"}}


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ({}, "did: is required"),
        ({"did": "ordered", "campain": "x"}, "campain: is not an argument"),
        ({"did": 7}, "did: must be a text, not 7"),
        ({"did": None}, "did: must be a text, not null"),
        ({"did": ""}, "did: is empty"),
        ({"did": "ordered", "limit": 0}, "limit: is 0; give a number from 1 to 200"),
        ({"did": "ordered", "limit": "3"}, "limit: must be a whole number, not “3”"),
        ({"did": "ordered", "at_least": True}, "at_least: must be a whole number, not true"),
        ({"did": "ordered", "period": "last_fortnight"}, "period: 'last_fortnight' is no period"),
        ({"did": "ordered", "period": "2026-02-30"}, "names a date that does not exist"),
        ({"did": "ordered", "but_not_when": "before"}, "but_not_when: goes with but_not only"),
        ({"did": "ordered", "but_not": "ordered", "within_days": 3, "but_not_when": "ever"}, "within_days: goes with"),
        (
            {"did": "ordered", "but_not": "ordered", "but_not_period": "2026", "within_days": 3},
            "within_days: does not go with but_not_period",
        ),
        ({"did": "ordered", "but_not": "member"}, "but_not_audience: is required"),
        (
            {"did": "ordered", "but_not": "ordered", "but_not_audience": "VIP"},
            "but_not_audience: goes with but_not=member only",
        ),
        ({"did": "member", "campaign": "x"}, "campaign: does not go with did=member"),
        ({"did": "member", "group_by": "times"}, "group_by: with did=member"),
        ({"did": "ordered", "group_by": "shoe size"}, "group_by: 'shoe size' is not known"),
        ({"did": "ordered", "group_by": "event:Colour"}, "event: takes Bounce Type"),
        ({"did": "ordered", "cursor": "made up"}, "cursor: stands alone"),
        ({"cursor": "made up"}, "cursor: is none that a former answer of this tool gave"),
    ],
)
def test_bad_arguments_are_one_sentence_that_names_the_field(
    shop: Any, write: Write, alice_caller: Caller, args: dict[str, Any], sentence: str
) -> None:
    write(shop, [ordered("ann", 0, "o1")])

    with pytest.raises(BadArguments) as error:
        call(alice_caller, "people_who", args)

    assert sentence in str(error.value)
    assert not Receipt.objects.exists()


def test_spaces_around_a_text_are_dropped_and_nothing_else_is(shop: Any, write: Write, alice_caller: Caller) -> None:
    write(shop, [opened("ann", 0)])

    assert entry(ask(alice_caller, did="  opened_email "))["did"] == 1
    assert entry(ask(alice_caller, did="opened_email", at_least=1.0))["did"] == 1


def test_an_unknown_tool_is_not_an_answer(alice_caller: Caller) -> None:
    with pytest.raises(UnknownTool):
        call(alice_caller, "drop_tables", {})


def test_a_scope_that_was_not_granted_is_said_in_the_answer(shop: Any, alice_caller: Caller) -> None:
    answer = ask(replace(alice_caller, scopes=frozenset()), did="ordered")

    assert (answer["status"], answer["reason"]["code"]) == ("refused", "grant_scope")
    assert AuditEvent.objects.get(operation="tool.called").outcome == "refused"


def test_what_is_not_yours_does_not_exist(shop: Any, write: Write, alice_caller: Caller, charlie: Any) -> None:
    write(shop, [opened("ann", 0)])
    stranger = member_caller(charlie.memberships.select_related("user", "organization").get(), via="mcp")

    for account in (shop.klaviyo_id, shop.name):
        answer = ask(stranger, did="opened_email", account=account)
        assert (answer["status"], answer["reason"]["code"]) == ("refused", "not_found")
    assert call(stranger, "search", {"query": "Q4 Holiday"}) == {"results": []}
    assert call(stranger, "fetch", {"id": f"campaign:{shop.klaviyo_id}:C1"})["reason"]["code"] == "not_found"
    assert call(stranger, "list_accounts", {})["data"]["accounts"] == []


def test_a_connection_limited_to_some_installs_sees_no_other(shop: Any, write: Write, alice_caller: Caller) -> None:
    write(shop, [opened("ann", 0)])

    answer = ask(replace(alice_caller, installs=frozenset()), did="opened_email", account="all")

    assert (answer["status"], answer["reason"]["code"], answer["receipt"]) == ("refused", "not_found", None)


def test_a_name_that_fits_several_asks_which(shop: Any, write: Write, alice_caller: Caller) -> None:
    write(shop, [opened("ann", 0), opened("ben", 0, "M2")])

    answer = ask(alice_caller, did="opened_email", campaign="q4   HOLIDAY")

    assert answer["status"] == "needs_choice"
    assert [choice["id"] for choice in answer["choices"]] == ["C2", "C1"] or [
        choice["id"] for choice in answer["choices"]
    ] == ["C1", "C2"]
    assert answer["receipt"] is None
    suggested = answer["next"][0]
    again = call(alice_caller, suggested["tool"], suggested["args"])
    assert entry(again)["did"] == 2


def test_campaigns_that_were_never_sent_are_no_candidates(shop: Any, write: Write, alice_caller: Caller) -> None:
    write(shop, [opened("ann", 0)])

    answer = ask(alice_caller, did="opened_email", campaign="Q4 never sent")

    assert (answer["status"], answer["reason"]["code"]) == ("refused", "not_found")
    assert {choice["id"] for choice in answer["choices"]} == {"C1", "C2"}


def test_a_flow_takes_every_flow_with_the_words_but_no_part_of_a_word(
    shop: Any, write: Write, alice_caller: Caller
) -> None:
    write(
        shop,
        [("OPEN", "ann", 0, {"flow": "F1"}), ("OPEN", "ben", 0, {"flow": "F2"}), ("OPEN", "cem", 0, {"flow": "F3"})],
    )

    exact = ask(alice_caller, did="opened_email", flow="abandoned cart")
    assert entry(exact)["did"] == 1
    assert [source["id"] for source in exact["sources"] if source["kind"] == "flow"] == ["F1"]
    assert entry(ask(alice_caller, did="opened_email", flow="cart abandoned"))["did"] == 2


def test_a_former_name_is_found_and_said(shop: Any, write: Write, alice_caller: Caller) -> None:
    write(shop, [opened("ann", 0)])
    upsert(shop, "campaign", [Row("C1", "Winter magic", status="Sent")])

    answer = ask(alice_caller, did="opened_email", campaign="Q4 Holiday Campaign")

    assert entry(answer)["did"] == 1
    assert "renamed" in [caveat["code"] for caveat in answer["caveats"]]


def test_an_account_without_a_purchase_metric_says_what_to_set_where(
    shop: Any, write: Write, alice_caller: Caller
) -> None:
    write(shop, [opened("ann", 0)])
    upsert(shop, "metric", [Row("ORDER", "Something else")])

    answer = ask(alice_caller, did="opened_email", but_not="ordered")

    assert answer["reason"]["code"] == "no_purchase_metric"
    assert "account's page" in answer["reason"]["what_to_do"]


def test_two_metrics_named_placed_order_ask_which_and_the_other_is_counted_in_a_caveat(
    shop: Any, write: Write, alice_caller: Caller
) -> None:
    upsert(
        shop, "metric", [Row("ORDER2", "Placed Order", attributes={"integration": "Magento", "category": "eCommerce"})]
    )
    write(shop, [ordered("ann", 0, "o1"), ("ORDER2", "ben", 0, {}), ("ORDER2", "cem", 0, {})])

    assert ask(alice_caller, did="ordered")["status"] == "needs_choice"

    answer = ask(alice_caller, did="ordered", purchase_metric="ORDER")
    assert entry(answer)["did"] == 1
    caveat = next(caveat for caveat in answer["caveats"] if caveat["code"] == "two_purchase_metrics")
    assert "2 events" in caveat["text"]


def test_groups_are_cut_by_limit_and_the_cursor_gives_the_rest_of_the_same_receipt(
    shop: Any, write: Write, alice_caller: Caller
) -> None:
    write(shop, [("CLICK", f"p{number}", number, {"url": f"https://shop.test/{number:03d}"}) for number in range(7)])

    first = ask(alice_caller, did="clicked_email", group_by="event:URL", limit=3)
    assert first["more"]["left_out"] == 4
    second = call(alice_caller, "people_who", {"cursor": first["more"]["cursor"]})
    third = call(alice_caller, "people_who", {"cursor": second["more"]["cursor"]})

    values = [group["value"] for page in (first, second, third) for group in entry(page)["groups"]]
    assert values == [f"https://shop.test/{number:03d}" for number in range(7)]
    assert third["more"] is None
    assert {page["receipt"]["id"] for page in (first, second, third)} == {first["receipt"]["id"]}


def test_a_result_never_passes_24000_bytes(shop: Any, write: Write, alice_caller: Caller) -> None:
    write(
        shop,
        [
            ("CLICK", f"p{number}", number, {"url": f"https://shop.test/{'ü' * 150}/{number:03d}"})
            for number in range(200)
        ],
    )

    answer = ask(alice_caller, did="clicked_email", group_by="event:URL", limit=200)

    assert len(text_of(answer).encode()) <= 24_000
    assert answer["more"]["left_out"] + len(entry(answer)["groups"]) == 200


def test_invisible_characters_are_taken_out_of_names(shop: Any, write: Write, alice_caller: Caller) -> None:
    upsert(shop, "campaign", [Row("C9", "Bidi\u202eflip\u200b sale", status="Sent")])
    write(shop, [("OPEN", "ann", 0, {"message": "C9"})])

    answer = ask(alice_caller, did="opened_email", campaign="C9")

    assert entry(answer)["did"] == 1
    assert "Bidiflip sale" in answer["answer"] and "\u202e" not in text_of(answer)


def test_a_caveat_names_the_accounts_it_is_about(shop: Any, northwind: Any, write: Write, alice_caller: Caller) -> None:
    InstallFactory(organization=northwind, name="Never read", complete_from=None, complete_to=None)
    write(shop, [opened("ann", 0), opened("ben", 0, machine_open=True)])

    answer = ask(alice_caller, account="all", did="opened_email")
    alone = ask(alice_caller, account=shop.klaviyo_id, did="opened_email")

    said = {caveat["code"]: caveat["text"] for caveat in answer["caveats"]}
    assert answer["status"] == "partial"
    assert said["account_failed"].startswith("Never read: ")
    assert said["machine_opens"].startswith(f"{shop.name}: 50 % of these opens")
    assert {caveat["code"]: caveat["text"] for caveat in alone["caveats"]}["machine_opens"].startswith("50 %")


def test_choices_are_dated_by_the_accounts_own_calendar(shop: Any, write: Write, alice_caller: Caller) -> None:
    late = datetime(2025, 10, 10, 2, 22, tzinfo=UTC)  # the evening before in New York
    upsert(shop, "campaign", [Row(key, "Twin sale", status="Sent", at=late) for key in ("T1", "T2")])
    write(shop, [opened("ann", 0)])

    choices = ask(alice_caller, did="opened_email", campaign="Twin sale")["choices"]

    assert [choice["detail"] for choice in choices] == ["Sent, 2025-10-09"] * 2


def test_every_tool_fits_an_assistant() -> None:
    whole = 0
    for tool in TOOLS.values():
        listed = {
            "name": tool.name,
            "title": tool.title,
            "description": tool.description,
            "inputSchema": tool.input_schema,
            "outputSchema": tool.output_schema,
        }
        size = len(json.dumps(listed, separators=(",", ":"), ensure_ascii=False).encode())
        whole += size
        assert tool.description.startswith("Use this when") and len(tool.description) < 1024, tool.name
        assert size <= 4_000, (tool.name, size)
        assert tool.input_schema["additionalProperties"] is False
        assert len(tool.invoking) <= 64 and len(tool.invoked) <= 64
    assert whole <= 48_000


@pytest.mark.parametrize("argument", ["campaign", "flow", "item", "audience", "but_not_campaign", "did"])
def test_more_than_twenty_names_in_one_argument_are_bad_arguments(
    shop: Any, alice_caller: Caller, argument: str
) -> None:
    args = {"did": "opened_email", "but_not": "ordered", argument: ",".join(["name"] * 21)}

    with pytest.raises(BadArguments, match=f"^{argument}: names 21 at once; at most 20"):
        ask(alice_caller, **args)


@pytest.mark.parametrize(
    ("args", "did"),
    [
        ({"campaign": "latest"}, 1),
        ({"campaign": "latest:holiday campaign"}, 2),
        ({"campaign": "M, N"}, 1),
        ({"period": "..2026-03-02"}, 3),
    ],
)
def test_what_a_person_may_say_of_campaigns_and_periods(
    shop: Any, write: Write, alice_caller: Caller, args: dict[str, str], did: int
) -> None:
    upsert(shop, "campaign", [
        Row("C1", "Q4 Holiday Campaign", status="Sent", at=datetime(2026, 3, 1, tzinfo=UTC)),
        Row("C2", "M, N", status="Sent", at=datetime(2026, 3, 2, tzinfo=UTC)),
        Row("C5", "M", status="Sent"),
    ])  # fmt: skip
    write(shop, [opened("ann", 0), opened("ben", 5), opened("cem", 9, "M2"), opened("dan", 9999, "M3")])

    answer = ask(alice_caller, did="opened_email", **args)

    assert answer["status"] == "ok" and entry(answer)["did"] == did
