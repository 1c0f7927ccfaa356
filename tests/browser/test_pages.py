"""Every page in light, dark and at phone width: nothing for axe-core to find, nothing wider than the screen, no script error."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import LOOKS, look_at

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


PAGES: dict[str, Callable[[dict[str, Any]], str]] = {
    "home": lambda week: "/",
    "installs": lambda week: "/installs/",
    "install": lambda week: f"/installs/{week['install'].pk}/",
    "install-loading": lambda week: f"/installs/{week['loading'].pk}/",
    "install-broken": lambda week: f"/installs/{week['broken'].pk}/",
    "receipts": lambda week: "/receipts/",
    "receipt": lambda week: f"/receipts/{week['receipt'].public_id}/",
    "receipt-ranking": lambda week: f"/receipts/{week['ranking'].public_id}/",
    "receipt-series": lambda week: f"/receipts/{week['series'].public_id}/",
    "receipts-narrowed": lambda week: "/receipts/?q=weekday&period=7",
    "audit": lambda week: "/audit/",
    "assistants": lambda week: "/assistants/",
    "keys": lambda week: "/keys/",
    "connect-problem": lambda week: "/oauth/klaviyo/callback/?state=unknown",
    "not-found": lambda week: "/installs/00000000-0000-0000-0000-000000000000/",
    "password": lambda week: "/accounts/password/change/",
    "email": lambda week: "/accounts/email/",
    "second-factor": lambda week: "/accounts/2fa/",
    "sessions": lambda week: "/accounts/sessions/",
    "sign-out": lambda week: "/accounts/logout/",
    "privacy": lambda week: "/privacy/",
}
STRANGERS_PAGES = {
    "sign-in": "/accounts/login/",
    "sign-up": "/accounts/signup/",
    "password-reset": "/accounts/password/reset/",
    "public-privacy": "/privacy/",
    "terms": "/terms",
    "support": "/support/",
}


@pytest.mark.parametrize("look", LOOKS)
def test_pages_of_a_member_have_no_barriers(
    look: str, open_as: Callable[..., Page], alice: Any, week: dict[str, Any]
) -> None:
    page = open_as(alice, look)

    assert not problems(page, {name: address(week) for name, address in PAGES.items()}, look)


@pytest.mark.parametrize("look", LOOKS)
def test_pages_of_an_analyst_have_no_barriers(
    look: str, open_as: Callable[..., Page], bob: Any, week: dict[str, Any]
) -> None:
    page = open_as(bob, look)
    addresses = {
        f"analyst-{name}": PAGES[name](week) for name in ("home", "installs", "install", "assistants", "audit")
    }

    assert not problems(page, addresses, look)


@pytest.mark.parametrize("look", LOOKS)
def test_first_steps_have_no_barriers(look: str, open_as: Callable[..., Page], charlie: Any) -> None:
    page = open_as(charlie, look)
    addresses = {
        f"new-{name}": PAGES[name]({}) for name in ("home", "installs", "receipts", "assistants", "keys", "audit")
    }

    assert not problems(page, addresses, look)


@pytest.mark.parametrize("look", LOOKS)
def test_pages_of_a_stranger_have_no_barriers(look: str, open_as: Callable[..., Page], transactional_db: None) -> None:
    assert not problems(open_as(None, look), STRANGERS_PAGES, look)


def problems(page: Page, addresses: dict[str, str], look: str) -> list[str]:
    """Everything wrong on these pages: barriers, sideways scrolling, blocked or broken scripts."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(f"script: {error}"))
    page.on("console", lambda said: found.append(f"console: {said.text}") if is_trouble(said) else None)
    for name, address in addresses.items():
        page.goto(address)
        page.wait_for_load_state("load")
        found += look_at(page, name, look)
    return found


def is_trouble(said: Any) -> bool:
    """Errors, except the browser's own note that a page which should be missing is."""
    return said.type == "error" and "Failed to load resource" not in said.text
