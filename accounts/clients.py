"""What an assistant's OAuth client may be: redirect URIs, registrations (RFC 7591), metadata documents, those we know."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

NAME_LENGTH: Final = 80
MOST_REDIRECTS: Final = 10
LONGEST_REDIRECT: Final = 2000
LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
PRIVATE_SCHEMES: Final = frozenset({"cursor", "vscode", "vscode-insiders"})
AUTH_METHODS: Final = ("none", "client_secret_basic", "client_secret_post")

_VISIBLE_ASCII: Final = re.compile(r"[\x21-\x7e]+")
_LOOPBACK: Final = re.compile(r"(http://(?:localhost|127\.0\.0\.1|\[::1\]))(?::\d+)?((?:[/?].*)?)")
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")


class BadRegistration(ValueError):
    """The client cannot be taken; `code` is RFC 7591's, the text is one sentence."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Registration:
    """What is kept of a registration request."""

    name: str
    redirect_uris: tuple[str, ...]
    auth_method: str


def read_registration(body: bytes) -> Registration:
    """The registration in a request's body. Unknown members and grant types are dropped. Raises BadRegistration."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRegistration("invalid_client_metadata", "The body must be JSON.") from None
    if not isinstance(asked, dict):
        raise BadRegistration("invalid_client_metadata", "The body must be a JSON object.")
    _check_flow(asked)
    return Registration(
        name=_name_in(asked),
        redirect_uris=checked_redirects(asked.get("redirect_uris")),
        auth_method=_auth_method_in(asked),
    )


def checked_redirects(uris: Any) -> tuple[str, ...]:
    """The redirect URIs, each once. Raises BadRegistration unless there are 1 to 10 good ones."""
    if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris):
        raise BadRegistration("invalid_redirect_uri", "redirect_uris must be a list of strings.")
    if not 1 <= len(uris) <= MOST_REDIRECTS:
        raise BadRegistration("invalid_redirect_uri", f"Give 1 to {MOST_REDIRECTS} redirect_uris, not {len(uris)}.")
    for position, uri in enumerate(uris):
        if problem := redirect_problem(uri):
            raise BadRegistration("invalid_redirect_uri", f"redirect_uris[{position}] {problem}.")
    return tuple(dict.fromkeys(uris))


def redirect_problem(uri: str) -> str | None:
    """Why this cannot be a redirect URI, as the end of a sentence; None if it can."""
    if len(uri) > LONGEST_REDIRECT:
        return f"is longer than {LONGEST_REDIRECT} characters"
    if not _VISIBLE_ASCII.fullmatch(uri) or "\\" in uri:
        return "has a character that does not belong in a URI"
    if "#" in uri:
        return "has a fragment"
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return "is not a URI"
    if "@" in parts.netloc:
        return "has user information"
    if port == 0 or parts.netloc.endswith(":"):
        return "has no usable port"
    return _scheme_problem(parts)


def _scheme_problem(parts: SplitResult) -> str | None:
    if parts.scheme in PRIVATE_SCHEMES:
        return None if parts.netloc or parts.path.strip("/") else "has neither host nor path"
    if parts.scheme not in ("https", "http"):
        return "must begin with https://, or with http:// on the computer itself"
    if not _HOST.fullmatch(_without_port(parts.netloc)):
        return "has no valid host"
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        return "must begin with https:// (http:// is for localhost, 127.0.0.1 and [::1] alone)"
    return None


def redirect_matches(uri: str, registered: Collection[str]) -> bool:
    """Byte equality with a registered one; for http on the computer itself the port may differ (RFC 8252, 7.3)."""
    return uri in registered or any(_same_but_for_port(uri, known) for known in registered)


def _same_but_for_port(uri: str, known: str) -> bool:
    first, second = _LOOPBACK.fullmatch(uri), _LOOPBACK.fullmatch(known)
    return bool(first and second and first.groups() == second.groups() and not redirect_problem(uri))


def _without_port(netloc: str) -> str:
    return re.sub(r":\d+$", "", netloc)


def clean_name(text: str) -> str:
    """Printable, single-spaced, cut: neither control characters nor right-to-left overrides reach a page or a log."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:NAME_LENGTH].strip()


def _name_in(asked: dict[str, Any]) -> str:
    name = asked.get("client_name", "")
    if not isinstance(name, str):
        raise BadRegistration("invalid_client_metadata", "client_name must be a string.")
    return clean_name(name)


def _auth_method_in(asked: dict[str, Any]) -> str:
    method = asked.get("token_endpoint_auth_method", "client_secret_basic")  # RFC 7591's default
    if method not in AUTH_METHODS:
        raise BadRegistration(
            "invalid_client_metadata", f"token_endpoint_auth_method must be one of {', '.join(AUTH_METHODS)}."
        )
    return method


def _check_flow(asked: dict[str, Any]) -> None:
    """VS Code asks for the device flow as well: what we do not have is dropped, what we need must be there."""
    for member, needed in (("grant_types", "authorization_code"), ("response_types", "code")):
        listed = asked.get(member, [needed])
        if not isinstance(listed, list) or needed not in listed:
            raise BadRegistration("invalid_client_metadata", f"{member} must be a list with {needed} in it.")


@dataclass(frozen=True, slots=True)
class Pin:
    """A well-known client whose metadata document we hold a copy of: used when its address cannot be read.

    A document that was read may change the redirect URIs only within `hosts`.
    """

    client_id: re.Pattern[str]
    name: str
    redirect_uris: tuple[str, ...]
    hosts: frozenset[str]


# developers.openai.com/apps-sdk/build/auth, code.claude.com/docs/en/mcp; `{0}` is the id in ChatGPT's per-connector form.
PINS: Final = (
    Pin(
        re.compile(r"https://chatgpt\.com/oauth/client\.json"),
        "ChatGPT",
        ("https://chatgpt.com/connector_platform_oauth_redirect",),
        frozenset({"chatgpt.com"}),
    ),
    Pin(
        re.compile(r"https://chatgpt\.com/oauth/([A-Za-z0-9_-]{1,100})/client\.json"),
        "ChatGPT",
        ("https://chatgpt.com/connector/oauth/{0}",),
        frozenset({"chatgpt.com"}),
    ),
    Pin(
        re.compile(r"https://claude\.ai/oauth/claude-code-client-metadata"),
        "Claude Code",
        ("http://localhost/callback", "http://127.0.0.1/callback"),
        frozenset({"localhost", "127.0.0.1"}),
    ),
)


def pin_of(client_id: str) -> Pin | None:
    return next((pin for pin in PINS if pin.client_id.fullmatch(client_id)), None)


def pinned_document(client_id: str) -> dict[str, Any] | None:
    """Our copy of a well-known client's metadata document, or None."""
    pin = pin_of(client_id)
    found = pin and pin.client_id.fullmatch(client_id)
    if not pin or not found:
        return None
    return _document(client_id, pin.name, [uri.format(*found.groups()) for uri in pin.redirect_uris])


def normal_document(client_id: str, fetched: dict[str, Any]) -> dict[str, Any]:
    """A fetched metadata document as we take it: public client, code flow, checked redirect URIs. Raises BadRegistration.

    ChatGPT lists its methods in the plural member; the singular one, where it is still sent, may say otherwise.
    """
    if fetched.get("client_id") != client_id:
        raise BadRegistration("invalid_client_metadata", "The document names another client_id than its address.")
    methods = fetched.get("token_endpoint_auth_methods_supported")
    if not isinstance(methods, list):
        methods = [fetched.get("token_endpoint_auth_method", "none")]
    if "none" not in methods or "client_secret" in fetched:
        raise BadRegistration("invalid_client_metadata", "Clients with a metadata document must be public ones.")
    _check_flow(fetched)
    uris = checked_redirects(fetched.get("redirect_uris"))
    pin = pin_of(client_id)
    if pin is None:
        return _document(client_id, _name_in(fetched), list(uris))
    kept = [uri for uri in uris if urlsplit(uri).hostname in pin.hosts]
    return _document(client_id, pin.name, kept) if kept else pinned_document(client_id) or {}


def _document(client_id: str, name: str, redirect_uris: list[str]) -> dict[str, Any]:
    return {
        "client_id": client_id,
        "client_name": name,
        "redirect_uris": redirect_uris,
        "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "none",
    }
