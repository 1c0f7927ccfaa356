"""The organization's audit: newest first, by category and by words."""

from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render

from accounts.audit_events import visible_events
from accounts.permissions import check
from accounts.roles import Ability
from audit.models import AuditEvent
from connector.pages.audit_presenters import category_choices, lines
from connector.pages.member import MemberRequest, member_page

PAGE = 50
SEARCHED = ("actor_label", "account_label", "subject_label", "subject_id", "assistant", "operation")


@member_page
def audit(request: MemberRequest) -> HttpResponse:
    check(request.caller, Ability.SEE_AUDIT)
    category, text, before = (request.GET.get(name, "").strip() for name in ("category", "q", "before"))
    events = filtered(visible_events(request.caller), category, text)
    before_id = as_uuid(before)
    if before_id:
        events = events.filter(pk__lt=before_id)
    found = list(events.order_by("-id")[: PAGE + 1])
    page = {
        "lines": lines(found[:PAGE]),
        "older": address(category, text, before=str(found[PAGE - 1].pk)) if len(found) > PAGE else "",
        "newest": address(category, text) if before_id else "",
        "categories": category_choices(),
        "category": category,
        "text": text,
    }
    return render(request, "audit/list.html", page)


def filtered(events: QuerySet[AuditEvent], category: str, text: str) -> QuerySet[AuditEvent]:
    if category:
        events = events.filter(category=category)
    for word in text.split()[:5]:
        matches = Q()
        for column in SEARCHED:
            matches |= Q(**{f"{column}__icontains": word})
        events = events.filter(matches)
    return events


def address(category: str, text: str, **page: str) -> str:
    """This page with the same filter, at another place of the list."""
    asked = {"q": text, "category": category, **page}
    return "?" + urlencode({name: value for name, value in asked.items() if value})


def as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
