"""The one form in which every answer leaves, whatever the door."""

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any, Final

from connector.insights.caveats import Caveat, by_weight
from connector.insights.columns import Column
from connector.insights.coverage import AccountState, state_of
from connector.insights.objects import KlaviyoObject
from connector.insights.outcome import AccountOutcome, Outcome, overall
from connector.insights.periods import utc_text, zone_of
from connector.insights.refusal import Refusal
from connector.installs.models import Install
from connector.records.links import klaviyo_url
from connector.records.models import Record

Envelope = dict[str, Any]
SOURCES: Final = 25
CHOICES: Final = 10
SENTENCES: Final = 5  # accounts that the answer tells of; of more, a count


def blank(status: str = "ok", answer: str = "") -> Envelope:
    """An envelope with every field and nothing in it."""
    return {
        "status": status,
        "answer": answer,
        "exactness": "exact",
        "data": {},
        "method": None,
        "sources": [],
        "freshness": [],
        "caveats": [],
        "choices": [],
        "reason": None,
        "job": None,
        "receipt": None,
        "more": None,
        "next": [],
    }


def refused(code: str, text: str, what_to_do: str) -> Envelope:
    """The whole call is refused before any account was looked at."""
    return blank("refused", text) | {"reason": {"code": code, "text": text, "what_to_do": what_to_do}}


def of_refusal(refusal: Refusal) -> Envelope:
    """The question could not be given to any account."""
    made = blank(refusal.status, refusal.text) | {"choices": [choice(found) for found in refusal.choices]}
    if refusal.status in ("refused", "error"):
        made["reason"] = refusal.shown()
    return made


def of_outcome(outcome: Outcome, columns: Sequence[Column]) -> Envelope:
    """The whole answer, every row of it; a door cuts it to size (fit.py)."""
    statuses = [entry.status for entry in outcome.accounts if not _is_absent(entry)] or [
        entry.status for entry in outcome.accounts
    ]
    made = blank(overall(statuses), outcome.answer or answer_of(outcome.accounts))
    guessed = made["status"] == "pending" and any(entry.is_estimate for entry in outcome.accounts)
    made["exactness"] = "estimate" if guessed else outcome.exactness
    made["data"] = {"accounts": [_entry(entry) for entry in outcome.accounts], **outcome.data}
    made["method"] = method(outcome, columns)
    made["sources"] = sources(outcome.accounts)
    made["freshness"] = [
        {"account": entry.account.id, **span(entry.account), "version": entry.versions.events, **entry.freshness}
        for entry in outcome.accounts
        if entry.account and entry.versions
    ]
    made["caveats"] = caveats(outcome.accounts, made["status"])
    _settle(made, outcome.accounts)
    return made


def _settle(made: Envelope, entries: Sequence[AccountOutcome]) -> None:
    """The reason of the whole, and the choices of every account that leaves one."""
    unsettled = [entry.reason for entry in entries if entry.reason and entry.status == made["status"]]
    if unsettled and made["status"] in ("refused", "error"):
        made["reason"] = unsettled[0].shown()
    asked = [entry.reason for entry in entries if entry.reason and entry.reason.choices]
    if made["status"] in ("needs_choice", "refused"):
        made["choices"] = evenly([[choice(found) for found in refusal.choices] for refusal in asked])


def evenly(lists: Sequence[Sequence[Any]]) -> list[Any]:
    """At most CHOICES, taken in turn from each list, then in the order of the lists."""
    turns = [(at, number) for number, row in enumerate(zip_longest(*lists)) for at, each in enumerate(row) if each]
    return [lists[at][number] for at, number in sorted(turns[:CHOICES])]


def _is_absent(entry: AccountOutcome) -> bool:
    """The account is there, the object named is not: that spoils nothing while another account has it."""
    return entry.install is not None and entry.reason is not None and entry.reason.code == "not_found"


def answer_of(entries: Sequence[AccountOutcome]) -> str:
    sentences = [entry.sentence or (entry.reason.text if entry.reason else "") for entry in entries]
    if len(sentences) > SENTENCES:
        left = len(sentences) - SENTENCES
        more = "1 more account is" if left == 1 else f"{left} more accounts are"
        return " ".join(sentences[:SENTENCES]) + f" {more} in the data."
    return " ".join(sentences)


def _entry(entry: AccountOutcome) -> dict[str, Any]:
    account = entry.account or (state_of(entry.install) if entry.install else None)
    shown: dict[str, Any] = {
        "account": {"id": account.id, "name": account.name} if account else {"id": None, "name": entry.name},
        "status": entry.status,
    }
    if entry.reason:
        shown["reason"] = entry.reason.shown()
    if account:
        shown |= {"time_zone": account.time_zone, "currency": account.currency}
    if entry.is_estimate:
        shown["exactness"] = "estimate"
    return shown | ({"period": entry.period} if entry.period else {}) | entry.figures


def method(outcome: Outcome, columns: Sequence[Column]) -> dict[str, Any]:
    period = next((entry.period for entry in outcome.accounts if entry.period), None)
    return {
        "definition": outcome.definition,
        "period": {**period, "label": outcome.period_label} if period else None,
        "basis": outcome.basis,
        **outcome.method,
        "terms": {column.name: column.meaning for column in columns if column.meaning},
    }


def sources(entries: Iterable[AccountOutcome]) -> list[dict[str, Any]]:
    """What the figures rest on, with links into Klaviyo; beyond the first 25 a count."""
    found = [source(each, entry.account) for entry in entries if entry.account for each in entry.sources]
    if len(found) <= SOURCES:
        return found
    return [
        *found[:SOURCES],
        {"kind": "more", "id": None, "name": f"{len(found) - SOURCES} more", "account": None, "url": None},
    ]


def source(found: KlaviyoObject, account: AccountState) -> dict[str, Any]:
    url = klaviyo_url(found.kind, found.id)
    return {"kind": found.kind, "id": found.id, "name": found.name, "account": account.id, "url": url}


def choice(found: Record | Install) -> dict[str, Any]:
    if isinstance(found, Install):
        return {
            "id": found.klaviyo_id,
            "kind": "account",
            "name": found.name,
            "account": found.klaviyo_id,
            "detail": f"{found.time_zone}, {found.currency}",
        }
    return {
        "id": found.klaviyo_id,
        "kind": found.kind,
        "name": found.name,
        "account": found.install.klaviyo_id,
        "detail": _detail(found),
    }


def _detail(record: Record) -> str:
    if record.kind == "metric":
        return str(record.attributes.get("integration") or "no integration")
    day = f"{record.at.astimezone(zone_of(record.install.time_zone)):%Y-%m-%d}" if record.at else ""
    parts = [record.status, record.channel, day]
    return ", ".join(part for part in parts if part)


def span(account: AccountState) -> dict[str, str | None]:
    """The span of which all events are held."""
    return {"complete_from": utc_text(account.complete_from), "complete_to": utc_text(account.complete_to)}


def caveats(entries: Sequence[AccountOutcome], status: str) -> list[dict[str, str]]:
    """One of each code, most important first: every sentence once, with the accounts it is about unless it is about all."""
    about: dict[Caveat, list[str]] = {}
    for entry in entries:
        failed = status == "partial" and entry.reason is not None and not _is_absent(entry)
        own = [Caveat("account_failed", entry.reason.text)] if failed and entry.reason else []
        for caveat in dict.fromkeys([*entry.caveats, *own]):
            about.setdefault(caveat, []).append(entry.name)
    texts: dict[str, list[str]] = {}
    for caveat in by_weight(about):
        names = about[caveat]
        text = caveat.text if len(names) == len(entries) else f"{', '.join(names)}: {caveat.text}"
        texts.setdefault(caveat.code, []).append(text)
    return [{"code": code, "text": " ".join(found)} for code, found in texts.items()]
