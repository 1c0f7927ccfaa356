"""The measures of an account in a period, shared by compare_periods and portfolio: name, kind, what each reads and means.

A measure is reckoned from a few counts, each named by a Read; measured.py counts all that are asked in as few passes over
the events as there can be.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from connector.insights.arguments import bad
from connector.insights.columns import Column, Kind
from connector.insights.rounding import money, quotient

Count = int | Decimal | None
Figure = int | float | None


class Part(StrEnum):
    """Where a count comes from: one pass over the lake each, or the records."""

    EVENTS = "events"  # how many events of a deed
    PEOPLE = "people"  # distinct people behind them
    HUMANS = "humans"  # the same without machines and bots
    ORDERS = "orders"  # each order once
    MARKED = "marked"  # order events by what Klaviyo attributed them to
    REFUNDS = "refunds"
    REACTIONS = "reactions"  # people who opened or clicked what they received in the period
    SENT = "sent"  # campaigns


# Klaviyo's own verbs that are counted together: people who clicked in an e-mail and in a text are one.
DEEDS: Final[dict[str, tuple[str, ...]]] = {
    "received_email": ("received_email",),
    "opened_email": ("opened_email",),
    "clicked": ("clicked_email", "clicked_sms"),
    "received_sms": ("received_sms",),
    "bounced_email": ("bounced_email",),
    "failed_sms": ("failed_sms",),
    "marked_spam": ("marked_spam",),
    "subscribed_list": ("subscribed_list",),
    "unsubscribed_list": ("unsubscribed_list",),
    "subscribed_email": ("subscribed_email",),
    "unsubscribed_email": ("unsubscribed_email",),
}


@dataclass(frozen=True)
class Read:
    """One count that a measure needs: its part, and which of that part."""

    part: Part
    name: str


@dataclass(frozen=True)
class Measure:
    """`reckon` makes the figure of the counts of `reads`, in their order; None where one of them is not known.
    `of`: the counts whose sum a rate is taken of."""

    name: str
    kind: Kind
    title: str
    meaning: str
    reads: tuple[Read, ...]
    reckon: Callable[..., Figure] = lambda count: count
    of: tuple[Read, ...] = ()

    @property
    def is_of_orders(self) -> bool:
        return any(read.part in (Part.ORDERS, Part.MARKED) for read in self.reads)

    @property
    def is_money(self) -> bool:
        return self.kind == Kind.MONEY

    def figure(self, counts: Mapping[Read, Count]) -> Figure:
        found = [counts.get(read) for read in self.reads]
        return None if None in found else self.reckon(*found)

    def base(self, counts: Mapping[Read, Count]) -> int | None:
        """What a rate is taken of; None of other measures."""
        return sum(int(counts.get(read) or 0) for read in self.of) if self.of else None

    @property
    def column(self) -> Column:
        return Column(self.name, self.kind, self.title, self.meaning)


def _events(name: str, title: str, meaning: str, *deeds: str) -> Measure:
    reads = tuple(Read(Part.EVENTS, deed) for deed in deeds or (name,))
    return Measure(name, Kind.COUNT, title, meaning, reads, lambda *counts: sum(counts))


def _one(part: Part, name: str, title: str, meaning: str, of: str = "") -> Measure:
    return Measure(name, Kind.COUNT, title, meaning, (Read(part, of or name),))


def _money(part: Part, name: str, title: str, meaning: str) -> Measure:
    return Measure(name, Kind.MONEY, title, meaning, (Read(part, name),), lambda amount: money(Decimal(amount)))


def _rate(name: str, title: str, meaning: str, part: Read, whole: Read) -> Measure:
    return Measure(name, Kind.RATE, title, meaning, (part, whole), quotient, (whole,))


def _average(revenue: Decimal, orders: int) -> Figure:
    return money(Decimal(revenue) / orders) if orders else None


DELIVERED: Final = Read(Part.EVENTS, "received_email")
RECIPIENTS: Final = Read(Part.PEOPLE, "received_email")
USUAL: Final = (
    _events("email_deliveries", "E-mails delivered", "Received Email events", "received_email"),
    _one(Part.PEOPLE, "openers", "Openers", "people with an Opened Email event", "opened_email"),
    _one(Part.HUMANS, "openers_human", "Openers without machines", "openers without opens by machines", "opened_email"),
    _one(
        Part.HUMANS,
        "clickers_human",
        "Clickers without bots",
        "people who clicked in an e-mail or SMS, no bots",
        "clicked",
    ),
    _one(Part.ORDERS, "orders", "Orders", "orders placed, each once by its earliest delivery"),
    _one(Part.ORDERS, "buyers", "Buyers", "people who placed them"),
    _money(Part.ORDERS, "revenue", "Revenue", "value of these orders"),
    Measure(
        "average_order_value",
        Kind.MONEY,
        "Average order value",
        "revenue / orders",
        (Read(Part.ORDERS, "revenue"), Read(Part.ORDERS, "orders")),
        _average,
    ),
    _events("subscribed_list", "Joined a list", "Subscribed to List events"),
    _events("unsubscribed_list", "Left a list", "Unsubscribed from List events"),
)
NAMED: Final = (
    _one(Part.PEOPLE, "email_recipients", "E-mail recipients", "people with a Received Email event", "received_email"),
    _events("sms_deliveries", "SMS delivered", "Received SMS events", "received_sms"),
    _events("bounces", "Bounces", "Bounced Email and Failed to Deliver SMS events", "bounced_email", "failed_sms"),
    _events("spam_complaints", "Spam complaints", "Marked Email as Spam events", "marked_spam"),
    _events("subscribed_email", "Subscribed to e-mail", "Subscribed to Email Marketing events"),
    _events("unsubscribed_email", "Left e-mail", "Unsubscribed from Email Marketing events"),
    _one(Part.ORDERS, "new_buyers", "New buyers", "buyers without any order held before the period's first"),
    _money(Part.MARKED, "attributed_revenue", "Attributed revenue", "value of order events marked with any campaign or flow, each once"),
    _money(Part.MARKED, "campaign_revenue", "Campaign revenue", "of those marked with a campaign; with both: in both"),
    _money(Part.MARKED, "flow_revenue", "Flow revenue", "of those marked with a flow; with both: in both"),
    _money(Part.MARKED, "email_revenue", "E-mail revenue", "of those marked with an e-mail; with both channels: in both"),
    _money(Part.MARKED, "sms_revenue", "SMS revenue", "of those marked with an SMS; with both channels: in both"),
    _money(Part.REFUNDS, "refunds", "Refunds", "value of Refunded Order events"),
)  # fmt: skip
OF_PERIODS: Final[dict[str, Measure]] = {each.name: each for each in (*USUAL, *NAMED)}

OF_ACCOUNTS: Final[dict[str, Measure]] = {
    each.name: each
    for each in (
        OF_PERIODS["revenue"],
        OF_PERIODS["orders"],
        OF_PERIODS["attributed_revenue"],
        _rate(
            "open_rate_human",
            "Open rate without machines",
            "people who opened an e-mail they received in the period, at any time, no machines / people who received one",
            Read(Part.REACTIONS, "openers"),
            RECIPIENTS,
        ),
        _rate(
            "click_rate",
            "Click rate without bots",
            "people who clicked in an e-mail they received in the period, at any time, no bots / people who received one",
            Read(Part.REACTIONS, "clickers"),
            RECIPIENTS,
        ),
        OF_PERIODS["email_deliveries"],
        Measure(
            "subscribed_net",
            Kind.COUNT,
            "Net list growth",
            "Subscribed to List less Unsubscribed from List events",
            (Read(Part.EVENTS, "subscribed_list"), Read(Part.EVENTS, "unsubscribed_list")),
            lambda joined, left: joined - left,
        ),
        _rate(
            "spam_rate",
            "Spam rate",
            "people who marked as spam / email_deliveries",
            Read(Part.PEOPLE, "marked_spam"),
            DELIVERED,
        ),
        _rate(
            "unsubscribe_rate",
            "Unsubscribe rate",
            "people who unsubscribed from e-mail / email_deliveries",
            Read(Part.PEOPLE, "unsubscribed_email"),
            DELIVERED,
        ),
        Measure(
            "bounce_rate",
            Kind.RATE,
            "Bounce rate",
            "Bounced Email / (Received Email + Bounced Email)",
            (Read(Part.EVENTS, "bounced_email"), DELIVERED),
            lambda bounced, delivered: quotient(bounced, delivered + bounced),
            (Read(Part.EVENTS, "bounced_email"), DELIVERED),
        ),
        _one(Part.SENT, "campaigns_sent", "Campaigns sent", "campaigns sent in the period"),
        _one(
            Part.SENT,
            "silent_flows",
            "Silent flows",
            "live flows that delivered in the period compared with and nothing in this one",
        ),
    )
}


def chosen(argument: str, text: str | None, known: Mapping[str, Measure], usual: Sequence[Measure]) -> list[Measure]:
    """The measures an argument names, in its order, each once; `usual` where it is not given. Raises BadArguments."""
    if text is None:
        return list(usual)
    names = list(dict.fromkeys(part.strip() for part in text.split(",")))
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise bad(argument, f"“{unknown}” is no measure; give one or several, joined by commas, of {', '.join(known)}")
    return [known[name] for name in names]


def reads_of(measures: Iterable[Measure], *parts: Part) -> list[str]:
    """Which counts of these parts the measures need, each once."""
    return list(dict.fromkeys(read.name for each in measures for read in each.reads if read.part in parts))


def changed(value: Figure, before: Figure) -> dict[str, Any]:
    """`change` and `change_rate`, reckoned from the figures shown; no rate of what was not above zero."""
    if value is None or before is None:
        return {"change": None, "change_rate": None}
    now, was = Decimal(str(value)), Decimal(str(before))
    change = now - was
    shown: Figure = int(change) if isinstance(value, int) and isinstance(before, int) else float(change)
    return {"change": shown, "change_rate": quotient(change, was) if was > 0 else None}
