"""Every tool as those who must see nothing: Charlie of another agency, Bob limited to no account, a key without the scope."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from accounts.caller import Caller, member_caller
from connector.installs.models import Install
from connector.receipts.models import Receipt
from connector.records.models import Record
from connector.tools import jobs
from connector.tools.call import BadArguments, call
from connector.tools.catalogue import TOOLS, listed_for
from tests.factories import ClientFactory, InstallFactory

pytestmark = pytest.mark.django_db
Write = Callable[..., None]


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "PATIENCE", 0)


@pytest.fixture
def held(install: Install, alice_caller: Caller, write: Write, shop: Any, northwind: Any) -> dict[str, str]:
    """What Northwind has, by argument: an account, objects in it, a receipt with a cursor, a job."""
    install.client = northwind_client(northwind)
    install.save()
    write(install, [("CLICK", f"p{number}", number, {"url": f"https://secret.test/{number}"}) for number in range(9)])
    answer = call(alice_caller, "people_who", {"did": "clicked_email", "group_by": "event:URL", "limit": 2})
    waiting = InstallFactory(
        organization=northwind,
        klaviyo_id="WAIT01",
        name="Waitingroom",
        status="syncing",
        complete_from=None,
        complete_to=None,
    )
    pending = call(alice_caller, "people_who", {"did": "ordered", "account": waiting.klaviyo_id})
    return {
        "account": install.klaviyo_id,
        "client": "Fernweh Group",
        "campaign": "C1",
        "flow": "F1",
        "cursor": answer["more"]["cursor"],
        "receipt": answer["receipt"]["id"],
        "job": pending["job"]["id"],
        "id": f"campaign:{install.klaviyo_id}:C1",
        "query": "Q4 Holiday",
    }


def northwind_client(northwind: Any) -> Any:
    return ClientFactory(organization=northwind, name="Fernweh Group")


LEAST: dict[str, dict[str, Any]] = {
    "people_who": {"did": "clicked_email"},
    "metric_trend": {"metric": "clicked_email"},
    "copy_brief": {"audience": "L1"},
}


def questions(held: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """Every tool, asked for what Northwind has in every way that names it."""
    asked: list[tuple[str, dict[str, Any]]] = []
    for name, tool in TOOLS.items():
        takes, least = tool.input_schema["properties"], LEAST.get(name, {})
        if not set(tool.required) - set(least):
            asked.append((name, least))
        if "account" in takes:
            accounts = ("all", held["account"], "Fernweh Outdoor", held["client"])
            asked += [(name, least | {"account": account}) for account in accounts]
            asked += [(name, least | {kind: held[kind]}) for kind in ("campaign", "flow") if kind in takes]
            asked += [(name, least | {"audience": "L1"})] if "audience" in takes else []
        if tool.groups.rows:
            asked.append((name, {"cursor": held["cursor"]}))
    asked += [
        ("list_accounts", {"query": "Fernweh"}),
        ("list_accounts", {"client": held["client"]}),
        ("search", {"query": held["query"]}),
        ("search", {"query": "Fernweh"}),
        ("fetch", {"id": held["id"]}),
        ("fetch", {"id": f"account:{held['account']}:{held['account']}"}),
        ("fetch", {"id": f"metric:{held['account']}:ORDER"}),
        ("get_job", {"job": held["job"]}),
        ("get_receipt", {"receipt": held["receipt"]}),
        ("get_receipt", {"receipt": held["receipt"], "run": "same"}),
        ("get_receipt", {"receipt": held["receipt"], "run": "latest"}),
    ]
    assert {tool for tool, _ in asked} == set(TOOLS), "a new tool needs its questions here"
    return asked


def asked_by(caller: Caller, tool: str, args: dict[str, Any]) -> str:
    try:
        return json.dumps(call(caller, tool, args), ensure_ascii=False)
    except BadArguments as error:
        return str(error)


def everything_of(northwind: Any, but: dict[str, Any]) -> set[str]:
    """Names and ids that only Northwind's members may read, those that the question itself held aside."""
    installs = Install.objects.filter(organization=northwind)
    records = Record.objects.filter(organization=northwind).exclude(
        kind__in=["metric", "message"]
    )  # “mail” is in many words
    names = {text for install in installs for text in (install.name, install.klaviyo_id, str(install.pk))}
    names |= {record.name for record in records} | {"Fernweh Group", "Northwind", "secret.test", "alice@northwind.test"}
    names |= {receipt.public_id for receipt in Receipt.objects.filter(organization=northwind)}
    return {name for name in names if not any(name in str(given) for given in but.values())}


def test_nothing_of_another_agency_comes_out_of_any_tool(held: dict[str, str], northwind: Any, charlie: Any) -> None:
    caller = member_caller(charlie.memberships.get(), via="mcp")

    for tool, args in questions(held):
        answer = asked_by(caller, tool, args)
        leaked = {name for name in everything_of(northwind, args) if name in answer}
        assert leaked == set(), (tool, args, answer)


def test_nor_to_a_member_who_may_see_no_account(held: dict[str, str], northwind: Any, bob: Any) -> None:
    caller = replace(member_caller(bob.memberships.get(), via="mcp"), installs=frozenset())

    for tool, args in questions(held):
        answer = asked_by(caller, tool, args)
        leaked = {name for name in everything_of(northwind, args) - {"Northwind"} if name in answer}
        assert leaked == set(), (tool, args, answer)


def test_a_stranger_cannot_tell_what_is_there_from_what_is_not(held: dict[str, str], charlie: Any) -> None:
    """The account of another agency and one that nobody has are refused in the same words."""
    caller = member_caller(charlie.memberships.get(), via="mcp")
    for tool, argument, there, absent in (
        ("people_who", "account", held["account"], "Zz9Zz9"),
        ("fetch", "id", held["id"], f"campaign:{held['account']}:C99"),
        ("get_job", "job", held["job"], "job_" + "A" * 22),
        ("get_receipt", "receipt", held["receipt"], "rcp_" + "A" * 22),
    ):
        base = {"did": "clicked_email"} if tool == "people_who" else {}
        one, other = (asked_by(caller, tool, {**base, argument: value}) for value in (there, absent))
        assert one.replace(there, "…") == other.replace(absent, "…"), tool


def test_the_owner_does_see_all_of_it(held: dict[str, str], alice_caller: Caller) -> None:
    """The questions above would find something, if it were there to be found."""
    found = {tool for tool, args in questions(held) if "Fernweh" in asked_by(alice_caller, tool, args)}

    assert found >= {"people_who", "audience_growth", "get_receipt", "list_accounts", "search", "fetch"}


@pytest.mark.parametrize("scopes", [frozenset(), frozenset({"write"}), frozenset({"offline_access"})])
def test_every_tool_wants_its_scope(
    held: dict[str, str], northwind: Any, alice_caller: Caller, scopes: frozenset[str]
) -> None:
    caller = replace(alice_caller, scopes=scopes)

    for tool, args in questions(held):
        if TOOLS[tool].scope in scopes:
            continue
        answer = call(caller, tool, args)
        assert (answer["status"], answer["reason"]["code"]) == ("refused", "grant_scope"), tool
        assert not any(name in json.dumps(answer) for name in everything_of(northwind, args)), tool


def test_a_role_that_may_not_ask_is_refused_every_tool_and_shown_none(
    held: dict[str, str], alice_caller: Caller
) -> None:
    caller = replace(alice_caller, role="none of ours")

    assert listed_for(caller) == []
    for tool, args in questions(held):
        assert call(caller, tool, args)["reason"]["code"] == "role", tool
