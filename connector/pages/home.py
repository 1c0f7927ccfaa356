"""The first page: what is still to do, how the accounts are, what was asked last."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.caller import Caller
from accounts.models import ApiKey, Connection
from connector.installs.models import Install
from connector.pages.install_presenters import rows
from connector.pages.member import MemberRequest, member_page
from connector.pages.receipt_presenters import summary
from connector.receipts.models import Receipt


@dataclass(frozen=True)
class Step:
    """One line of the set-up checklist."""

    title: str
    text: str
    done: bool
    action: str
    address: str


@member_page
def home(request: MemberRequest) -> HttpResponse:
    installs = list(Install.objects.visible_to(request.caller).select_related("client"))
    receipts = list(Receipt.objects.visible_to(request.caller).answered().defer("answer", "args")[:5])
    steps = checklist(request.caller, installs, has_asked=bool(receipts))
    page = {
        "steps": steps,
        "next_step": next((step for step in steps if not step.done), None),
        "installs": rows(installs),
        "receipts": [summary(receipt) for receipt in receipts],
        "mcp_url": f"{settings.PUBLIC_URL}/mcp",
    }
    return render(request, "accounts/home.html", page)


def checklist(caller: Caller, installs: list[Install], *, has_asked: bool) -> list[Step]:
    """From nothing to the first answer; the page drops the list once all is done."""
    live = [install for install in installs if install.status != Install.Status.DISCONNECTED]
    own = {"organization": caller.organization, "revoked_at": None}
    has_door = Connection.objects.filter(**own).exists() or ApiKey.objects.filter(**own).exists()
    return [
        Step(
            "Connect a Klaviyo account",
            "You approve it on Klaviyo's own page. Plumbline never sees your password.",
            bool(live),
            "Connect Klaviyo",
            reverse("connect"),
        ),
        Step(
            "Let the first sync finish",
            "Campaigns, flows, lists and every event are read once; after that only what is new, every few minutes.",
            any(install.is_whole for install in live),
            "Watch it",
            reverse("installs"),
        ),
        Step(
            "Add Plumbline to your assistant",
            "Paste one address into ChatGPT, Claude or another assistant, or make an API key for a program.",
            has_door,
            "Show me how",
            reverse("assistants"),
        ),
        Step(
            "Ask the first question",
            "For example: who opened our last campaign but has not ordered since?",
            has_asked,
            "See examples",
            reverse("assistants") + "#ask",
        ),
    ]
