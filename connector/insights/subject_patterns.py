"""What subjects have in common, by plain regular expressions, and how they were opened."""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from statistics import median
from typing import Any, Final

from connector.insights.rounding import quotient

# Listed in `method`, so that anybody can tell what was counted as what.
PATTERNS: Final[Mapping[str, str]] = {
    "with_emoji": "[\u2600-\u27bf\u2b00-\u2bff\U0001f1e6-\U0001faff]",
    "with_personalization": r"\{\{|\{%",
    "with_number": r"\d",
    "with_discount": (
        r"(?i)\d\s?%|[$€£¥]\s?\d|\d\s?[$€£¥]|"
        r"\b(sale|discount|deal|coupon|off|save|free|rabatt|gutschein|sparen|gratis|promo|soldes|remise|rebajas|descuento)\b"
    ),
}
Row = Mapping[str, Any]


def patterns_of(rows: Sequence[Row]) -> dict[str, Any]:
    """Of the rows that have a subject: their median length in characters, and of each pattern how many have it and the
    median open rates of those with it and without."""
    told = [row for row in rows if row["subject"]]
    found: dict[str, Any] = {"median_length": median(len(row["subject"]) for row in told) if told else None}
    return found | {name: _pattern(told, re.compile(pattern).search) for name, pattern in PATTERNS.items()}


def _pattern(rows: Sequence[Row], search: Callable[[str], Any]) -> dict[str, Any]:
    having = [row for row in rows if search(row["subject"])]
    others = [row for row in rows if not search(row["subject"])]
    return {
        "subjects": len(having),
        "open_rate_human": _median_rate(having),
        "without_open_rate_human": _median_rate(others),
    }


def _median_rate(rows: Sequence[Row]) -> float | None:
    rates = [Decimal(str(row["open_rate_human"])) for row in rows if row["open_rate_human"] is not None]
    return quotient(median(rates), 1) if rates else None
