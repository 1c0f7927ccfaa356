"""The page of a campaign, flow, list, segment or metric."""

import logging
import time
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.caller import Caller
from connector.insights.documents import Figures, details_of, figures_of
from connector.insights.question import CALL_SECONDS, Question
from connector.pages.installs import visible_install
from connector.pages.member import MemberRequest, member_page
from connector.privacy.traces import trace_of
from connector.records.links import klaviyo_url
from connector.records.models import Record

logger = logging.getLogger(__name__)


@require_GET
@member_page
def record_page(request: MemberRequest, id: UUID, kind: str, key: str) -> HttpResponse:
    """A campaign, flow, list, segment or metric: where the links of search and fetch lead."""
    install = visible_install(request, id)
    records = Record.objects.filter(install=install, kind=kind).select_related("install")
    record = get_object_or_404(records, klaviyo_id=key)
    page = {
        "install": install,
        "record": record,
        "details": details_of(record),
        "figures": _figures(request.caller, record),
        "klaviyo_url": klaviyo_url(record.kind, record.klaviyo_id),
    }
    return render(request, "installs/record.html", page)


def _figures(caller: Caller, record: Record) -> Figures | None:
    """None where they cannot be counted: the page is about the object."""
    question = Question(caller, {}, timezone.now(), time.monotonic() + CALL_SECONDS)
    try:
        return figures_of(question, record)
    except Exception as error:  # noqa: BLE001  (a fault in the count must not take the page away)
        logger.error("the figures of a record could not be counted: %s", trace_of(error))
        return None
