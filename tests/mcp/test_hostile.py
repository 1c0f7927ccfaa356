"""Bodies that no client sends. Nothing is a failure of ours, and nothing is answered that was not asked."""

import json
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from audit.models import AuditEvent
from connector.tools import call
from tests.mcp.serving import ERAS, LEGACY, MODERN, granted, post, request, serving

pytestmark = pytest.mark.django_db(transaction=True)
EACH_ERA = pytest.mark.parametrize("era", ERAS)
LIST = json.dumps(request("tools/list"))


BROKEN = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"7",
    b"\xff\xfe\x00",
    f"[{LIST},{LIST}]".encode(),
    b"[" * 5000 + b"]" * 5000,
    b'{"a":' * 5000 + b"1" + b"}" * 5000,
    b'{"jsonrpc":"2.0","id":null,"method":"tools/list"}',
    b'{"jsonrpc":"2.0","id":1e999,"method":"tools/list"}',
    b'{"jsonrpc":"2.0","id":' + b"9" * 5000 + b',"method":"tools/list"}',
    b'{"jsonrpc":"2.0","id":1,"result":{}}',
    b'{"jsonrpc":"1.0","id":1,"method":"tools/list"}',
    b'{"jsonrpc":"2.0","id":1,"method":7}',
    b'{"jsonrpc":"2.0","id":{},"method":"tools/list"}',
]


@EACH_ERA
def test_a_broken_body_is_refused_or_dropped(url: str, token: str, era: str) -> None:
    named: dict[str, Any] = {"Mcp_Method": "tools/list"} if era == MODERN else {}

    for body in BROKEN:
        response = post(url, body, token=token, era=era, **named)
        assert response.status_code == 202 or 400 <= response.status_code < 500, (body[:60], response.text)
    assert not AuditEvent.objects.filter(operation="tool.called").exists()


@EACH_ERA
@pytest.mark.parametrize("declared", [True, False])
def test_a_large_body_is_refused_before_it_is_read(url: str, token: str, era: str, declared: bool) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "MCP-Protocol-Version": era}
    block = b"x" * 65_536
    content: Any = block * 32 if declared else iter([block] * 32)

    assert httpx.post(f"{url}/mcp", content=content, headers=headers).status_code == 413


def test_a_large_body_without_a_token_is_not_even_looked_at(url: str) -> None:
    assert httpx.post(f"{url}/mcp", content=b"x" * 2_000_000).status_code == 401


FORMLESS = [7, "x", [], {"name": 7}, {"name": "list_accounts", "arguments": []}, {"name": None}, {}]


@EACH_ERA
def test_a_call_without_form_is_an_error_of_the_client(url: str, token: str, era: str) -> None:
    for params in FORMLESS:
        message = request("tools/call", era)
        message["params"] = (
            {**params, "_meta": message["params"].get("_meta", {})} if isinstance(params, dict) else params
        )

        response = post(url, message, token=token, era=era)

        assert response.status_code < 500, params
        assert "Traceback" not in response.text
    assert not AuditEvent.objects.filter(operation="tool.called").exists()


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_only_json_is_taken(url: str, token: str, content_type: str) -> None:
    assert post(url, request("tools/list"), token=token, Content_Type=content_type).status_code == 400


def test_an_invented_session_changes_nothing(url: str, token: str) -> None:
    response = post(url, request("tools/list"), token=token, Mcp_Session_Id="invented")

    assert response.status_code == 200
    assert "mcp-session-id" not in response.headers


def test_a_strange_tool_name_is_only_an_unknown_one(url: str, token: str) -> None:
    for name in ("x" * 10_000, "a\x00b", "../../etc/passwd", "ü", "<script>", ""):
        response = post(url, request("tools/call", name=name, arguments={}), token=token, era=LEGACY)

        assert response.status_code == 200
        assert '"code":-32602' in response.text
        assert len(response.text) < 600


def test_what_fails_inside_is_not_told_outside(url: str, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> Any:
        raise RuntimeError("the secret is 1234")

    monkeypatch.setattr(call, "steps", broken)

    response = post(url, request("tools/call", name="list_accounts", arguments={}), token=token)

    assert '"code":-32603' in response.text
    assert "1234" not in response.text


@pytest.fixture
def slow_calls(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Calls that answer only once this event is set."""
    released = threading.Event()

    def slow(*args: Any) -> Generator[None, None, dict[str, str]]:
        released.wait(20)
        yield from ()
        return {"status": "ok"}

    monkeypatch.setattr(call, "steps", slow)
    return released


@EACH_ERA
def test_slow_answers_do_not_keep_the_next_assistant_at_the_door(
    url: str, token: str, slow_calls: threading.Event, era: str
) -> None:
    message = request("tools/call", era, name="list_accounts", arguments={})
    with ThreadPoolExecutor(12) as threads:
        waiting = [threads.submit(post, url, message, token=token, era=era) for _ in range(12)]
        time.sleep(0.5)

        listed = post(url, request("tools/list", era), token=token, era=era)
        assert not any(answer.done() for answer in waiting)
        slow_calls.set()

    assert listed.status_code == 200
    assert [answer.result().status_code for answer in waiting] == [200] * 12


@EACH_ERA
def test_who_hangs_up_leaves_nothing_behind(url: str, token: str, slow_calls: threading.Event, era: str) -> None:
    message = request("tools/call", era, name="list_accounts", arguments={})
    for _ in range(3):
        with pytest.raises(httpx.ReadTimeout):
            post(url, message, token=token, era=era, timeout=0.3)
    slow_calls.set()

    assert post(url, message, token=token, era=era).status_code == 200


def test_a_stop_while_a_call_runs_does_not_hang(alice: Any, slow_calls: threading.Event) -> None:
    with serving(graceful=1) as address:
        token = granted(alice.memberships.get())
        message = request("tools/call", name="list_accounts", arguments={})
        with pytest.raises(httpx.ReadTimeout):
            post(address, message, token=token, timeout=0.3)
        slow_calls.set()
        stopping = time.monotonic()

    assert time.monotonic() - stopping < 10
