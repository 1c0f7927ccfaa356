"""Columns of plain values, as decoding gives them, made into one Arrow table that fits the schema. No message shows a value."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connector.lake.errors import RowsRefused
from connector.lake.schema import INSTANT, MAP, TEXT, Column, Table, month_of

# Arrow's own pool keeps what it has once taken: 50 MiB of a worker that may have 400.
pa.set_memory_pool(pa.system_memory_pool())

Columns = Mapping[str, Sequence[Any]]


def build(table: Table, parts: Sequence[Columns], key: Sequence[str] = ("id",)) -> pa.Table:
    """One Arrow table of all parts; of rows with the same key the last one stays. Sorted as the table is.

    A column that a part leaves out is empty. Instants are aware datetimes, or whole seconds since 1970.
    Raises RowsRefused for an unknown column, a wrong type, an empty required column, columns of different lengths.
    """
    rows = pa.concat_tables([_table(table, part) for part in parts]) if parts else table.schema.empty_table()
    return last_of_each(rows, key).sort_by([(name, "ascending") for name in table.sort])


def last_of_each(rows: pa.Table, key: Sequence[str]) -> pa.Table:
    """The last row of each key."""
    if len(key) == 1 and pc.count_distinct(rows[key[0]]).as_py() == len(rows):
        return rows
    numbered = rows.select(list(key)).append_column("at", pa.array(range(len(rows)), pa.int64()))
    return rows.take(numbered.group_by(list(key)).aggregate([("at", "max")])["at_max"])


def refuse_outside(rows: pa.Table, since: datetime, until: datetime) -> None:
    """Raise RowsRefused, with a count only, when rows lie outside the window: they would be doubled by the next reading."""
    inside = pc.and_(
        pc.greater_equal(rows["time"], pa.scalar(since, INSTANT)), pc.less(rows["time"], pa.scalar(until, INSTANT))
    )
    outside = len(rows) - (pc.sum(inside).as_py() or 0)
    if outside:
        raise RowsRefused(f"{outside} of {len(rows)} events lie outside the window that is being replaced.")


def with_month(rows: pa.Table, since: datetime, until: datetime) -> pa.Table:
    """The rows with their partition: the UTC month of `time` as YYYY-MM. All rows lie in [since, until)."""
    first, last = month_of(since), month_of(until - timedelta(microseconds=1))
    months = pa.repeat(pa.scalar(first, TEXT), len(rows)) if first == last else pc.strftime(rows["time"], "%Y-%m")
    return rows.append_column(pa.field("month", TEXT), months)


def same_rows(left: pa.Table, right: pa.Table, key: Sequence[str] = ("id",)) -> bool:
    """Whether two tables hold the same rows in any order, to the last field."""
    order = [(name, "ascending") for name in key]
    return len(left) == len(right) and bool(left.sort_by(order).equals(right.sort_by(order)))


def _table(table: Table, part: Columns) -> pa.Table:
    unknown = set(part) - set(table.stored.names)  # a partition that decoding gives is worked out again on writing
    if unknown:
        raise RowsRefused(f"The table {table.name} has no column {', '.join(sorted(unknown))}.")
    lengths = {len(values) for values in part.values()}
    if len(lengths) > 1:
        raise RowsRefused(f"The columns for {table.name} are of different lengths.")
    count = lengths.pop() if lengths else 0
    return pa.table([_array(column, part.get(column.name), count) for column in table.columns], schema=table.schema)


def _array(column: Column, values: Sequence[Any] | None, count: int) -> pa.Array:
    array = pa.nulls(count, column.type) if values is None else _convert(column, values)
    if column.required and array.null_count:
        raise RowsRefused(f"The column {column.name} is empty in {array.null_count} of {count} rows.")
    return array


def _convert(column: Column, values: Sequence[Any]) -> pa.Array:
    if column.type == MAP:
        values = [None if value is None else sorted(dict(value).items()) for value in values]
    try:
        if column.type == INSTANT and isinstance(next((value for value in values if value is not None), None), int):
            return pa.array(values, pa.timestamp("s", tz="UTC")).cast(INSTANT)
        return pa.array(values, column.type)
    except UnicodeEncodeError:
        return pa.array(_without_surrogates(values), column.type)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        # from None: Arrow's message shows the value
        raise RowsRefused(f"The column {column.name} holds a value that is no {column.type}.") from None


def _without_surrogates(value: Any) -> Any:
    """JSON can carry half a character (a lone surrogate), UTF-8 cannot: it becomes a question mark."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_without_surrogates(inner) for inner in value)
    return value
