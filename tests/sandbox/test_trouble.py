"""Trouble on demand, as a bare HTTP client meets it, and the addresses that make it."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command

from connector.sandbox.asgi import App
from connector.sandbox.server import Request
from tests.sandbox.running import AMERICA, ASIA, EUROPE, Running

LISTS = "/api/lists"


@pytest.fixture(autouse=True)
def _quiet(klaviyo: Running) -> Iterator[None]:
    yield
    klaviyo.trigger("clear")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_error_comes_as_often_as_asked_and_then_no_more(klaviyo: Running, api: httpx.Client, status: int) -> None:
    klaviyo.trigger(str(status), times=2, path=LISTS, seconds=7)

    answers = [api.get(LISTS) for _ in range(3)]

    assert [one.status_code for one in answers] == [status, status, 200]
    assert answers[0].headers.get("retry-after") == ("7" if status == 429 else None)
    assert answers[0].json()["errors"]


def test_trouble_meets_only_the_path_and_account_it_is_for(klaviyo: Running, api: httpx.Client) -> None:
    klaviyo.trigger("500", path="/api/segments", account=ASIA)

    assert api.get("/api/segments").status_code == 200
    with klaviyo.client(ASIA) as there:
        assert [there.get(path).status_code for path in (LISTS, "/api/segments", "/api/segments")] == [200, 500, 200]


def test_a_challenge_page_is_html(klaviyo: Running, api: httpx.Client) -> None:
    klaviyo.trigger("html403")
    answer = api.get(LISTS)
    assert (answer.status_code, answer.headers["cf-mitigated"]) == (403, "challenge")
    assert answer.headers["content-type"].startswith("text/html")


def test_a_slow_answer_is_late_and_good(klaviyo: Running, api: httpx.Client) -> None:
    klaviyo.trigger("slow", seconds=0.4)
    started = time.monotonic()
    assert api.get(LISTS).status_code == 200
    assert time.monotonic() - started >= 0.4


def test_a_plan_can_lack_what_one_address_asks_for(klaviyo: Running, api: httpx.Client) -> None:
    klaviyo.trigger("plan403", path="/api/campaigns?*sms")

    answers = {
        channel: api.get("/api/campaigns", params={"filter": f"equals(messages.channel,'{channel}')"})
        for channel in ("email", "sms")
    }

    assert {channel: answer.status_code for channel, answer in answers.items()} == {"email": 200, "sms": 403}
    assert "plan" in answers["sms"].json()["errors"][0]["title"]


def test_bodies_can_be_cut_or_nonsense(klaviyo: Running, api: httpx.Client) -> None:
    klaviyo.trigger("truncated", path=LISTS)
    with pytest.raises(httpx.RemoteProtocolError):
        api.get(LISTS)
    klaviyo.trigger("malformed", path=LISTS)
    with pytest.raises(json.JSONDecodeError):
        api.get(LISTS).json()


def test_connections_can_be_reset_before_and_after_the_deed(klaviyo: Running, api: httpx.Client) -> None:
    body = {"data": {"type": "list", "attributes": {"name": "made or not"}}}

    def made() -> int:
        return sum(one["attributes"]["name"] == "made or not" for one in klaviyo.raw("lists"))

    klaviyo.trigger("reset", path=LISTS)
    with pytest.raises(httpx.HTTPError):
        api.post(LISTS, json=body)
    assert made() == 0
    klaviyo.trigger("lost-answer", path=LISTS)
    with pytest.raises(httpx.HTTPError):
        api.post(LISTS, json=body)
    assert made() == 1


def test_a_cursor_can_loop(klaviyo: Running, api: httpx.Client) -> None:
    second = api.get("/api/events").json()["links"]["next"]
    klaviyo.trigger("looping-cursor", path="/api/events")
    assert api.get(second).json()["links"]["next"] == second


def test_a_page_can_come_twice_and_nothing_is_lost(klaviyo: Running, api: httpx.Client) -> None:
    first = api.get("/api/events?page[size]=100").json()
    klaviyo.trigger("duplicate-page", path="/api/events")

    repeated = api.get(first["links"]["next"]).json()
    following = api.get(repeated["links"]["next"]).json()

    assert repeated["data"] == first["data"]
    assert repeated["links"]["next"] != first["links"]["next"]
    assert following["data"] == api.get(first["links"]["next"]).json()["data"]


def test_tokens_expire_scopes_go_and_the_app_is_uninstalled(klaviyo: Running) -> None:
    with klaviyo.client(EUROPE) as api:
        klaviyo.trigger("scope-removed", account=EUROPE, scope="lists:read")
        assert (api.get(LISTS).status_code, api.get("/api/segments").status_code) == (403, 200)
        klaviyo.trigger("expire", account=EUROPE)
        assert api.get("/api/segments").status_code == 401
        klaviyo.trigger("revoke", account=EUROPE)
        assert api.get("/api/segments").status_code == 401


def test_late_events_are_old_and_new(klaviyo: Running) -> None:
    before = {one["id"] for one in klaviyo.raw("events", EUROPE)}

    klaviyo.trigger("late-events", account=EUROPE, count=9, days=3)

    late = [one for one in klaviyo.raw("events", EUROPE) if one["id"] not in before]
    assert len(late) == 9
    assert all(klaviyo.clock() - 3 * 86_400 <= one["timestamp"] < klaviyo.clock() for one in late)


def test_an_event_can_be_placed_by_a_test(klaviyo: Running, api: httpx.Client) -> None:
    metric = klaviyo.raw("metrics")[0]["id"]
    person = klaviyo.raw("profiles")[0]["id"]
    body = {"metric": metric, "profile": person, "time": 1_700_000_000, "properties": {"$value": 12.5}}

    made = klaviyo.control("event", account=AMERICA, **body)["id"]

    shown = api.get(f"/api/events/{made}").json()["data"]
    assert shown["attributes"]["event_properties"] == {"$value": 12.5}
    assert shown["attributes"]["datetime"] == "2023-11-14T22:13:20+00:00"


def test_only_this_machine_may_make_trouble(klaviyo: Running) -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    request = Request("GET", "/_sandbox/raw/Nw7Kq2/profiles", "", {}, b"", "http://sandbox", "192.0.2.7")
    with pytest.raises(StopIteration):
        App(klaviyo.sandbox)._control(request, send).send(None)

    assert [message.get("status") for message in sent] == [404, None]


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("trigger", {"kind": "flood"}),
        ("trigger", {}),
        ("grant", {"account": "none"}),
        ("trigger", {"kind": "500", "x": 1}),
        ("trigger", {"kind": "500", "times": 0}),
        ("trigger", {"kind": "merge", "count": 3}),
    ],
)
def test_a_wrong_wish_is_refused_in_a_sentence(klaviyo: Running, action: str, body: dict[str, Any]) -> None:
    answer = httpx.post(f"{klaviyo.url}/_sandbox/{action}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_the_command_makes_trouble_where_the_environment_says(
    klaviyo: Running, api: httpx.Client, settings: Any
) -> None:
    settings.KLAVIYO_API_URL = klaviyo.url

    call_command("sandbox", "trigger", "429", "--times", "1", "--path", LISTS)

    assert [api.get(LISTS).status_code for _ in range(2)] == [429, 200]
    with pytest.raises(CommandError, match="Choose one of"):
        call_command("sandbox", "trigger", "flood")


def test_the_command_leaves_klaviyo_itself_alone(settings: Any) -> None:
    settings.KLAVIYO_API_URL = "https://a.klaviyo.com"
    with pytest.raises(CommandError, match="no sandbox here"):
        call_command("sandbox", "trigger", "429")


@contextmanager
def started(folder: Path, port: int, **environment: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "connector.sandbox", "--port", str(port), "--state", str(folder),
               "--people", "30", "--events", "300"]  # fmt: skip
    known = {name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_")}
    process = subprocess.Popen(
        command, env=known | environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


def test_it_runs_from_the_command_line_and_says_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    names = {"SANDBOX_CLIENT_ID": "id", "SANDBOX_CLIENT_SECRET": "very-secret", "SANDBOX_REDIRECT_URI": "http://x/"}
    with started(tmp_path, port, **names) as process:
        for _ in range(200):
            try:
                if httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.1)
        else:
            pytest.fail("never ready")
        assert (tmp_path / "address").read_text() == f"http://127.0.0.1:{port}\n"
        process.terminate()
        out, err = process.communicate(timeout=10)

    assert (out, err) == ("", "")
    assert b"very-secret" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_without_credentials_it_says_which_are_missing(tmp_path: Path) -> None:
    with started(tmp_path, 1, SANDBOX_CLIENT_ID="id") as process:
        _, err = process.communicate(timeout=20)
    assert err == "The sandbox needs SANDBOX_CLIENT_SECRET, SANDBOX_REDIRECT_URI in its environment.\n"
    assert process.returncode == 1
