"""Klaviyo's OAuth: authorization code with PKCE (S256), refresh and revoke. Client authentication is Basic.

Source: https://developers.klaviyo.com/en/docs/set_up_oauth. Token traffic goes to the API's own host; the consent
page is elsewhere. Three requests, written out instead of taken from an OAuth library: each must end within seconds, tell a
grant that is gone from Klaviyo being away, and never log or raise a token.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import httpx
import msgspec

from connector.klaviyo.errors import BadRequest, Problem, TryLater, UpstreamBroken
from connector.klaviyo.errors import InvalidGrant as InvalidGrant
from connector.klaviyo.wire import API_URL, pool, read, retry_after

AUTHORIZE_URL = "https://www.klaviyo.com/oauth/authorize"
TIMEOUT = httpx.Timeout(12.0, connect=5.0)
WHOLE = 20.0
"""Seconds for one token call in all: others wait for it, so it ends before their patience does."""


@dataclass(frozen=True)
class Grant:
    """What Klaviyo gave. `refresh_token` is None when it did not send a new one: keep the old. Seconds in `expires_in`;
    `scopes` is empty when Klaviyo did not repeat them: they are as before."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int
    scopes: tuple[str, ...]


class _Answer(msgspec.Struct):
    access_token: str
    refresh_token: str | None = None
    expires_in: int | float | str | None = None
    scope: str | None = None


class _Refusal(msgspec.Struct):
    error: str = ""


class Oauth:
    """One registered app. `api_url` is an origin; `authorize_url` the whole address of the consent page."""

    def __init__(
        self, client_id: str, client_secret: str, api_url: str = API_URL, authorize_url: str = AUTHORIZE_URL
    ) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._api_url = api_url.rstrip("/")
        self._consent_url = authorize_url

    def authorize_url(self, state: str, challenge: str, redirect_uri: str, scopes: Collection[str]) -> str:
        """Where to send the person's browser. `challenge` is the S256 hash of the verifier given to `exchange`."""
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(scopes),
            "state": state,
            "code_challenge_method": "S256",
            "code_challenge": challenge,
        }
        joint = "&" if "?" in self._consent_url else "?"
        return f"{self._consent_url}{joint}{urlencode(query, quote_via=quote)}"

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> Grant:
        """Turn the code of the redirect into tokens. Raises InvalidGrant for a code that is spent, old or not ours."""
        return self._grant(
            {
                "grant_type": "authorization_code",
                "code": code,
                "code_verifier": verifier,
                "redirect_uri": redirect_uri,
            }
        )

    def refresh(self, refresh_token: str) -> Grant:
        """New tokens. Raises InvalidGrant when a person must connect again; TryLater and UpstreamBroken change nothing
        about the token, which is to be tried again. Callers see to it that one refresh runs at a time."""
        return self._grant({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def revoke(self, token: str) -> None:
        """End the grant at Klaviyo. A token that it no longer knows is a grant that has ended."""
        status, headers, body = self._post("/oauth/revoke", {"token": token, "token_type_hint": "refresh_token"})
        if status >= 300 and _error(body) not in ("invalid_token", "invalid_grant"):
            raise _refused(status, headers, body)

    def _grant(self, form: Mapping[str, str]) -> Grant:
        status, headers, body = self._post("/oauth/token", form)
        if status != 200:
            raise _refused(status, headers, body)
        try:
            answer = msgspec.json.decode(body, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise UpstreamBroken("Klaviyo's token answer cannot be read.") from None
        return Grant(
            access_token=answer.access_token,
            refresh_token=answer.refresh_token or None,
            expires_in=_seconds(answer.expires_in),
            scopes=tuple((answer.scope or "").split()),
        )

    def _post(self, path: str, form: Mapping[str, str]) -> tuple[int, httpx.Headers, bytes]:
        """Sent once: a refresh may rotate the token, and the next try is the caller's to time."""
        request = pool().build_request("POST", self._api_url + path, data=dict(form), timeout=TIMEOUT)
        try:
            return read(request, auth=httpx.BasicAuth(self._client_id, self._client_secret), whole=WHOLE)
        except httpx.HTTPError:
            raise UpstreamBroken("Klaviyo's token address did not answer.") from None


def _refused(status: int, headers: httpx.Headers, body: bytes) -> Exception:
    if status == 429 or status == 503:
        return TryLater(retry_after(headers) or 30.0)
    code = _error(body)
    if status >= 500 or not code:
        return UpstreamBroken(f"Klaviyo's token address answered {status}.")
    if code == "invalid_grant":
        return InvalidGrant()
    return BadRequest(status, "a token", (Problem(code=code, title="OAuth error", where="token"),))


def _error(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Refusal).error[:60]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _seconds(said: int | float | str | None) -> int:
    """The token's life; an hour, which is Klaviyo's habit, when it does not say."""
    try:
        return max(0, int(float(said))) if said is not None else 3600
    except ValueError:
        return 3600
