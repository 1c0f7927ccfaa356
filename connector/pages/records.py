"""The page of a campaign, flow, list, segment or metric."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from connector.insights import search
from connector.lake.errors import LakeError
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
    try:
        figures = search.figures_of(record, timezone.now())
    except LakeError:
        figures = None
    page = {
        "install": install,
        "record": record,
        "facts": search.facts_of(record),
        "figures": figures.rows() if figures else [],
        "klaviyo_url": klaviyo_url(record.kind, record.klaviyo_id),
    }
    return render(request, "installs/record.html", page)
