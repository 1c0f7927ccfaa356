"""What a person does, from the sign-in to the first account, with nothing but the browser."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect

from accounts.models import Connection
from connector.installs.models import Install
from connector.sandbox.oauth import Oauth
from connector.sync.models import Run
from tests.browser.conftest import LOOKS, look_at, violations
from tests.connected import finished, point_at
from tests.factories import PASSWORD, ApplicationFactory, ConnectionFactory, MembershipFactory, RunFactory
from tests.sandbox.running import Running, running

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def klaviyo(tmp_path: Path, settings: Any, live_server: Any) -> Iterator[Running]:
    """A sandbox that sends people back to the running product."""
    settings.PUBLIC_URL = live_server.url
    with running(tmp_path) as started:
        point_at(settings, started)
        app = replace(started.app, redirects=(f"{live_server.url}/oauth/klaviyo/callback/",))
        held: Oauth = started.sandbox.oauth
        object.__setattr__(held, "app", app)  # the address of the product is known only now
        yield started


def test_from_the_sign_in_to_an_account_that_syncs_before_ones_eyes(
    klaviyo: Running, open_as: Callable[..., Page], charlie: Any
) -> None:
    page = open_as(None)
    page.goto("/")
    page.get_by_label("E-mail").fill(charlie.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    page.get_by_role("button", name="Connect Klaviyo").click()
    expect(page.get_by_text("events:read")).to_be_visible()
    page.get_by_role("button", name="Allow").click()

    expect(page.get_by_role("status")).to_contain_text("is connected")
    expect(page.locator("#live")).to_contain_text("Waiting for a worker")
    install = Install.objects.get()
    finished(install)
    expect(page.locator("#live .badge")).to_have_text("Connected")
    expect(page.locator("#live")).to_contain_text("the very first event")
    page.reload()
    expect(page.get_by_role("heading", name=install.name)).to_be_visible()
    assert not violations(page)


def test_saying_no_at_klaviyo_leads_to_a_page_that_says_how_to_go_on(
    klaviyo: Running, open_as: Callable[..., Page], charlie: Any
) -> None:
    page = open_as(charlie)
    page.goto("/oauth/klaviyo/install/")
    page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Klaviyo was not connected")
    assert not violations(page)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("button", name="Allow")).to_be_visible()
    assert not Install.objects.exists()


def test_progress_moves_without_a_reload_and_stops_asking_when_done(
    open_as: Callable[..., Page], alice: Any, install: Any
) -> None:
    run = RunFactory(install=install, state="running", phase="campaigns", finished_at=None)
    page = open_as(alice)
    page.goto(f"/installs/{install.pk}/")
    expect(page.locator("#live")).to_contain_text("Reading campaigns")

    Run.objects.filter(pk=run.pk).update(phase="events", done=50, total=200, unit="events")
    expect(page.locator("#live")).to_contain_text("50 of 200 events")
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "25")

    Run.objects.filter(pk=run.pk).update(state="waiting")
    expect(page.locator("#live")).to_contain_text("That is normal")

    Run.objects.filter(pk=run.pk).update(state="done")
    expect(page.get_by_role("progressbar")).to_have_count(0)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)
    assert not asked


def test_the_address_for_assistants_is_copied_with_one_click(open_as: Callable[..., Page], alice: Any) -> None:
    page = open_as(alice)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/assistants/")

    page.get_by_role("button", name="Copy").click()

    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").endswith("/mcp")


@pytest.mark.parametrize("look", LOOKS)
def test_a_receipt_is_run_again_and_its_link_copied(
    open_as: Callable[..., Page], alice: Any, week: dict[str, Any], look: str
) -> None:
    page = open_as(alice, look)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/receipts/")
    page.get_by_label("Words").fill("Q4 holiday")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name="How many people opened “Q4 Holiday Campaign”").first.click()

    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    page.get_by_role("button", name="Check on the same data").click()

    # Its data is no longer held: said in words, with the recorded figures below.
    expect(page.get_by_role("status")).to_contain_text("It could not be run again")
    expect(page.get_by_text("1,204", exact=True).first).to_be_visible()
    assert not look_at(page, "receipt-again", look)


def test_ending_a_connection_asks_first(open_as: Callable[..., Page], alice: Any, northwind: Any) -> None:
    connection = ConnectionFactory(organization=northwind, user=alice)
    page = open_as(alice)
    page.goto("/assistants/")
    answers = iter([False, True])
    page.on("dialog", lambda dialog: dialog.accept() if next(answers) else dialog.dismiss())

    page.get_by_role("button", name="Disconnect").click()
    connection.refresh_from_db()
    assert connection.revoked_at is None

    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_role("status")).to_contain_text("can no longer ask")


def test_everything_is_reached_by_keyboard_and_focus_is_seen(open_as: Callable[..., Page], alice: Any) -> None:
    page = open_as(alice)
    page.goto("/")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.reload()
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", reached[-1]
    assert {"Home", "Accounts", "Receipts", "Assistants", "API keys", "Audit"} <= set(reached)


def test_on_a_phone_the_menu_opens_and_closes(open_as: Callable[..., Page], alice: Any) -> None:
    page = open_as(alice, "phone")
    page.goto("/")
    expect(page.get_by_role("link", name="Receipts", exact=True)).to_be_hidden()

    page.get_by_role("button", name="Menu").click()

    expect(page.get_by_role("button", name="Menu")).to_have_attribute("aria-expanded", "true")
    page.get_by_role("link", name="Receipts", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Receipts")


def test_times_are_told_in_the_readers_own_zone(open_as: Callable[..., Page], alice: Any, install: Any) -> None:
    Install.objects.filter(pk=install.pk).update(complete_to="2026-07-01T22:30:00Z")
    page = open_as(alice)
    page.goto(f"/installs/{install.pk}/")

    expect(page.locator("time[data-absolute]").first).to_have_text("2 Jul 2026, 00:30")


def test_the_organization_is_switched_in_the_frame(open_as: Callable[..., Page], alice: Any) -> None:
    MembershipFactory(user=alice, organization__name="Alice's own shop")
    page = open_as(alice)
    page.goto("/receipts/")

    page.get_by_label("Organization").select_option(label="Alice's own shop")
    page.get_by_role("button", name="Switch").click()

    expect(page.get_by_label("Organization").locator("option[selected]")).to_have_text("Alice's own shop")


@pytest.mark.parametrize("look", LOOKS)
def test_a_second_factor_is_set_up_and_asked_for(open_as: Callable[..., Page], alice: Any, look: str) -> None:
    page = open_as(None, look)
    sign_in(page, alice.email)
    page.goto("/accounts/2fa/")
    page.get_by_role("button", name="Set up an app").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm Access")
    found = look_at(page, "reauthenticate", look)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()

    secret = page.get_by_label("Authenticator secret").input_value()
    found += look_at(page, "totp-activate", look)
    page.get_by_label("Authenticator code").fill("000000")
    page.get_by_role("button", name="Activate").click()
    expect(page.locator(".errorlist")).to_be_visible()
    found += look_at(page, "totp-wrong", look)
    page.get_by_label("Authenticator code").fill(code_of(secret))
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_label("Unused codes")).to_be_visible()
    found += look_at(page, "recovery-codes", look)
    page.goto("/accounts/2fa/")
    found += look_at(page, "second-factor-on", look)

    again = open_as(None, look)
    sign_in(again, alice.email)
    expect(again.get_by_role("button", name="Use a security key")).to_be_visible()
    found += look_at(again, "sign-in-code", look)
    assert not found


def sign_in(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()


def code_of(secret: str) -> str:
    """What the app on the phone shows now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def test_the_api_is_described_in_the_browser(open_as: Callable[..., Page], transactional_db: None) -> None:
    page = open_as(None)
    page.goto("/api/v1/docs/")

    expect(page.get_by_text("/api/v1/tools/{tool}/").first).to_be_visible()


@pytest.mark.parametrize("look", LOOKS)
def test_an_assistant_is_approved_on_a_page_without_barriers(
    open_as: Callable[..., Page], alice: Any, week: dict[str, Any], settings: Any, live_server: Any, look: str
) -> None:
    settings.PUBLIC_URL = live_server.url
    page = open_as(alice, look)
    page.goto(consent_address(live_server.url))
    found = look_at(page, "consent", look)

    page.locator('button[name="allow"][value="true"]').click()

    page.wait_for_url("**/support/?**")
    assert "code=" in page.url
    page.goto("/assistants/")
    expect(page.get_by_text("ChatGPT").first).to_be_visible()
    assert not found


def test_ticking_an_account_grants_that_account_alone(
    open_as: Callable[..., Page], alice: Any, week: dict[str, Any], settings: Any, live_server: Any
) -> None:
    settings.PUBLIC_URL = live_server.url
    page = open_as(alice)
    page.goto(consent_address(live_server.url))
    summary = page.get_by_role("status")
    expect(summary).to_have_text("ChatGPT may ask about all accounts of Northwind that you may see, now (3) and later.")

    page.get_by_label("Fernweh Outdoor").check()
    page.get_by_label("Propose drafts").check()
    expect(page.get_by_label("Only these:")).to_be_checked()
    expect(summary).to_have_text("ChatGPT may ask about only Fernweh Outdoor and propose drafts.")
    page.get_by_label("none connected later").check()
    expect(page.get_by_label("Fernweh Outdoor")).not_to_be_checked()
    expect(summary).to_contain_text("the 3 accounts of Northwind that you may see now, none connected later")
    page.get_by_label("Fernweh Outdoor").check()
    page.get_by_role("button", name="Allow").click()

    page.wait_for_url("**/support/?**")
    assert Connection.objects.latest("created_at").installs == [str(week["install"].pk)]


def consent_address(url: str) -> str:
    """Where an assistant sends the person."""
    application = ApplicationFactory(redirect_uris=f"{url}/support/")
    asked = {
        "response_type": "code",
        "client_id": application.client_id,
        "redirect_uri": application.redirect_uris,
        "scope": "read write",
        "state": "of-the-assistant",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "resource": f"{url}/mcp",
    }
    return f"/oauth/authorize?{urlencode(asked)}"
