"""A real browser at a real server: Debian's chromium, driven by Playwright."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-dev-shm-usage",
]
SCREENSHOTS = os.environ.get("SCREENSHOTS")  # a folder that keeps what the browser showed
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}, "has_touch": True},
}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread until it ends: Django would refuse the tests' own queries, and no
    # other test of this process could run one of its own. So it lives for one file.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def week(alice: Any, bob: Any, northwind: Any, install: Any) -> dict[str, Any]:
    """A small agency in the middle of its week."""
    # This file is read before Django has its models.
    from accounts.caller import member_caller
    from audit.record import record
    from tests import factories as rows

    client = rows.ClientFactory(organization=northwind, name="Fernweh Group")
    install.client = client
    install.save()
    for name in ("Q4 Holiday Campaign", "Spring Sale", "Welcome Back"):
        rows.RecordFactory(install=install, name=name)
    for index, (name, integration) in enumerate(
        [("Placed Order", "Shopify"), ("Placed Order", "API"), ("Opened Email", "Klaviyo")]
    ):
        rows.RecordFactory(
            install=install,
            kind="metric",
            name=name,
            klaviyo_id=f"METR{index:02d}",
            attributes={"integration": integration},
        )
    rows.RunFactory(install=install, events=412)
    rows.RunFactory(install=install, kind="first", events=38_211)
    loading = rows.InstallFactory(
        organization=northwind,
        name="Kyoto Tea House",
        status="syncing",
        complete_from=None,
        complete_to=None,
        connected_by=alice,
    )
    rows.RunFactory(
        install=loading,
        kind="first",
        state="running",
        phase="events",
        done=18_400,
        total=61_000,
        unit="events",
        events=18_400,
    )
    broken = rows.InstallFactory(
        organization=northwind, name="Brooklyn Candle Co", status="needs_reconnect", connected_by=bob, client=client
    )
    receipts = [rows.ReceiptFactory(organization=northwind, install=install) for _ in range(3)]
    ranking, series = (rows.ReceiptFactory(organization=northwind, install=install) for _ in range(2))
    entry = ranking.answer["data"]["accounts"][0]
    ranking.args["group_by"] = "event:weekday"
    entry["groups"] = [{"value": day, "people": 90 - day, "did": 99, "events": 120, "amount": 0} for day in range(1, 8)]
    ranking.save()
    lists = [
        {"id": f"L{number}", "name": f"List {number}, a name that goes on for longer than a line"} for number in (1, 2)
    ]
    series.tool, series.question, series.args = "audience_growth", "How did the lists grow in the last 6 months?", {}
    kept = ("account", "status", "time_zone", "currency", "period")
    found = {name: value for name, value in series.answer["data"]["accounts"][0].items() if name in kept}
    found["rows"] = [
        {"list": each, "start": f"2026-0{month}-01", "subscribed": month * 9, "unsubscribed": 2, "net": month * 9 - 2}
        for each in lists
        for month in range(1, 7)
    ]
    series.answer["data"]["accounts"] = [found, found | {"account": {"id": "K99999", "name": "Kyoto Tea House"}}]
    series.save()
    rows.ReceiptFactory(
        install=install,
        status="needs_choice",
        question="How many people opened “Sale”?",
        sentence="There are two campaigns with this name.",
    )
    rows.ConnectionFactory(organization=northwind, user=alice)
    rows.KeyFactory(membership=alice.memberships.get())
    caller = alice.memberships.select_related("user", "organization").get()
    facts = member_caller(caller, via="mcp", client="ChatGPT", client_version="1.2026.300").audit_columns()
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
    return {
        "install": install,
        "loading": loading,
        "broken": broken,
        "receipt": receipts[0],
        "ranking": ranking,
        "series": series,
    }


@pytest.fixture
def open_as(chromium: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """`open_as(user, look)` gives a page of a browser in which the user is signed in (None: nobody)."""
    contexts: list[BrowserContext] = []

    def open_page(user: Any, look: str = "light") -> Page:
        context = chromium.new_context(
            base_url=live_server.url, locale="en-GB", timezone_id="Europe/Berlin", **LOOKS[look]
        )
        contexts.append(context)
        if user is not None:
            context.add_cookies([session_cookie(user, live_server.url)])
        page = context.new_page()
        page.set_default_timeout(10_000)
        return page

    yield open_page
    for context in contexts:
        context.close()


def session_cookie(user: Any, url: str) -> Any:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "url": url,
    }


def look_at(page: Page, name: str, look: str) -> list[str]:
    """Everything wrong with the page as it stands: barriers, sideways scrolling. Keeps a picture where one is wanted."""
    found = [f"{name}: {line}" for line in violations(page)]
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        found.append(f"{name}: wider than the screen")
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}-{look}.png", full_page=True)
    return found


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it stands, one line each."""
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    return [
        f"{rule['id']}: {rule['help']} at {json.dumps([node['target'] for node in rule['nodes']][:4])} {rule['nodes'][0].get('failureSummary', '')}"
        for rule in found["violations"]
    ]
