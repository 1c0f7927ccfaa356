"""The way to one install's Klaviyo account: client, token and limits put together."""

from collections.abc import Callable, Collection, Iterable

from django.conf import settings

from connector.installs.limit_stores import limiter
from connector.installs.models import Install
from connector.installs.tokens import InstallTokens
from connector.klaviyo.client import Klaviyo
from connector.klaviyo.errors import TryLater
from connector.klaviyo.oauth import Oauth
from connector.klaviyo.resources import REPORT_BUCKETS, REPORTS


def oauth() -> Oauth:
    return Oauth(
        settings.KLAVIYO_CLIENT_ID,
        settings.KLAVIYO_CLIENT_SECRET,
        settings.KLAVIYO_API_URL,
        settings.KLAVIYO_AUTHORIZE_URL,
    )


def reports_left(install: Install, kinds: Collection[str] = REPORTS) -> int | None:
    """Reports the account may still run: of each kind 225 in 24 hours; of several kinds, what the scarcest has left.

    None while the ledger is away.
    """
    return reports_left_of([install], kinds).get(install.klaviyo_id)


def reports_left_of(installs: Iterable[Install], kinds: Collection[str] = REPORTS) -> dict[str, int]:
    """The same of many accounts, by Klaviyo's id, in one question. Empty while the ledger is away."""
    accounts = sorted({install.klaviyo_id for install in installs})
    keys = [(account, REPORT_BUCKETS[kind]) for account in accounts for kind in kinds]
    try:
        found = limiter().left_of_many(keys)
    except TryLater:
        return {}
    left: dict[str, int] = {}
    for (account, _), one in zip(keys, found, strict=True):
        if one.daily is not None:
            left[account] = min(one.daily, left.get(account, one.daily))
    return left


def klaviyo(
    install: Install, *, max_wait: float = 15.0, on_wait: Callable[[float, str], None] | None = None
) -> Klaviyo:
    """A client for the install's account; waits up to `max_wait` seconds for a rate limit, then raises TryLater."""
    return Klaviyo(
        account=install.klaviyo_id,
        tokens=InstallTokens(install.pk, oauth()),
        limiter=limiter(),
        api_url=settings.KLAVIYO_API_URL,
        revision=settings.KLAVIYO_REVISION,
        max_wait=max_wait,
        on_wait=on_wait,
    )
