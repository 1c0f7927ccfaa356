"""The wire: eras, challenges, methods, headers. What SDKs hide and hosts depend on."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.db import OperationalError
from django.utils import timezone

from accounts.models import Connection, Membership
from audit.models import AuditEvent
from connector.mcp.edge import Edge
from connector.mcp.server import INSTRUCTIONS
from connector.tools.catalogue import TOOLS
from connector.tools.fit import text_of
from tests.factories import InstallFactory
from tests.mcp.serving import (
    ERAS,
    LEGACY,
    MODERN,
    answered,
    eventually,
    granted,
    initialize,
    post,
    request,
    serving,
)

pytestmark = pytest.mark.django_db(transaction=True)
EACH_ERA = pytest.mark.parametrize("era", ERAS)


def metadata(url: str) -> str:
    return f'resource_metadata="{url}/.well-known/oauth-protected-resource/mcp"'


# --- who may enter


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
def test_without_a_token_the_challenge_says_where_to_get_one_and_for_what(url: str, path: str) -> None:
    response = post(url, initialize(), path=path)

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == f'Bearer {metadata(url)}, scope="read write"'
    assert response.json()["error"] == "unauthorized"
    assert "WWW-Authenticate" in response.headers["Access-Control-Expose-Headers"]


def test_a_wrong_token_is_told_so_and_nothing_more(url: str, alice: Any, charlie: Any) -> None:
    membership = alice.memberships.get()
    expired = granted(membership, expires=timezone.now() - timedelta(seconds=1))
    foreign = granted(membership, resource=["https://elsewhere.example/mcp"])
    revoked = granted(membership)
    Connection.objects.filter(pk=Connection.objects.latest("created_at").pk).update(revoked_at=timezone.now())
    removed = granted(charlie.memberships.get())
    Membership.objects.filter(user=charlie).delete()

    answers = [post(url, initialize(), token=token) for token in ("nonsense", expired, foreign, revoked, removed)]

    texts = {(answer.status_code, answer.text, answer.headers["WWW-Authenticate"]) for answer in answers}
    assert len(texts) == 1
    status, _, challenge = texts.pop()
    assert status == 401
    assert challenge.startswith(f'Bearer {metadata(url)}, error="invalid_token", error_description="')


def test_a_database_that_is_away_is_no_reason_to_ask_for_another_token(
    url: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("could not connect to 10.0.0.7")

    monkeypatch.setattr("connector.mcp.edge.bearer_caller", away)

    answer = post(url, initialize(), token=token)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "10.0.0.7" not in answer.text


def test_other_credentials_are_refused(url: str) -> None:
    body = json.dumps(initialize()).encode()

    for header in ("", "Basic YTpi", "Bearer", "Bearer a b", "Bearer " + "x" * 5000, "Token x", "Bearer ü"):
        assert httpx.post(f"{url}/mcp", content=body, headers=[(b"Authorization", header.encode())]).status_code == 401


def test_a_token_in_the_address_or_given_twice_is_refused(url: str, token: str) -> None:
    assert post(url, initialize(), path=f"/mcp?access_token={token}").status_code == 401

    twice = [
        ("Authorization", f"Bearer {token}"),
        ("Authorization", f"Bearer {token}"),
        ("Content-Type", "application/json"),
    ]
    assert httpx.post(f"{url}/mcp", content=json.dumps(initialize()), headers=twice).status_code == 401


def test_the_scheme_may_be_written_in_any_case(url: str, token: str) -> None:
    assert post(url, initialize(), Authorization=f"bearer {token}").status_code == 200


def test_a_token_that_may_not_read_gets_the_other_challenge(url: str, alice: Any) -> None:
    response = post(url, initialize(), token=granted(alice.memberships.get(), scope="write"))

    assert response.status_code == 403
    assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]
    assert 'scope="read write"' in response.headers["WWW-Authenticate"]


def test_revocation_and_removal_bite_at_the_next_call(url: str, token: str, alice: Any) -> None:
    assert post(url, initialize(), token=token).status_code == 200

    alice.memberships.all().delete()

    assert post(url, initialize(), token=token).status_code == 401


def test_a_lower_role_bites_at_the_next_call(url: str, token: str, alice: Any) -> None:
    def role() -> str:
        return answered(post(url, request("tools/call", name="get_profile", arguments={}), token=token))["result"][
            "structuredContent"
        ]["data"]["role"]

    assert role() == "owner"
    alice.memberships.update(role="analyst")
    assert role() == "analyst"


def test_accounts_that_were_not_granted_do_not_exist(url: str, alice: Any, northwind: Any, install: Any) -> None:
    hidden = InstallFactory(organization=northwind, name="Hidden shop")
    token = granted(alice.memberships.get(), installs=[str(install.pk)])

    answer = answered(post(url, request("tools/call", name="list_accounts", arguments={}), token=token))

    assert install.name in str(answer)
    assert hidden.name not in str(answer)


# --- browsers and methods


def test_a_browser_may_ask_before_it_has_a_token(url: str) -> None:
    response = httpx.options(f"{url}/mcp", headers={"Origin": "https://evil.example"})

    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    for name in ("Authorization", "MCP-Protocol-Version", "Mcp-Method"):
        assert name in response.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "HEAD"])
def test_only_post_is_of_use(url: str, token: str, method: str) -> None:
    assert httpx.request(method, f"{url}/mcp").status_code == 401

    response = httpx.request(method, f"{url}/mcp", headers={"Authorization": f"Bearer {token}"})

    assert (response.status_code, response.headers["Allow"]) == (405, "POST, OPTIONS")


@EACH_ERA
def test_hosts_and_pages_that_are_not_ours_are_refused(url: str, token: str, era: str) -> None:
    def status(**headers: Any) -> int:
        return post(url, request("tools/list", era), token=token, era=era, **headers).status_code

    assert status(Host="evil.example") == 421
    assert status(Origin="https://evil.example") == 403
    assert status(Origin="null") == 403
    assert status(Origin="https://chatgpt.com") == 200
    assert status(Origin="http://localhost:6274") == 200
    assert status() == 200


@EACH_ERA
def test_answers_may_be_read_by_a_browser(url: str, token: str, era: str) -> None:
    response = post(url, request("tools/list", era), token=token, era=era)

    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("accept", "status"), [("application/json", 406), ("*/*", 200), ("application/json, text/event-stream", 200)]
)
def test_the_answer_may_be_a_stream_and_the_client_must_take_one(
    url: str, token: str, accept: str, status: int
) -> None:
    assert post(url, request("tools/list"), token=token, Accept=accept).status_code == status


# --- both eras


@pytest.mark.parametrize("version", ["2025-03-26", "2025-06-18", "2025-11-25"])
def test_initialize_answers_the_version_that_was_asked_for(url: str, token: str, version: str) -> None:
    result = answered(post(url, initialize(version=version), token=token, MCP_Protocol_Version=""))["result"]

    assert result["protocolVersion"] == version
    assert result["serverInfo"]["name"] == "plumbline"
    assert result["instructions"] == INSTRUCTIONS
    assert result["capabilities"]["tools"] == {"listChanged": False}


def test_an_unknown_version_gets_the_newest_of_its_era(url: str, token: str) -> None:
    result = answered(post(url, initialize(version="2031-01-01"), token=token, MCP_Protocol_Version=""))["result"]

    assert result["protocolVersion"] == "2025-11-25"


def test_discover_tells_a_new_client_all_it_needs(url: str, token: str) -> None:
    result = answered(post(url, request("server/discover", MODERN), token=token, era=MODERN))["result"]

    assert result["supportedVersions"] == ["2026-07-28"]
    assert result["instructions"] == INSTRUCTIONS
    assert (result["ttlMs"], result["cacheScope"]) == (0, "private")


def test_the_instructions_stand_alone_in_their_first_512_characters() -> None:
    first = INSTRUCTIONS[:512]

    for words in (
        "exact counts",
        "list_accounts",
        "needs_choice",
        "get_job",
        "Customers' names and addresses cannot be had.",
    ):
        assert words in first


@EACH_ERA
def test_listed_tools_carry_their_security_schemes_at_both_places(url: str, token: str, era: str) -> None:
    response = post(url, request("tools/list", era), token=token, era=era)

    tools = answered(response)["result"]["tools"]
    assert [tool["name"] for tool in tools] == list(TOOLS)
    for tool in tools:
        assert tool["securitySchemes"] == tool["_meta"]["securitySchemes"]
        assert tool["securitySchemes"] == [{"type": "oauth2", "scopes": [TOOLS[tool["name"]].scope]}]
    if era == MODERN:
        assert int(response.headers["content-length"]) == len(response.content)


def test_listed_tools_are_small_enough_for_every_host(url: str, token: str) -> None:
    tools = answered(post(url, request("tools/list"), token=token))["result"]["tools"]

    sizes = {tool["name"]: len(json.dumps(tool, ensure_ascii=False, separators=(",", ":")).encode()) for tool in tools}
    assert max(sizes.values()) <= 4_000, sizes
    assert sum(sizes.values()) <= 48_000


@EACH_ERA
def test_a_result_is_the_same_as_structure_and_as_text(url: str, token: str, install: Any, era: str) -> None:
    response = post(url, request("tools/call", era, name="list_accounts", arguments={}), token=token, era=era)

    result = answered(response)["result"]
    assert result["isError"] is False
    assert result["content"] == [{"type": "text", "text": text_of(result["structuredContent"])}]
    assert result["structuredContent"]["status"] == "ok"


@EACH_ERA
def test_a_refused_answer_is_marked_as_error_and_keeps_its_envelope(
    url: str, token: str, install: Any, era: str
) -> None:
    args = {"account": install.klaviyo_id, "did": "Never Heard Of"}

    result = answered(post(url, request("tools/call", era, name="people_who", arguments=args), token=token, era=era))[
        "result"
    ]

    assert result["isError"] is True
    assert result["structuredContent"]["status"] == "refused"
    assert result["structuredContent"]["reason"]["code"] == "no_such_metric"


WRONG = [
    ({"qurey": "x"}, "qurey"),
    ({"query": 7}, "query"),
    ({"limit": "5"}, "limit"),
    ({"query": None}, "query"),
    ({"Query": "x"}, "Query"),
]


@EACH_ERA
def test_wrong_arguments_are_one_sentence_and_nothing_is_coerced(url: str, token: str, era: str) -> None:
    for args, word in WRONG:
        response = post(url, request("tools/call", era, name="list_accounts", arguments=args), token=token, era=era)

        result = answered(response)["result"]
        assert result["isError"] is True
        assert word in result["content"][0]["text"]
        assert "structuredContent" not in result


@pytest.mark.parametrize(("era", "status"), [(LEGACY, 200), (MODERN, 400)])
def test_an_unknown_tool_is_a_protocol_error(url: str, token: str, era: str, status: int) -> None:
    response = post(url, request("tools/call", era, name="drop_tables", arguments={}), token=token, era=era)

    assert response.status_code == status
    assert answered(response)["error"]["code"] == -32602
    assert "drop_tables" in answered(response)["error"]["message"]


@pytest.mark.parametrize(("era", "status"), [(LEGACY, 200), (MODERN, 404)])
def test_an_unknown_method_is_a_protocol_error(url: str, token: str, era: str, status: int) -> None:
    response = post(url, request("prompts/list", era), token=token, era=era)

    assert (response.status_code, answered(response)["error"]["code"]) == (status, -32601)


def test_nothing_listens_for_subscriptions(url: str, token: str) -> None:
    response = post(url, request("subscriptions/listen", MODERN, notifications={}), token=token, era=MODERN)

    assert "error" in answered(response)


def test_an_era_that_nobody_knows_is_told_which_ones_there_are(url: str, token: str) -> None:
    message = request("tools/list", MODERN)
    message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2031-01-01"

    response = post(url, message, token=token, era="2031-01-01", Mcp_Method="tools/list")

    assert response.status_code == 400
    assert answered(response)["error"]["data"]["supported"] == ["2026-07-28"]


# --- who it was


def test_a_name_said_once_is_remembered_for_later_calls(url: str, token: str, install: Any) -> None:
    post(url, initialize(("Chat\u202eGPT", "1.2026.300")), token=token)
    assert eventually(lambda: Connection.objects.get().client_name == "Chat GPT")

    post(url, request("tools/call", name="list_accounts", arguments={}), token=token)

    event = AuditEvent.objects.get(operation="tool.called")
    assert (event.assistant, event.assistant_version, event.via) == ("Chat GPT", "1.2026.300", "mcp")


def test_a_name_said_with_every_request_is_the_one_in_the_audit(url: str, token: str, install: Any) -> None:
    message = request("tools/call", MODERN, client=("Claude", "4"), name="list_accounts", arguments={})

    post(url, message, token=token, era=MODERN, X_Request_ID="r-42")

    event = AuditEvent.objects.get(operation="tool.called")
    assert (event.assistant, event.assistant_version, event.request_id) == ("Claude", "4", "r-42")
    assert eventually(lambda: Connection.objects.get().client_name == "Claude")


def test_a_name_that_is_none_does_no_harm(url: str, token: str) -> None:
    names: list[Any] = [None, 7, "x", [], {}, {"name": 7}, {"name": "x", "version": 7}]
    for said in names:
        meta = {"io.modelcontextprotocol/clientInfo": said}
        modern = request("tools/call", MODERN, name="get_profile", arguments={}, _meta=meta)
        legacy = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"clientInfo": said}}

        assert post(url, modern, token=token, era=MODERN).status_code in (200, 400)
        assert post(url, legacy, token=token).status_code == 200


# --- the process


def test_many_calls_at_once_are_all_answered(url: str, token: str, install: Any) -> None:
    def one(number: int) -> Any:
        message = request("tools/call", ERAS[number % 2], id=number, name="list_accounts", arguments={})
        return answered(post(url, message, token=token, era=ERAS[number % 2]))

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(one, range(60)))

    assert [answer["id"] for answer in answers] == list(range(60))
    assert all(answer["result"]["structuredContent"]["status"] == "ok" for answer in answers)
    assert AuditEvent.objects.filter(operation="tool.called").count() == 60


def test_the_product_may_start_and_stop_again_in_one_process(alice: Any) -> None:
    for _ in range(2):
        with serving() as address:
            assert post(address, initialize(), token=granted(alice.memberships.get())).status_code == 200


def test_everything_else_is_djangos(url: str) -> None:
    assert httpx.get(f"{url}/accounts/login/").status_code == 200
    assert httpx.get(f"{url}/mcp/other").status_code == 404


def test_before_the_start_the_door_says_so() -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    async def none(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("not Django's")

    asyncio.run(Edge(none)({"type": "http", "method": "POST", "path": "/mcp", "headers": []}, receive, send))

    assert sent[0]["status"] == 503
