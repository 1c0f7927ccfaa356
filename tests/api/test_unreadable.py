"""Addresses and bodies that REST cannot read: problems, never failures."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.api.test_tools import is_problem

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "address", ["accounts/a%00b/", "accounts/?cursor=%00", "receipts/a%00b/", "jobs/%00/", "tools/a%00b/"]
)
def test_an_address_that_is_no_text_is_a_problem_in_a_browser_too(alice_api: APIClient, address: str) -> None:
    assert is_problem(alice_api.get(f"/api/v1/{address}", headers={"Accept": "text/html"}), 400)
    assert is_problem(alice_api.post(f"/api/v1/{address}", {}, format="json"), 400)


def test_a_body_of_three_megabytes_is_too_large(alice_api: APIClient) -> None:
    large = json.dumps({"account": "x" * 3_000_000})

    told = alice_api.post("/api/v1/tools/list_accounts/", large, content_type="application/json")

    assert is_problem(told, 413)
    assert "larger than 2,621,440 bytes" in told.json()["detail"]


def test_a_body_in_chunks_is_asked_for_its_length(alice_api: APIClient) -> None:
    """The framework would take it for no body at all and answer another question."""
    headers = {"Transfer-Encoding": "chunked", "Content-Type": "application/json"}

    response = alice_api.generic("POST", "/api/v1/tools/list_accounts/", headers=headers, CONTENT_LENGTH="")

    assert is_problem(response, 411)


def deep(levels: int) -> str:
    return '{"account":' + "[" * levels + "]" * levels + "}"


@pytest.mark.parametrize("body", [deep(100), deep(900), deep(20_000), "[" * 20_000 + "]" * 20_000, "[" * 20_000])
def test_a_body_of_many_levels_is_refused(alice_api: APIClient, body: str) -> None:
    response = alice_api.post("/api/v1/tools/list_accounts/", body, content_type="application/json")

    assert is_problem(response, 400)
    assert "32 levels" in response.json()["detail"]


def test_a_body_of_a_few_levels_is_read(alice_api: APIClient, install: Any) -> None:
    response = alice_api.post("/api/v1/tools/list_accounts/", deep(30), content_type="application/json")

    assert is_problem(response, 400)
    assert "levels" not in response.json()["detail"]
