"""Receipts: what was answered, newest first, and one of them told so that a person can check it."""

import json

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render

from connector.pages.member import MemberRequest, enter, member_page
from connector.pages.receipt_presenters import story, summary
from connector.receipts.models import Receipt, key_of

PAGE = 25


@member_page
def receipts(request: MemberRequest) -> HttpResponse:
    visible = Receipt.objects.visible_to(request.caller)
    before = key_of(request.GET.get("before", ""))
    if before:
        visible = visible.filter(pk__lt=before)
    found = list(visible[: PAGE + 1])
    page = {
        "receipts": [summary(receipt) for receipt in found[:PAGE]],
        "older": f"?before={found[PAGE - 1].public_id}" if len(found) > PAGE else "",
        "newest": request.path if before else "",
    }
    return render(request, "receipts/list.html", page)


@member_page
def receipt_page(request: MemberRequest, public_id: str) -> HttpResponse:
    key = key_of(public_id)
    if key is None:
        raise Http404
    owner = get_object_or_404(Receipt.objects.only("organization_id"), pk=key).organization_id
    receipt = get_object_or_404(Receipt.objects.visible_to(enter(request, owner)), pk=key)
    raw = json.dumps(receipt.answer, indent=2, ensure_ascii=False)
    return render(request, "receipts/detail.html", {"receipt": receipt, "story": story(receipt), "raw": raw})
