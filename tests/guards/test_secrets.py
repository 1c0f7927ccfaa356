"""No secret and no customer in anything that leaves or stays: logs, answers, pages, the database, the lake, the queue.

Everything is done for real against the sandbox: connecting, a first load through trouble, renewing a token, asking through
every door, looking at every page. Then every place is searched for what may stand in none of them.
"""

import base64
import html
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings as configured
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Organization
from config.logs import LineFormatter
from connector.installs.models import ConnectAttempt, Install
from connector.klaviyo.errors import BadRequest, Problem
from connector.records.models import Kind, Record
from connector.sync import work
from connector.sync.models import Run
from tests.conftest import signed_in
from tests.connected import finished
from tests.factories import PASSWORD, UserFactory
from tests.guards.test_urls import all_addresses
from tests.installs.test_connect import consent
from tests.sandbox.running import Running

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Watch:
    """What must not be found, by what it is; and every text that was seen, by where."""

    secrets: dict[str, set[str]] = field(default_factory=dict)
    people: set[str] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=dict)

    def secret(self, what: str, *values: str) -> None:
        self.secrets.setdefault(what, set()).update(value for value in values if value)

    def saw(self, where: str, text: str) -> None:
        self.texts[where] = self.texts.get(where, "") + text + "\n"

    def found(self, texts: dict[str, str]) -> list[str]:
        """Where something stands that may not: the place and what it is, not the thing itself."""
        leaks = []
        for where, text in texts.items():
            plain = html.unescape(text)
            leaks += [
                f"{what} in {where}" for what, values in self.secrets.items() if any(value in plain for value in values)
            ]
            leaks += [f"a person's {value[:3]}… in {where}" for value in self.people if value in plain]
        return leaks


@pytest.fixture
def raw_log() -> Iterator[io.StringIO]:
    yield from _handler(scrubbed=False)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """As the configured handler writes it."""
    yield from _handler(scrubbed=True)


def _handler(*, scrubbed: bool) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter() if scrubbed else logging.Formatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


@pytest.fixture
def watch(klaviyo_sandbox: Running, northwind: Any) -> Watch:
    made = Watch()
    app = klaviyo_sandbox.app
    made.secret(
        "the client secret",
        app.client_secret,
        base64.b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode(),
    )
    made.secret("SECRET_KEY", configured.SECRET_KEY)
    made.secret("FIELD_KEYS", *configured.FIELD_KEYS)
    made.secret("a password", PASSWORD, "a guess that is wrong")
    made.secret("the blinding key", Organization.objects.get(pk=northwind.pk).blinding_key)
    people = [person["attributes"] for person in klaviyo_sandbox.raw("profiles")]
    contacts = {str(person[name]) for person in people for name in ("email", "phone_number") if person.get(name)}
    made.people = {contact for contact in contacts if len(contact) > 7}
    assert len(made.people) > 100
    return made


def tokens(watch: Watch) -> None:
    for install in Install.objects.all():
        watch.secret("a token of Klaviyo's", install.access_token, install.refresh_token)


def connect(watch: Watch, klaviyo: Running, browser: Client) -> Install:
    address = browser.get("/oauth/klaviyo/install/")["Location"]
    returned = consent(address)
    watch.secret("the OAuth code", returned["code"])
    watch.secret("the state", returned["state"])
    watch.secret("the verifier", ConnectAttempt.objects.latest("id").verifier)
    for params in ({**returned, "state": "made-up"}, returned, returned):  # not ours, good, used
        response = browser.get("/oauth/klaviyo/callback/", params)
        watch.saw("the callback", response.content.decode() + response.get("Location", ""))
    install = Install.objects.get()
    tokens(watch)
    return install


def sync_through_trouble(watch: Watch, klaviyo: Running, install: Install, patch: pytest.MonkeyPatch) -> None:
    for trouble in ("429", "500", "truncated", "malformed", "html403", "reset"):
        klaviyo.trigger(trouble, times=2, path="/api/")
    assert finished(install).state == Run.State.DONE
    Install.objects.update(token_renew_at=timezone.now() - timedelta(minutes=1))
    assert finished(install).state == Run.State.DONE
    tokens(watch)

    someone = min(watch.people)
    quoting = Problem("invalid", "Invalid input.", "/data/attributes/email", detail=f"{someone} is no address.")
    for error in (BadRequest(400, "GET metrics", (quoting,)), ValueError(f"cannot read {someone}")):
        assert fails_with(error, install, patch).state == Run.State.FAILED


def fails_with(error: Exception, install: Install, patch: pytest.MonkeyPatch) -> Run:
    """A run that meets what Klaviyo says of a person, or a fault of ours that quotes one."""

    def broken(turn: Any) -> bool:
        raise error

    with patch.context() as patched:
        patched.setitem(work.PHASES, Run.Kind.INCREMENT, (("metrics", broken),))
        return finished(install)


def ask_everything(watch: Watch, install: Install) -> None:
    """Through REST and the command line, right and wrong."""
    out = io.StringIO()
    call_command("api_key", "--as", "OWNER", stdout=out)
    key = out.getvalue().strip()
    watch.secret("an API key", key)
    campaign = Record.objects.filter(install=install, kind=Kind.CAMPAIGN, status="Sent").latest("at")
    bearer: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {key}"}
    asked: list[tuple[str, dict[str, Any]]] = [
        ("people_who", {"did": "opened_email", "campaign": campaign.klaviyo_id, "but_not": "ordered", "within_days": 7}),
        ("people_who", {"did": "opened_email", "group_by": "event:URL"}),
        ("people_who", {"did": "clicked_email", "group_by": "event:URL", "limit": 200}),
        ("people_who", {"did": "ordered", "group_by": "city"}),
        ("people_who", {"did": "ordered", "group_by": "event:Source Name"}),
        ("people_who", {"did": "nonsense"}), ("people_who", {}), ("no_such_tool", {}),
        ("list_accounts", {}), ("search", {"query": campaign.name}), ("get_profile", {}),
        ("fetch", {"id": f"campaign:{install.klaviyo_id}:{campaign.klaviyo_id}"}),
    ]  # fmt: skip
    for tool, args in asked:
        response = Client().post(f"/api/v1/tools/{tool}/", json.dumps(args), content_type="application/json", **bearer)
        watch.saw(f"REST {tool}", response.content.decode())
    for place in ("accounts", "receipts", "audit", "tools", f"accounts/{install.klaviyo_id}", "nothing"):
        watch.saw(f"REST {place}", Client().get(f"/api/v1/{place}/", **bearer).content.decode())
    watch.saw("REST refused", Client().get("/api/v1/accounts/", HTTP_AUTHORIZATION=f"Bearer {key}x").content.decode())
    for command in (["ask", "list_accounts", "--as", "OWNER"], ["lake", "--account", install.klaviyo_id, "--json"]):
        out = io.StringIO()
        call_command(*command, stdout=out)
        watch.saw(" ".join(command[:2]), out.getvalue())


def look_at_everything(watch: Watch, install: Install, browser: Client, alice: Any) -> None:
    """Every address as Alice, then as a member of staff with a second factor; and signing in, rightly and wrongly."""
    for guess in (PASSWORD, "a guess that is wrong"):
        response = Client().post("/accounts/login/", {"login": alice.email, "password": guess})
        watch.saw("signing in", response.content.decode())
    ids = {
        "installs/": {"id": str(install.pk)},
        "receipts/": {"public_id": install.organization.pk.hex},
        "api/v1/accounts/": {"account_id": install.klaviyo_id},
    }
    staff = UserFactory(email="staff@plumbline.test", is_staff=True)
    Authenticator.objects.create(user=staff, type=Authenticator.Type.TOTP, data={"secret": "not used"})
    for who, client in (("Alice", browser), ("staff", signed_in(staff))):
        for address in all_addresses(ids):
            if "logout" not in address:
                response = client.get(f"/{address}")
                body = b"" if response.streaming else response.content
                watch.saw(f"/{address} as {who}", body.decode() + response.get("Location", ""))
    for model in (
        "installs/install",
        "sync/run",
        "records/record",
        "receipts/receipt",
        "audit/auditevent",
        "accounts/apikey",
    ):
        listed = signed_in(staff).get(f"/admin/{model}/").content.decode()
        watch.saw(f"/admin/{model}/", listed)
        table = model.replace("/", "_")
        with connection.cursor() as cursor:
            cursor.execute(f"select id from {table} limit 1")
            row = cursor.fetchone()
        if row:
            watch.saw(f"/admin/{model}/…", signed_in(staff).get(f"/admin/{model}/{row[0]}/change/").content.decode())


def of_the_database() -> dict[str, str]:
    """Every column of every table, as it is stored: what is encrypted is not readable here either."""
    texts = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'select * from "{table}"')
            texts[f"table {table}"] = "\n".join(str(row) for row in cursor.fetchall())
    return texts


def of_the_lake(folder: Path) -> dict[str, str]:
    """Every value of every file, and the bytes of what is not packed."""
    texts = {}
    for path in folder.rglob("*"):
        if path.suffix == ".parquet":
            texts[f"lake {path.name}"] = str(parquet.read_table(path).to_pylist())
        elif path.is_file():
            texts[f"lake {path.name}"] = path.read_bytes().decode("utf-8", "replace")
    return texts


def of_the_queue() -> dict[str, str]:
    folder = Path(configured.HOME)
    files = [path for part in ("queue", "mail") for path in (folder / part).rglob("*") if path.is_file()]
    return {f"file {path.name}": path.read_bytes().decode("utf-8", "replace") for path in files}


def test_no_secret_and_no_customer_is_anywhere(
    klaviyo_sandbox: Running, alice: Any, watch: Watch, log: io.StringIO, raw_log: io.StringIO, settings: Any,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    settings.LAKE_URL = str(tmp_path / "lake")
    browser = signed_in(alice)

    install = connect(watch, klaviyo_sandbox, browser)
    sync_through_trouble(watch, klaviyo_sandbox, install, monkeypatch)
    ask_everything(watch, install)
    look_at_everything(watch, install, browser, alice)

    lake = of_the_lake(tmp_path / "lake")
    assert watch.found(watch.texts) == []
    assert watch.found(of_the_database()) == []
    assert watch.found(lake) == []
    assert watch.found(of_the_queue()) == []
    assert watch.found({"the log": log.getvalue()}) == []
    watch.people.clear()  # a line not yet scrubbed may name the member who signed in, never a secret
    assert watch.found({"the log before it is scrubbed": raw_log.getvalue()}) == []
    assert len(lake) > 5 and len(watch.texts) > 60 and "request_finished" in log.getvalue()


def test_the_guard_finds_what_it_looks_for(watch: Watch) -> None:
    someone = next(iter(watch.people))

    leaks = watch.found({"here": f"a page of {someone}", "there": f"key {configured.SECRET_KEY}", "nowhere": "fine"})

    assert [leak.split(" in ")[1] for leak in leaks] == ["here", "there"]
