"""One object as it is read: its facts and, of campaigns and flows, the figures of the tools that count them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote

from django.conf import settings

from connector.insights import campaign_columns, flow_columns
from connector.insights.campaign_performance import campaign_performance
from connector.insights.columns import Column, Kind
from connector.insights.flow_performance import flow_performance
from connector.insights.outcome import AccountOutcome
from connector.insights.periods import zone_of
from connector.insights.question import Question
from connector.insights.refusal import Refusal
from connector.insights.words import amount, percent
from connector.records.models import Kind as Named
from connector.records.models import Record

SENT: Final = "Sent"


@dataclass(frozen=True)
class Figure:
    """One figure in words: its title, its value, what it means."""

    title: str
    value: str
    meaning: str


@dataclass(frozen=True)
class Figures:
    """What a campaign or flow did in the whole history. Without rows, `reason` says why there are none."""

    rows: list[Figure] = field(default_factory=list)
    definition: str = ""
    notes: list[str] = field(default_factory=list)
    reason: str = ""


def page_url(record: Record) -> str:
    """Our page of an object, for a signed-in member."""
    return f"{settings.PUBLIC_URL}/installs/{record.install_id}/{record.kind}/{quote(record.klaviyo_id, safe='')}/"


def details_of(record: Record) -> list[tuple[str, str]]:
    """What is known of an object, as pairs of words and value; times in the account's zone."""
    zone = record.install.time_zone
    at = f"{record.at.astimezone(zone_of(zone)):%Y-%m-%d %H:%M} {zone}" if record.at else ""
    facts = [
        ("Kind", Named(record.kind).label),
        ("Account", f"{record.install.name} ({record.install.klaviyo_id})"),
        ("Id", record.klaviyo_id),
        ("Status", record.status),
        ("Channel", record.channel),
        ("Sent" if record.status == SENT else "Send time", at),
        ("Trigger", str(record.attributes.get("trigger") or "")),
        ("Integration", str(record.attributes.get("integration") or "")),
        ("Price", str(record.attributes.get("price") or "")),
        ("Created", f"{record.created.astimezone(zone_of(zone)):%Y-%m-%d}" if record.created else ""),
        ("Archived", "yes" if record.archived else ""),
        ("Deleted in Klaviyo", "yes" if record.deleted_at else ""),
        *_messages(record),
    ]
    return [(name, value) for name, value in facts if value]


def _messages(record: Record) -> list[tuple[str, str]]:
    messages = Record.objects.filter(install=record.install, kind=Named.MESSAGE, parent=record.klaviyo_id)
    return [("Message", _message(message)) for message in messages]


def _message(message: Record) -> str:
    subject = message.attributes.get("subject")
    return f"{message.name} ({message.channel})" + (f": “{subject}”" if subject else "")


def figures_of(question: Question, record: Record) -> Figures | None:
    """Those of campaign_performance or flow_performance; None of what has none, such as a draft or a list."""
    asked = {"account": record.install.klaviyo_id, "period": "all", record.kind: record.klaviyo_id}
    question = replace(question, may_estimate=False)  # whoever reads a page spends no report
    try:
        if record.kind == Named.CAMPAIGN and record.status == SENT:
            outcome = campaign_performance(question.with_args(**asked))
            return _told(outcome.accounts[0], campaign_columns.COLUMNS, campaign_columns.NUMBERS, outcome.definition)
        if record.kind == Named.FLOW:
            outcome = flow_performance(question.with_args(**asked, interval="total"))
            return _told(outcome.accounts[0], flow_columns.COLUMNS, flow_columns.NUMBERS, outcome.definition)
    except Refusal as refusal:
        return Figures(reason=refusal.text)
    return None


def _told(entry: AccountOutcome, columns: Sequence[Column], numbers: Sequence[str], definition: str) -> Figures:
    found = entry.figures.get("rows")
    if not found or entry.account is None:
        return Figures(reason=entry.reason.text if entry.reason else "Nothing of it is held.")
    currency = entry.account.currency
    shown = [_figure(column, found[-1], currency) for column in columns if column.name in numbers]
    return Figures(shown, definition, [caveat.text for caveat in entry.caveats])


def _figure(column: Column, row: Mapping[str, Any], currency: str) -> Figure:
    return Figure(column.title, _text(row[column.name], column.kind, currency), column.meaning)


def _text(value: float | None, kind: Kind, currency: str) -> str:
    if value is None:
        return "not known"
    if kind == Kind.RATE:
        return percent(value)
    return amount(value, currency) if kind == Kind.MONEY else f"{value:,}"
