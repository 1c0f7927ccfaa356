"""Receipts: what was asked, newest first, and one of them told so that a person can check it, run it again, take it along."""

import json
from typing import Any

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from audit.record import record
from connector.pages.member import MemberRequest, enter, member_page
from connector.pages.receipt_changes import again
from connector.pages.receipt_exports import as_csv, as_json
from connector.pages.receipt_filters import Filter, choices
from connector.pages.receipt_presenters import question, story, summary
from connector.receipts.models import Receipt, key_of
from connector.tools.call import call
from connector.tools.catalogue import TOOLS
from connector.tools.catalogue.receipts import GET_RECEIPT
from connector.tools.group_commit import NotRecorded
from connector.tools.receipt_tools import RUNS

PAGE = 25


@member_page
def receipts(request: MemberRequest) -> HttpResponse:
    visible, chosen = Receipt.objects.visible_to(request.caller), Filter.of(request.GET)
    rows = chosen.narrowed(visible, request.caller).defer("answer", "args")
    before = key_of(request.GET.get("before", ""))
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: PAGE + 1])
    page = {
        "receipts": [summary(receipt) for receipt in found[:PAGE]],
        "older": chosen.address(before=found[PAGE - 1].public_id) if len(found) > PAGE else "",
        "newest": chosen.address() if before else "",
        "filter": chosen,
        "choices": choices(visible, request.caller, chosen),
    }
    return render(request, "receipts/list.html", page)


@member_page
def receipt_page(request: MemberRequest, public_id: str) -> HttpResponse:
    return shown(request, visible_receipt(request, public_id))


@require_POST
@member_page
def run_again(request: MemberRequest, public_id: str) -> HttpResponse:
    """On the same data, or as of now; the page with what came out. Nothing is stored but the audit's event."""
    receipt = visible_receipt(request, public_id)
    run = request.POST.get("run", "")
    if run not in RUNS:
        raise Http404
    try:
        answer: dict[str, Any] = call(request.caller, GET_RECEIPT.name, {"receipt": receipt.public_id, "run": run})
    except NotRecorded as error:
        answer = {"answer": str(error)}
    return shown(request, receipt, again=again(receipt, answer))


@require_GET
@member_page
def export_csv(request: MemberRequest, public_id: str) -> HttpResponse:
    """One table of the answer, every row of it; `table` names one of several."""
    receipt = visible_receipt(request, public_id)
    text = as_csv(receipt, request.GET.get("table", ""))
    if text is None:
        raise Http404
    return download(request, receipt, text, "csv", "text/csv; charset=utf-8")


@require_GET
@member_page
def export_json(request: MemberRequest, public_id: str) -> HttpResponse:
    receipt = visible_receipt(request, public_id)
    return download(request, receipt, as_json(receipt), "json", "application/json")


def visible_receipt(request: MemberRequest, public_id: str) -> Receipt:
    """The receipt, in whichever of the person's organizations owns it; what they may not see does not exist."""
    key = key_of(public_id)
    if key is None:
        raise Http404
    owner = get_object_or_404(Receipt.objects.only("organization_id"), pk=key).organization_id
    return get_object_or_404(Receipt.objects.visible_to(enter(request, owner)), pk=key)


def shown(request: MemberRequest, receipt: Receipt, **more: Any) -> HttpResponse:
    page = {
        "receipt": receipt,
        "story": story(receipt, request.caller),
        "raw": json.dumps(receipt.answer, indent=2, ensure_ascii=False),
        "address": request.build_absolute_uri(f"/receipts/{receipt.public_id}/"),
        "can_run": receipt.is_answered and receipt.tool in TOOLS,
        **more,
    }
    return render(request, "receipts/detail.html", page)


def download(request: MemberRequest, receipt: Receipt, text: str, ending: str, kind: str) -> HttpResponse:
    """A file leaves the product: that is audited."""
    with transaction.atomic():
        record(
            "receipt.exported",
            **request.caller.audit_columns(),
            subject_kind="receipt",
            subject_id=receipt.public_id,
            subject_label=question(receipt),
            receipt=receipt.public_id,
            after={"form": ending},
        )
    name = f"plumbline-{receipt.created_at:%Y-%m-%d}-{receipt.public_id}.{ending}"
    return HttpResponse(text, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
