"""Klaviyo's OAuth as an app meets it: the consent page, codes with PKCE, refresh and revoke."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import parse_qsl, unquote, urlencode

from connector.klaviyo.resources import SCOPES
from connector.sandbox.call import JSON_API, Answer
from connector.sandbox.errors import Refusal
from connector.sandbox.limits import Windows
from connector.sandbox.pages import SECURE, plain
from connector.sandbox.state import State
from connector.sandbox.world.roster import Shop

PAGE = Template(Path(__file__).with_name("authorize.html").read_text())
ROLES = ("Owner", "Admin", "Manager", "Analyst", "Campaign Coordinator", "Content Creator", "Support")
MAY_INSTALL = ("owner", "admin", "manager")
CODE_LIFE = 300
REFRESHES = (10, 10, None)


@dataclass(frozen=True)
class App:
    """The one registered app. `redirects` are matched exactly; `life` of access tokens in seconds."""

    client_id: str
    client_secret: str
    redirects: tuple[str, ...]
    life: int = 3600
    rotate: bool = False


@dataclass(frozen=True)
class Oauth:
    """`windows` limit how often an install may refresh: about ten times a minute."""

    app: App
    state: State
    shops: Mapping[str, Shop]
    windows: Windows | None = None

    def authorize(self, method: str, query: str, form: Mapping[str, str], now: float) -> Answer:
        """The consent page, and what pressing its buttons does."""
        asked = dict(parse_qsl(query))
        if asked.get("client_id") != self.app.client_id:
            return plain("This app is not known to Klaviyo.", "The client_id is not registered.")
        if asked.get("redirect_uri") not in self.app.redirects:
            return plain("This app cannot be installed.", "The redirect_uri is not registered for the app.")
        wrong = _wrong_request(asked)
        if wrong:
            return _back(asked, {"error": wrong[0], "error_description": wrong[1]})
        if method == "GET":
            return self._consent(asked, query)
        return self._decided(asked, form, now)

    def _consent(self, asked: Mapping[str, str], query: str) -> Answer:
        connected = self.state.installed()
        # First comes what the browser preselects: an account that is not connected yet.
        accounts = "".join(
            f'<option value="{escape(shop.id)}">{escape(shop.name)} ({escape(shop.id)}'
            f"{', connected' if shop.id in connected else ''})</option>"
            for shop in sorted(self.shops.values(), key=lambda shop: shop.id in connected)
        )
        roles = "".join(f'<option value="{role.lower()}">{role}</option>' for role in ROLES)
        scopes = "".join(
            f"<li><code>{escape(scope)}</code><span>{escape(SCOPES.get(scope, ''))}</span></li>"
            for scope in scopes_of(asked)
        )
        action = escape(f"/oauth/authorize?{query}", quote=True)
        body = PAGE.substitute(action=action, accounts=accounts, roles=roles, scopes=scopes)
        # The form leads back to the app: a browser follows that only where the policy names it.
        target = asked["redirect_uri"].split("/", 3)
        policy = f"{SECURE['Content-Security-Policy']}; form-action 'self' {target[0]}//{target[2]}"
        return Answer(200, body.encode(), SECURE | {"Content-Security-Policy": policy})

    def _decided(self, asked: Mapping[str, str], form: Mapping[str, str], now: float) -> Answer:
        if form.get("decision") != "allow":
            return _back(asked, {"error": "access_denied", "error_description": "The person said no."})
        if form.get("account") not in self.shops:
            return plain("Choose an account.", "The account does not exist.", status=400)
        role = form.get("role", "")
        if role not in MAY_INSTALL:
            said = "Only an owner, admin or manager of the account can install apps."
            return _back(asked, {"error": "access_denied", "error_description": said})
        scopes = " ".join(scopes_of(asked))
        code = self.state.issue_code(
            form["account"], role, scopes, asked["code_challenge"], asked["redirect_uri"], now + CODE_LIFE
        )
        return _back(asked, {"code": code})

    def token(self, headers: Mapping[str, str], form: Mapping[str, str], now: float) -> Answer:
        """Codes and refresh tokens into access tokens."""
        if not headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return _no("invalid_request", "The body must be form-encoded.")
        if not self._is_the_app(headers.get("authorization", "")):
            return _no("invalid_client", "The client id or secret is wrong.", 401)
        if form.get("grant_type") == "authorization_code":
            return self._exchanged(form, now)
        if form.get("grant_type") == "refresh_token":
            try:
                return self._refreshed(form, now)
            except Refusal as refusal:
                return Answer(refusal.status, refusal.body(), {"Content-Type": JSON_API} | refusal.headers)
        return _no("unsupported_grant_type", "authorization_code or refresh_token.")

    def _exchanged(self, form: Mapping[str, str], now: float) -> Answer:
        held = self.state.take_code(form.get("code", ""), now)
        if held is None or held["redirect"] != form.get("redirect_uri"):
            return _no("invalid_grant", "The code is unknown, old or already used.")
        if challenge_of(form.get("code_verifier", "")) != held["challenge"]:
            return _no("invalid_grant", "The code verifier does not fit.")
        install, refresh = self.state.install(held["account"], held["role"], held["scopes"], now)
        return self._granted(install, held["scopes"], refresh, now)

    def _refreshed(self, form: Mapping[str, str], now: float) -> Answer:
        held = self.state.by_refresh(form.get("refresh_token", ""))
        if held is None:
            return _no("invalid_grant", "The refresh token is no longer good.")
        if self.windows:
            self.windows.take(str(held.id), "refresh", REFRESHES, now)
        refresh = self.state.rotate(held.id) if self.app.rotate else form["refresh_token"]
        return self._granted(held.id, " ".join(sorted(held.scopes)), refresh, now)

    def _granted(self, install: int, scopes: str, refresh: str, now: float) -> Answer:
        access = self.state.issue_token(install, now + self.app.life)
        said = {"access_token": access, "token_type": "bearer", "expires_in": self.app.life, "scope": scopes}
        return _json(said | {"refresh_token": refresh})

    def revoke(self, headers: Mapping[str, str], form: Mapping[str, str]) -> Answer:
        if not self._is_the_app(headers.get("authorization", "")):
            return _no("invalid_client", "The client id or secret is wrong.", 401)
        self.state.revoke(form.get("token", ""))
        return _json({})

    def _is_the_app(self, header: str) -> bool:
        try:
            said = base64.b64decode(header.removeprefix("Basic "), validate=True).decode()
        except ValueError:
            return False
        id, _, secret = said.partition(":")
        # Both are form-encoded inside Basic (RFC 6749, 2.3.1).
        held = (self.app.client_id, self.app.client_secret)
        return header.startswith("Basic ") and held in ((id, secret), (unquote(id), unquote(secret)))


def scopes_of(asked: Mapping[str, str]) -> list[str]:
    """What was asked for, with accounts:read, which every app gets."""
    return list(dict.fromkeys(["accounts:read", *asked.get("scope", "").split()]))


def _wrong_request(asked: Mapping[str, str]) -> tuple[str, str] | None:
    if asked.get("response_type") != "code":
        return "unsupported_response_type", "response_type must be code."
    if asked.get("code_challenge_method") != "S256" or len(asked.get("code_challenge", "")) != 43:
        return "invalid_request", "PKCE with S256 is required."
    unknown = [scope for scope in asked.get("scope", "").split() if scope not in SCOPES]
    if unknown or not asked.get("scope"):
        return "invalid_scope", f"Unknown scopes: {' '.join(unknown) or 'none asked for'}."
    return None


def challenge_of(verifier: str) -> str:
    """PKCE's S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _back(asked: Mapping[str, str], said: Mapping[str, str]) -> Answer:
    query = urlencode(dict(said) | ({"state": asked["state"]} if "state" in asked else {}))
    joint = "&" if "?" in asked["redirect_uri"] else "?"
    return Answer(302, b"", {"Location": f"{asked['redirect_uri']}{joint}{query}", "Cache-Control": "no-store"})


def _json(said: Mapping[str, object], status: int = 200) -> Answer:
    return Answer(status, json.dumps(said).encode(), {"Content-Type": "application/json", "Cache-Control": "no-store"})


def _no(error: str, description: str, status: int = 400) -> Answer:
    return _json({"error": error, "error_description": description}, status)
