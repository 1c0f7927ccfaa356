"""What the web process writes to its log about a request."""

from typing import Any

import pytest
from django.test import Client

from config.logs import LineFormatter


def lines(caplog: pytest.LogCaptureFixture) -> str:
    """The records as the configured handler writes them."""
    return "\n".join(LineFormatter().format(record) for record in caplog.records)


def test_a_request_is_one_line_with_its_result_and_without_its_query(
    alice_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        alice_client.get("/oauth/klaviyo/callback/?code=the-code-of-klaviyo&state=the-state-of-ours")

    written = lines(caplog)
    assert written.count("/oauth/klaviyo/callback/") == 1
    assert "status=400" in written
    assert "the-code-of-klaviyo" not in written
    assert "the-state-of-ours" not in written


def test_passwords_and_addresses_never_reach_the_log(alice: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        Client().post("/accounts/login/", {"login": alice.email, "password": "a guess that is wrong"})

    assert alice.email not in lines(caplog)
    assert "a guess that is wrong" not in lines(caplog)
