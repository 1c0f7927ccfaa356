"""API keys: made (shown once), listed, revoked."""

import secrets
from typing import Final
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts.actions import keys as actions
from accounts.caller import Caller
from accounts.models import ApiKey, Membership
from accounts.permissions import can, check
from accounts.roles import Ability
from accounts.tenancy import TenantQuerySet
from connector.pages.forms import KeyForm
from connector.pages.member import MemberRequest, member_page

ONCE: Final = "key_form"  # in the session: the one form that may make the next key


@member_page
def keys(request: MemberRequest) -> HttpResponse:
    """GET lists; POST makes a key and shows it in this one answer, never again; sent anew by a reload it makes none."""
    check(request.caller, Ability.KEYS)
    form = KeyForm(request.POST or None)
    secret, is_repeated = None, is_repetition(request)
    if request.method == "POST" and is_repeated:
        form = KeyForm()
    elif request.method == "POST" and form.is_valid():
        membership = Membership.objects.get(user=request.caller.user, organization=request.caller.organization)
        secret = actions.create(membership=membership, caller=request.caller, **form.cleaned_data)
        request.session.pop(ONCE, None)
        form = KeyForm()
    shown = own_or_all(request.caller).filter(revoked_at=None).select_related("membership__user")
    page = {
        "keys": shown,
        "form": form,
        "secret": secret,
        "is_repeated": is_repeated,
        "once": request.session.setdefault(ONCE, secrets.token_urlsafe(16)),
        "api_url": f"{settings.PUBLIC_URL}/api/v1/",
    }
    return render(request, "accounts/keys.html", page, status=400 if form.errors else 200)


@require_POST
@member_page
def revoke(request: MemberRequest, id: UUID) -> HttpResponse:
    key = get_object_or_404(own_or_all(request.caller), pk=id)
    actions.revoke(key=key, caller=request.caller)
    messages.success(request, f"The key “{key.name}” is revoked. Programs that use it are refused from now on.")
    return redirect("keys")


def is_repetition(request: MemberRequest) -> bool:
    """The form sent has made its key already (a browser sends it again when its answer is reloaded)."""
    sent = request.POST.get("once", "")
    return bool(sent) and sent != request.session.get(ONCE)


def own_or_all(caller: Caller) -> TenantQuerySet[ApiKey]:
    """Everyone sees their own keys; who manages members sees those of the whole organization."""
    held = ApiKey.objects.in_organization(caller.organization)
    return held if can(caller, Ability.MEMBERS) else held.filter(membership__user=caller.user)
