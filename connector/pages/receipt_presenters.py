"""A receipt as a person reads it: the question in words, the figures as tables, nothing that needs JSON to follow."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from connector.insights import people_words
from connector.receipts.models import Receipt

LABELS: Final = {"did": "Did it", "median_days": "Median time between the two", "url": "Address"}
MONEY: Final = frozenset(
    {"revenue", "amount", "average_order_value", "revenue_per_delivery", "attributed_revenue", "price"}
)
FACTS: Final = frozenset({"account", "status", "reason", "time_zone", "currency", "period"})
PEOPLE: Final = frozenset({"people", "did", "also_did", "share", "also_share", "human", "events", "amount"})
EXACTNESS: Final = {
    "exact": "Counted from events, to the last one",
    "klaviyo_report": "Klaviyo's own figures",
    "estimate": "An estimate",
}
TITLES: Final = {
    "people_who": "People who",
    "campaign_performance": "Campaign performance",
    "flow_performance": "Flow performance",
    "top_items": "Top items",
    "compare_cohorts": "Cohorts compared",
    "metric_trend": "Trend of a metric",
    "audience_growth": "Growth of lists",
    "list_health": "Health of lists",
    "compare_periods": "Periods compared",
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
    has_heads: bool = False  # the first cell of each row names it
    answer_row: int = -1  # the row that answers the question


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
    return Summary(receipt, question(receipt), receipt.answer.get("answer") or "")


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
    args = receipt.args
    if receipt.tool == "people_who":
        return people_words.question(args, known(receipt.answer))
    asked = [
        f"{words(name).lower()}: {value}" for name, value in args.items() if name not in ("account", "cursor", "key")
    ]
    return TITLES.get(receipt.tool, words(receipt.tool)) + (f" ({', '.join(asked)})" if asked else "")


def known(envelope: dict[str, Any]) -> dict[str, str]:
    """Names of the objects that the answer rests on, by id: a question that named one by its id is told by its name."""
    return {
        source["id"]: source["name"]
        for source in envelope.get("sources") or []
        if source.get("id") and source.get("name")
    }


def entries(envelope: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        entry for entry in (envelope.get("data") or {}).get("accounts") or [] if isinstance(entry.get("account"), dict)
    ]


def account(entry: dict[str, Any], receipt: Receipt) -> Account:
    currency = entry.get("currency") or ""
    values = {name: value for name, value in entry.items() if name not in FACTS and value is not None}
    tables = []
    if receipt.tool == "people_who" and "did" in values:
        tables.append(people_table(values, receipt, currency))
        values = {name: value for name, value in values.items() if name not in PEOPLE}
    return Account(
        name=entry["account"].get("name") or "",
        id=entry["account"].get("id") or "",
        status=entry.get("status") or "",
        reason=(entry.get("reason") or {}).get("text", ""),
        period=period(entry.get("period")),
        time_zone=entry.get("time_zone") or "",
        figures=list(figures(values, currency)),
        tables=tables + [table(name, rows, currency) for name, rows in values.items() if is_rows(rows)],
    )


def people_table(values: dict[str, Any], receipt: Receipt, currency: str) -> Table:
    """Those who did it, and of these who did not do the other: people, share, events, amount, and without machines."""
    args = receipt.args
    names = people_words.as_asked(args, known(receipt.answer))
    humans, events, amounts = (values.get(name) or {} for name in ("human", "events", "amount"))
    lines = [("did", sentence(people_words.did(args, names)), None)]
    if args.get("but_not"):
        lines.append(
            ("people", f"… but {people_words.did_not(args, names)}{people_words.timing(args)}", values.get("share"))
        )
        lines.append(("also_did", "… and did so", values.get("also_share")))
    columns = {
        "people": "People",
        "share": "Share",
        "humans": "Without machines",
        "events": "Events",
        "revenue": f"Amount ({currency})",
    }
    parts = [
        dict(
            zip(columns, (values.get(name), share, humans.get(name), events.get(name), amounts.get(name)), strict=True)
        )
        for name, _, share in lines
    ]
    used = [name for name in columns if any(part[name] is not None for part in parts)]
    if all(part["humans"] in (None, part["people"]) for part in parts) and "humans" in used:
        used.remove("humans")  # no machine had a part in it
    return Table(
        title="People",
        columns=[Cell("", False)] + [Cell(columns[name], True) for name in used],
        rows=[
            [Cell(label, False)] + [Cell(shown(name, part[name], ""), True) for name in used]
            for (_, label, _), part in zip(lines, parts, strict=True)
        ],
        has_heads=True,
        answer_row=len(lines[:2]) - 1,
    )


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def figures(values: dict[str, Any], currency: str, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Single numbers, and those one level down (`human: {people, did}`), each with its name."""
    for name, value in values.items():
        label = f"{prefix}{LABELS.get(name, words(name))}"
        if isinstance(value, dict):
            inner = {part: number for part, number in value.items() if not isinstance(number, dict | list)}
            for inner_label, text in figures(inner, currency, f"{label}: "):
                yield inner_label, f"{text} {currency}".strip() if name in MONEY else text
        elif not isinstance(value, list):
            yield label, shown(name, value, currency)


def table(name: str, rows: list[dict[str, Any]], currency: str) -> Table:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    figure = {column: all(isinstance(row.get(column), int | float | None) for row in rows) for column in columns}
    return Table(
        title=words(name),
        columns=[Cell(LABELS.get(column, words(column)), figure[column]) for column in columns],
        rows=[[Cell(shown(column, row.get(column), currency), figure[column]) for column in columns] for row in rows],
    )


def is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def shown(name: str, value: Any, currency: str) -> str:
    """One value as text: thousands separated, rates as percent, money with its currency."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return str(value.get("name") or value.get("id") or "—")
    if isinstance(value, list):
        return ", ".join(shown(name, part, currency) for part in value)
    if isinstance(value, int | float) and (
        name in ("share", "also_share") or name.endswith(("_rate", "_rate_human", "_share"))
    ):
        return f"{value:.1%}"
    if name.startswith("median_days") and isinstance(value, int | float):
        return duration(value)
    if name in MONEY and isinstance(value, int | float):
        return f"{value:,.2f} {currency}".strip()
    return f"{value:,}" if isinstance(value, int | float) else str(value)


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
