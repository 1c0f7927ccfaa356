"""The order of rows by a column."""

from collections.abc import Callable, Iterable
from typing import Any

Row = dict[str, Any]


def ranked(rows: Iterable[Row], column: str, order: str, key: Callable[[Row], str]) -> list[Row]:
    """Largest first, or smallest with `asc`; nulls last either way, ties by key."""
    tied = sorted(rows, key=key)
    known = sorted(
        (row for row in tied if row[column] is not None), key=lambda row: row[column], reverse=order != "asc"
    )
    return known + [row for row in tied if row[column] is None]
