"""A receipt as a person reads it: the figure, the question, how it was counted; nothing that needs JSON to follow."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings

from accounts.caller import Caller
from connector.insights.periods import zone_of
from connector.insights.words import spoken
from connector.pages.figures import NUMBERS, UTC, Fields, Figure, Terms, figures, period, time_text, words
from connector.pages.install_presenters import Badge
from connector.pages.object_links import ObjectLinks, object_links
from connector.pages.tables import Cell, Table, tables
from connector.receipts.models import Receipt
from connector.tools.catalogue import TOOLS

NOT_FIGURES: Final = frozenset({"account", "status", "reason", "time_zone", "currency", "period"})
LARGE: Final = 3  # accounts whose first figure stands large; more are compared in a table
EXACTNESS: Final = {
    "exact": "Exact: every event counted",
    "klaviyo_report": "Klaviyo's own figures",
    "estimate": "An estimate",
}
STATUSES: Final = {
    "partial": Badge("Not all of it", "triangle-alert", "warn", "Some of what was asked is missing from the answer."),
    "pending": Badge("Being worked out", "hourglass", "busy", "The answer takes longer than one call may."),
    "needs_choice": Badge("Needs a choice", "circle-alert", "warn", "A name fits several objects."),
    "refused": Badge("Not answered", "circle-x", "idle", "There is no answer to this, for the reason given."),
    "error": Badge("Went wrong", "circle-x", "bad", "Something broke on the way; asked again, it may be answered."),
}
METHOD: Final = {
    "events": "every event held",
    "klaviyo_report": "Klaviyo's own report",
    "klaviyo": "as Klaviyo recorded it on the order",
    "last_touch": "the last open or click within 5 days",
    "include": "counted",
    "exclude": "left out",
}


@dataclass(frozen=True)
class Account:
    """One account's part of the answer."""

    name: str
    id: str
    address: str
    badge: Badge | None
    reason: str
    period: str
    zone: str
    figures: list[Figure]
    large: Figure | None
    tables: list[Table]


@dataclass(frozen=True)
class Source:
    kind: str
    name: str
    account: str
    page: str
    klaviyo: str
    sent: str


@dataclass(frozen=True)
class Summary:
    """A receipt in a list: what was asked, what came out."""

    receipt: Receipt
    question: str
    answer: str
    badge: Badge | None


@dataclass(frozen=True)
class Story:
    """A receipt on its page."""

    question: str
    answer: str
    badge: Badge | None
    exactness: str
    reason: str
    accounts: list[Account]
    large: list[Account]
    comparison: Table | None
    tables: list[Table]
    definition: str
    method: list[tuple[str, str]]
    terms: list[tuple[str, str]]
    parameters: list[tuple[str, str]]
    tool: str
    sources: list[Source]
    freshness: list[str]
    caveats: list[str]
    asked_at: str
    exports: list[tuple[str, str]]


def summary(receipt: Receipt) -> Summary:
    return Summary(receipt, question(receipt), receipt.sentence, badge(receipt.status))


def badge(status: str) -> Badge | None:
    """None where all is well."""
    return STATUSES.get(status)


def question(receipt: Receipt) -> str:
    """What was asked, in words."""
    return receipt.question or tool_title(receipt.tool)


def tool_title(name: str) -> str:
    return TOOLS[name].title if name in TOOLS else words(name)


def story(receipt: Receipt, caller: Caller) -> Story:
    answer, fields, links = receipt.answer, Fields.of(receipt), object_links(caller, receipt.answer)
    accounts = [account(entry, receipt, fields, links) for entry in entries(answer)]
    zone = common_zone(answer)
    beside = {name: value for name, value in (answer.get("data") or {}).items() if name != "accounts"}
    method = answer.get("method") or {}
    return Story(
        question=question(receipt),
        answer=receipt.sentence or str(answer.get("answer") or ""),
        badge=badge(receipt.status),
        exactness=EXACTNESS.get(answer.get("exactness", ""), "") if receipt.is_answered else "",
        reason=str((answer.get("reason") or {}).get("what_to_do") or ""),
        accounts=accounts,
        large=[each for each in accounts if each.large] if len(accounts) <= LARGE else [],
        comparison=comparison(accounts) if len(accounts) > 1 else None,
        tables=tables(beside, fields, Terms(zone=zone), {}, tool_title(receipt.tool)),
        definition=str(method.get("definition") or ""),
        method=list(method_lines(method)),
        terms=[(fields.title(name), text) for name, text in (method.get("terms") or {}).items()],
        parameters=list(parameters(receipt)),
        tool=tool_title(receipt.tool),
        sources=[source(each, answer, links) for each in answer.get("sources") or []],
        freshness=list(freshness(answer)),
        caveats=[str(caveat["text"]) for caveat in answer.get("caveats") or []],
        asked_at=moment_text(receipt.created_at, zone),
        exports=exports(answer, fields),
    )


def entries(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = (answer.get("data") or {}).get("accounts") or []
    return [entry for entry in found if isinstance(entry.get("account"), dict)]


def common_zone(answer: Mapping[str, Any]) -> ZoneInfo:
    """The zone of all its accounts; UTC where they differ."""
    zones = {entry["time_zone"] for entry in entries(answer) if entry.get("time_zone")}
    return zone_of(zones.pop()) if len(zones) == 1 else UTC


def account(entry: dict[str, Any], receipt: Receipt, fields: Fields, links: ObjectLinks) -> Account:
    key, terms = str(entry["account"].get("id") or ""), Terms.of(entry)
    values = {name: value for name, value in entry.items() if name not in NOT_FIGURES}
    found = figures(values, fields, terms)
    return Account(
        name=str(entry["account"].get("name") or ""),
        id=key,
        address=links.accounts.get(key, ""),
        badge=badge(str(entry.get("status") or "")),
        reason=str((entry.get("reason") or {}).get("text") or ""),
        period=period(entry.get("period")),
        zone=str(entry.get("time_zone") or ""),
        figures=found,
        large=next((figure for figure in found if figure.is_top and figure.kind in NUMBERS), None),
        tables=tables(values, fields, terms, links.of(key), tool_title(receipt.tool)),
    )


def comparison(accounts: list[Account]) -> Table | None:
    """One row per account, its single figures side by side; None where there are none."""
    labels = list(dict.fromkeys(figure.label for each in accounts for figure in each.figures if figure.is_top))
    if not labels:
        return None
    rows = []
    for each in accounts:
        texts = {figure.label: Cell(figure.text, figure.kind in NUMBERS) for figure in each.figures}
        missing = Cell(each.badge.label if each.badge and not each.figures else "—")
        head = Cell(each.name, is_head=True, address=each.address)
        rows.append([head, *(texts.get(label, missing) for label in labels)])
    columns = [Cell("Account"), *(Cell(label, rows[0][at + 1].is_figure) for at, label in enumerate(labels))]
    return Table("accounts", "Accounts side by side", columns, rows, 0, None)


def method_lines(method: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What the tool says of its method beside the definition, in words."""
    for name, value in method.items():
        if name == "period" and value:
            yield "Period", period_words(value)
        elif isinstance(value, str | int | float) and name not in ("definition", "exactness") and value != "":
            yield words(name), METHOD.get(str(value), str(value))


def period_words(span: Mapping[str, Any]) -> str:
    label = str(span.get("label") or "")
    if label == "all":
        return f"since the first event ({time_text(str(span['from'])[:10], UTC)})"
    return f"{spoken(label).removeprefix('in ')}: {period(span)}" if label else period(span)


def parameters(receipt: Receipt) -> Iterator[tuple[str, str]]:
    """The arguments as they came, ids with the names that they stand for."""
    names = {str(each["id"]): str(each["name"]) for each in receipt.answer.get("sources") or [] if each.get("id")}
    names |= {str(entry["account"]["id"]): str(entry["account"]["name"]) for entry in entries(receipt.answer)}
    tool = TOOLS.get(receipt.tool)
    known = list(tool.input_schema["properties"]) if tool else []
    given = sorted(receipt.args.items(), key=lambda item: known.index(item[0]) if item[0] in known else len(known))
    for name, value in given:
        text = str(value)
        yield words(name), f"{names[text]} ({text})" if text in names else text.replace("_", " ")


def source(part: Mapping[str, Any], answer: Mapping[str, Any], links: ObjectLinks) -> Source:
    """Only addresses of Klaviyo become links."""
    key, owner, url = str(part.get("id")), str(part.get("account") or ""), str(part.get("url") or "")
    entry = next((entry for entry in entries(answer) if entry["account"]["id"] == owner), None)
    sent = links.sent.get((owner, key))
    is_klaviyo = url.startswith(("https://", f"{settings.KLAVIYO_PAGES_URL}/"))
    return Source(
        kind=words(str(part.get("kind") or "")) if part.get("kind") != "more" else "",
        name=str(part.get("name") or ""),
        account=str(entry["account"]["name"]) if entry else owner,
        page=links.of(owner).get(key, ""),
        klaviyo=url if is_klaviyo else "",
        sent=f"{sent.astimezone(Terms.of(entry or {}).zone):%-d %b %Y}" if sent else "",
    )


def freshness(answer: Mapping[str, Any]) -> Iterator[str]:
    """`Fernweh Outdoor: data up to 28 Nov 2026, 09:51 (Europe/Berlin), from the very first event`."""
    accounts = {entry["account"]["id"]: entry for entry in entries(answer)}
    for part in answer.get("freshness") or []:
        entry = accounts.get(part.get("account")) or {}
        zone = Terms.of(entry).zone
        start, end = (datetime.fromisoformat(part[name]) if part.get(name) else None for name in EDGES)
        since = "from the very first event" if start and start.year == 2000 else ""
        since = since or (f"from {moment_text(start, zone)}" if start else "")
        until = f"data up to {moment_text(end, zone)}" if end else "nothing held yet"
        name = (entry.get("account") or {}).get("name") or part.get("account")
        yield f"{name}: {until}" + (f", {since}" if since else "") + "."


EDGES: Final = ("complete_from", "complete_to")


def moment_text(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%-d %b %Y, %H:%M} ({zone.key})"


def exports(answer: Mapping[str, Any], fields: Fields) -> list[tuple[str, str]]:
    """The tables that a CSV can hold: field and title, the answer's own rows first."""
    data = answer.get("data") or {}
    lists = {name for entry in [*entries(answer), data] for name, value in entry.items() if _is_listed(name, value)}
    found = [(name, fields.title(name)) for name in sorted(lists, key=lambda name: name not in fields.groups.rows)]
    has_figures = any(figures(_values(entry), fields, Terms.of(entry)) for entry in entries(answer))
    return found + ([("figures", "Figures")] if has_figures else [])


def _is_listed(name: str, value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and name != "accounts"


def _values(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in NOT_FIGURES}
