"""Requests that no door could read."""

import json
from typing import Any

import pytest
from django.test import Client

from tests.api.test_tools import is_problem

pytestmark = pytest.mark.django_db
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@pytest.mark.parametrize(
    "address",
    [
        "/audit/?q=%00",
        "/audit/?category=%00",
        "/audit/?a%00b=1",
        "/installs/{install}/campaign/a%00b/",
        "/oauth/klaviyo/install/?organization=%00",
        "/oauth/klaviyo/callback/?state=a%00b",
        "/oauth/authorize?client_id=a%00b",
        "/receipts/?before=a%00b",
        "/receipts/a%00b/",
        "/accounts/login/?next=%00",
        "/%00",
        "/static/a%00b",
        "/audit/?" + "&".join(f"q{number}=1" for number in range(2000)),
    ],
)
def test_an_address_that_is_no_text_is_refused_in_words(alice_client: Client, install: Any, address: str) -> None:
    response = alice_client.get(address.format(install=install.pk), headers=BROWSER)

    assert response.status_code == 400
    assert "That address cannot be read" in response.content.decode()
    assert "default-src" in response["Content-Security-Policy"]


def test_a_body_of_three_megabytes_is_too_large(alice_client: Client) -> None:
    page = alice_client.post("/keys/", {"name": "x" * 3_000_000}, headers=BROWSER)
    assert page.status_code == 413
    assert "That is too large" in page.content.decode()

    large = json.dumps({"client_name": "x" * 3_000_000})
    assert is_problem(Client().post("/oauth/register", large, content_type="application/json"), 413)
