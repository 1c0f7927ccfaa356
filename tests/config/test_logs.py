"""What is blotted out of every log line."""

import logging
import re
from typing import Any

import pytest

from config.logs import LineFormatter, scrub

SECRETS = [
    "Authorization: Bearer abcDEF123.456-789_xyz~",
    "authorization: basic bmFtZTpzZWNyZXQtd29yZA==",
    "GET /oauth/klaviyo/callback/?code=unsaid-kx7w2-code-123&state=unsaid-kx7w2-state-456",
    "{'access_token': 'unsaid-kx7w2-token-1', 'expires_in': 3600}",
    '{"refresh_token": "unsaid-kx7w2-token-2"}',
    "client_secret=unsaid-kx7w2-word&grant_type=refresh_token",
    "code_verifier=unsaid-kx7w2-verifier",
    "password: unsaid-kx7w2-word",
    "the key plb_hiddenhiddenhidden was used",
    "person maria.o'neil+news@shop.example opened",
    "called +49 170 1234567 back",
    "called (555) 867-5309 back",
    "Token(access_token='unsaid-kx7w2-token-3')",
]
HARMLESS = [
    "request_finished ip='192.168.100.27' request_id='b8a5207f-ac4f-44bb-b696-6bbe1c0c37c2'",
    "request_finished status=404 request='GET /api/v1/accounts/'",
    "run 01936d3a-0000-7000-8000-000000000000: events, try 3: Klaviyo answers with errors",
    "3 answers recorded in 12 ms",
    "worked for 20.0 seconds until 2026-11-25T17:00:00+00:00",
]


@pytest.mark.parametrize("line", SECRETS)
def test_a_secret_or_a_person_is_blotted_out(line: str) -> None:
    said = scrub(line)

    assert "[hidden]" in said
    for part in ("unsaid-kx7w2-", "hiddenhidden", "abcDEF123", "bmFtZ", "maria", "shop.example", "1234567", "867-5309"):
        assert part not in said


@pytest.mark.parametrize("line", HARMLESS)
def test_an_honest_line_stays_readable(line: str) -> None:
    assert scrub(line) == line


def written(caplog: pytest.LogCaptureFixture, **record: Any) -> str:
    """The record as the configured handler would write it."""
    made = logging.LogRecord("a", logging.ERROR, "a.py", 1, record["msg"], record.get("args"), record.get("exc_info"))
    return LineFormatter().format(made)


def test_arguments_and_tracebacks_are_scrubbed_like_the_message(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError("token=unsaid-kx7w2-in-an-error of maria.kx7w2@shop.example")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)

    said = written(caplog, msg="failed with %s", args=("password=unsaid-kx7w2-word",), exc_info=info)

    assert "kx7w2" not in said
    assert "ValueError" in said and "failed with" in said
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ERROR a failed with", said)
