"""The way to one install's Klaviyo account: client, token and limits put together."""

from collections.abc import Callable, Collection

from django.conf import settings

from connector.installs.limits import limiter
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
    try:
        left = [limiter().left(install.klaviyo_id, REPORT_BUCKETS[kind]).daily for kind in kinds]
    except TryLater:
        return None
    return min((number for number in left if number is not None), default=None)


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
