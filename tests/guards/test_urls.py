"""Every address there is, asked by those who must not get in: signed out, and Charlie of another organization."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.factories import ApplicationFactory, ConnectionFactory, KeyFactory, ReceiptFactory, RunFactory

# Addresses that anyone may open, each with its reason.
OPEN = {
    "healthz": "a probe",
    "readyz": "a probe, says nothing of tenants",
    "metrics": "this machine alone",
    "privacy/": "public by law",
    "terms/": "public",
    "support/": "public",
    "docs/": "goes on to the support page",
    "accounts/login/": "the way in",
    "accounts/signup/": "says that sign-up is closed",
    "accounts/logout/": "goes on to the sign-in",
    "accounts/inactive/": "tells a closed person why",
    "accounts/password/reset/": "for those who cannot sign in",
    "accounts/password/reset/done/": "the same",
    "accounts/2fa/authenticate/": "the second step of signing in, goes back to the first",
    "accounts/confirm-email/": "a link in a mail, and the page that tells to look for it",
    "accounts/password/reset/key/": "a link in a mail, and the page after it",
    ".well-known/": "documents of the OAuth server",
    "oauth/token": "clients show their own credentials",
    "oauth/register": "open by RFC 7591",
    "oauth/revoke": "by the token itself",
    "oauth/authorize": "goes to the sign-in for a known client, else tells a person what is wrong",
    "api/v1/schema/": "describes, holds nothing",
    "api/v1/docs/": "describes, holds nothing",
    "admin/jsi18n/": "words of date pickers",
    "admin/login/": "goes on to the sign-in",
    "admin/logout/": "asks for a POST",
}
MISSING = (401, 404, 405)
FOLDERS = (".well-known/", "accounts/confirm-email/", "accounts/password/reset/key/")


def addresses() -> Iterator[str]:
    """Each pattern's address, with `@name@` where a parameter stands."""
    for route in routes(get_resolver().url_patterns, ""):
        address = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"@\1@", route)
        yield re.sub(r"<(?:\w+:)?(\w+)>", r"@\1@", address).replace("/?$", "/").strip("^$")


def routes(patterns: list[Any], prefix: str) -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route


@pytest.fixture
def ids(alice: Any, northwind: Any, install: Any) -> dict[str, dict[str, str]]:
    """Ids of what Northwind owns, by the address they belong in."""
    return {
        "installs/": {"id": str(install.pk)},
        "assistants/": {"id": str(ConnectionFactory(organization=northwind, user=alice).pk)},
        "keys/": {"id": str(KeyFactory(membership=alice.memberships.get()).pk)},
        "receipts/": {"public_id": ReceiptFactory(organization=northwind, install=install).public_id},
        "api/v1/accounts/": {"account_id": install.klaviyo_id},
        "api/v1/runs/": {"run_id": str(RunFactory(install=install).pk)},
        "admin/": {"object_id": str(ApplicationFactory().pk)},
    }


def all_addresses(ids: dict[str, dict[str, str]]) -> list[str]:
    """Every address, with ids of Northwind's objects where they fit."""
    return sorted({filled(address, ids) for address in addresses()})


def filled(address: str, ids: dict[str, dict[str, str]]) -> str:
    owned = next((values for prefix, values in ids.items() if address.startswith(prefix)), {})
    return re.sub(r"@(\w+)@", lambda name: owned.get(name[1], "00000000-0000-0000-0000-000000000000"), address)


def is_open(address: str) -> bool:
    return any(
        address.rstrip("/") == known.rstrip("/") or (known in FOLDERS and address.startswith(known)) for known in OPEN
    )


def is_to_sign_in(response: Any) -> bool:
    return response.status_code == 302 and any(
        way in response["Location"] for way in ("/accounts/login/", "/admin/login/?next=")
    )


def test_signed_out_every_address_leads_to_the_sign_in_or_is_refused(ids: dict[str, dict[str, str]]) -> None:
    let_in = []
    for address in all_addresses(ids):
        for method in ("get", "post"):
            response = getattr(Client(), method)(f"/{address}")
            is_refused = is_to_sign_in(response) or response.status_code in (401, 404, 405)
            if not is_open(address) and not is_refused:
                let_in.append(f"{method} /{address} -> {response.status_code}")

    assert not let_in


def test_every_object_of_northwind_is_missing_for_charlie(
    ids: dict[str, dict[str, str]], charlie_client: Client
) -> None:
    own = [address for address in all_addresses(ids) if any(holds(address, *one) for one in ids.items())]
    found = []
    for address in own:
        for method in ("get", "post"):
            response = getattr(charlie_client, method)(f"/{address}")
            is_staffs = address.startswith("admin/") and is_to_sign_in(response)
            if response.status_code not in MISSING and not is_staffs:
                found.append(f"{method} /{address} -> {response.status_code}")

    assert len(own) > 10
    assert not found


def holds(address: str, prefix: str, values: dict[str, str]) -> bool:
    """The address names an object of Northwind."""
    return address.startswith(prefix) and any(value in address for value in values.values())


def test_the_open_addresses_exist(ids: dict[str, dict[str, str]]) -> None:
    known = [address.rstrip("/") for address in all_addresses(ids)]

    assert [address for address in OPEN if not any(one.startswith(address.rstrip("/")) for one in known)] == []
