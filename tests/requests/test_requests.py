"""What marketers ask, asked of the tools: every call fits its schema and ends as the table says."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from accounts.caller import Caller
from connector.mcp.server import wire_tool
from connector.tools.call import call
from connector.tools.catalogue import TOOLS, listed_for
from connector.tools.validation import problems_in
from tests.insights.loading import loaded
from tests.oracle.cases import NOW
from tests.requests.account import fernweh, second
from tests.requests.table import REQUESTS, Call

CALLS = [pytest.param(made, id=f"{request.words[:60]} {made.tool}") for request in REQUESTS for made in request.calls]


@pytest.fixture
def accounts(alice_caller: Caller, lake: None) -> Iterator[Any]:
    for world, name in ((fernweh(), "Fernweh Outdoor"), (second(), "Alpine Goods")):
        install = loaded(world, alice_caller).install
        install.name = name
        install.save()
    with time_machine.travel(NOW, tick=False):
        yield


def test_there_are_sixty_requests_and_each_has_calls_or_a_reason_why_not() -> None:
    assert len({request.words for request in REQUESTS}) == 60
    assert all(bool(request.calls) != bool(request.why) for request in REQUESTS)


@pytest.mark.parametrize("made", CALLS)
def test_a_call_fits_the_schema_of_its_tool(made: Call) -> None:
    tool = TOOLS[made.tool]

    assert problems_in(tool.validator, tool.required, made.args) == []


def test_every_tool_for_figures_is_asked_for() -> None:
    asked = {made.tool for request in REQUESTS for made in request.calls}

    assert {tool.name for tool in TOOLS.values() if tool.columns} <= asked


@pytest.mark.django_db
def test_every_call_ends_as_the_table_says(accounts: Any, alice_caller: Caller) -> None:
    ended = {}
    for request in REQUESTS:
        for made in request.calls:
            of_one = {} if made.tool in ("portfolio", "list_accounts", "search") else {"account": "Fernweh Outdoor"}
            answer = call(alice_caller, made.tool, of_one | made.args)
            if answer.get("status", "ok") != made.ends:
                ended[request.words] = (answer["status"], answer["answer"], answer["reason"])

    assert ended == {}


def test_the_list_of_tools_fits_every_assistant(db: None, alice_caller: Caller) -> None:
    tools = [
        wire_tool(tool).model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed_for(alice_caller)
    ]
    sizes = {tool["name"]: len(json.dumps(tool, ensure_ascii=False, separators=(",", ":")).encode()) for tool in tools}

    assert max(sizes.values()) <= 4_000, sizes
    assert sum(sizes.values()) <= 48_000


def test_a_description_names_only_tools_that_there_are() -> None:
    """Each that answers figures names at least one other: what it does not answer."""
    for tool in TOOLS.values():
        others = [name for name in TOOLS if name != tool.name and name in tool.description]
        assert others or not tool.columns, tool.name


@pytest.mark.parametrize("name", ["campaign_performance", "flow_performance"])
def test_what_is_sorted_by_unless_said_otherwise_is_named(name: str) -> None:
    assert TOOLS[name].input_schema["properties"]["sort_by"]["description"].endswith("default revenue")
