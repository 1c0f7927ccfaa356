"""search and fetch: find an object of any account by name, and read it, in the exact forms that deep research wants."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from rapidfuzz.distance.Levenshtein import distance

from accounts.caller import Caller
from connector.insights.metrics import vocabulary
from connector.insights.periods import zone_of
from connector.insights.question import Question
from connector.insights.refusal import Refusal
from connector.insights.relations import EVENTS, OF_CAMPAIGN, OF_FLOW
from connector.insights.rounding import money, quotient
from connector.installs.models import Install
from connector.lake.query import Reader, newest, reading
from connector.records.links import klaviyo_url
from connector.records.models import Kind, Record
from connector.records.names import contains, fold, words

KINDS: Final = (Kind.CAMPAIGN, Kind.FLOW, Kind.LIST, Kind.SEGMENT, Kind.METRIC)
RESULTS: Final = 20
FIGURES: Final = """select
    count(*) filter (where metric in (select unnest($received))),
    count(distinct person) filter (where metric in (select unnest($received))),
    count(distinct person) filter (where metric in (select unnest($opened))),
    count(distinct person) filter (where metric in (select unnest($opened)) and not machine_open),
    count(distinct person) filter (where metric in (select unnest($clicked)) and not bot_click),
    count(*) filter (where metric in (select unnest($ordered))),
    coalesce(sum(value) filter (where metric in (select unnest($ordered)) and coalesce(currency, $currency) = $currency), 0)
from {events} where time <= $moment and {of}"""


@dataclass(frozen=True)
class Figures:
    """What a campaign or flow did, over all the time held."""

    deliveries: int
    recipients: int
    openers: int
    openers_human: int
    clickers_human: int
    orders: int
    revenue: Decimal

    def rows(self) -> list[tuple[str, str, str]]:
        """Words, figure and share of deliveries, for a page."""
        return [
            ("Deliveries", f"{self.deliveries:,}", ""),
            ("People who received it", f"{self.recipients:,}", ""),
            ("People who opened it", f"{self.openers:,}", _percent(self.openers, self.deliveries)),
            (
                "… without mail servers and privacy proxies",
                f"{self.openers_human:,}",
                _percent(self.openers_human, self.deliveries),
            ),
            (
                "People who clicked in it, no bots",
                f"{self.clickers_human:,}",
                _percent(self.clickers_human, self.deliveries),
            ),
            ("Orders that Klaviyo attributed to it", f"{self.orders:,}", ""),
            ("Their revenue", f"{money(self.revenue):,.2f}", ""),
        ]

    def lines(self, currency: str) -> list[str]:
        return [
            f"Deliveries (Received events): {self.deliveries}",
            f"People who received it: {self.recipients}",
            f"People who opened it: {self.openers}; without opens by mail servers and privacy proxies: {self.openers_human} "
            f"({_percent(self.openers_human, self.deliveries)} of deliveries)",
            f"People who clicked in it (no bots): {self.clickers_human} ({_percent(self.clickers_human, self.deliveries)} of deliveries)",
            f"Orders that Klaviyo attributed to it: {self.orders}, revenue {money(self.revenue):.2f} {currency}",
        ]


def search(question: Question) -> dict[str, Any]:
    """`{"results": [{id, title, url}]}`: objects whose name has the query's words, best first."""
    caller, query = question.caller, question.args["query"]
    installs = list(Install.objects.visible_to(caller))
    records = list(Record.objects.filter(install__in=installs, kind__in=KINDS).select_related("install"))
    wanted, folded = words(fold(query)), fold(query)
    accounts = [
        _account_result(install)
        for install in installs
        if fold(install.name) == folded or contains(wanted, fold(install.name), words(fold(install.name)))
    ]
    whole = [
        record for record in records if record.folded == folded or contains(wanted, record.folded, words(record.folded))
    ]
    near = whole or [record for record in records if wanted & words(record.folded)]
    ranked = sorted(
        near,
        key=lambda record: (
            -len(wanted & words(record.folded)),
            distance(folded, record.folded),
            record.kind,
            record.klaviyo_id,
        ),
    )
    return {"results": [*accounts, *(_result(record) for record in ranked)][:RESULTS]}


def fetch(question: Question) -> dict[str, Any]:
    """`{id, title, text, url, metadata}` of one object. Raises Refusal where there is none that the caller may see."""
    found = _fetched(question.caller, question.args["id"], question.moment)
    if found is None:
        text = "There is no such object that you may see."
        raise Refusal("refused", "not_found", text, "Use an id that search returned.")
    return found


def _fetched(caller: Caller, identifier: str, moment: datetime) -> dict[str, Any] | None:
    kind, _, rest = identifier.partition(":")
    account, _, key = rest.partition(":")
    install = Install.objects.visible_to(caller).filter(klaviyo_id=account).first()
    if install is None:
        return None
    if kind == "account":
        return _account_document(install) if key in ("", account) else None
    record = Record.objects.filter(install=install, kind=kind, klaviyo_id=key).first() if kind in KINDS else None
    return _document(record, install, moment) if record else None


def page_url(record: Record) -> str:
    """Our page of an object, for a signed-in member."""
    return f"{settings.PUBLIC_URL}/installs/{record.install_id}/{record.kind}/{record.klaviyo_id}/"


def facts_of(record: Record) -> list[tuple[str, str]]:
    """What is known of an object, as pairs of words and value; times in the account's zone."""
    zone = zone_of(record.install.time_zone)
    facts = [
        ("Kind", Kind(record.kind).label),
        ("Account", f"{record.install.name} ({record.install.klaviyo_id})"),
        ("Status", record.status),
        ("Channel", record.channel),
        ("Sent", f"{record.at.astimezone(zone):%Y-%m-%d %H:%M} {record.install.time_zone}" if record.at else ""),
        ("Trigger", str(record.facts.get("trigger") or "")),
        ("Integration", str(record.facts.get("integration") or "")),
        ("Archived", "yes" if record.archived else ""),
        ("Deleted in Klaviyo", "yes" if record.deleted_at else ""),
    ]
    messages = Record.objects.filter(install=record.install, kind=Kind.MESSAGE, parent=record.klaviyo_id)
    facts += [("Message", _message(message)) for message in messages]
    return [(name, value) for name, value in facts if value]


def figures_of(record: Record, moment: datetime) -> Figures | None:
    """Figures of a campaign or flow; None of anything else, and while nothing is held."""
    versions = newest(record.install_id)
    if record.kind not in (Kind.CAMPAIGN, Kind.FLOW) or versions.events < 0:
        return None
    with reading(record.install_id, versions) as lake:
        return _count(record, moment, lake)


def _count(record: Record, moment: datetime, lake: Reader) -> Figures:
    known = vocabulary(record.install, dict)
    purchase = [] if isinstance(known.purchase, Refusal) else [known.purchase.klaviyo_id]
    messages = Record.objects.filter(install=record.install, kind=Kind.MESSAGE, parent=record.klaviyo_id).values_list(
        "klaviyo_id", flat=True
    )
    of = (OF_CAMPAIGN if record.kind == Kind.CAMPAIGN else OF_FLOW).replace("{side}", "x")
    bound = {
        "received": known.ids_of("received_email", "received_sms"),
        "opened": known.ids_of("opened_email"),
        "clicked": known.ids_of("clicked_email", "clicked_sms"),
        "ordered": purchase,
        "currency": record.install.currency,
        "moment": moment,
        f"x_{record.kind}s": [record.klaviyo_id],
        f"x_{record.kind}_messages": [*messages, *([record.klaviyo_id] if record.kind == Kind.CAMPAIGN else [])]
        or [""],
    }
    return Figures(*lake.rows(FIGURES.replace("{events}", EVENTS).replace("{of}", of), **bound)[0])


def _document(record: Record, install: Install, moment: datetime) -> dict[str, Any]:
    lines = [record.name, *(f"{name}: {value}" for name, value in facts_of(record))]
    figures = figures_of(record, moment)
    if figures:
        lines += ["", "Figures over all the time held, counted from events:", *figures.lines(install.currency)]
    metadata = {
        "kind": record.kind,
        "account": install.klaviyo_id,
        "account_name": install.name,
        "klaviyo_url": klaviyo_url(record.kind, record.klaviyo_id),
    }
    return {
        "id": _id(record),
        "title": record.name,
        "text": "\n".join(lines),
        "url": page_url(record),
        "metadata": metadata,
    }


def _account_document(install: Install) -> dict[str, Any]:
    lines = [
        install.name,
        f"Klaviyo account {install.klaviyo_id}, time zone {install.time_zone}, currency {install.currency}",
        f"Status: {install.get_status_display()}",
        f"Events held from {install.complete_from:%Y-%m-%d} to {install.complete_to:%Y-%m-%d %H:%M} UTC"
        if install.complete_from and install.complete_to
        else "No events held yet",
    ]
    return {
        **_account_result(install),
        "text": "\n".join(lines),
        "metadata": {"kind": "account", "account": install.klaviyo_id},
    }


def _result(record: Record) -> dict[str, str]:
    return {
        "id": _id(record),
        "title": f"{record.name} ({Kind(record.kind).label.lower()}, {record.install.name})",
        "url": page_url(record),
    }


def _account_result(install: Install) -> dict[str, str]:
    return {
        "id": f"account:{install.klaviyo_id}:{install.klaviyo_id}",
        "title": install.name,
        "url": f"{settings.PUBLIC_URL}/installs/{install.pk}/",
    }


def _id(record: Record) -> str:
    return f"{record.kind}:{record.install.klaviyo_id}:{record.klaviyo_id}"


def _message(message: Record) -> str:
    subject = message.facts.get("subject")
    return f"{message.name} ({message.channel})" + (f": “{subject}”" if subject else "")


def _percent(part: int, whole: int) -> str:
    share = quotient(part, whole)
    return "none" if share is None else f"{share * 100:.1f} %"
