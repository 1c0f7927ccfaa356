"""Small makers of rows."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from connector.lake.schema import EVENTS, PROFILES

Row = dict[str, Any]


def at(text: str) -> datetime:
    """`2024-12-22 10:00` in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def event(id: str, time: str | datetime, metric: str = "Opened", **fields: Any) -> Row:
    when = at(time) if isinstance(time, str) else time
    return {"id": id, "time": when, "metric": metric, "machine_open": False, "bot_click": False, **fields}


def profile(id: str, **fields: Any) -> Row:
    return {"id": id, "suppressed": False, **fields}


def event_columns(rows: Iterable[Row]) -> dict[str, list[Any]]:
    return _columns(EVENTS.schema.names, rows)


def profile_columns(rows: Iterable[Row]) -> dict[str, list[Any]]:
    return _columns(PROFILES.schema.names, rows)


def _columns(names: list[str], rows: Iterable[Row]) -> dict[str, list[Any]]:
    rows = list(rows)
    return {name: [row.get(name) for row in rows] for name in names}
