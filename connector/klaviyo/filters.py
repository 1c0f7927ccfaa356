"""Klaviyo's filter language, built from typed parts.

    all_of(equals("metric_id", "Xy1"), at_least("datetime", since), before("datetime", until))
    -> 'equals(metric_id,"Xy1"),greater-or-equal(datetime,2026-01-01T00:00:00Z),less-than(datetime,...)'

Texts are written as JSON strings, so quotes, commas, spaces and any script are safe; moments stand unquoted and end
in Z, as Klaviyo wants them. Which field takes which operator is each operation's own affair; Klaviyo answers 400.
URL-encoding is left to the client.
"""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NewType

Filter = NewType("Filter", str)
Value = str | int | float | bool | datetime

FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def all_of(*filters: Filter) -> Filter:
    """All of these hold. Klaviyo joins by commas and has no "or"."""
    return Filter(",".join(one for one in filters if one))


def equals(field: str, value: Value | Iterable[str]) -> Filter:
    """`field` is `value`; of a list: it is exactly these."""
    return _call("equals", field, value)


def any_of(field: str, values: Iterable[str]) -> Filter:
    """`field` is one of `values`."""
    return _call("any", field, list(values))


def contains(field: str, value: str) -> Filter:
    return _call("contains", field, value)


def contains_any(field: str, values: Iterable[str]) -> Filter:
    return _call("contains-any", field, list(values))


def contains_all(field: str, values: Iterable[str]) -> Filter:
    return _call("contains-all", field, list(values))


def starts_with(field: str, value: str) -> Filter:
    return _call("starts-with", field, value)


def ends_with(field: str, value: str) -> Filter:
    return _call("ends-with", field, value)


def has(field: str) -> Filter:
    return Filter(f"has({_field(field)})")


def after(field: str, value: Value) -> Filter:
    """`field` > `value`."""
    return _call("greater-than", field, value)


def at_least(field: str, value: Value) -> Filter:
    """`field` >= `value`."""
    return _call("greater-or-equal", field, value)


def before(field: str, value: Value) -> Filter:
    """`field` < `value`."""
    return _call("less-than", field, value)


def at_most(field: str, value: Value) -> Filter:
    """`field` <= `value`."""
    return _call("less-or-equal", field, value)


def moment(at: datetime) -> str:
    """An instant as Klaviyo writes it: ISO 8601 in UTC, ending in Z; fractions only where there are any."""
    if at.tzinfo is None:
        raise ValueError("A moment for Klaviyo needs a time zone.")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def no_later_than_now(cursor: datetime, now: datetime) -> datetime:
    """A saved cursor, clamped: events may be dated a year ahead, and a cursor there would skip what comes till then."""
    return min(cursor, now)


def _call(operator: str, field: str, value: Value | Iterable[str]) -> Filter:
    return Filter(f"{operator}({_field(field)},{_value(value)})")


def _field(name: str) -> str:
    if not FIELD.fullmatch(name):
        raise ValueError("A filter's field is a name such as metric_id or messages.channel.")
    return name


def _value(value: Value | Iterable[str]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, str):
        # Klaviyo's own SDK writes texts this way. Non-ASCII goes unescaped: the whole filter is URL-encoded UTF-8.
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int | float):
        return _number(value)
    return "[" + ",".join(_value(one) for one in value) + "]"


def _number(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError("A filter's number is finite.")
    return repr(value)
