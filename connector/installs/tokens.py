"""The token of an install: handed out, and renewed once for however many processes see it refused."""

import time
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit.record import record
from connector.installs.models import Install
from connector.klaviyo.errors import Reconnect, TryLater
from connector.klaviyo.oauth import Grant, InvalidGrant, Oauth

CLAIM: Final = timedelta(seconds=30)  # longer than a renewal's time-outs together; a dead claimant is then overtaken
SPARE: Final = timedelta(seconds=60)  # renewed that long before its end, so that no request meets the end itself,
SPARE_PART: Final = 5  # but not before four fifths of a short life: Klaviyo allows some ten renewals a minute
POLL: Final = 0.1


class InstallTokens:
    """A TokenSource (connector/klaviyo/client.py) over the install's row."""

    def __init__(self, install_id: UUID, oauth: Oauth) -> None:
        self.install_id = install_id
        self.oauth = oauth

    def access(self) -> str:
        """A token that is not about to end. Raises Reconnect when the connection has ended."""
        install = self._load()
        if install.token_renew_at and install.token_renew_at > timezone.now():
            return install.access_token
        return self.renew(install.access_token)

    def renew(self, stale: str) -> str:
        """A token other than the stale one. Exactly one of all who ask at once calls Klaviyo; the others wait for it."""
        deadline = time.monotonic() + CLAIM.total_seconds() + 10
        while time.monotonic() < deadline:
            install = self._load()
            if install.access_token != stale:
                return install.access_token
            if self._claim(install):
                return self._call(install)
            time.sleep(POLL)
        raise TryLater(5.0)

    def _load(self) -> Install:
        install = Install.objects.get(pk=self.install_id)
        if install.status in (Install.Status.NEEDS_RECONNECT, Install.Status.DISCONNECTED) or not install.refresh_token:
            raise Reconnect("The connection to this Klaviyo account has ended.")
        return install

    def _claim(self, install: Install) -> bool:
        """Compare-and-set on the row as it was read: whoever read it before another's renewal was stored must read again."""
        now = timezone.now()
        free = Q(renewing_until=None) | Q(renewing_until__lt=now)
        unchanged = Install.objects.filter(free, pk=install.pk, token_renew_at=install.token_renew_at)
        return unchanged.update(renewing_until=now + CLAIM) == 1

    def _call(self, install: Install) -> str:
        """Ask Klaviyo outside any transaction: a call may hang, a lock must not."""
        try:
            grant = self.oauth.refresh(install.refresh_token)
        except InvalidGrant:
            needs_reconnect(
                install, "Klaviyo no longer accepts the connection: it was removed there, or unused for 90 days."
            )
            raise
        except BaseException:
            Install.objects.filter(pk=install.pk).update(renewing_until=None)
            raise
        # If we die before this line and Klaviyo rotates, the install ends at "reconnect": nothing could be saved earlier.
        store(install, grant)
        return grant.access_token


@transaction.atomic
def store(install: Install, grant: Grant) -> None:
    """Keep what Klaviyo gave; it may leave the refresh token out, then the old one stays good."""
    install.access_token = grant.access_token
    install.refresh_token = grant.refresh_token or install.refresh_token
    life = timedelta(seconds=grant.expires_in)
    install.token_renew_at = timezone.now() + life - min(SPARE, life / SPARE_PART)
    install.renewing_until = None
    changed = ["access_token", "refresh_token", "token_renew_at", "renewing_until"]
    if grant.scopes and list(grant.scopes) != install.scopes:
        install.scopes = list(grant.scopes)
        changed.append("scopes")
    install.save(update_fields=changed)
    record("install.token_renewed", via="task", **audit_columns(install))


@transaction.atomic
def needs_reconnect(install: Install, why: str) -> None:
    """Klaviyo ended the connection: said once, on the page and in the audit; data and id stay for the reconnect."""
    changed = (
        Install.objects.filter(pk=install.pk)
        .exclude(status__in=[Install.Status.NEEDS_RECONNECT, Install.Status.DISCONNECTED])
        .update(
            status=Install.Status.NEEDS_RECONNECT,
            status_reason=why,
            access_token="",
            refresh_token="",
            token_renew_at=None,
            renewing_until=None,
        )
    )
    if changed:
        record("install.needs_reconnect", via="task", **audit_columns(install), after={"reason": why})


def audit_columns(install: Install) -> dict[str, Any]:
    """The audit columns that name an install, for events without a person behind them."""
    return {"organization_id": install.organization_id, "install_id": install.pk, "account_label": str(install)}
