"""Choosing the organization that pages show."""

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.middleware import SESSION_KEY, page_caller
from audit.record import record
from connector.pages.forms import SwitchForm
from connector.pages.frame import own_memberships
from connector.pages.member import MemberRequest, member_page


@require_POST
@member_page
def switch(request: MemberRequest) -> HttpResponse:
    """Show another of one's organizations from now on; any other does not exist."""
    memberships = own_memberships(request.caller)
    form = SwitchForm(request.POST, memberships=memberships)
    if not form.is_valid():
        raise Http404
    organization = form.cleaned_data["organization"]
    request.session[SESSION_KEY] = str(organization.pk)
    caller = page_caller(request)
    if caller:
        with transaction.atomic():
            record("organization.switched", **caller.audit_columns())
    return redirect(safe_next(request) or "home")


def safe_next(request: MemberRequest) -> str | None:
    """The page to go on to, when it is one of ours."""
    wanted = request.POST.get("next", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}) else None
