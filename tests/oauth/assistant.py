"""A scripted assistant and the person in front of it: registers, asks for consent, exchanges, refreshes, revokes.

Responses are the test client's, which are typed Any: they have more members than any class of Django's.
"""

import base64
import hashlib
import json
import secrets
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.test import Client

CALLBACK = "https://assistant.example/callback"
# Where the assistants that people use listen.
KNOWN_CALLBACKS = [
    "https://chatgpt.com/connector_platform_oauth_redirect",
    "https://chatgpt.com/connector/oauth/AbC123_-x",
    "https://claude.ai/api/mcp/auth_callback",
    "https://claude.com/api/mcp/auth_callback",
    "http://localhost:53682/callback",
    "http://localhost:8787/callback",
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "https://www.cursor.com/agents/mcp/oauth/callback",
    "https://vscode.dev/redirect",
    "https://insiders.vscode.dev/redirect",
    "http://127.0.0.1/",
    "http://127.0.0.1:33418/",
    "http://localhost:7777/oauth/callback",
    "http://[::1]:4000/callback",
]


def registration(**changes: Any) -> dict[str, Any]:
    """A registration as ChatGPT sends it; a member set to None is left out."""
    usual = {
        "client_name": "ChatGPT",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def post_json(address: str, content: Any, **extra: Any) -> Any:
    body = content if isinstance(content, bytes) else json.dumps(content)
    return Client().post(address, body, content_type="application/json", **extra)


class Assistant:
    """Registers itself when made. `browser` is the signed-in person's."""

    def __init__(self, browser: Client, **changes: Any) -> None:
        self.browser = browser
        self.registered = post_json("/oauth/register", registration(**changes)).json()
        self.client_id: str = self.registered["client_id"]
        self.secret: str = self.registered.get("client_secret", "")
        self.redirect_uri: str = self.registered["redirect_uris"][0]
        self.verifier = secrets.token_urlsafe(48)

    def address(self, **changes: Any) -> str:
        """Where it sends the person; a parameter set to None is left out, a list is repeated."""
        usual = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "read write offline_access",
            "state": "the-state",
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
            "resource": f"{settings.PUBLIC_URL}/mcp",
        }
        asked = {name: value for name, value in (usual | changes).items() if value is not None}
        return "/oauth/authorize?" + urlencode(asked, doseq=True)

    def consent(self, *, form: dict[str, Any] | None = None, **changes: Any) -> Any:
        """Open the page and press Allow with what it shows, write ticked as well."""
        return self.browser.post(self.address(**changes), {"allow": "true", "scope": ["read", "write"]} | (form or {}))

    def code(self, *, form: dict[str, Any] | None = None, **changes: Any) -> str:
        answer = query_of(self.consent(form=form, **changes))
        return answer["code"]

    def exchange(self, code: str, /, **changes: Any) -> Any:
        return self.token(
            **{
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.redirect_uri,
                "code_verifier": self.verifier,
                "resource": f"{settings.PUBLIC_URL}/mcp",
            }
            | changes
        )

    def refresh(self, refresh_token: str, **changes: Any) -> Any:
        return self.token(**{"grant_type": "refresh_token", "refresh_token": refresh_token} | changes)

    def token(self, *, basic: bool = False, **fields: Any) -> Any:
        return self.back_channel("/oauth/token", basic=basic, **fields)

    def revoke(self, token: str, **fields: Any) -> Any:
        return self.back_channel("/oauth/revoke", token=token, **fields)

    def tokens(self, **consent: Any) -> dict[str, Any]:
        """The whole flow: the token answer."""
        return self.exchange(self.code(**consent)).json()

    def back_channel(self, address: str, *, basic: bool = False, **fields: Any) -> Any:
        known = {"client_id": self.client_id} | ({"client_secret": self.secret} if self.secret and not basic else {})
        sent = {name: value for name, value in (known | fields).items() if value is not None}
        headers = {"Authorization": "Basic " + basic_of(self.client_id, self.secret)} if basic else {}
        return post_form(address, sent, headers=headers)


def post_form(address: str, fields: Any, **extra: Any) -> Any:
    body = fields if isinstance(fields, str | bytes) else urlencode(fields, doseq=True)
    return Client().post(address, body, content_type="application/x-www-form-urlencoded", **extra)


def basic_of(client_id: str, secret: str) -> str:
    return base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def query_of(response: Any) -> dict[str, str]:
    """The parameters of the redirect; each must stand there once."""
    assert response.status_code == 302, response.content
    pairs = parse_qsl(urlsplit(response["Location"]).query, keep_blank_values=True)
    assert len(pairs) == len(parse_qs(urlsplit(response["Location"]).query, keep_blank_values=True)), response[
        "Location"
    ]
    return dict(pairs)
