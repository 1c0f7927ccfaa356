"""What an answer of Klaviyo means: its body, a trouble worth another try, or an error of the family in errors.py."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec

from connector.klaviyo.calls import Call
from connector.klaviyo.errors import (
    BadRequest,
    Conflict,
    KlaviyoError,
    NotFound,
    Problem,
    Reconnect,
    ScopeMissing,
    TryLater,
    Unconfirmed,
    UpgradePlan,
    UpstreamBroken,
)
from connector.klaviyo.json_repair import mended
from connector.klaviyo.wire import retry_after

Json = dict[str, Any]
T = TypeVar("T")

SCOPE = re.compile(r"\b[a-z][a-z-]+:(?:read|write)\b")
PLAN = re.compile(r"\b(upgrade|plan|billing|add-on|subscription|not enabled|feature)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Trouble:
    """Something another try may mend. `error` is raised when it does not; `pause` None means: back off."""

    error: KlaviyoError
    pause: float | None = None
    stale: bool = False
    moved: Call | None = None


class Page(msgspec.Struct, frozen=True):
    """One page: resource objects, those included (once each), and the address of the next page or None."""

    data: list[Json]
    included: list[Json]
    next: str | None

    @property
    def first(self) -> str | None:
        return self.data[0].get("id") if self.data else None


class _Links(msgspec.Struct):
    next: str | None = None


class _Page(msgspec.Struct):
    data: list[Json]
    included: list[Json] | None = None
    links: _Links | None = None


class _Document(msgspec.Struct):
    """`meta` is left out: it holds hints addressed to AI agents, which are nobody's business here."""

    data: Json | list[Json] | None
    included: list[Json] | None = None
    links: Json | None = None


class _Error(msgspec.Struct):
    code: str = ""
    title: str = ""
    detail: str | None = ""
    source: dict[str, Any] | None = None


class _Errors(msgspec.Struct):
    errors: list[_Error]


def page(body: bytes) -> Page:
    read = msgspec.json.decode(body, type=_Page)
    return Page(read.data, read.included or [], read.links.next if read.links else None)


def document(body: bytes) -> Json:
    """`{"data": ..., "included": [...], "links": {...}}`; empty for a 204."""
    if not body:
        return {}
    read = msgspec.json.decode(body, type=_Document)
    return {"data": read.data, "included": read.included or [], "links": read.links or {}}


def judge(call: Call, status: int, headers: httpx.Headers, body: bytes, parse: Callable[[bytes], T]) -> T | Trouble:
    """The parsed body of a good answer, or a Trouble; raises what no further try can mend."""
    if 200 <= status < 300:
        return _parsed(call, status, headers, body, parse)
    if status == 401 and not _is_html(headers):
        return Trouble(Reconnect(), stale=True)
    if status == 429:
        return Trouble(TryLater(retry_after(headers) or 1.0), pause=0.0)
    if 300 <= status < 400:
        return _redirected(call, status, headers)
    if status >= 500 or status in (401, 408, 425) or not _is_json(headers):
        return _failing(call, status, headers)
    raise _refusal(call, status, body)


def lost(call: Call, message: str = "Klaviyo did not answer in full.") -> Trouble:
    """The request may have arrived. A read is asked again; of a write nobody knows."""
    if not call.reads:
        raise Unconfirmed(f"Klaviyo's answer to {call.name} was lost: it may have been done.") from None
    return Trouble(UpstreamBroken(message))


def own(address: str, call: Call) -> str:
    """A link of Klaviyo's, if it stays at the origin that the token is for. Raises UpstreamBroken if not."""
    try:
        absolute = str(httpx.URL(urljoin(call.url, address)))
    except (ValueError, httpx.InvalidURL):
        raise UpstreamBroken(f"Klaviyo's link from {call.name} is no address.") from None
    there, here = urlsplit(absolute), urlsplit(call.url)
    if (there.scheme, there.netloc) != (here.scheme, here.netloc) or not there.path.startswith("/api/"):
        raise UpstreamBroken(f"Klaviyo's link from {call.name} leads elsewhere.")
    return absolute


def _parsed(call: Call, status: int, headers: httpx.Headers, body: bytes, parse: Callable[[bytes], T]) -> T | Trouble:
    if body and not _is_json(headers):
        return lost(call, f"Klaviyo answered {call.name} with {_kind(headers)} in place of JSON.")
    if not body and (call.reads or status != 204):
        return lost(call, f"Klaviyo answered {call.name} with nothing.")
    try:
        return _read(body, parse)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # The reason quotes a path into a customer's data: not said.
        return lost(call, f"Klaviyo's answer to {call.name} cannot be read.")


def _read(body: bytes, parse: Callable[[bytes], T]) -> T:
    try:
        return parse(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        whole = body if isinstance(error, msgspec.ValidationError) else mended(body)
        if whole == body:
            raise
    return parse(whole)


def _redirected(call: Call, status: int, headers: httpx.Headers) -> Trouble:
    """Older addresses end in a slash. Followed for a GET that differs by that alone, and never with a body."""
    target = own(headers.get("location", ""), call)
    there, here = urlsplit(target), urlsplit(call.url)
    if call.method != "GET" or there.path.rstrip("/") != here.path.rstrip("/") or there.path == here.path:
        raise UpstreamBroken(f"Klaviyo redirects {call.name} ({status}) to another address.")
    query = () if there.query else call.query
    return Trouble(
        UpstreamBroken(f"Klaviyo redirects {call.name} in a circle."),
        0.0,
        False,
        replace(call, url=target, query=query),
    )


def _failing(call: Call, status: int, headers: httpx.Headers) -> Trouble:
    """5xx, or a page of HTML: a proxy or a bot check spoke, not Klaviyo's API. Never a reason to reconnect."""
    if not call.reads and (status >= 500 or status == 408):
        raise Unconfirmed(f"Klaviyo answered {call.name} with {status}: it may have been done.")
    wait = retry_after(headers)
    if wait is not None and status == 503:
        return Trouble(TryLater(wait), pause=wait)
    return Trouble(UpstreamBroken(f"Klaviyo answered {call.name} with {status} and {_kind(headers)}."))


def _refusal(call: Call, status: int, body: bytes) -> KlaviyoError:
    problems = _problems(body)
    if status == 402:
        return UpgradePlan()
    if status == 403:
        return _forbidden(call, problems)
    if status == 404:
        return NotFound(call.name)
    return (Conflict if status == 409 else BadRequest)(status, call.name, problems)


def _forbidden(call: Call, problems: tuple[Problem, ...]) -> KlaviyoError:
    """A missing scope, or a plan without the feature. Klaviyo names scopes in words; the operation's own is the guess."""
    said = " ".join(f"{one.code} {one.title} {one.detail}" for one in problems)
    named = SCOPE.search(said)
    if named is None and PLAN.search(said):
        return UpgradePlan()
    return ScopeMissing(named.group() if named else call.scopes[0])


def _problems(body: bytes) -> tuple[Problem, ...]:
    try:
        errors = msgspec.json.decode(body, type=_Errors).errors
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ()
    return tuple(
        Problem(one.code[:80], one.title[:120], _where(one.source)[:120], (one.detail or "")[:500])
        for one in errors[:20]
    )


def _where(source: dict[str, Any] | None) -> str:
    named = source or {}
    return str(named.get("pointer") or named.get("parameter") or "the request")


def _is_json(headers: httpx.Headers) -> bool:
    return "json" in headers.get("content-type", "").lower()


def _is_html(headers: httpx.Headers) -> bool:
    """A proxy or a bot check speaks, not Klaviyo."""
    return "html" in headers.get("content-type", "").lower()


def _kind(headers: httpx.Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip()[:60] or "no content type"
