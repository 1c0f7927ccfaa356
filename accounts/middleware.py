"""Put the caller on every request of a signed-in member: who, in which organization, with which role."""

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from accounts.caller import Caller, member_caller
from accounts.limits import ip_of
from accounts.models import Membership, User

SESSION_KEY = "organization"


class OrganizationMiddleware:
    """`request.caller` is a Caller, or None when signed out or a member of nothing. Looked up once, when first read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.caller = SimpleLazyObject(lambda: page_caller(request))  # type: ignore[attr-defined]  # ours
        return self.get_response(request)


def page_caller(request: HttpRequest, membership: Membership | None = None) -> Caller | None:
    """The caller of a page, in the session's organization or through the membership given."""
    if not request.user.is_authenticated:
        return None
    membership = membership or chosen_membership(request)
    if membership is None:
        return None
    return member_caller(
        membership,
        via="page",
        ip=ip_of(request.META.get("REMOTE_ADDR")),
        request_id=request.headers.get("X-Request-ID", "")[:64],
    )


def chosen_membership(request: HttpRequest) -> Membership | None:
    """The membership of the organization in the session, else the oldest one."""
    memberships = Membership.objects.filter(user=cast(User, request.user)).select_related("user", "organization")
    chosen = request.session.get(SESSION_KEY)
    return (memberships.filter(organization_id=chosen).first() if chosen else None) or memberships.first()
