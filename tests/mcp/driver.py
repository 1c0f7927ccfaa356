"""An assistant as people use one: the official client connects, a person signs in and allows it, tools are called.

    ask("http://localhost:8000/mcp", login, password, [("list_accounts", {})]) -> [envelope]

Everything goes over HTTP to a running product; nothing here knows its code.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import httpx2
from mcp.client.auth import OAuthClientProvider
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from mcp_types import CallToolResult

CALLBACK = "http://localhost:53682/callback"
WAIT = 60.0


class Form(HTMLParser):
    """The fields of a page's last form as they stand, without its buttons."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.fields = {}
        if tag != "input" or "disabled" in given or not given.get("name"):
            return
        if given.get("type") not in ("radio", "checkbox") or "checked" in given:
            self.fields.setdefault(str(given["name"]), []).append(given.get("value") or "")


@dataclass
class Person:
    """Signs in with a password and answers the consent page; `write` and `organization` are what they tick."""

    login: str
    password: str
    write: bool = True
    allows: bool = True
    organization: str = ""
    browser: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=WAIT, follow_redirects=True))

    def decide(self, address: str) -> dict[str, str]:
        """Open the assistant's address, sign in where asked, decide; the parameters that go back to the assistant."""
        page = self.browser.get(address)
        if "/accounts/login/" in str(page.url):
            form = Form(page.text).fields | {"login": [self.login], "password": [self.password]}
            page = self.browser.post(str(page.url), data=form)
        page.raise_for_status()
        form = Form(page.text).fields | {"allow": ["true" if self.allows else "false"]}
        if self.write:
            form["scope"] = ["read", "write"]
        if self.organization:
            form["organization"] = [self.organization]
        answer = self.browser.post(str(page.url), data=form, follow_redirects=False)
        if answer.status_code != 302:
            raise AssertionError(f"The consent page answered {answer.status_code}: {_words(answer.text)}")
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


class Memory:
    """Where the client keeps its registration and tokens. `provider` is what drives its sign-in, once it is connected."""

    def __init__(self) -> None:
        self.provider: OAuthClientProvider | None = None
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


def ask(
    mcp_url: str, login: str, password: str, calls: Sequence[tuple[str, dict[str, Any]]], *, mode: str = "auto"
) -> list[dict[str, Any]]:
    """The structured results of these calls, by a freshly connected assistant."""

    async def work(client: Client) -> list[dict[str, Any]]:
        return [content_of(await client.call_tool(name, args)) for name, args in calls]

    return with_client(mcp_url, Person(login, password), work, mode=mode)


def bearer_token(mcp_url: str, login: str, password: str, *, mode: str = "auto") -> str:
    """An access token got by the whole OAuth flow."""
    memory = Memory()

    async def nothing(client: Client) -> None:
        await client.list_tools()

    with_client(mcp_url, Person(login, password), nothing, mode=mode, memory=memory)
    if memory.tokens is None:
        raise AssertionError("The flow ended without a token.")
    return memory.tokens.access_token


def with_client(
    mcp_url: str,
    person: Person,
    work: Callable[[Client], Awaitable[Any]],
    *,
    mode: str = "auto",
    memory: Memory | None = None,
    client_metadata_url: str | None = None,
) -> Any:
    """Run `work` with a connected client: `auto` speaks the newest protocol it can, `legacy` begins with initialize."""
    return asyncio.run(_connected(mcp_url, person, work, mode, memory or Memory(), client_metadata_url))


async def _connected(
    mcp_url: str,
    person: Person,
    work: Callable[[Client], Awaitable[Any]],
    mode: str,
    memory: Memory,
    client_metadata_url: str | None,
) -> Any:
    answers: list[dict[str, str]] = []

    async def open_browser(address: str) -> None:
        answers.append(await asyncio.to_thread(person.decide, address))

    async def called_back() -> AuthorizationCodeResult:
        answer = answers[-1]
        if "code" not in answer:
            raise PermissionError(answer["error"])
        return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))

    auth = OAuthClientProvider(
        server_url=mcp_url,
        client_metadata=OAuthClientMetadata(
            client_name="Driver", redirect_uris=[CALLBACK], token_endpoint_auth_method="none"
        ),
        storage=memory,
        redirect_handler=open_browser,
        callback_handler=called_back,
        client_metadata_url=client_metadata_url,
    )
    memory.provider = auth
    async with (
        httpx2.AsyncClient(auth=auth, timeout=WAIT) as http,
        Client(streamable_http_client(mcp_url, http_client=http), mode=mode) as client,
    ):
        return await work(client)


def content_of(result: CallToolResult) -> dict[str, Any]:
    """The structured content; an error without one is an AssertionError with its text."""
    if result.structured_content is None:
        raise AssertionError(" ".join(getattr(item, "text", "") for item in result.content))
    return dict(result.structured_content)


def _words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).strip()[:400]
