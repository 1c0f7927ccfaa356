"""A receipt as a person reads it: the question in words, the figures as tables, nothing that needs JSON to follow."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from connector.insights.columns import Column, Kind
from connector.receipts.models import Receipt
from connector.tools.catalogue import TOOLS

FACTS: Final = frozenset({"account", "status", "reason", "time_zone", "currency", "period"})
EXACTNESS: Final = {
    "exact": "Exact: every event counted",
    "klaviyo_report": "Klaviyo's own figures",
    "estimate": "An estimate",
}


@dataclass(frozen=True)
class Cell:
    text: str
    is_figure: bool


@dataclass(frozen=True)
class Table:
    """Rows of text under column titles."""

    title: str
    columns: list[Cell]
    rows: list[list[Cell]]


@dataclass(frozen=True)
class Account:
    """One account's part of the answer."""

    name: str
    id: str
    status: str
    reason: str
    period: str
    time_zone: str
    figures: list[tuple[str, str]]
    tables: list[Table]


@dataclass(frozen=True)
class Summary:
    """A receipt in a list: what was asked, what came out."""

    receipt: Receipt
    question: str
    answer: str


@dataclass(frozen=True)
class Story:
    """A receipt on its page."""

    question: str
    answer: str
    exactness: str
    accounts: list[Account]
    definition: str
    method: list[tuple[str, str]]
    sources: list[dict[str, Any]]
    freshness: list[dict[str, Any]]
    caveats: list[dict[str, Any]] = field(default_factory=list)


def summary(receipt: Receipt) -> Summary:
    return Summary(receipt, question(receipt), receipt.sentence)


def story(receipt: Receipt) -> Story:
    envelope = receipt.answer
    names = {entry["account"]["id"]: entry["account"]["name"] for entry in entries(envelope)}
    method = envelope.get("method") or {}
    return Story(
        question=question(receipt),
        answer=envelope.get("answer") or "",
        exactness=EXACTNESS.get(envelope.get("exactness", ""), ""),
        accounts=[account(entry, receipt) for entry in entries(envelope)],
        definition=method.get("definition") or "",
        method=list(method_lines(method)),
        sources=[named(source, names) for source in envelope.get("sources") or [] if isinstance(source, dict)],
        freshness=[named(part, names) for part in envelope.get("freshness") or []],
        caveats=envelope.get("caveats") or [],
    )


def question(receipt: Receipt) -> str:
    """What was asked, in words."""
    tool = TOOLS.get(receipt.tool)
    return receipt.question or (tool.title if tool else words(receipt.tool))


def columns_of(receipt: Receipt) -> dict[str, Column]:
    """What each field of the tool's answers is; one without an entry shows as it stands."""
    tool = TOOLS.get(receipt.tool)
    return {column.name: column for column in tool.columns} if tool else {}


def entries(envelope: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        entry for entry in (envelope.get("data") or {}).get("accounts") or [] if isinstance(entry.get("account"), dict)
    ]


def account(entry: dict[str, Any], receipt: Receipt) -> Account:
    currency, columns = entry.get("currency") or "", columns_of(receipt)
    values = {name: value for name, value in entry.items() if name not in FACTS and value is not None}
    return Account(
        name=entry["account"].get("name") or "",
        id=entry["account"].get("id") or "",
        status=entry.get("status") or "",
        reason=(entry.get("reason") or {}).get("text", ""),
        period=period(entry.get("period")),
        time_zone=entry.get("time_zone") or "",
        figures=list(figures(values, columns, currency)),
        tables=[table(name, rows, columns, currency) for name, rows in values.items() if is_rows(rows)],
    )


def figures(values: dict[str, Any], columns: dict[str, Column], currency: str) -> Iterator[tuple[str, str]]:
    """Single numbers, and those one level down (`human: {people, did}`), each with its name."""
    for name, value in values.items():
        if isinstance(value, dict):
            for part, number in value.items():
                if not isinstance(number, dict | list):
                    kind = kind_of(name, columns) if name in columns else kind_of(part, columns)
                    label = f"{title_of(name, columns)}: {title_of(part, columns).lower()}"
                    yield label, shown(kind_of(part, columns) if kind == Kind.OBJECT else kind, number, currency)
        elif not isinstance(value, list):
            yield title_of(name, columns), shown(kind_of(name, columns), value, currency)


def table(name: str, rows: list[dict[str, Any]], columns: dict[str, Column], currency: str) -> Table:
    """Columns that hold nothing in any row are left out."""
    names = list(dict.fromkeys(column for row in rows for column in row if row[column] is not None))
    figure = {column: all(isinstance(row.get(column), int | float | None) for row in rows) for column in names}
    return Table(
        title=words(name),
        columns=[Cell(title_of(column, columns), figure[column]) for column in names],
        rows=[
            [Cell(shown(kind_of(column, columns), row.get(column), currency), figure[column]) for column in names]
            for row in rows
        ],
    )


def title_of(name: str, columns: dict[str, Column]) -> str:
    return columns[name].title if name in columns else words(name)


def kind_of(name: str, columns: dict[str, Column]) -> Kind:
    return columns[name].kind if name in columns else Kind.TEXT


def is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def shown(kind: Kind, value: Any, currency: str) -> str:
    """One value as text: thousands separated, rates as percent, money with its currency."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return str(value.get("name") or value.get("id") or "—")
    if isinstance(value, list):
        return ", ".join(shown(kind, part, currency) for part in value)
    if not isinstance(value, int | float):
        return str(value)
    match kind:
        case Kind.RATE:
            return f"{value * 100:.1f} %"
        case Kind.DAYS:
            return duration(value)
        case Kind.MONEY:
            return f"{value:,.2f} {currency}".strip()
    return f"{value:,}"


def duration(days: float) -> str:
    """`1.2 days`, `3.5 hours`, `12 minutes`."""
    if days >= 1:
        return f"{days:,.1f} days"
    return f"{days * 24:.1f} hours" if days * 24 >= 1 else f"{days * 24 * 60:.0f} minutes"


def method_lines(method: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if method.get("period"):
        label = method["period"].get("label")
        yield "Period", period(method["period"]) + (f" ({words(label).lower()})" if label else "")
    for name in ("basis", "attribution", "machine_opens"):
        if method.get(name):
            yield words(name), words(str(method[name])).lower()


def period(span: dict[str, Any] | None) -> str:
    """`16 Oct 2026, 00:00 to 25 Nov 2026, 16:30`, in the account's own time."""
    if not span or not span.get("from") or not span.get("to"):
        return ""
    start, end = (datetime.fromisoformat(span[edge]) for edge in ("from", "to"))
    return f"{start:%-d %b %Y, %H:%M} to {end:%-d %b %Y, %H:%M}"


def named(part: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """A source or freshness with the account's name beside its id; only a web address becomes a link."""
    address = str(part.get("url") or "")
    return {
        **part,
        "account_name": names.get(str(part.get("account")), part.get("account") or ""),
        "url": address if address.startswith("https://") else "",
    }


def words(name: str) -> str:
    return name.replace("_", " ").strip().capitalize()
