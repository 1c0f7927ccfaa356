"""What can go wrong with Klaviyo, divided by what the caller does next.

    KlaviyoError
    ├── TryLater          wait `retry_after` seconds, then go on from the saved place
    ├── Reconnect         a person must grant access again
    │   └── InvalidGrant  ... because the refresh token is no longer good (uninstalled, revoked, 90 days idle)
    ├── ScopeMissing      a person must grant `scope`
    ├── UpgradePlan       the account's plan does not include this
    ├── BadRequest        our request is wrong: do not repeat it
    │   └── Conflict      ... because it exists already or is in the wrong state
    ├── NotFound          the object is gone, or never was
    └── UpstreamBroken    Klaviyo answers nonsense or not at all; tried several times already
        ├── LinkRefused   ... its own link to the next page: begin the listing again
        └── Unconfirmed   a write that may have happened: look before repeating it

Messages carry no bodies, tokens or people, so they may be logged and shown. What Klaviyo said of a refused request is in
`problems`; its `detail` may quote a customer's data and belongs on that customer's pages alone.
"""

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class Problem:
    """One entry of Klaviyo's `errors` list. `where` is a JSON pointer or the name of a parameter."""

    code: str
    title: str
    where: str
    detail: str = field(repr=False, default="")


class KlaviyoError(Exception):
    """Anything that kept Klaviyo from doing what was asked. The message is one sentence fit for logs and pages."""


class TryLater(KlaviyoError):
    """A limit or an overloaded server: nothing is wrong that `retry_after` seconds do not mend."""

    def __init__(self, retry_after: float, message: str = "") -> None:
        super().__init__(message or f"Klaviyo asks to wait {retry_after:.0f} s.")
        self.retry_after = retry_after


class Reconnect(KlaviyoError):
    """Klaviyo no longer accepts this connection's tokens."""

    def __init__(self, message: str = "Klaviyo no longer accepts this connection.") -> None:
        super().__init__(message)


class InvalidGrant(Reconnect):
    """The refresh token (or the authorization code) is spent, revoked or unknown."""

    def __init__(self, message: str = "Klaviyo no longer accepts this grant.") -> None:
        super().__init__(message)


class ScopeMissing(KlaviyoError):
    """The connection works, but was not granted `scope`."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"The connection lacks the scope {scope}.")
        self.scope = scope


class UpgradePlan(KlaviyoError):
    """The scope is there, but the account's plan or an add-on is not."""

    def __init__(self, message: str = "The account's Klaviyo plan does not include this.") -> None:
        super().__init__(message)


class BadRequest(KlaviyoError):
    """Klaviyo refused the request as wrong. `problems` tells where."""

    def __init__(self, status: int, operation: str, problems: tuple[Problem, ...] = ()) -> None:
        said = "; ".join(f"{one.title} ({one.code}) at {one.where}" for one in problems) or "no reason given"
        super().__init__(f"Klaviyo refused {operation} with {status}: {said}")
        self.status = status
        self.problems = problems


class Conflict(BadRequest):
    """409: it exists already, or is not in a state that allows this."""


class NotFound(KlaviyoError):
    """The object does not exist in this account."""

    def __init__(self, operation: str) -> None:
        super().__init__(f"Klaviyo has no such object for {operation}.")


class UpstreamBroken(KlaviyoError):
    """Klaviyo answered nonsense, or not at all, as often as it was reasonable to ask. `retry_after` is in seconds."""

    def __init__(self, message: str, retry_after: float = 60.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LinkRefused(UpstreamBroken):
    """Klaviyo no longer knows its own link to a next page: begin the listing again."""


class Unconfirmed(UpstreamBroken):
    """A write was sent and its answer was lost: it may have happened. Look for its result before doing it again."""


WITHHELD: Final = (ScopeMissing, UpgradePlan, NotFound)
"""Klaviyo will not give it, now or at another try, and everything else goes on working."""
