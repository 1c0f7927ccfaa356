"""What every page's frame shows: organization, other organizations, the way around, what the role may do."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from accounts.caller import Caller
from accounts.middleware import SESSION_KEY
from accounts.models import Membership
from accounts.roles import ROLES, Ability

NAVIGATION = (
    # title, address, icon, ability that shows it
    ("Home", "home", "house", None),
    ("Accounts", "installs", "store", None),
    ("Receipts", "receipts", "receipt-text", None),
    ("Assistants", "assistants", "bot", None),
    ("API keys", "keys", "key-round", Ability.KEYS),
    ("Audit", "audit", "scroll-text", Ability.SEE_AUDIT),
)


@dataclass(frozen=True)
class Link:
    """One entry of the navigation."""

    title: str
    address: str
    icon: str
    is_current: bool


def navigation(request: HttpRequest) -> dict[str, Any]:
    """`caller`, `may` (ability names of the role), `links`, `memberships`, `is_away` (shown: not the chosen one),
    `is_sandbox` (no account is one of the real Klaviyo) and `mail_is_files` (there is no mail server)."""
    # The REST framework sets no user at all on its requests (its browsable documentation renders a template).
    is_page = getattr(request, "user", None) is not None
    caller: Caller | None = (getattr(request, "caller", None) or None) if is_page else None
    return {
        "site_name": settings.SITE_NAME,
        "is_sandbox": settings.KLAVIYO_IS_SANDBOX,
        "mail_is_files": settings.MAIL_IS_FILES,
        "caller": caller,
        "may": frozenset(str(ability) for ability in ROLES.get(caller.role, ())) if caller else frozenset(),
        "links": list(links(request, caller)) if caller else [],
        "memberships": SimpleLazyObject(lambda: own_memberships(caller)),
        "is_away": SimpleLazyObject(lambda: is_away(request, caller)),
    }


def links(request: HttpRequest, caller: Caller) -> Iterator[Link]:
    for title, name, icon, ability in NAVIGATION:
        if ability is None or ability in ROLES.get(caller.role, ()):
            address = reverse(name)
            here = request.path == address or (name != "home" and request.path.startswith(address))
            yield Link(title, address, icon, here)


def own_memberships(caller: Caller | None) -> list[Membership]:
    """The person's memberships, for the switcher."""
    if caller is None:
        return []
    return list(
        Membership.objects.filter(user=caller.user).select_related("organization").order_by("organization__name")
    )


def is_away(request: HttpRequest, caller: Caller | None) -> bool:
    """The page shows an object of another organization than the one chosen."""
    if caller is None:
        return False
    chosen = request.session.get(SESSION_KEY)
    if chosen is None:
        oldest = Membership.objects.filter(user=caller.user).first()
        chosen = str(oldest.organization_id) if oldest else None
    return str(caller.organization.pk) != chosen
