"""The rows of an answer as a table: columns with titles, the groups in their own order, each with a name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from connector.pages.charts import Chart, chart
from connector.pages.figures import (
    BY_NUMBER,
    MARKS,
    NOTHING,
    NUMBERS,
    Fields,
    Terms,
    bucket_text,
    group_text,
    is_nothing,
    is_rows,
    rank,
    shown,
    with_names,
    words,
)

ROWS_SHOWN: Final = 200  # of a table on a page; exports hold all

Row = Mapping[str, Any]
Links = Mapping[str, str]  # our page of an object, by its id


@dataclass(frozen=True)
class Cell:
    text: str
    is_figure: bool = False
    is_head: bool = False
    address: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of text under column titles. `more`: rows that only the exports hold."""

    name: str
    title: str
    columns: list[Cell]
    rows: list[list[Cell]]
    more: int
    chart: Chart | None


def tables(values: Row, fields: Fields, terms: Terms, links: Links, title: str) -> list[Table]:
    """A table for every list of objects among the values; `title` is that of the groups themselves."""
    return [
        table(name, with_names(values, rows, fields), fields, terms, links, table_title(name, rows, fields, title))
        for name, rows in values.items()
        if is_rows(rows)
    ]


def table_title(name: str, rows: Sequence[Row], fields: Fields, title: str) -> str:
    if fields.start in rows[0] and fields.groups.by not in rows[0]:
        return "Over time"
    if fields.group and name in fields.groups.rows:
        return f"By {fields.group.replace('_', ' ')}"
    return title if name == "rows" or name in fields.groups.rows else fields.title(name)


def table(name: str, rows: Sequence[Row], fields: Fields, terms: Terms, links: Links, title: str) -> Table:
    ordered, fields = in_order(rows, fields), fields.for_rows(rows)
    names = column_names(ordered, fields)
    heads = {column: column == head_of(names, fields) for column in names}
    return Table(
        name=name,
        title=title,
        columns=[Cell(fields.title(column), is_figure(column, ordered, fields)) for column in names],
        rows=[
            [cell(column, row, fields, terms, links, heads[column]) for column in names] for row in ordered[:ROWS_SHOWN]
        ],
        more=max(len(ordered) - ROWS_SHOWN, 0),
        chart=chart(ordered, fields, terms, lambda row: row_name(row, fields, terms)),
    )


def in_order(rows: Sequence[Row], fields: Fields) -> list[Row]:
    """Weekdays, hours and times by their number, small groups together at the end; all else as answered."""
    if fields.group not in BY_NUMBER:
        return list(rows)
    return sorted(rows, key=lambda row: (bool(row.get("other")), *rank(fields, row.get("value"))))


def column_names(rows: Sequence[Row], fields: Fields) -> list[str]:
    """Those that hold something in any row, what the rows are called by first, then as the tool orders them: PostgreSQL
    keeps the fields of an object in no order of ours."""
    every = list(dict.fromkeys(name for row in rows for name in row if name not in MARKS))
    if all(row.get("status") == "ok" for row in rows):
        every = [name for name in every if name != "status"]
    held = [name for name in every if _is_name(name, fields) or _is_held(name, rows, fields)]
    if len(rows) > 1 and "currency" in held and len({row.get("currency") for row in rows}) == 1:
        held.remove("currency")  # it stands with each amount
    if "name" in held:  # which the links of a row tell by
        held = [name for name in held if name not in ("id", "url")]
    return sorted(held, key=lambda name: (_is_number(name, rows, fields), fields.order(name)))


def _is_name(name: str, fields: Fields) -> bool:
    """A group's own column shows also where all are of none."""
    return bool(fields.group) and name in ("value", "group") and fields.kind(name) not in NUMBERS


def _is_held(name: str, rows: Sequence[Row], fields: Fields) -> bool:
    return any(not is_nothing(fields.kind(name, row), row.get(name)) for row in rows)


def _is_number(name: str, rows: Sequence[Row], fields: Fields) -> bool:
    return fields.kind(name) in NUMBERS or _is_numeric(name, rows, fields)


def _is_numeric(name: str, rows: Sequence[Row], fields: Fields) -> bool:
    return fields.kind(name) is None and all(isinstance(row.get(name), int | float | None) for row in rows)


def is_figure(name: str, rows: Sequence[Row], fields: Fields) -> bool:
    return any(fields.kind(name, row) in NUMBERS for row in rows[:1]) or _is_numeric(name, rows, fields)


def head_of(names: Sequence[str], fields: Fields) -> str:
    """The column that names each row."""
    return next((name for name in names if fields.kind(name) not in NUMBERS), names[0] if names else "")


def cell(name: str, row: Row, fields: Fields, terms: Terms, links: Links, is_head: bool) -> Cell:
    value, kind = row.get(name), fields.kind(name, row)
    own = Terms(row.get("currency") or terms.currency, terms.zone)
    is_named = is_head or _is_name(name, fields) or name == fields.start or _is_group(name, fields)
    text = _name_text(name, row, fields, own) if is_named else shown(kind, value, own)
    address = links.get(str(value.get("id")), "") if isinstance(value, Mapping) else ""
    number = kind in NUMBERS or (kind is None and isinstance(value, int | float) and not isinstance(value, bool))
    return Cell(text, number and not is_head, is_head, address)


def _is_group(name: str, fields: Fields) -> bool:
    """The column that tells of which group a row is, none of which stands for all together."""
    return bool(fields.groups.order) and name == fields.groups.by


def _name_text(name: str, row: Row, fields: Fields, terms: Terms) -> str:
    value = row.get(name)
    if row.get("other"):
        return "All other, small groups"
    if value is None and _is_group(name, fields):
        return "All together"
    if name == "measure" and str(value) in fields.columns:
        return fields.title(str(value))
    if _is_name(name, fields):
        return group_text(fields, value, terms)
    if name == fields.start and value:
        return bucket_text(fields, value, terms)
    return shown(fields.kind(name), value, terms) if value is not None else NOTHING


def row_name(row: Row, fields: Fields, terms: Terms) -> str:
    """What a row is called where it stands alone, such as in a chart."""
    named = [name for name in row if name not in (*MARKS, "measure", "currency", "status")]
    names = sorted((name for name in named if fields.kind(name) not in NUMBERS), key=fields.order)
    heads = ["measure"] if "measure" in row else []
    heads += [name for name in names[:1] if fields.kind(name) is not None or not heads]
    return ", ".join(_name_text(head, row, fields, terms) for head in heads) or words("row")
