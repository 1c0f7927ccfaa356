"""A client for one Klaviyo account: reads with paging, retries, limits and renewal of the token.

    klaviyo = Klaviyo("Xy1Z2a", tokens, limiter)
    klaviyo.get("accounts")["data"]
    for page in klaviyo.pages("lists", include=("tags",)): ...
    for page in klaviyo.event_pages(since=monday, until=now): ...

Reads are repeated through trouble with backoff and jitter. Writes (writes.py) are sent again only when Klaviyo cannot
have done them. Each public method raises the family of errors.py; a resource, an include or a sort that no row knows
is a mistake in the code, and a KeyError or ValueError.
"""

import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal, Protocol, TypeVar

import httpx
import msgspec

from connector.klaviyo import filters, responses
from connector.klaviyo.calls import Call, Fields, Selection, operation_call, read_call, row_of
from connector.klaviyo.errors import BadRequest, LinkRefused, Problem, TryLater, UpstreamBroken
from connector.klaviyo.events import EventPage
from connector.klaviyo.events import decode as decode_events
from connector.klaviyo.filters import Filter
from connector.klaviyo.limits import Limiter, OnWait, Permit
from connector.klaviyo.profiles import PROFILE_FIELDS, ProfilePage
from connector.klaviyo.profiles import decode as decode_profiles
from connector.klaviyo.resources import OPERATIONS, RESOURCES, REVISION, Resource
from connector.klaviyo.responses import Json, Page, Trouble
from connector.klaviyo.wire import API_URL, pool, read, retry_after

TRIES = 6
LONGEST_PAUSE = 4.0
LONGEST = 150.0
"""Seconds after which a request is not tried again, however few its tries: two that hung to their time-out, and more."""
REPEATS = 3
"""Pages in a row that may begin as the one before them: one may have come twice, but a listing must go on."""
MEDIA = "application/vnd.api+json"


class TokenSource(Protocol):
    """Where access tokens come from. `renew` is told which token was refused, and renews once for all who ask about
    the same one; it raises Reconnect when a person must connect again."""

    def access(self) -> str: ...

    def renew(self, stale: str) -> str: ...


class Paged(Protocol):
    """A page: the address of the next one or None, and the id it begins with."""

    @property
    def next(self) -> str | None: ...

    @property
    def first(self) -> str | None: ...


T = TypeVar("T")
P = TypeVar("P", bound=Paged)


class Klaviyo:
    """One account at Klaviyo. Cheap to make; safe for threads when its TokenSource is.

    `max_wait` bounds the seconds slept within one request, for limits and between tries: a longer wait raises TryLater,
    so that a task can save its place. `on_wait` is told of each wait for a limit: seconds and bucket.
    """

    def __init__(
        self,
        account: str,
        tokens: TokenSource,
        limiter: Limiter,
        api_url: str = API_URL,
        revision: str = REVISION,
        max_wait: float = 15.0,
        on_wait: OnWait | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.account = account
        self._tokens = tokens
        self._limiter = limiter
        self._origin = str(httpx.URL(api_url)).rstrip("/")  # in the spelling that links are compared in
        self._revision = revision
        self._max_wait = max_wait
        self._on_wait = on_wait
        self._sleep = sleep
        self._chance = chance

    def get(
        self,
        resource: str | Resource,
        id: str | None = None,
        *,
        include: Collection[str] = (),
        fields: Fields | None = None,
        additional: Collection[str] = (),
        filter: Filter | None = None,
        sort: str | None = None,
    ) -> Json:
        """One document as Klaviyo answers it: `{"data": object or list, "included": [...], "links": {...}}`.

        `get("campaigns", id)` reads one campaign. Raises NotFound when there is no such object.
        """
        row = row_of(resource, id)
        selection = Selection(include, fields, additional, filter, sort)
        return self.send(read_call(self._origin, row, id, selection, None, many=False), responses.document)

    def pages(
        self,
        resource: str | Resource,
        *,
        id: str | None = None,
        filter: Filter | None = None,
        sort: str | None = None,
        fields: Fields | None = None,
        include: Collection[str] = (),
        additional: Collection[str] = (),
        size: int | None = None,
        after: str | None = None,
    ) -> Iterator[Page]:
        """Every page of a resource, the largest pages by default. `additional` names fields of the resource's type.

        `after`: the `next` of a page read before, to go on from there. Raises LinkRefused when that is too long ago.
        """
        row = RESOURCES[resource] if isinstance(resource, str) else resource
        return self._paged(row, id, Selection(include, fields, additional, filter, sort), responses.page, size, after)

    def event_pages(
        self,
        *,
        since: datetime,
        until: datetime,
        descending: bool = True,
        properties: Collection[str] = (),
        include: Collection[str] = ("attributions",),
    ) -> Iterator[EventPage]:
        """Events with since <= time < until, of all metrics, with Klaviyo's attributions. `properties` names custom
        properties to keep besides the columns of events.py; include "metric" where metrics cannot be listed."""
        row = RESOURCES["events"]
        span = filters.all_of(filters.at_least("datetime", since), filters.before("datetime", until))
        fields: dict[str, Collection[str]] = {"event": row.fields}
        if "metric" in include:
            fields["metric"] = ("name", "integration")
        selection = Selection(include, fields, (), span, "-datetime" if descending else "datetime")
        return self._paged(row, None, selection, partial(decode_events, properties=properties))

    def profile_pages(
        self, *, updated_after: datetime | None = None, properties: Collection[str] = ()
    ) -> Iterator[ProfilePage]:
        """Profiles with their consent, by time of update. Those updated at or after `updated_after`, if given: Klaviyo
        only knows "later than", so a second is read again. A moment in the future counts as now."""
        span = None
        if updated_after is not None:
            cursor = filters.no_later_than_now(updated_after, datetime.now(UTC))
            span = filters.after("updated", cursor - timedelta(seconds=1))
        fields = {"profile": (*PROFILE_FIELDS, "properties") if properties else PROFILE_FIELDS}
        selection = Selection((), fields, ("subscriptions",), span, "updated")
        return self._paged(RESOURCES["profiles"], None, selection, partial(decode_profiles, properties=properties))

    def member_pages(
        self, kind: Literal["list", "segment"], id: str, after: str | None = None
    ) -> Iterator[tuple[list[str], str | None]]:
        """Ids of the profiles on a list or in a segment, and the address of the next page; `after` as for pages()."""
        for page in self.pages(f"{kind}-profile-ids", id=id, after=after):
            yield [one["id"] for one in page.data], page.next

    def ask(
        self,
        operation: str,
        body: Mapping[str, Any],
        query: Mapping[str, str] | None = None,
        parse: Callable[[bytes], Any] = responses.document,
    ) -> Any:
        """A question that is a POST: reports, metric aggregates, rendering. Repeated through trouble like a read."""
        return self.send(operation_call(self._origin, OPERATIONS[operation], None, body, query), parse)

    def write(
        self,
        operation: str,
        id: str | None = None,
        body: Mapping[str, Any] | None = None,
        files: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Json:
        """A change, sent once. Raises Unconfirmed when it may have happened: look for its result before repeating it."""
        call = operation_call(self._origin, OPERATIONS[operation], id, body, None, files, form)
        return self.send(call, responses.document)

    def send(self, call: Call, parse: Callable[[bytes], T]) -> T:
        """One call through limits, renewal and retries: its 2xx answer, parsed."""
        patience = _Patience(self._max_wait, self._sleep, self._chance)
        token, renewed = self._tokens.access(), False
        while True:
            answer = self._once(call, token, parse, self._permit(call, patience))
            if not isinstance(answer, Trouble):
                return answer
            if answer.stale and not renewed:
                token, renewed = self._tokens.renew(token), True
            else:
                patience.spend(answer)  # a token just renewed may take a moment to be known everywhere
                call = answer.moved or call

    def _paged(
        self,
        row: Resource,
        id: str | None,
        selection: Selection,
        parse: Callable[[bytes], P],
        size: int | None = None,
        after: str | None = None,
    ) -> Iterator[P]:
        """`links.next` is followed as it stands, at our own origin, until it is null; not when it goes in a circle."""
        largest = row.page_size if row.default_page_size else None
        call = read_call(
            self._origin, row, id, selection, min(size or largest, largest) if largest else None, many=True
        )
        if after is not None:
            call = replace(call, url=responses.own(after, call), query=())
        seen: set[str] = {call.url} if after is not None else set()
        first: str | None = None
        repeats = 0
        try:
            while True:
                page = self._followed(call, parse, first) if seen else self.send(call, parse)
                repeats = repeats + 1 if first is not None and page.first == first else 0
                if repeats > REPEATS:
                    raise UpstreamBroken(f"Klaviyo's pages of {row.name} do not go on.")
                yield page
                if page.next is None:
                    return
                first = page.first
                address = responses.own(page.next, call)
                if address in seen:
                    raise UpstreamBroken(f"Klaviyo's pages of {row.name} go in a circle.")
                seen.add(address)
                call = replace(call, url=address, query=())
        finally:
            self._limiter.settle(self.account)

    def _followed(self, call: Call, parse: Callable[[bytes], P], first: str | None) -> P:
        """A page that Klaviyo linked to. When it begins as the one before it, it is asked for once more: it may be that
        page again, in place of this one. A link that Klaviyo then refuses is its trouble, mended by a new start."""
        try:
            page = self.send(call, parse)
            return self.send(call, parse) if first is not None and page.first == first else page
        except BadRequest:
            raise LinkRefused(f"Klaviyo no longer knows its own link to the next page of {call.name}.") from None

    def _permit(self, call: Call, patience: "_Patience") -> Permit:
        def waits(seconds: float, bucket: str) -> None:
            patience.left -= seconds
            if self._on_wait:
                self._on_wait(seconds, bucket)

        try:
            return self._limiter.take(self.account, call.buckets, many=call.many, max_wait=patience.left, on_wait=waits)
        except TryLater:
            if patience.broken:
                raise patience.broken from None  # not our pace, but Klaviyo's trouble is what kept the answer away
            raise

    def _once(self, call: Call, token: str, parse: Callable[[bytes], T], permit: Permit) -> T | Trouble:
        headers: httpx.Headers | None = None
        try:
            status, headers, body = read(self._request(call, token))
        except UnicodeEncodeError:
            raise BadRequest(400, call.name, (Problem("invalid", "Text that is no Unicode", "the request"),)) from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            return Trouble(UpstreamBroken("Klaviyo cannot be reached."))
        except httpx.HTTPError:
            return responses.lost(call)
        finally:
            permit.answered(headers)
            if not call.many:
                permit.settle()
        if status == 429:
            permit.refused(retry_after(headers) or 1.0)
        return responses.judge(call, status, headers, body, parse)

    def _request(self, call: Call, token: str) -> httpx.Request:
        headers = {"authorization": f"Bearer {token}", "revision": self._revision, "accept": MEDIA}
        content = None
        if call.body is not None:
            headers["content-type"] = MEDIA
            content = msgspec.json.encode(call.body)
        return pool().build_request(
            call.method,
            call.url,
            params=call.query or None,
            headers=headers,
            content=content,
            files=call.files,
            data=call.form,
        )


class _Patience:
    """How long one request may still be slept on, and how often it was tried.

    Ours, not a library's: the pause is Klaviyo's Retry-After, and it shares one budget with the waits for limits.
    """

    def __init__(self, seconds: float, sleep: Callable[[float], None], chance: Callable[[], float]) -> None:
        self.left = seconds
        self.broken: UpstreamBroken | None = None
        self._tries = 0
        self._began = time.monotonic()
        self._sleep = sleep
        self._chance = chance

    def spend(self, trouble: Trouble) -> None:
        """Sleep before another try: as long as Klaviyo asks, else twice as long each time, half of it by chance."""
        self._tries += 1
        self.broken = trouble.error if isinstance(trouble.error, UpstreamBroken) else None
        if self._tries >= TRIES or time.monotonic() - self._began > LONGEST:
            raise trouble.error
        pause = trouble.pause
        if pause is None:
            pause = min(2.0 ** (self._tries - 2), LONGEST_PAUSE) * (0.5 + self._chance())
        if pause > self.left:
            raise trouble.error
        self.left -= pause
        self._sleep(pause)
