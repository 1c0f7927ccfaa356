"""The rows of Klaviyo's reports under the names of our columns. Rates are Klaviyo's own; bots and machines are in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from connector.insights.days import floor
from connector.insights.rounding import money, quotient
from connector.klaviyo import reports as klaviyo

EMAIL: Final = "email"
SMS: Final = "sms"

COUNTS: Final = (
    "deliveries", "recipients", "bounces", "unique_opens", "unique_clicks", "unsubscribes", "spam_complaints",
)  # fmt: skip

Statistics = Mapping[str, Decimal | None]


@dataclass(frozen=True)
class Figures:
    """What a message, or several, did. `orders` to `revenue` and their quotients are None without a purchase metric;
    rates also where nothing was delivered."""

    deliveries: int
    recipients: int
    bounces: int
    unique_opens: int
    unique_clicks: int
    unsubscribes: int
    spam_complaints: int
    orders: int | None
    buyers: int | None
    revenue: Decimal | None
    open_rate: Decimal | None
    click_rate: Decimal | None
    unsubscribe_rate: Decimal | None
    spam_rate: Decimal | None
    order_rate: Decimal | None
    revenue_per_delivery: Decimal | None
    bounce_rate: Decimal | None


@dataclass(frozen=True)
class Row:
    """A message of a campaign or flow (`owner`, its id) over one channel; of a series in the bucket that begins on `start`.

    `channel` is Klaviyo's word: email, sms, push-notification, whatsapp.
    """

    owner: str
    message: str
    channel: str
    start: date | None
    figures: Figures


def rows_of(report: klaviyo.Report, owner: str, interval: str, has_orders: bool) -> list[Row]:
    """A report's rows. `owner` is campaign or flow; `interval` is that of a series, else empty."""
    found = []
    for row in report.rows:
        for start, statistics in _buckets(row, report.times, interval):
            said = row.groupings
            ids = str(said.get(f"{owner}_id") or ""), str(said.get(f"{owner}_message_id") or "")
            found.append(Row(*ids, str(said.get("send_channel") or ""), start, _figures(statistics, has_orders)))
    return found


def summed(rows: Sequence[Row], has_orders: bool = True) -> Figures:
    """Several messages as one. People are added up: Klaviyo does not tell who is in two of them. Of one row alone the
    rates are Klaviyo's own, of several they are reckoned from the sums in Klaviyo's way."""
    if len(rows) == 1:
        return rows[0].figures
    parts = [row.figures for row in rows]
    openable = [row.figures for row in rows if row.channel != SMS]  # nobody sees whether an SMS was opened
    counts = {name: _sum(parts, name) for name in COUNTS}
    delivered, buyers = counts["deliveries"], _sum(parts, "buyers") if has_orders else None
    revenue = sum((part.revenue or Decimal(0) for part in parts), Decimal(0)) if has_orders else None
    return Figures(
        **counts,
        orders=_sum(parts, "orders") if has_orders else None,
        buyers=buyers,
        revenue=revenue,
        open_rate=_part(_sum(openable, "unique_opens"), _sum(openable, "deliveries")),
        click_rate=_part(counts["unique_clicks"], delivered),
        unsubscribe_rate=_part(counts["unsubscribes"], delivered),
        spam_rate=_part(counts["spam_complaints"], delivered),
        order_rate=_part(buyers, delivered),
        revenue_per_delivery=_part(revenue, delivered),
        bounce_rate=_part(counts["bounces"], counts["recipients"]),
    )


def campaign_columns(figures: Figures) -> dict[str, Any]:
    """The columns of campaign_performance, rounded. What Klaviyo does not tell is None."""
    return {
        "deliveries": figures.deliveries,
        "recipients": figures.recipients,
        "bounces": figures.bounces,
        "unique_opens": figures.unique_opens,
        "unique_opens_human": None,
        "unique_clicks": figures.unique_clicks,
        "unique_clicks_human": None,
        "unsubscribes": figures.unsubscribes,
        "spam_complaints": figures.spam_complaints,
        "orders": figures.orders,
        "revenue": money(figures.revenue),
        "open_rate": quotient(figures.open_rate, 1),
        "open_rate_human": None,
        "click_rate": quotient(figures.click_rate, 1),
        "unsubscribe_rate": quotient(figures.unsubscribe_rate, 1),
        "spam_rate": quotient(figures.spam_rate, 1),
        "order_rate": quotient(figures.order_rate, 1),
        "revenue_per_delivery": quotient(figures.revenue_per_delivery, 1),
        "bounce_rate": quotient(figures.bounce_rate, 1),
    }


def flow_columns(rows: Sequence[Row], has_orders: bool = True) -> dict[str, Any]:
    """The columns of flow_performance for these rows of one bucket together, rounded."""
    whole = summed(rows, has_orders)
    by_email = summed([row for row in rows if row.channel == EMAIL])
    return {
        "deliveries": whole.deliveries,
        "recipients": whole.recipients,
        "email_recipients": by_email.recipients,
        "openers": whole.unique_opens,
        "openers_human": None,
        "open_rate": quotient(whole.open_rate, 1),
        "open_rate_human": None,
        "active_openers": None,
        "active_openers_human": None,
        "clickers_human": None,
        "orders": whole.orders,
        "revenue": money(whole.revenue),
    }


def attributed_revenue(rows: Sequence[Row]) -> Decimal:
    """Of the rows of campaign values and flow values together, which must have been asked with a purchase metric."""
    return sum((row.figures.revenue or Decimal(0) for row in rows), Decimal(0))


def email_deliveries(rows: Sequence[Row]) -> int:
    return sum(row.figures.deliveries for row in rows if row.channel == EMAIL)


def _buckets(row: klaviyo.Row, times: Sequence[str], interval: str) -> list[tuple[date | None, dict[str, Any]]]:
    if not interval:
        return [(None, dict(row.statistics))]
    return [
        (
            floor(date.fromisoformat(time[:10]), interval),
            {name: figures[place] if isinstance(figures, list) else None for name, figures in row.statistics.items()},
        )
        for place, time in enumerate(times)
    ]


def _figures(said: Statistics, has_orders: bool) -> Figures:
    def count(name: str) -> int:
        return int(said.get(name) or 0)

    def rate(name: str, whole: str = "delivered") -> Decimal | None:
        return said.get(name) if count(whole) else None

    return Figures(
        deliveries=count("delivered"),
        recipients=count("recipients"),
        bounces=count("bounced"),
        unique_opens=count("opens_unique"),
        unique_clicks=count("clicks_unique"),
        unsubscribes=count("unsubscribe_uniques"),
        spam_complaints=count("spam_complaints"),
        orders=count("conversions") if has_orders else None,
        buyers=count("conversion_uniques") if has_orders else None,
        revenue=(said.get("conversion_value") or Decimal(0)) if has_orders else None,
        open_rate=rate("open_rate"),
        click_rate=rate("click_rate"),
        unsubscribe_rate=rate("unsubscribe_rate"),
        spam_rate=rate("spam_complaint_rate"),
        order_rate=rate("conversion_rate") if has_orders else None,
        revenue_per_delivery=rate("revenue_per_recipient") if has_orders else None,
        bounce_rate=rate("bounce_rate", "recipients"),
    )


def _sum(figures: Sequence[Figures], name: str) -> int:
    return sum(getattr(one, name) or 0 for one in figures)


def _part(part: Decimal | int | None, whole: int) -> Decimal | None:
    return None if part is None or not whole else Decimal(part) / whole
