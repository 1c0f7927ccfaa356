"""To Klaviyo's consent page and back: connecting and reconnecting an account."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.caller import Caller
from accounts.models import Membership
from accounts.permissions import can
from accounts.roles import Ability
from connector.installs.connect import ConnectProblem, finish, start
from connector.installs.models import Install
from connector.pages.frame import own_memberships
from connector.pages.installs import begin, visible_install
from connector.pages.member import MemberRequest, enter, member_page


@member_page
def connect(request: MemberRequest) -> HttpResponse:
    """On to Klaviyo's consent page, for the organization named, the only one, or the one chosen here."""
    caller = connecting_caller(request)
    if caller is None:
        return render(request, "installs/choose_organization.html", {"choices": own_memberships(request.caller)})
    install = (
        get_object_or_404(Install.objects.visible_to(caller), pk=as_uuid(request.GET["install"]))
        if "install" in request.GET
        else None
    )
    try:
        return redirect(start(caller=caller, session_key=session_key(request), install=install))
    except ConnectProblem as problem:
        return problem_page(request, problem)


@member_page
def callback(request: MemberRequest) -> HttpResponse:
    """Klaviyo's redirect back: bind the account, or say plainly why not."""
    try:
        install, was_connected = finish(user=request.user, session_key=session_key(request), params=request.GET.dict())
    except ConnectProblem as problem:
        return problem_page(request, problem)
    begin(install, enter(request, install.organization_id))
    told = (
        "was already connected; its access is renewed. What is new since is being read now."
        if was_connected
        else "is connected. Everything is being read now; you can leave this page."
    )
    messages.success(request, f"{install.name} {told}")
    return redirect("install", id=install.pk)


def connecting_caller(request: MemberRequest) -> Caller | None:
    """Whom the account is connected for; None when the person has to choose first."""
    wanted = request.GET.get("organization", "")
    memberships = Membership.objects.filter(user=request.user)
    if wanted:
        owner = memberships.filter(organization__slug=wanted).values_list("organization_id", flat=True).first()
        if owner is None:
            raise Http404
        return enter(request, owner)
    if "install" in request.GET:
        visible_install(request, as_uuid(request.GET["install"]))
        return request.caller
    return request.caller if memberships.count() == 1 else None


def session_key(request: MemberRequest) -> str:
    """What binds an attempt to this browser; a signed-in session has a key."""
    if request.session.session_key is None:
        request.session.save()
    return str(request.session.session_key)


def as_uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def problem_page(request: MemberRequest, problem: ConnectProblem) -> HttpResponse:
    page = {"problem": problem, "may_connect": can(request.caller, Ability.CONNECT)}
    return render(request, "installs/problem.html", page, status=400)
