"""Single values out of Klaviyo's free-form JSON: read leniently, exactly, and never by way of a float.

What makes no sense becomes None: a customer's data is as odd as the customer's systems.
"""

import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import msgspec

Scalar = str | int | float | bool | None
ABSENT = msgspec.Raw()

SIX = Decimal("0.000001")
LARGEST = Decimal(10) ** 14
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
SECONDS = 253402300800
"""The end of the year 9999, in seconds since 1970."""


def amount(raw: msgspec.Raw) -> Decimal | None:
    """A number, or a text that holds one, to six decimals half up; None if it does not fit decimal(20, 6)."""
    text = bytes(raw).strip(b'" \t\r\n').decode("utf-8", "replace") if len(raw) <= 64 else ""
    if not NUMBER.fullmatch(text):
        return None
    try:
        value = Decimal(text).quantize(SIX, ROUND_HALF_UP)
    except InvalidOperation:
        return None
    return value if abs(value) < LARGEST else None


def text(value: Scalar) -> str | None:
    """A text; of a number its digits; None for an empty one, and for true and false."""
    if isinstance(value, bool) or value is None or value == "":
        return None
    return value if isinstance(value, str) else str(value)


def flag(value: Scalar) -> bool:
    """True for true, 1, "1" and "true" in any case; all else is false."""
    return value is True or value == 1 or (isinstance(value, str) and value.strip().lower() in ("true", "1"))


def kept(raw: msgspec.Raw) -> str | None:
    """A custom property as text: texts as they are, all else as JSON; None for null and absent."""
    said = bytes(raw)
    if said in (b"", b"null"):
        return None
    if said.startswith(b'"'):
        return str(msgspec.json.decode(said))
    return said.decode()


def written(value: Scalar) -> str | None:
    """The same of a value that was decoded already."""
    return kept(msgspec.Raw(msgspec.json.encode(value)))


def instant(timestamp: Scalar, said: Scalar) -> datetime | None:
    """Whole seconds, UTC: of `timestamp` (seconds since 1970), else of `said` (ISO 8601)."""
    try:
        seconds = int(timestamp) if timestamp is not None and not isinstance(timestamp, bool) else -1
    except (ValueError, OverflowError):
        seconds = -1
    if 0 <= seconds < SECONDS:
        return datetime.fromtimestamp(seconds, UTC)
    at = moment(said)
    return at.replace(microsecond=0) if at else None


def moment(said: Scalar) -> datetime | None:
    """A time in ISO 8601, UTC; without an offset it is taken for UTC."""
    if not isinstance(said, str):
        return None
    try:
        at = datetime.fromisoformat(said.strip())
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
