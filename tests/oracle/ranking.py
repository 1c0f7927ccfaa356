"""The order of rows."""

from collections.abc import Callable

from tests.oracle.world import Json


def in_order(rows: list[Json], args: Json, key: Callable[[Json], str]) -> list[Json]:
    """By the column asked, nulls last either way, ties by id."""
    column = args.get("sort_by", "revenue")
    known = sorted((row for row in rows if row[column] is not None), key=key)
    known.sort(key=lambda row: row[column], reverse=args.get("order", "desc") == "desc")
    return known + sorted((row for row in rows if row[column] is None), key=key)
