"""The audit page: who did what, newest first."""

import re
from typing import Any

from django.test import Client

from accounts.caller import Caller
from audit.record import record
from tests.conftest import signed_in
from tests.factories import InstallFactory, MembershipFactory


def test_an_event_tells_who_what_where_and_through_which_door(
    alice_caller: Caller, alice_client: Client, install: Any
) -> None:
    facts = alice_caller.audit_columns() | {"via": "mcp", "assistant": "ChatGPT", "assistant_version": "7"}
    record("tool.called", **facts, subject_kind="tool", subject_id="people_who", install_id=install.pk, account_label=str(install), receipt="rcp_AAAAAAAAAAAAAAAAAAAAAA")  # fmt: skip

    page = alice_client.get("/audit/").content.decode()

    for text in (
        "alice@northwind.test",
        "asked “people_who”",
        "Fernweh Outdoor",
        "Assistant",
        "ChatGPT 7",
        "/receipts/rcp_AAAAAAAAAAAAAAAAAAAAAA/",
    ):
        assert text in page


def test_refusals_stand_out(alice_caller: Caller, alice_client: Client) -> None:
    record("tool.called", **alice_caller.audit_columns(), outcome="refused", subject_id="people_who")

    assert "Refused" in alice_client.get("/audit/").content.decode()


def test_a_question_that_needs_a_choice_does_not_look_answered(alice_caller: Caller, alice_client: Client) -> None:
    for status in ("ok", "needs_choice"):
        record(
            "tool.called", **alice_caller.audit_columns(), subject_label=f"Asked {status}?", after={"status": status}
        )

    rows = table(alice_client.get("/audit/").content.decode()).split("<tr>")[1:]

    assert ["Needs a choice" in row for row in rows] == [True, False]


def test_a_row_unfolds_to_arguments_outcome_address_and_time_taken(alice_caller: Caller, alice_client: Client) -> None:
    facts = alice_caller.audit_columns() | {"ip": "203.0.113.9", "request_id": "req-0815"}
    record(
        "tool.called",
        **facts,
        subject_label="How many people ordered?",
        duration_ms=1234,
        outcome="refused",
        after={"status": "refused", "reason": "not_found"},
        detail={"args": {"did": "ordered", "limit": 7, "campaign": "<b>Sale</b>"}},
    )

    detail = table(alice_client.get("/audit/").content.decode()).split("<details")[1]

    for text in ("ordered", "<dd>7</dd>", "&lt;b&gt;Sale", "203.0.113.9", "req-0815", "1,234 ms", "reason not_found"):
        assert text in detail
    assert "asked “How many people ordered?”" in alice_client.get("/audit/").content.decode()


def test_category_and_words_narrow_the_list(alice_caller: Caller, alice_client: Client) -> None:
    record("key.created", **alice_caller.audit_columns(), subject_label="Nightly report")
    record("key.revoked", **alice_caller.audit_columns(), subject_label="Old script")
    record("member.signed_in", **alice_caller.audit_columns())

    by_category = alice_client.get("/audit/?category=key").content.decode()
    by_words = alice_client.get("/audit/?q=nightly+alice").content.decode()

    assert "Nightly report" in by_category
    assert "Old script" in by_category
    assert "signed in" not in table(by_category)
    assert "Nightly report" in by_words
    assert "Old script" not in by_words
    assert "Nothing fits" in alice_client.get("/audit/?q=no-such-thing").content.decode()


def test_the_list_goes_on_by_id_with_its_filter(alice_caller: Caller, alice_client: Client) -> None:
    for number in range(60):
        record("key.created", **alice_caller.audit_columns(), subject_label=f"key {number:02d}")
    record("member.signed_in", **alice_caller.audit_columns())

    first = alice_client.get("/audit/?category=key")
    older = re.search(r'href="(\?[^"]*before=[^"]*)"', first.content.decode())
    assert older
    second = alice_client.get("/audit/" + older[1].replace("&amp;", "&"))

    assert re.findall(r"<span>created an API key “(key \d\d)”", table(first.content.decode())) == [
        f"key {number:02d}" for number in range(59, 9, -1)
    ]
    assert re.findall(r"<span>created an API key “(key \d\d)”", table(second.content.decode())) == [
        f"key {number:02d}" for number in range(9, -1, -1)
    ]


def test_charlie_sees_no_event_of_northwind(alice_caller: Caller, charlie_client: Client) -> None:
    record("key.created", **alice_caller.audit_columns(), subject_label="Nightly report")

    assert "Nightly report" not in charlie_client.get("/audit/").content.decode()


def test_a_manager_sees_what_concerns_their_accounts_and_their_own_acts(
    alice_caller: Caller, northwind: Any, install: Any
) -> None:
    hidden = InstallFactory(organization=northwind, name="Candles")
    dora = MembershipFactory(organization=northwind, role="manager", installs=[str(install.pk)]).user
    record("install.connected", **alice_caller.audit_columns(), install_id=install.pk, account_label=str(install))
    record("install.connected", **alice_caller.audit_columns(), install_id=hidden.pk, account_label=str(hidden))
    record("key.created", **alice_caller.audit_columns(), subject_label="Alice's key")
    record("key.created", **(alice_caller.audit_columns() | {"actor_id": dora.pk}), subject_label="Dora's key")

    page = signed_in(dora).get("/audit/").content.decode()

    assert "Fernweh Outdoor" in page
    assert "Dora&#x27;s key" in page
    assert "Candles" not in page
    assert "Alice&#x27;s key" not in page


def table(page: str) -> str:
    return page.split("<tbody>")[1].split("</tbody>")[0]
