"""The page of a campaign, flow, list, segment or metric."""

import time
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from connector.insights.documents import facts_of, figures_of
from connector.insights.question import CALL_SECONDS, Question
from connector.pages.installs import visible_install
from connector.pages.member import MemberRequest, member_page
from connector.records.links import klaviyo_url
from connector.records.models import Record


@require_GET
@member_page
def record_page(request: MemberRequest, id: UUID, kind: str, key: str) -> HttpResponse:
    """A campaign, flow, list, segment or metric: where the links of search and fetch lead."""
    install = visible_install(request, id)
    records = Record.objects.filter(install=install, kind=kind).select_related("install")
    record = get_object_or_404(records, klaviyo_id=key)
    question = Question(request.caller, {}, timezone.now(), time.monotonic() + CALL_SECONDS)
    page = {
        "install": install,
        "record": record,
        "facts": facts_of(record),
        "figures": figures_of(question, record),
        "klaviyo_url": klaviyo_url(record.kind, record.klaviyo_id),
    }
    return render(request, "installs/record.html", page)
