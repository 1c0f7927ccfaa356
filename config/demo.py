"""The step of script/up that connects the demo accounts as a person would: through the pages, over HTTP.

It signs in, presses Connect, agrees on the consent page of whatever KLAVIYO_AUTHORIZE_URL names, and waits until the
first account is synced to the end. A third demo account is left for the person's own first press of Connect.
Prints one JSON object, `standing()`; what it does meanwhile is told on standard error.
"""

import json
import os
import sys
import time
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

import httpx  # noqa: E402  (Django must be set up first)
from django.conf import settings  # noqa: E402
from django.db import close_old_connections  # noqa: E402

from accounts.lookup import member_named  # noqa: E402
from accounts.models import Organization  # noqa: E402
from audit.models import AuditEvent  # noqa: E402
from connector.installs.models import Install  # noqa: E402
from connector.records.models import Kind, Record  # noqa: E402
from connector.sync.models import Run  # noqa: E402

ACCOUNTS: Final = 2
PATIENCE: Final = 900.0  # seconds for the first load of one demo account
FAVOURITE: Final = "Holiday"  # in the name of the campaign that the first question is about, if there is one


class DemoFailed(Exception):
    """Why the demo accounts could not be connected, for the person."""


def standing(organization: Organization) -> dict[str, Any]:
    """{"is_ready": nothing is left to connect or to wait for, "question": arguments of people_who or null}."""
    installs = list(Install.objects.in_organization(organization).order_by("id")[:ACCOUNTS])
    is_first_whole = not installs or installs[0].is_whole
    return {
        "is_ready": _connected_ever(organization) >= ACCOUNTS and is_first_whole,
        "question": _question(installs[0]) if installs else None,
    }


def _connected_ever(organization: Organization) -> int:
    """Of the audit: an account that somebody has erased since must not come back with the next start."""
    connected = AuditEvent.objects.filter(
        organization_id=organization.pk, category="install", operation="install.connected"
    )
    return connected.values("install_id").distinct().count()


def _question(install: Install) -> dict[str, Any] | None:
    """A first question that makes sense, about a campaign that was sent."""
    sent = Record.objects.filter(install=install, kind=Kind.CAMPAIGN, status__iexact="sent", deleted_at=None)
    newest = sent.order_by("-at")
    campaign = newest.filter(name__contains=FAVOURITE).first() or newest.first()
    if campaign is None:
        return None
    return {
        "account": install.klaviyo_id,
        "did": "opened_email",
        "campaign": _called(campaign, is_alone=sent.filter(folded=campaign.folded).count() == 1),
        "but_not": "ordered",
        "within_days": 7,
    }


def _called(campaign: Record, *, is_alone: bool) -> str:
    """As a person would say it: the name, with a star for all of that name; a name with a comma only by its id."""
    if "," in campaign.name:
        return campaign.klaviyo_id
    return campaign.name if is_alone else f"{campaign.name}*"


def connect(organization: Organization, browser: "Browser") -> None:
    """Connect demo accounts until there are enough; those that are connected stay as they are."""
    while _connected_ever(organization) < ACCOUNTS:
        known = set(Install.objects.in_organization(organization).values_list("klaviyo_id", flat=True))
        name = browser.connect_account(known)
        if Install.objects.in_organization(organization).count() == len(known):
            raise DemoFailed(f"The demo account {name} was not connected.")
        _tell(f"connected {name}")


def wait_until_whole(organization: Organization) -> None:
    """Raises DemoFailed when the first account's load fails, or takes longer than anybody would wait."""
    deadline, told = time.monotonic() + PATIENCE, ""
    while time.monotonic() < deadline:
        close_old_connections()
        install = Install.objects.in_organization(organization).order_by("id")[0]
        if install.is_whole:
            return
        run = Run.objects.filter(install=install).order_by("id").last()
        if run and run.state == Run.State.FAILED:
            raise DemoFailed(f"The demo account {install.name} could not be synced: {run.error or 'no reason given'}")
        text = _progress(install, run)
        if text != told:
            _tell(text)
            told = text
        time.sleep(0.3)
    raise DemoFailed("The first demo account was not synced in time; the log of the worker says more.")


def _progress(install: Install, run: Run | None) -> str:
    """In steps, so that a quick load is a few lines and no flood."""
    if run is None or not run.phase:
        return f"syncing {install.name}"
    step = run.done // 10_000 * 10_000
    share = f" {step:,} of {run.total:,}" if run.total else ""
    return f"syncing {install.name}: {run.phase}{share}"


class Browser:
    """The few pages that a person sees on the way, over real HTTP to the web process on this machine."""

    def __init__(self, public_url: str, port: int) -> None:
        self.public_url = public_url
        self._http = httpx.Client(
            transport=ThisMachine(public_url, port), base_url=public_url, follow_redirects=True, timeout=60
        )

    def sign_in(self, login: str, password: str) -> None:
        page = self._http.get("/accounts/login/")
        fields = read_form(page.text).hidden | {"login": login, "password": password}
        answer = self._http.post(page.url, data=fields, headers={"Referer": str(page.url)})
        if answer.status_code != 200 or "sessionid" not in self._http.cookies:
            raise DemoFailed(f"The owner could not sign in (HTTP {answer.status_code}).")

    def connect_account(self, known: set[str]) -> str:
        """Press Connect and agree for the first offered account that is not in `known`. Returns its id."""
        consent = self._http.get("/oauth/klaviyo/install/")
        form = read_form(consent.text)
        wanted = next((account for account in form.accounts if account not in known), None)
        if consent.status_code != 200 or wanted is None:
            raise DemoFailed(f"The consent page offers no further demo account (HTTP {consent.status_code}).")
        fields = form.hidden | {"account": wanted, "role": "owner", "decision": "allow"}
        back = self._http.post(urljoin(str(consent.url), form.action), data=fields)
        if back.status_code != 200:
            raise DemoFailed(f"The demo account {wanted} was not connected (HTTP {back.status_code}).")
        return wanted


class ThisMachine(httpx.HTTPTransport):
    """Sends what is meant for the public address to the web process directly, as the proxy in front of it would."""

    def __init__(self, public_url: str, port: int) -> None:
        super().__init__()
        self._public, self._port = urlsplit(public_url), port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if (request.url.scheme, request.headers["Host"]) != (self._public.scheme, self._public.netloc):
            return super().handle_request(request)
        # A new request: cookies and redirects go by the address of the one that was asked for.
        proxied = httpx.Request(
            request.method,
            request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port),
            headers={**request.headers, "X-Forwarded-Proto": self._public.scheme},
            stream=request.stream,
            extensions=request.extensions,
        )
        return super().handle_request(proxied)


class Form(HTMLParser):
    """A page's hidden fields, the accounts it offers (radio buttons or a select), and where its form goes."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.accounts: list[str] = []
        self.action = ""
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = values.get("action", "")
        elif tag == "select":
            self._select = values.get("name")
        elif tag == "option" and self._select == "account":
            self.accounts.append(values.get("value", ""))
        elif tag == "input" and values.get("type") == "hidden":
            self.hidden[values.get("name", "")] = values.get("value", "")
        elif tag == "input" and values.get("name") == "account":
            self.accounts.append(values.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = None


def read_form(html: str) -> Form:
    form = Form()
    form.feed(html)
    return form


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def main() -> int:
    owner = member_named("OWNER")
    browser = Browser(settings.PUBLIC_URL, int(os.environ["PORT"]))
    try:
        browser.sign_in(owner.user.email, os.environ["OWNER_PASSWORD"])
        connect(owner.organization, browser)
        wait_until_whole(owner.organization)
    except (DemoFailed, httpx.HTTPError) as error:
        _tell(str(error))
        return 1
    sys.stdout.write(json.dumps(standing(owner.organization)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
