"""From the button to the exact answer, through every door, as a marketer, an assistant and a program would."""

import json
import os
import re
import signal
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from tests.flows.naive import Raw, metrics, raw
from tests.flows.product import Up, manage, signed_in, until
from tests.mcp.driver import ask

pytestmark = pytest.mark.flow

CLOSED = "last_12_months"  # ends before now, so that two doors asked one after the other are asked the same
WINDOWS = (None, 1, 7, 30)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = Up(tmp_path_factory.mktemp("first-answer") / "home")
    running.ready()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def result(up: Up) -> dict[str, Any]:
    return up.ready()


class Keys(httpx.Auth):
    """A key of the owner's, and another one once its 60 calls of the minute are used up."""

    def __init__(self, home: Path) -> None:
        self.home, self.key = home, manage(home, "api_key", "--as", "OWNER")

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self.key}"
        response = yield request
        if response.status_code == 429:
            self.key = manage(self.home, "api_key", "--as", "OWNER")
            request.headers["Authorization"] = f"Bearer {self.key}"
            yield request


@pytest.fixture(scope="module")
def api(up: Up, result: dict[str, Any]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{result['url']}/api/v1/", auth=Keys(up.home), timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def synced(api: httpx.Client) -> dict[str, Any]:
    """The demo account that is whole, as list_accounts tells it."""
    answer = api.post("tools/list_accounts/", json={}).json()
    found: dict[str, Any] = next(row for row in answer["data"]["accounts"] if row["complete"])
    return found


def same(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in ("receipt", "job")}


def newest_campaign(up: Up, account: str) -> dict[str, Any]:
    sent = [campaign for campaign in raw(up.home, account, "campaigns") if campaign["attributes"]["status"] == "Sent"]
    return max(sent, key=lambda campaign: str(campaign["attributes"]["send_time"]))


def test_three_doors_give_one_answer(up: Up, result: dict[str, Any], api: httpx.Client, synced: dict[str, Any]) -> None:
    account = synced["account"]["id"]
    args = {
        "account": account,
        "did": "opened_email",
        "campaign": newest_campaign(up, account)["id"],
        "but_not": "ordered",
        "period": CLOSED,
    }

    by_rest = api.post("tools/people_who/", json=args)
    by_command = json.loads(manage(up.home, "ask", "people_who", "--as", "OWNER", "--args", json.dumps(args)))
    by_assistant = ask(result["mcp_url"], result["login"], result["password"], [("people_who", args)])[0]

    assert by_rest.status_code == 200
    assert by_rest.json()["status"] == "ok"
    assert same(by_rest.json()) == same(by_command) == same(by_assistant)
    receipts = {answer["receipt"]["id"] for answer in (by_rest.json(), by_command, by_assistant)}
    assert len(receipts) == 3 and all(re.fullmatch(r"rcp_[A-Za-z0-9_-]{22}", receipt) for receipt in receipts)


def test_the_receipt_opens_for_a_member_and_for_nobody_else(
    up: Up, result: dict[str, Any], api: httpx.Client, synced: dict[str, Any]
) -> None:
    answer = api.post("tools/people_who/", json={"account": synced["account"]["id"], "did": "ordered"}).json()
    address = answer["receipt"]["url"]

    page = signed_in(result).get(address)
    assert page.status_code == 200
    assert (
        f"{answer['data']['accounts'][0]['did']:,}" in page.text
        or str(answer["data"]["accounts"][0]["did"]) in page.text
    )
    assert httpx.get(address).status_code == 302
    manage(
        up.home,
        "organization",
        "Another agency",
        "--owner",
        "charlie@southpaw.test",
        "--password",
        "a long enough password",
    )
    charlie = signed_in({**result, "login": "charlie@southpaw.test", "password": "a long enough password"})
    assert charlie.get(address).status_code == 404


def test_the_audit_says_who_asked_through_which_door_about_what(
    api: httpx.Client, result: dict[str, Any], synced: dict[str, Any]
) -> None:
    args = {"account": synced["account"]["id"], "did": "ordered"}
    answer = ask(result["mcp_url"], result["login"], result["password"], [("people_who", args)])[0]

    events = api.get("audit/").json()["results"]

    event = next(event for event in events if event["receipt"] == answer["receipt"]["id"])
    assert (event["operation"], event["via"], event["actor_label"], event["subject_id"]) == (
        "tool.called",
        "mcp",
        result["login"],
        "people_who",
    )
    assert synced["account"]["id"] in event["account_label"]
    assert event["assistant"]


def test_every_campaign_is_counted_as_a_plain_loop_counts_it(up: Up, api: httpx.Client, synced: dict[str, Any]) -> None:
    account = synced["account"]["id"]
    truth = Raw.of(up.home, account, synced["purchase_metric"]["id"])
    sent = [campaign for campaign in truth.campaigns if campaign["attributes"]["status"] == "Sent"]
    wrong = []

    for number, campaign in enumerate(sent):
        for within in WINDOWS:
            args = {"account": account, "did": "opened_email", "campaign": campaign["id"], "but_not": "ordered"}
            args |= {} if within is None else {"within_days": within}
            moment = time.time()
            found = api.post("tools/people_who/", json=args).json()["data"]["accounts"][0]
            human = found["human"]
            if number % 10 == 0:
                excluded = api.post("tools/people_who/", json={**args, "machine_opens": "exclude"}).json()["data"][
                    "accounts"
                ][0]
                assert (excluded["people"], excluded["did"]) == (human["people"], human["did"])
            counted = (
                truth.people_who_opened(campaign, within, machines=True, moment=moment),
                truth.people_who_opened(campaign, within, machines=False, moment=moment),
            )
            if counted != ((found["people"], found["did"]), (human["people"], human["did"])):
                wrong.append((campaign["attributes"]["name"], within, counted, found))

    assert len(sent) > 20
    assert wrong == []


def test_search_finds_and_fetch_tells_with_figures(api: httpx.Client, up: Up, synced: dict[str, Any]) -> None:
    campaign = newest_campaign(up, synced["account"]["id"])

    hits = api.post("tools/search/", json={"query": campaign["attributes"]["name"]}).json()["results"]
    assert set(hits[0]) == {"id", "title", "url"}
    wanted = next(hit for hit in hits if hit["id"].endswith(campaign["id"]))
    document = api.post("tools/fetch/", json={"id": wanted["id"]}).json()

    assert set(document) == {"id", "title", "text", "url", "metadata"}
    assert "Opened, no machines: " in document["text"]


def test_an_account_connected_by_hand_survives_killed_workers(
    up: Up, result: dict[str, Any], api: httpx.Client
) -> None:
    before = {row["id"] for row in api.get("accounts/").json()["results"]}
    browser = signed_in(result)
    consent = browser.get("/oauth/klaviyo/install/")
    third = next(
        value
        for value in re.findall(r'<option value="([^"]+)"', consent.text)
        if value not in before and value not in ("owner", "admin", "manager")
    )
    form = {"account": third, "role": "owner", "decision": "allow"}
    back = browser.post(str(consent.url), data=form)
    assert back.status_code == 200 and "/installs/" in str(back.url), back.url

    def row() -> dict[str, Any]:
        found: dict[str, Any] = api.get(f"accounts/{third}/").json()
        return found

    for _ in range(3):
        time.sleep(0.7)
        for pid in up.pids("worker"):
            os.kill(pid, signal.SIGKILL)
    progress = browser.get(urljoin(str(back.url), "."))
    assert progress.status_code == 200
    until(lambda: row()["complete"] and row()["status"] == "connected", 120, lambda: json.dumps(row()))

    lake = json.loads(manage(up.home, "lake", "--account", third, "--json"))
    assert {metric["id"]: (metric["events"], metric["people"]) for metric in lake["metrics"]} == metrics(up.home, third)
