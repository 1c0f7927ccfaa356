"""Codes for tokens, tokens for tokens, and what each refusal means."""

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from connector.klaviyo.errors import BadRequest, InvalidGrant, KlaviyoError, Reconnect, TryLater, UpstreamBroken
from connector.klaviyo.oauth import Grant, Oauth
from tests.klaviyo.conftest import Reply, Told, reply

TOKENS = {
    "access_token": "the-access-token",
    "refresh_token": "the-refresh-token",
    "expires_in": 3600,
    "scope": "lists:read events:read",
    "token_type": "bearer",
}


@pytest.fixture
def oauth(server: Told) -> Oauth:
    return Oauth("the:client", "the secret", server.url, "https://www.klaviyo.com/oauth/authorize")


def test_the_person_is_sent_to_klaviyo_with_everything_it_asks_for(oauth: Oauth) -> None:
    address = oauth.authorize_url("state-1", "challenge-1", "https://p.example/cb/", ["lists:read", "events:read"])

    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://www.klaviyo.com/oauth/authorize"
    assert {name: values[0] for name, values in parse_qs(parts.query).items()} == {
        "response_type": "code",
        "client_id": "the:client",
        "redirect_uri": "https://p.example/cb/",
        "scope": "lists:read events:read",
        "state": "state-1",
        "code_challenge_method": "S256",
        "code_challenge": "challenge-1",
    }


def test_a_code_is_exchanged_for_tokens(server: Told, oauth: Oauth) -> None:
    server.script = [reply(TOKENS)]

    grant = oauth.exchange("code-1", "verifier-1", "https://p.example/cb/")

    asked = server.requests[0]
    assert grant == Grant("the-access-token", "the-refresh-token", 3600, ("lists:read", "events:read"))
    assert (asked.path, asked.headers["content-type"]) == ("/oauth/token", "application/x-www-form-urlencoded")
    assert base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")) == b"the:client:the secret"
    assert {name: values[0] for name, values in parse_qs(asked.body.decode()).items()} == {
        "grant_type": "authorization_code",
        "code": "code-1",
        "code_verifier": "verifier-1",
        "redirect_uri": "https://p.example/cb/",
    }


def test_a_refresh_that_does_not_rotate_says_so(server: Told, oauth: Oauth) -> None:
    server.script = [reply({"access_token": "next", "expires_in": "1800"})]

    assert oauth.refresh("old") == Grant("next", None, 1800, ())


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply({"error": "invalid_grant"}, 400), InvalidGrant),
        (reply({"error": "invalid_client"}, 401), BadRequest),
        (Reply(429, b"", {"retry-after": "60"}), TryLater),
        (Reply(503, b"busy", {"content-type": "text/html"}), TryLater),
        (Reply(500, b"{}"), UpstreamBroken),
        (Reply(403, b"<html>challenge", {"content-type": "text/html"}), UpstreamBroken),
        (Reply(200, b"<html>hello", {"content-type": "text/html"}), UpstreamBroken),
        (reply({"token": "x"}), UpstreamBroken),
        (Reply(cut=0), UpstreamBroken),
    ],
    ids=lambda one: str(getattr(one, "status", getattr(one, "__name__", one))),
)
def test_a_refusal_tells_whether_a_person_is_needed(
    server: Told, oauth: Oauth, answer: Reply, error: type[KlaviyoError]
) -> None:
    server.script = [answer]

    with pytest.raises(error) as refused:
        oauth.refresh("old-refresh-token")

    assert isinstance(refused.value, Reconnect) == (error is InvalidGrant)
    assert len(server.requests) == 1, "a refresh may rotate the token: it is not sent again"
    assert "old-refresh-token" not in f"{refused.value!r} {refused.value.__context__!r}"


def test_tokens_do_not_show_in_what_is_printed(server: Told, oauth: Oauth) -> None:
    server.script = [reply(TOKENS)]

    printed = f"{oauth.refresh('old')!r} {oauth!r}"

    assert "the-access-token" not in printed
    assert "the-refresh-token" not in printed
    assert "the secret" not in printed


def test_revoking_what_klaviyo_no_longer_knows_is_no_error(server: Told, oauth: Oauth) -> None:
    server.script = [Reply(200), reply({"error": "invalid_token"}, 400), Reply(500)]

    oauth.revoke("token-1")
    oauth.revoke("token-1")
    with pytest.raises(UpstreamBroken):
        oauth.revoke("token-1")

    assert parse_qs(server.requests[0].body.decode()) == {"token": ["token-1"], "token_type_hint": ["refresh_token"]}
