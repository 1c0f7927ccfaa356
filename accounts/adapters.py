"""Where allauth asks us: sign-in, sign-up and mail follow the product's rules."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from accounts.limits import ip_of
from accounts.models import Membership, User, normal_email
from audit.models import AuditEvent
from audit.record import record


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves: an owner or admin brings people in. Every sign-in, good or bad, is audited."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def clean_email(self, email: str) -> str:
        return normal_email(super().clean_email(email))

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        record_for("member.signed_in", request, user)
        return super().post_login(request, user, **kwargs)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Told of known people only: a stranger's guess at an address must not end up in anyone's log."""
        user = User.objects.filter(email=normal_email(str(credentials.get("email") or ""))).first()
        if user is not None:
            record_for("member.sign_in_failed", request, user, outcome=AuditEvent.Outcome.REFUSED)
        super().authentication_failed(request, **credentials)

    def logout(self, request: HttpRequest) -> None:
        if isinstance(request.user, User):
            record_for("member.signed_out", request, request.user)
        super().logout(request)


@transaction.atomic
def record_for(operation: str, request: HttpRequest, user: User, **facts: Any) -> None:
    """An audit event in each organization of the person: whoever answers for one of them sees who came in."""
    for membership in Membership.objects.filter(user=user).select_related("organization"):
        record(
            operation,
            via="page",
            actor_id=user.pk,
            actor_label=user.email,
            role=membership.role,
            organization_id=membership.organization_id,
            organization_label=membership.organization.name,
            ip=ip_of(request.META.get("REMOTE_ADDR")),
            **facts,
        )
