"""A receipt as a person reads it: the question in words, the figures as tables, nothing that needs JSON to follow."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from connector.receipts.models import Receipt

VERBS: Final = {
    # verb: (who did it, who did not)
    "received_email": ("received an e-mail", "did not receive an e-mail"),
    "opened_email": ("opened an e-mail", "did not open an e-mail"),
    "clicked_email": ("clicked in an e-mail", "did not click in an e-mail"),
    "bounced_email": ("had an e-mail bounce", "had no e-mail bounce"),
    "marked_spam": ("marked an e-mail as spam", "did not mark an e-mail as spam"),
    "unsubscribed_email": ("unsubscribed from e-mail", "did not unsubscribe from e-mail"),
    "received_sms": ("received an SMS", "did not receive an SMS"),
    "failed_sms": ("had an SMS fail", "had no SMS fail"),
    "clicked_sms": ("clicked in an SMS", "did not click in an SMS"),
    "unsubscribed_sms": ("unsubscribed from SMS", "did not unsubscribe from SMS"),
    "subscribed_list": ("subscribed to a list", "did not subscribe to a list"),
    "unsubscribed_list": ("unsubscribed from a list", "did not unsubscribe from a list"),
    "subscribed_email": ("subscribed to e-mail", "did not subscribe to e-mail"),
    "subscribed_sms": ("subscribed to SMS", "did not subscribe to SMS"),
    "viewed_product": ("viewed a product", "did not view a product"),
    "added_to_cart": ("added to the cart", "did not add to the cart"),
    "started_checkout": ("started a checkout", "did not start a checkout"),
    "ordered": ("ordered", "did not order"),
    "refunded": ("had an order refunded", "had no order refunded"),
    "cancelled": ("had an order cancelled", "had no order cancelled"),
    "member": ("are members", "are not members"),
}
MOMENTS: Final = {"after": "afterwards", "before": "before that", "in_period": "in that period", "ever": "at any time"}
LABELS: Final = {
    "people": "People",
    "did": "Did the first thing",
    "also_did": "Also did the second",
    "share": "Share that did not do the second",
    "also_share": "Share that also did the second",
    "median_days": "Median days between the two",
    "amount": "Amount",
    "events": "Events",
    "human": "Without machine opens",
}
MONEY: Final = frozenset(
    {"revenue", "amount", "average_order_value", "revenue_per_delivery", "attributed_revenue", "price"}
)
FACTS: Final = frozenset({"account", "status", "reason", "time_zone", "currency", "period"})
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
        accounts=[account(entry) for entry in entries(envelope)],
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
        return people_question(args)
    asked = [
        f"{words(name).lower()}: {value}" for name, value in args.items() if name not in ("account", "cursor", "key")
    ]
    return TITLES.get(receipt.tool, words(receipt.tool)) + (f" ({', '.join(asked)})" if asked else "")


def people_question(args: dict[str, Any]) -> str:
    """`Who opened an e-mail of “Q4 Holiday Campaign” but did not order within 7 days?`"""
    did = VERBS.get(str(args.get("did")), (f"did “{args.get('did')}”", ""))[0]
    text = f"Who {did}{of(args, '')}"
    if args.get("at_least", 1) != 1:
        text += f" at least {args['at_least']} times"
    if args.get("but_not"):
        but_not = VERBS.get(str(args["but_not"]), ("", f"did not do “{args['but_not']}”"))[1]
        text += f" but {but_not}{of(args, 'but_not_')}{within(args)}"
    return f"{text}?"


def of(args: dict[str, Any], prefix: str) -> str:
    """The campaign, flow, item or audience that a part of the question names."""
    parts = [("of", "campaign"), ("of the flow", "flow"), ("with", "item"), ("in", "audience")]
    return "".join(f" {word} “{args[prefix + name]}”" for word, name in parts if args.get(prefix + name))


def within(args: dict[str, Any]) -> str:
    if args.get("within_days"):
        days = args["within_days"]
        return f" within {days} day{'s' if days != 1 else ''} {'before' if args.get('but_not_when') == 'before' else 'after'}"
    moment = MOMENTS.get(str(args.get("but_not_when") or "after"), "")
    return f" {moment}" if moment else ""


def entries(envelope: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        entry for entry in (envelope.get("data") or {}).get("accounts") or [] if isinstance(entry.get("account"), dict)
    ]


def account(entry: dict[str, Any]) -> Account:
    currency = entry.get("currency") or ""
    values = {name: value for name, value in entry.items() if name not in FACTS and value is not None}
    return Account(
        name=entry["account"].get("name") or "",
        id=entry["account"].get("id") or "",
        status=entry.get("status") or "",
        reason=(entry.get("reason") or {}).get("text", ""),
        period=period(entry.get("period")),
        time_zone=entry.get("time_zone") or "",
        figures=list(figures(values, currency)),
        tables=[table(name, rows, currency) for name, rows in values.items() if is_rows(rows)],
    )


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
    if name in MONEY and isinstance(value, int | float):
        return f"{value:,.2f} {currency}".strip()
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def method_lines(method: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if method.get("period"):
        label = method["period"].get("label")
        yield "Period", f"{period(method['period'])}{f' ({label})' if label else ''}"
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
    """A source or freshness with the account's name beside its id."""
    return {**part, "account_name": names.get(str(part.get("account")), part.get("account") or "")}


def words(name: str) -> str:
    return name.replace("_", " ").strip().capitalize()
