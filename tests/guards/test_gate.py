"""Whatever text stands in Klaviyo or comes as an argument: no answer of any tool holds a character that no reader sees."""

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.caller import Caller
from connector.installs.models import Install
from connector.records.models import Record
from connector.tools import jobs
from connector.tools.call import BadArguments, UnknownTool, call
from connector.tools.catalogue import TOOLS
from connector.tools.fit import text_of
from tests.api.conftest import alice_api, keyed
from tests.factories import ClientFactory, InstallFactory
from tests.insights.budget import examples
from tests.insights.loading import Loaded, loaded
from tests.mcp.serving import answered, granted, post, request, serving
from tests.oracle import making
from tests.oracle.cases import EVERYTHING
from tests.oracle.world import Json, World

__all__ = ["alice_api", "keyed"]

# Told apart by Unicode's own tables, not by the product's: controls, format, separators of lines, ignorable letters.
IGNORABLE = {0x034F, 0x115F, 0x1160, 0x3164, 0xFFA0, 0x17B4, 0x17B5, *range(0x180B, 0x180E), *range(0xFE00, 0xFE10)}
IGNORABLE |= set(range(0xE0000, 0xE1000))


def is_hidden(char: str) -> bool:
    if char in "\n\t":
        return False
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") or ord(char) in IGNORABLE


# A lone surrogate cannot be stored; it comes in arguments alone. A break of lines parts words, all else is not there.
HIDDEN = [chr(code) for code in range(0xE1000) if is_hidden(chr(code)) and not 0xD800 <= code <= 0xDFFF]
BREAKS = set("\x0b\x0c\x85\u2028\u2029\r")
WITHIN = "".join(
    ["\x07", "\x1c", "\x7f", "\xad", "\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\ufe0f", "\U000e0041"]
)
ACROSS = "\u2028\u2029\x85\x0b"


def strewn(text: str, chars: str) -> str:
    """The text with the characters that part no words inside its first word, and those that do between its words."""
    within = "".join(char for char in chars if char not in BREAKS)
    across = "".join(char for char in chars if char in BREAKS)
    return (text[:1] + within + text[1:]).replace(" ", f" {across}") + within


def world(now: datetime, chars: str) -> World:
    """Every kind of text that Klaviyo gives, strewn with them."""

    def dirty(text: str) -> str:
        return strewn(text, chars)

    day = now - timedelta(days=3)
    lines: Json = {"line_items": [{"title": dirty("Blue Mug"), "quantity": 1, "price": 9.9}]}
    mail: Json = {"message": "01MESSAGEA", "Subject": dirty("Hello there")}
    held: list[tuple[str, Json]] = [
        ("RECV", mail),
        ("OPEN", mail | {"Client Type": dirty("mobile")}),
        ("CLCK", mail | {"URL": dirty("https://shop.test/a")}),
        ("BNCE", mail | {"Bounce Type": dirty("Hard")}),
        (
            "LIST",
            {"list_id": "ListAA", "List": dirty("News Letter"), "Form Name": dirty("Pop Up"), "Method": dirty("Form")},
        ),
        ("CART", {"extra": lines}),
        ("VIEW", {"ProductName": dirty("Blue Mug")}),
        ("ORDR", {"value": 12.5, "order": dirty("1001"), "extra": lines, "Discount Codes": [dirty("TEN")]}),
        ("ORDR", {"value": 7, "order": "1002", "currency": "EUR", "Source Name": dirty("web")}),
    ]
    events = [
        making.event(f"ev{person}{number}", metric, f"01PERSON{person}", day + timedelta(hours=number), **told)
        for person in range(3)
        for number, (metric, told) in enumerate(held)
    ]
    metrics = [
        making.metric(one["id"], one["attributes"]["name"], one["attributes"]["integration"]["name"])
        for one in EVERYTHING
    ]
    return World(
        now=now,
        currency="EUR",
        metrics=[*metrics, making.metric("CUSTOM", dirty("Quiz Done"), dirty("API"), "API")],
        events=[*events, making.event("evCustom", "CUSTOM", "01PERSON1", day)],
        profiles=[
            making.profile(
                f"01PERSON{person}", "a@web.example", city=dirty("New York"), country=dirty("Germany"),
                custom={"Tier": dirty("gold")},
            )
            for person in range(3)
        ],
        campaigns=[
            making.campaign(key, dirty(name), messages, status, day, ("ListAA",))
            for key, name, messages, status in (
                ("01CAMPAIGNA", "Spring Sale", ("01MESSAGEA",), "Sent"),
                ("01CAMPAIGNB", "Autumn Sale", (), "Sent"),
                ("01CAMPAIGNC", "Winter Sale", (), "Draft"),
            )
        ],
        campaign_messages=[making.campaign_message("01MESSAGEA", "01CAMPAIGNA", dirty("Hello there"), preview=dirty("Read on"))],
        flows=[making.flow("FlowAA", dirty("Welcome Series"), ("MesgA1",), {"MesgA1": dirty("Good day")}, trigger=dirty("List"))],
        lists=[making.audience("list", "ListAA", dirty("News Letter"))],
        segments=[making.audience("segment", "SegmAA", dirty("Best Buyers"))],
        members={"ListAA": ["01PERSON0", "01PERSON1"], "SegmAA": ["01PERSON1"]},
        catalog=[making.catalog_item("item1", dirty("Blue Mug"), 9.9, dirty("https://shop.test/mug"), dirty("https://shop.test/i"))],
        properties=("Tier",),
        floor=1,
    )  # fmt: skip


def stand(caller: Caller, chars: str) -> Loaded:
    """The account, its client and organization too, strewn with them; beside it one that is still being loaded."""
    made = loaded(world(timezone.now(), chars), caller)
    client = ClientFactory(organization=caller.organization, name=strewn("Northern Brands", chars))
    Install.objects.filter(pk=made.install.pk).update(name=strewn("Fernweh Outdoor", chars), client=client)
    InstallFactory(
        organization=caller.organization, name=strewn("Waiting Room", chars), klaviyo_id=f"W{made.install.klaviyo_id[:9]}",
        status="syncing", status_reason=strewn("not yet", chars), complete_from=None, complete_to=None,
    )  # fmt: skip
    return made


def questions(account: str, chars: str) -> Iterator[tuple[str, Json, str]]:
    """Every tool, asked with arguments that are strewn too; the status each must come to: what they name is found."""

    def dirty(text: str) -> str:
        return strewn(text, chars)

    one: Json = {"account": dirty("Fernweh Outdoor")}
    sale, welcome, letter, mug = dirty("Spring Sale"), dirty("Welcome Series"), dirty("News Letter"), dirty("Blue Mug")
    yield from (
        ("people_who", {"did": "opened_email", "group_by": f"event:{name}"} | one, "ok")
        for name in ("Subject", "Client Type")
    )
    yield "people_who", {"did": "opened_email", "campaign": sale, "but_not": "ordered", "limit": 1} | one, "ok"
    yield "people_who", {"did": "ordered", "item": mug, "audience": letter, "group_by": "city"} | one, "ok"
    yield "people_who", {"did": dirty("Quiz Done"), "group_by": "country"} | one, "ok"
    yield "people_who", {"did": "ordered", "group_by": "event:Discount Codes"} | one, "ok"
    yield "people_who", {"did": "subscribed_to_list", "group_by": "event:Form Name"} | one, "ok"
    yield "people_who", {"did": "clicked_email", "group_by": "event:URL", "account": dirty("Northern Brands")}, "ok"
    yield "people_who", {"did": "opened_email", "campaign": dirty("Sale")} | one, "needs_choice"
    yield "people_who", {"did": "opened_email", "campaign": dirty("Spring Sail")} | one, "refused"
    yield "people_who", {"did": "opened_email", "account": dirty("Nobody")}, "refused"
    yield "people_who", {"did": "opened_email", "account": dirty("Waiting Room")}, "pending"
    yield "people_who", {"did": "opened_email", "account": "all"}, "partial"
    for group_by in ("campaign", "item", "country", "event:URL", f"property:{dirty('Tier')}"):
        metric = {"item": "ordered", "event:URL": "clicked_email"}.get(group_by, "opened_email")
        yield "metric_trend", {"metric": metric, "group_by": group_by} | one, "ok"
    yield "metric_trend", {"metric": "received_email", "flow": welcome} | one, "ok"
    yield "audience_growth", {"list": letter} | one, "ok"
    yield "campaign_performance", {"campaign": sale} | one, "ok"
    yield "campaign_performance", {"limit": 1} | one, "ok"
    yield "flow_performance", {"flow": welcome} | one, "ok"
    yield "flow_performance", one, "ok"
    yield "top_items", {"item": mug} | one, "ok"
    yield "list_health", {"list": letter} | one, "ok"
    yield "list_health", {"audience": dirty("Best Buyers")} | one, "ok"
    yield "compare_cohorts", {"by": "signup_source"} | one, "ok"
    yield "compare_periods", {"period": "last_7_days"} | one, "ok"
    yield "portfolio", {"period": "last_7_days", "account": account}, "ok"
    yield "copy_brief", {"audience": letter, "about": sale} | one, "ok"
    yield "list_accounts", {"query": dirty("Fernweh"), "limit": 1}, "ok"
    yield "list_accounts", {"client": dirty("Northern Brands")}, "ok"
    yield "get_profile", {}, "ok"
    yield "search", {"query": dirty("Spring Sale")}, "found"
    yield "search", {"query": dirty("Fernweh Outdoor")}, "found"
    for key in ("campaign:{}:01CAMPAIGNA", "flow:{}:FlowAA", "metric:{}:CUSTOM", "list:{}:ListAA", "account:{0}:{0}"):
        yield "fetch", {"id": dirty(key.format(account))}, "found"
    yield "fetch", {"id": dirty("campaign:none:none")}, "refused"
    yield "get_job", {"job": dirty("job_none")}, "refused"
    yield "get_receipt", {"receipt": dirty("rcp_none")}, "refused"


def followed(answer: Json, chars: str) -> Iterator[tuple[str, Json]]:
    """The calls that an answer leads to: further pages, its job, its receipt, run again."""
    if answer.get("job"):
        yield "get_job", {"job": strewn(answer["job"]["id"], chars)}
    if answer.get("receipt"):
        yield from (
            ("get_receipt", {"receipt": answer["receipt"]["id"], "run": run}) for run in ("none", "same", "latest")
        )
    yield from ((step["tool"], step["args"]) for step in answer.get("next") or [])


def status_of(answer: Json) -> str:
    return (
        str(answer["status"]) if "status" in answer else "found" if answer.get("results") or answer.get("text") else ""
    )


def hidden_in(text: str) -> set[str]:
    return {f"U+{ord(char):04X}" for char in text if is_hidden(char)}


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "PATIENCE", 0)


def check_every_outcome(caller: Caller, chars: str) -> None:
    account = stand(caller, chars).install.klaviyo_id
    asked, pages = list(questions(account, chars)), 0
    assert {tool for tool, *_ in asked} == set(TOOLS), "a new tool needs its questions here"
    for tool, args, status in asked:
        answer = call(caller, tool, args)
        assert (tool, args, status_of(answer)) == (tool, args, status), answer.get("answer")
        for further in [answer, *(call(caller, *step) for step in followed(answer, chars))]:
            assert not hidden_in(text_of(further)), (tool, args)
        while answer.get("more"):
            answer, pages = call(caller, tool, {"cursor": strewn(answer["more"]["cursor"], chars)}), pages + 1
            assert not hidden_in(text_of(answer)), (tool, args)
    assert pages


@pytest.mark.django_db
def test_no_answer_of_any_tool_holds_one_and_what_they_hide_in_is_found(alice_caller: Caller, lake: None) -> None:
    check_every_outcome(alice_caller, WITHIN + ACROSS)


@pytest.mark.django_db
@examples(3, 100)
@given(chars=st.lists(st.sampled_from(HIDDEN), min_size=1, max_size=8).map("".join))
def test_nor_with_any_of_them(alice_caller: Caller, lake: None, chars: str) -> None:
    with transaction.atomic():
        check_every_outcome(alice_caller, chars)
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_nor_a_refusal_by_role_or_scope_nor_a_sentence_about_bad_arguments(alice_caller: Caller, lake: None) -> None:
    dirty = strewn("opened email", WITHIN + ACROSS)
    for caller in (replace(alice_caller, role=dirty), replace(alice_caller, scopes=frozenset())):
        for name in TOOLS:
            least = dict.fromkeys(TOOLS[name].input_schema.get("required", ()), "x")
            least |= dict.fromkeys(TOOLS[name].required, "x")
            assert not hidden_in(text_of(call(caller, name, least)))
    for name, tool in TOOLS.items():
        for args in (
            {dirty: dirty},
            dict.fromkeys(tool.input_schema["properties"], dirty + "\ud800"),
            {"period": dirty},
        ):
            try:
                said = text_of(call(alice_caller, name, args))
            except BadArguments as error:
                said = f"{error} {[(problem.field, problem.message) for problem in error.problems]}"
            assert not hidden_in(said), (name, args)
    with pytest.raises(UnknownTool) as unknown:
        call(alice_caller, dirty, {})
    assert not hidden_in(str(unknown.value))


@pytest.mark.django_db
def test_nor_what_is_said_when_a_tool_fails(alice_caller: Caller, lake: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(question: Any) -> Any:
        raise RuntimeError(strewn("Spring Sale", WITHIN))

    for name, args, _ in questions(stand(alice_caller, WITHIN).install.klaviyo_id, WITHIN):
        with monkeypatch.context() as patched:
            patched.setitem(TOOLS, name, replace(TOOLS[name], run=fails))
            answer = call(alice_caller, name, args)
        assert answer["status"] == "error"
        assert not hidden_in(text_of(answer))


@pytest.mark.django_db
def test_nor_what_rest_answers(alice_caller: Caller, alice_api: APIClient, lake: None) -> None:
    chars = WITHIN + ACROSS
    account = stand(alice_caller, chars).install.klaviyo_id
    for tool, args, status in questions(account, chars):
        response = alice_api.post(f"/api/v1/tools/{tool}/", args, format="json")
        assert response.status_code == {"pending": 202}.get(status, 200), response.content
        assert not hidden_in(json.dumps(response.json(), ensure_ascii=False)), (tool, args)
    refused = alice_api.post(
        "/api/v1/tools/people_who/", {"did": "ordered", strewn("limit", chars): "x"}, format="json"
    )
    assert refused.status_code == 400 and not hidden_in(json.dumps(refused.json(), ensure_ascii=False))
    unknown = alice_api.post(f"/api/v1/tools/{strewn('tool', WITHIN)}/", {}, format="json")
    assert unknown.status_code == 404 and not hidden_in(json.dumps(unknown.json(), ensure_ascii=False))


@pytest.mark.django_db(transaction=True)
def test_nor_what_an_assistant_reads(alice_caller: Caller, alice: Any, lake: None) -> None:
    chars = WITHIN + ACROSS
    account = stand(alice_caller, chars).install.klaviyo_id
    with serving() as url:
        token = granted(alice.memberships.get())
        for tool, args, status in questions(account, chars):
            answer = answered(post(url, request("tools/call", name=tool, arguments=args), token=token))["result"]
            assert status_of(answer["structuredContent"]) == status
            assert not hidden_in(json.dumps(answer, ensure_ascii=False)), (tool, args)
        for tool, args in (
            ("people_who", {"did": "ordered", strewn("limit", chars): "x"}),
            (strewn("tool", chars), {}),
        ):
            said = answered(post(url, request("tools/call", name=tool, arguments=args), token=token))
            assert not hidden_in(json.dumps(said, ensure_ascii=False)), tool


@pytest.mark.django_db
def test_the_questions_above_do_meet_them(alice_caller: Caller, lake: None) -> None:
    made = stand(alice_caller, WITHIN)
    names = Record.objects.filter(install=made.install).exclude(kind="metric").values_list("name", flat=True)

    assert all(hidden_in(name) for name in names if not name.startswith("Message"))
