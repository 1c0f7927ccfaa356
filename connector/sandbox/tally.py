"""Counts behind the statistics of reports."""

from collections.abc import Sequence
from dataclasses import dataclass, field

# Metric -> what it counts as, and the name of its distinct people.
COUNTED = {
    "Received Email": "delivered", "Received SMS": "delivered", "Received Push": "delivered",
    "Opened Email": "opens", "Opened Push": "opens", "Clicked Email": "clicks", "Clicked SMS": "clicks",
    "Bounced Email": "bounced", "Dropped Email": "failed", "Failed to Deliver SMS": "failed",
    "Marked Email as Spam": "spam_complaints", "Unsubscribed from Email Marketing": "unsubscribes",
    "Unsubscribed": "unsubscribes", "Unsubscribed from SMS Marketing": "unsubscribes",
}  # fmt: skip
RATES = {
    "open_rate": ("opens_unique", "delivered"),
    "click_rate": ("clicks_unique", "delivered"),
    "click_to_open_rate": ("clicks_unique", "opens_unique"),
    "bounce_rate": ("bounced", "recipients"),
    "failed_rate": ("failed", "recipients"),
    "bounced_or_failed_rate": ("bounced_or_failed", "recipients"),
    "delivery_rate": ("delivered", "recipients"),
    "spam_complaint_rate": ("spam_complaints", "delivered"),
    "unsubscribe_rate": ("unsubscribe_uniques", "delivered"),
    "conversion_rate": ("conversion_uniques", "delivered"),
    "average_order_value": ("conversion_value", "conversions"),
    "revenue_per_recipient": ("conversion_value", "delivered"),
}


@dataclass
class Tally:
    """How often each thing happened, and to whom."""

    counts: dict[str, int] = field(default_factory=dict)
    people: dict[str, set[int]] = field(default_factory=dict)
    value: float = 0.0

    def happened(self, metric: str, person: int) -> None:
        name = COUNTED.get(metric)
        if name:
            self._count(name, person)

    def converted(self, person: int, value: float) -> None:
        self._count("conversions", person)
        self.value += value

    def _count(self, name: str, person: int) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1
        self.people.setdefault(name, set()).add(person)

    def unique(self, name: str) -> int:
        return len(self.people.get(name, ()))


def statistics(tally: Tally, asked: Sequence[str]) -> dict[str, float]:
    """The statistics by Klaviyo's names. Rates are fractions; of nothing, they are 0."""
    count = tally.counts.get
    failed, bounced, delivered = count("failed", 0), count("bounced", 0), count("delivered", 0)
    known: dict[str, float] = {
        "recipients": delivered + bounced + failed,
        "delivered": delivered,
        "opens": count("opens", 0),
        "opens_unique": tally.unique("opens"),
        "clicks": count("clicks", 0),
        "clicks_unique": tally.unique("clicks"),
        "bounced": bounced,
        "failed": failed,
        "bounced_or_failed": bounced + failed,
        "spam_complaints": count("spam_complaints", 0),
        "unsubscribes": count("unsubscribes", 0),
        "unsubscribe_uniques": tally.unique("unsubscribes"),
        "conversions": count("conversions", 0),
        "conversion_uniques": tally.unique("conversions"),
        "conversion_value": round(tally.value, 2),
        "message_segment_count_sum": 0,
        "text_message_credit_usage_amount": 0,
        "text_message_roi": 0,
        "text_message_spend": 0,
    }
    for name, (part, whole) in RATES.items():
        known[name] = known[part] / known[whole] if known[whole] else 0.0
    return {name: known[name] for name in asked}
