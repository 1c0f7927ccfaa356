"""The assistants that may ask, and how to add one."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts.caller import Caller
from accounts.grants import revoke_connection
from accounts.models import Connection
from accounts.permissions import can
from accounts.roles import Ability
from accounts.tenancy import TenantQuerySet
from connector.pages.member import MemberRequest, member_page


@member_page
def assistants(request: MemberRequest) -> HttpResponse:
    connections = own_or_all(request.caller).filter(revoked_at=None).select_related("user", "application")
    return render(
        request, "accounts/assistants.html", {"connections": connections, "mcp_url": f"{settings.PUBLIC_URL}/mcp"}
    )


@require_POST
@member_page
def revoke(request: MemberRequest, id: UUID) -> HttpResponse:
    connection = get_object_or_404(own_or_all(request.caller), pk=id)
    revoke_connection(connection=connection, by=request.caller, why="page")
    messages.success(
        request, f"{connection.application.name or 'The assistant'} can no longer ask. It ended with this click."
    )
    return redirect("assistants")


def own_or_all(caller: Caller) -> TenantQuerySet[Connection]:
    """Everyone sees their own connections; who manages members sees those of the whole organization."""
    connections = Connection.objects.in_organization(caller.organization)
    return connections if can(caller, Ability.MEMBERS) else connections.filter(user=caller.user)
