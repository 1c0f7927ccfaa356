"""What every page of a member stands on: signed in, in an organization, and a plain answer when the role is not enough."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils.cache import add_never_cache_headers
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from accounts.caller import Caller
from accounts.middleware import page_caller
from accounts.models import Membership, User
from accounts.permissions import Refused

Rest = ParamSpec("Rest")


class MemberRequest(HttpRequest):
    """A request that `member_page` let through."""

    caller: Caller
    user: User
    htmx: HtmxDetails


Page = Callable[Concatenate[MemberRequest, Rest], HttpResponseBase]


def member_page(view: Page[Rest]) -> Callable[Concatenate[Any, Rest], HttpResponseBase]:
    """Signed out: to the sign-in page and back. Member of nothing, or role not enough: a page that says what to do."""

    @wraps(view)
    def page(request: Any, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return to_sign_in(request)
        if not request.caller:
            return render(request, "accounts/no_organization.html", status=403)
        try:
            response = view(request, *args, **kwargs)
        except Refused as refused:
            return refused_page(request, refused)
        add_never_cache_headers(response)
        return response

    return page


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page, which leads back here. A fragment's request moves the whole page there."""
    sign_in = resolve_url(settings.LOGIN_URL)
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(sign_in)
    return redirect(f"{sign_in}?{urlencode({'next': request.get_full_path()})}")


def refused_page(request: HttpRequest, refused: Refused) -> HttpResponse:
    return render(request, "403.html", {"text": str(refused)}, status=403)


def enter(request: MemberRequest, organization_id: UUID) -> Caller:
    """The caller for an object that this organization owns: its page opens there if the person is a member, else 404.

    The organization chosen in the session stays; the page's frame says which one is shown (frame.py).
    """
    if request.caller.organization.pk == organization_id:
        return request.caller
    memberships = Membership.objects.select_related("user", "organization")
    membership = memberships.filter(user=request.user.pk, organization_id=organization_id).first()
    caller = page_caller(request, membership) if membership else None
    if caller is None:
        raise Http404
    request.caller = caller
    return caller
