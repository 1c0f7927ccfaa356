"""Which audit events a caller may read, at every door."""

from django.db.models import Q, QuerySet

from accounts.caller import Caller
from accounts.models import Role
from audit.models import AuditEvent


def visible_events(caller: Caller) -> QuerySet[AuditEvent]:
    """Owner and admin: all of the organization, accounts that they may not see aside. Manager: what concerns the
    installs they see, and their own acts."""
    events = AuditEvent.objects.filter(organization_id=caller.organization.pk)
    of_installs = Q(install_id__isnull=False) if caller.installs is None else Q(install_id__in=caller.installs)
    own = of_installs | Q(actor_id=caller.user.pk)
    if caller.role == Role.MANAGER:
        return events.filter(own)
    return events if caller.installs is None else events.filter(own | Q(install_id=None, account_label=""))
