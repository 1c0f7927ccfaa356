"""Every page in light, dark and at phone width: nothing for axe-core to find, nothing wider than the screen, no script error."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import LOOKS, look_at
from tests.factories import (
    ClientFactory,
    ConnectionFactory,
    InstallFactory,
    KeyFactory,
    ReceiptFactory,
    RecordFactory,
    RunFactory,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def week(alice: Any, bob: Any, northwind: Any, install: Any) -> dict[str, Any]:
    """A small agency in the middle of its week."""
    from audit.record import record

    client = ClientFactory(organization=northwind, name="Fernweh Group")
    install.client = client
    install.save()
    for name in ("Q4 Holiday Campaign", "Spring Sale", "Welcome Back"):
        RecordFactory(install=install, name=name)
    for index, (name, integration) in enumerate(
        [("Placed Order", "Shopify"), ("Placed Order", "API"), ("Opened Email", "Klaviyo")]
    ):
        RecordFactory(
            install=install, kind="metric", name=name, klaviyo_id=f"METR{index:02d}", facts={"integration": integration}
        )
    RunFactory(install=install, events=412)
    RunFactory(install=install, kind="first", events=38_211)
    loading = InstallFactory(
        organization=northwind,
        name="Kyoto Tea House",
        status="syncing",
        complete_from=None,
        complete_to=None,
        connected_by=alice,
    )
    RunFactory(
        install=loading,
        kind="first",
        state="running",
        phase="events",
        done=18_400,
        total=61_000,
        unit="events",
        events=18_400,
    )
    broken = InstallFactory(
        organization=northwind, name="Brooklyn Candle Co", status="needs_reconnect", connected_by=bob, client=client
    )
    receipts = [ReceiptFactory(organization=northwind, install=install) for _ in range(3)]
    ConnectionFactory(organization=northwind, user=alice)
    KeyFactory(membership=alice.memberships.get())
    caller = alice.memberships.select_related("user", "organization").get()
    from accounts.caller import member_caller

    facts = member_caller(caller, via="mcp", client="ChatGPT", client_version="1.2026.300").facts()
    for operation in ("member.signed_in", "install.connected", "grant.approved", "sync.finished", "tool.called"):
        is_of_install = operation.split(".")[0] in ("install", "sync", "tool")
        record(
            operation,
            **facts,
            account_label=str(install) if is_of_install else "",
            install_id=install.pk if is_of_install else None,
            subject_label="people_who" if operation == "tool.called" else "",
            receipt=receipts[0].public_id if operation == "tool.called" else "",
        )
    return {"install": install, "loading": loading, "broken": broken, "receipt": receipts[0]}


PAGES: dict[str, Callable[[dict[str, Any]], str]] = {
    "home": lambda week: "/",
    "installs": lambda week: "/installs/",
    "install": lambda week: f"/installs/{week['install'].pk}/",
    "install-loading": lambda week: f"/installs/{week['loading'].pk}/",
    "install-broken": lambda week: f"/installs/{week['broken'].pk}/",
    "receipts": lambda week: "/receipts/",
    "receipt": lambda week: f"/receipts/{week['receipt'].public_id}/",
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
