"""The official Python client, from the first 401 to an answer, in both eras of the protocol."""

from typing import Any

import pytest
from mcp.client.client import Client
from mcp_types import CallToolResult

from accounts.models import Application, Connection
from accounts.oauth_validator import MetadataFetcher
from audit.models import AuditEvent
from connector.tools.catalogue import TOOLS
from tests.factories import PASSWORD, MembershipFactory
from tests.mcp.driver import Memory, Person, ask, bearer_token, with_client
from tests.mcp.serving import eventually
from tests.oauth.documents import Documents

pytestmark = pytest.mark.django_db(transaction=True)
MODES = pytest.mark.parametrize("mode", ["auto", "legacy"])


@MODES
def test_an_assistant_connects_and_asks(url: str, alice: Any, install: Any, mode: str) -> None:
    answer = ask(f"{url}/mcp", alice.email, PASSWORD, [("list_accounts", {})], mode=mode)[0]

    assert answer["status"] == "ok"
    assert install.name in str(answer)
    connection = Connection.objects.get()
    assert (connection.user, connection.scope) == (alice, "read write offline_access")
    assert eventually(lambda: Connection.objects.get().client_name == "mcp")
    assert Connection.objects.get().last_used_at is not None
    event = AuditEvent.objects.get(operation="tool.called")
    assert (event.via, event.actor_label, event.connection_id, event.ip) == (
        "mcp",
        alice.email,
        connection.pk,
        "127.0.0.1",
    )


@MODES
def test_every_tool_is_listed_with_all_that_assistants_demand(url: str, alice: Any, mode: str) -> None:
    async def listed(client: Client) -> list[Any]:
        return (await client.list_tools()).tools

    tools = with_client(f"{url}/mcp", Person(alice.email, PASSWORD), listed, mode=mode)

    assert [tool.name for tool in tools] == list(TOOLS)
    for tool in tools:
        hints = tool.annotations
        assert tool.title
        assert tool.description.startswith("Use this when")
        assert tool.output_schema
        assert tool.input_schema["additionalProperties"] is False
        assert all(
            isinstance(hint, bool)
            for hint in (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint)
        )
        assert tool.meta["securitySchemes"] == [{"type": "oauth2", "scopes": [TOOLS[tool.name].scope]}]
        assert len(tool.meta["openai/toolInvocation/invoking"]) <= 64 >= len(tool.meta["openai/toolInvocation/invoked"])


@MODES
def test_what_a_model_can_mend_comes_back_as_one_sentence(url: str, alice: Any, mode: str) -> None:
    async def wrong(client: Client) -> CallToolResult:
        return await client.call_tool("list_accounts", {"statuss": "connected"})

    result = with_client(f"{url}/mcp", Person(alice.email, PASSWORD), wrong, mode=mode)

    assert result.is_error
    assert result.structured_content is None
    assert "statuss" in result.content[0].text


def test_a_person_who_refuses_is_not_connected(url: str, alice: Any) -> None:
    async def never(client: Client) -> None:
        raise AssertionError("connected")

    with pytest.raises(BaseExceptionGroup) as failure:
        with_client(f"{url}/mcp", Person(alice.email, PASSWORD, allows=False), never)

    assert "access_denied" in repr(failure.value)
    assert not Connection.objects.exists()


@MODES
def test_a_connection_outlives_its_access_token(url: str, alice: Any, mode: str) -> None:
    memory = Memory()

    async def twice(client: Client) -> list[str]:
        await client.list_tools()
        seen.append(memory.tokens)
        assert memory.provider is not None
        memory.provider.context.token_expiry_time = 1.0
        return [tool.name for tool in (await client.list_tools()).tools]

    seen: list[Any] = []

    assert with_client(f"{url}/mcp", Person(alice.email, PASSWORD), twice, mode=mode, memory=memory) == list(TOOLS)
    assert memory.tokens is not None
    assert memory.tokens.access_token != seen[0].access_token
    assert memory.tokens.refresh_token != seen[0].refresh_token
    assert Connection.objects.count() == 1


def test_an_assistant_known_by_its_document_registers_nothing(
    url: str, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "https://assistant.example/client.json"
    monkeypatch.setattr(MetadataFetcher, "source", Documents)
    document = {"client_id": address, "client_name": "Helper", "redirect_uris": ["http://localhost/callback"]}
    monkeypatch.setattr(Documents, "at", {address: document})

    async def names(client: Client) -> list[str]:
        return [tool.name for tool in (await client.list_tools()).tools]

    with_client(f"{url}/mcp", Person(alice.email, PASSWORD), names, client_metadata_url=address)

    assert [application.client_id for application in Application.objects.all()] == [address]


def test_an_assistant_asks_in_the_organization_that_was_chosen(url: str, alice: Any, install: Any) -> None:
    second = MembershipFactory(user=alice, organization__name="Eastwind", role="owner")
    memory = Memory()

    async def accounts(client: Client) -> dict[str, Any]:
        return dict((await client.call_tool("list_accounts", {})).structured_content or {})

    person = Person(alice.email, PASSWORD, organization=str(second.organization_id))
    answer = with_client(f"{url}/mcp", person, accounts, memory=memory)

    assert install.name not in str(answer)


def test_a_token_for_a_program_comes_of_the_same_flow(url: str, bob: Any) -> None:
    assert len(bearer_token(f"{url}/mcp", bob.email, PASSWORD)) >= 30
