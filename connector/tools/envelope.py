"""The one form in which every answer leaves, whatever the door."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from connector.insights.outcome import CAVEATS, AccountOutcome, Caveat, Outcome, Refusal, overall
from connector.insights.periods import utc_text, zone_of
from connector.installs.models import Install
from connector.records.links import klaviyo_url
from connector.records.models import Record

Envelope = dict[str, Any]
SIZE: Final = 24_000  # bytes of a result's text
SOURCES: Final = 25
LIMIT: Final = 25
# Bidi controls and zero-width characters: invisible, so they could hide or reorder what a person or a model reads.
INVISIBLE: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")


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
        made["reason"] = reason(refusal)
    return made


def of_outcome(outcome: Outcome) -> Envelope:
    """The whole answer, every row of it; `fitted` cuts it to a door's size."""
    statuses = [entry.status for entry in outcome.accounts if not _is_absent(entry)] or [
        entry.status for entry in outcome.accounts
    ]
    made = blank(overall(statuses), answer_of(outcome.accounts))
    made["data"] = {"accounts": [_entry(entry) for entry in outcome.accounts]}
    made["method"] = method(outcome)
    made["sources"] = sources(outcome.accounts)
    made["freshness"] = [
        {
            "account": entry.install.klaviyo_id,
            **span(entry.install),
            "version": entry.versions.events,
            **entry.freshness,
        }
        for entry in outcome.accounts
        if entry.install and entry.versions
    ]
    made["caveats"] = caveats(outcome.accounts, made["status"])
    unsettled = next(
        (entry.reason for entry in outcome.accounts if entry.reason and entry.status == made["status"]), None
    )
    if unsettled and made["status"] in ("refused", "error"):
        made["reason"] = reason(unsettled)
    if unsettled:
        made["choices"] = [choice(found) for found in unsettled.choices]
    return visible(made)


def _is_absent(entry: AccountOutcome) -> bool:
    """The account is there, the object named is not: that spoils nothing while another account has it."""
    return entry.install is not None and entry.reason is not None and entry.reason.code == "not_found"


def answer_of(entries: Sequence[AccountOutcome]) -> str:
    sentences = [entry.sentence or (entry.reason.text if entry.reason else "") for entry in entries]
    if len(sentences) > 5:
        left = len(sentences) - 5
        return " ".join(sentences[:5]) + f" {left} more accounts are in the data."
    return " ".join(sentences)


def _entry(entry: AccountOutcome) -> dict[str, Any]:
    install = entry.install
    shown: dict[str, Any] = {
        "account": account(install) if install else {"id": None, "name": entry.name},
        "status": entry.status,
    }
    if entry.reason:
        shown["reason"] = reason(entry.reason)
    if install:
        shown |= {"time_zone": install.time_zone, "currency": install.currency}
    return shown | ({"period": entry.period} if entry.period else {}) | entry.figures


def account(install: Install) -> dict[str, str]:
    return {"id": install.klaviyo_id, "name": install.name}


def reason(refusal: Refusal) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "code": refusal.code or refusal.status,
        "text": refusal.text,
        "what_to_do": refusal.what_to_do,
    }
    if refusal.retry_after is not None:
        shown["retry_after"] = refusal.retry_after
    return shown


def method(outcome: Outcome) -> dict[str, Any]:
    period = next((entry.period for entry in outcome.accounts if entry.period), None)
    shown: dict[str, Any] = {
        "definition": outcome.definition,
        "period": {**period, "label": outcome.period_label} if period else None,
        "basis": outcome.basis,
    }
    if outcome.machine_opens:
        shown["machine_opens"] = outcome.machine_opens
    return shown


def sources(entries: Iterable[AccountOutcome]) -> list[dict[str, Any]]:
    """What the figures rest on, with links into Klaviyo; beyond the first 25 a count."""
    found = [source(record, entry.install) for entry in entries if entry.install for record in entry.sources]
    if len(found) <= SOURCES:
        return found
    return [
        *found[:SOURCES],
        {"kind": "more", "id": None, "name": f"{len(found) - SOURCES} more", "account": None, "url": None},
    ]


def source(record: Record, install: Install) -> dict[str, Any]:
    return {
        "kind": record.kind,
        "id": record.klaviyo_id,
        "name": record.name,
        "account": install.klaviyo_id,
        "url": klaviyo_url(record),
    }


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
        return str(record.facts.get("integration") or "no integration")
    day = f"{record.at.astimezone(zone_of(record.install.time_zone)):%Y-%m-%d}" if record.at else ""
    parts = [record.status, record.channel, day]
    return ", ".join(part for part in parts if part)


def span(install: Install) -> dict[str, str | None]:
    """The span of which all events are held."""
    return {
        "complete_from": utc_text(install.complete_from),
        "complete_to": utc_text(install.complete_to),
    }


def caveats(entries: Sequence[AccountOutcome], status: str) -> list[dict[str, str]]:
    """Most important first, each sentence once, with the accounts it is about unless it is about all of them."""
    about: dict[Caveat, list[str]] = {}
    for entry in entries:
        failed = status == "partial" and entry.reason is not None and not _is_absent(entry)
        own = [Caveat("account_failed", entry.reason.text)] if failed and entry.reason else []
        for caveat in dict.fromkeys([*entry.caveats, *own]):
            about.setdefault(caveat, []).append(entry.name)
    return [
        {
            "code": caveat.code,
            "text": caveat.text if len(names) == len(entries) else f"{', '.join(names)}: {caveat.text}",
        }
        for caveat, names in sorted(about.items(), key=lambda item: CAVEATS.index(item[0].code))
    ]


def visible(value: Any) -> Any:
    """Every text without bidi controls and zero-width characters."""
    if isinstance(value, str):
        return INVISIBLE.sub("", value)
    if isinstance(value, list):
        return [visible(item) for item in value]
    return {key: visible(item) for key, item in value.items()} if isinstance(value, dict) else value


def fitted(whole: Mapping[str, Any], rows: str, limit: int, place: int = 0) -> tuple[Envelope, int]:
    """The envelope with at most `limit` rows per account from `place` on, fewer until its text fits; and how many are left out.

    `rows` is the field of an account's entry that holds them. A row named "other" stands last and beside the limit.
    """
    for size in range(limit, -1, -1):
        page, left_out = _cut(whole, rows, size, place)
        if len(text_of(page).encode()) <= SIZE - 300:  # room for `more`, whose cursor is added by the caller
            break
    return page, left_out


def _cut(whole: Mapping[str, Any], rows: str, size: int, place: int) -> tuple[Envelope, int]:
    page, left_out = deepcopy(dict(whole)), 0
    for entry in page["data"].get("accounts", []):
        if isinstance(entry.get(rows), list):
            plain = [row for row in entry[rows] if row.get("value") != "other"]
            other = [row for row in entry[rows] if row.get("value") == "other"] if place == 0 else []
            entry[rows] = plain[place : place + size] + other
            left_out += max(0, len(plain) - place - size)
    return page, left_out


def text_of(envelope: Mapping[str, Any]) -> str:
    """The JSON text of a result: what MCP sends as text, and what the size limit counts."""
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":"))
