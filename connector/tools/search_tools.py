"""search and fetch: find what has a name in any account, and past answers, and read it; the forms that deep research wants."""

from typing import Any, Final

from django.conf import settings
from django.db.models import Q

from accounts.caller import Caller
from connector.insights.documents import details_of, figures_of, page_url
from connector.insights.periods import zone_of
from connector.insights.question import Question
from connector.insights.refusal import Refusal
from connector.installs.models import Install
from connector.receipts.models import Receipt
from connector.records.across import KINDS, find_across
from connector.records.links import klaviyo_url
from connector.records.models import Kind, Record
from connector.records.names import contains, fold, words

RESULTS: Final = 20
RECEIPTS: Final = 5  # of those, at most

Result = dict[str, str]
Document = dict[str, Any]


def search(question: Question) -> dict[str, Any]:
    """`{"results": [{id, title, url}]}`: accounts, then objects, then receipts, each newest first."""
    caller, query = question.caller, str(question.args["query"])
    installs = list(Install.objects.visible_to(caller))
    accounts = [_account_result(install) for install in installs if _is_named(install, query)]
    receipts = _receipts(caller, installs, query)
    room = RESULTS - len(accounts) - len(receipts)
    records = [_result(record) for record in find_across(installs, query, max(room, 1))]
    return {"results": [*accounts, *records, *receipts][:RESULTS]}


def fetch(question: Question) -> Document:
    """`{id, title, text, url, metadata}` of one object. Raises Refusal where there is none that the caller may see."""
    kind, _, rest = str(question.args["id"]).partition(":")
    account, _, key = rest.partition(":")
    install = Install.objects.visible_to(question.caller).filter(klaviyo_id=account).first()
    found = _fetched(question, install, kind, key) if install else None
    if found is None:
        text = "There is no such object that you may see."
        raise Refusal("refused", "not_found", text, "Use an id that search returned.")
    return found


def _fetched(question: Question, install: Install, kind: str, key: str) -> Document | None:
    if kind == "account":
        return _account_document(install) if key in ("", install.klaviyo_id) else None
    if kind == "receipt":
        receipt = _receipt_of(question.caller, install, key)
        return _receipt_document(receipt, install) if receipt else None
    records = Record.objects.filter(install=install, kind=kind, klaviyo_id=key).select_related("install")
    record = records.first() if kind in KINDS and key.isprintable() else None
    return _document(question, record) if record else None


# --- accounts ---------------------------------------------------------------------------------------------------------


def _is_named(install: Install, query: str) -> bool:
    folded, name = fold(query), fold(install.name)
    return query == install.klaviyo_id or name == folded or contains(words(folded), name, words(name))


def _account_result(install: Install) -> Result:
    return {
        "id": f"account:{install.klaviyo_id}:{install.klaviyo_id}",
        "title": install.name,
        "url": f"{settings.PUBLIC_URL}/installs/{install.pk}/",
    }


def _account_document(install: Install) -> Document:
    held = "No events held yet"
    if install.complete_from and install.complete_to:
        held = f"Events held from {install.complete_from:%Y-%m-%d} to {install.complete_to:%Y-%m-%d %H:%M} UTC"
    lines = [
        install.name,
        f"Klaviyo account {install.klaviyo_id}, time zone {install.time_zone}, currency {install.currency}",
        f"Status: {install.get_status_display()}",
        held,
    ]
    return {
        **_account_result(install),
        "text": "\n".join(lines),
        "metadata": {"kind": "account", "account": install.klaviyo_id},
    }


# --- objects ----------------------------------------------------------------------------------------------------------


def _result(record: Record) -> Result:
    return {
        "id": f"{record.kind}:{record.install.klaviyo_id}:{record.klaviyo_id}",
        "title": _title(record),
        "url": page_url(record),
    }


def _title(record: Record) -> str:
    """`Spring sale (campaign, email, Sent 2026-03-01, Fernweh Outdoor)`."""
    day = f" {record.at.astimezone(zone_of(record.install.time_zone)):%Y-%m-%d}" if record.at else ""
    status = "deleted" if record.deleted_at else record.status
    known = [Kind(record.kind).label.lower(), record.channel, f"{status}{day}".strip()]
    archived = "archived" if record.archived else ""
    said = ", ".join(part for part in (*known, archived, record.install.name) if part)
    return f"{record.name} ({said})"


def _document(question: Question, record: Record) -> Document:
    lines = [record.name, *(f"{name}: {value}" for name, value in details_of(record)), *_figure_lines(question, record)]
    metadata = {
        "kind": record.kind,
        "account": record.install.klaviyo_id,
        "account_name": record.install.name,
        "klaviyo_url": klaviyo_url(record.kind, record.klaviyo_id),
    }
    return {**_result(record), "title": record.name, "text": "\n".join(lines), "metadata": metadata}


def _figure_lines(question: Question, record: Record) -> list[str]:
    figures = figures_of(question, record)
    if figures is None:
        return []
    if figures.reason:
        return ["", f"Figures: {figures.reason}"]
    rows = [f"{row.title}: {row.value}" + (f" ({row.meaning})" if row.meaning else "") for row in figures.rows]
    return ["", "Figures in the whole history:", *rows, "", f"Definition: {figures.definition}", *figures.notes]


# --- receipts ---------------------------------------------------------------------------------------------------------


def _receipts(caller: Caller, installs: list[Install], query: str) -> list[Result]:
    """Past answers whose question has all the words, or the one with this id; the newest."""
    visible = Receipt.objects.visible_to(caller).defer("answer").prefetch_related("installs")
    having = Q()
    for word in query.split():
        having &= Q(question__icontains=word)
    found = visible.named(query) if query.startswith("rcp_") else visible.filter(having)
    known = {install.pk: install for install in installs}
    results = []
    for receipt in found[:RECEIPTS] if query.isprintable() else ():
        of = next((known[row.install_id] for row in receipt.installs.all() if row.install_id in known), None)
        if of:
            results.append(_receipt_result(receipt, of))
    return results


def _receipt_of(caller: Caller, install: Install, key: str) -> Receipt | None:
    return Receipt.objects.visible_to(caller).named(key).filter(installs__install_id=install.pk).first()


def _receipt_result(receipt: Receipt, install: Install) -> Result:
    return {
        "id": f"receipt:{install.klaviyo_id}:{receipt.public_id}",
        "title": f"{receipt.question} (receipt, {receipt.created_at.astimezone(zone_of(install.time_zone)):%Y-%m-%d})",
        "url": f"{settings.PUBLIC_URL}/receipts/{receipt.public_id}/",
    }


def _receipt_document(receipt: Receipt, install: Install) -> Document:
    answer = receipt.answer
    notes = [caveat["text"] for caveat in answer.get("caveats") or []]
    definition = (answer.get("method") or {}).get("definition") or ""
    lines = [
        receipt.question,
        f"Answer: {receipt.sentence}",
        f"Asked: {receipt.created_at:%Y-%m-%d %H:%M} UTC with {receipt.tool}",
        f"Definition: {definition}" if definition else "",
        *notes,
    ]
    metadata = {"kind": "receipt", "account": install.klaviyo_id, "tool": receipt.tool, "status": receipt.status}
    return {
        **_receipt_result(receipt, install),
        "title": receipt.question,
        "text": "\n".join(line for line in lines if line),
        "metadata": metadata,
    }
