"""Tools without figures: they answer from our own tables, and leave no receipt."""

from datetime import datetime
from typing import Any, Final

from django.core import signing

from accounts.caller import Caller
from connector.insights import library
from connector.insights.account_list import account_rows, accounts_listed
from connector.insights.arguments import bad
from connector.insights.outcome import Refusal
from connector.insights.periods import utc_text
from connector.installs.models import Install
from connector.tools import jobs
from connector.tools.envelope import LIMIT, SIZE, Envelope, blank, span, text_of, visible
from connector.tools.models import Job

CURSOR_SALT: Final = "tools.accounts"


def list_accounts(caller: Caller, args: dict[str, Any], moment: datetime) -> Envelope:
    """The accounts by name, as many as `limit` and the size of a result allow."""
    question, place = _question(args)
    installs = accounts_listed(caller, question)
    shown = installs[place : place + question.get("limit", LIMIT)]
    rows = account_rows(shown)
    made = _accounts_page(installs, shown, rows)
    while len(text_of(made).encode()) > SIZE - 400:
        shown = shown[:-1]
        made = _accounts_page(installs, shown, rows[: len(shown)])
    left_out = len(installs) - place - len(shown)
    if left_out > 0:
        cursor = signing.dumps({"q": question, "p": place + len(shown)}, salt=CURSOR_SALT, compress=True)
        made["more"] = {"cursor": cursor, "left_out": left_out}
    return made


def _question(args: dict[str, Any]) -> tuple[dict[str, Any], int]:
    if "cursor" not in args:
        return args, 0
    if len(args) > 1:
        raise bad("cursor", "stands alone: it carries the question, so give no other argument")
    try:
        carried = signing.loads(args["cursor"], salt=CURSOR_SALT)
    except signing.BadSignature:
        raise bad("cursor", "is none that a former answer gave; call list_accounts again") from None
    return carried["q"], carried["p"]


def _accounts_page(installs: list[Install], shown: list[Install], rows: list[dict[str, Any]]) -> Envelope:
    names = ", ".join(
        f"{install.name} ({install.klaviyo_id}, {install.get_status_display().lower()})" for install in shown[:10]
    )
    number = "1 account" if len(installs) == 1 else f"{len(installs)} accounts"
    made = blank(
        "ok",
        f"{number}: {names}."
        if shown
        else "No account fits. Connect one on the page Accounts, or ask an admin for access.",
    )
    made["data"] = {"accounts": rows}
    made["freshness"] = [{"account": install.klaviyo_id, **span(install), "version": None} for install in shown]
    made["method"] = {
        "definition": "Klaviyo accounts of the organization that this caller may see, by name.",
        "period": None,
        "basis": "events",
    }
    return dict(visible(made))


def search(caller: Caller, args: dict[str, Any], moment: datetime) -> dict[str, Any]:
    return dict(visible(library.search(caller, args["query"])))


def fetch(caller: Caller, args: dict[str, Any], moment: datetime) -> dict[str, Any]:
    found = library.fetch(caller, args["id"], moment)
    if found is None:
        raise Refusal(
            "refused", "not_found", "There is no such object that you may see.", "Use an id that search returned."
        )
    return dict(visible(found))


def get_job(caller: Caller, args: dict[str, Any], moment: datetime) -> Envelope:
    """The finished answer as recorded, or pending."""
    job = jobs.find_job(caller, args["job"])
    if job is None:
        raise Refusal(
            "refused", "not_found", "There is no such job of yours.", "Use the id that the pending answer gave."
        )
    if job.state == Job.State.DONE and job.answer:
        return dict(job.answer)
    if job.state == Job.State.FAILED:
        raise Refusal("error", "timeout", "This question could not be worked out in time.", "Ask it again.")
    return blank("pending", "Still being worked out.") | {"job": jobs.shown(job)}


def get_profile(caller: Caller, args: dict[str, Any], moment: datetime) -> Envelope:
    installs = Install.objects.visible_to(caller).count()
    made = blank("ok", f"{caller.user.email}, {caller.role} of {caller.organization.name}.")
    made["data"] = {
        "member": {"email": caller.user.email, "name": caller.user.name},
        "role": caller.role,
        "organization": {
            "id": str(caller.organization.pk),
            "name": caller.organization.name,
            "slug": caller.organization.slug,
        },
        "client": caller.client or None,
        "scopes": sorted(caller.scopes),
        "installs": installs,
        "expires": utc_text(caller.connection_expires),
    }
    return made
