"""Figures as a person reads them: one value as text by its kind, in the terms of the account it is of."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from connector.insights.columns import Column, Kind
from connector.insights.periods import zone_of
from connector.insights.words import amount, percent
from connector.receipts.models import Receipt
from connector.tools.catalogue import TOOLS
from connector.tools.tool import NO_GROUPS, Groups

NUMBERS: Final = (Kind.COUNT, Kind.RATE, Kind.MONEY, Kind.DAYS)
NOTHING: Final = "—"
UTC: Final = ZoneInfo("UTC")
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MARKS: Final = ("other", "rank")  # fields that tell of a row what its name or place shows
BY_NUMBER: Final = ("weekday", "hour", "times")  # groups whose own order is that of numbers
OF_MEASURE: Final = ("value", "before", "change")  # fields whose kind is that of the column which `measure` names


@dataclass(frozen=True)
class Terms:
    """An account's currency and zone."""

    currency: str = ""
    zone: ZoneInfo = UTC

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "Terms":
        return cls(entry.get("currency") or "", zone_of(entry.get("time_zone") or "UTC"))


@dataclass(frozen=True)
class Fields:
    """What the fields of one receipt's answer are: the columns of its tool, and what its groups are."""

    columns: Mapping[str, Column]
    groups: Groups = NO_GROUPS
    group: str = ""  # what the groups were asked by: weekday, country, Bounce Type
    sort_by: str = ""
    by_month: bool = False  # every bucket is a month

    @classmethod
    def of(cls, receipt: Receipt) -> "Fields":
        """Of a tool that is gone every field shows as it stands."""
        tool, args = TOOLS.get(receipt.tool), receipt.args
        columns = {column.name: column for column in tool.columns} if tool else {}
        group = re.sub(r"^(event|property):", "", str(args.get("group_by") or ""))
        return cls(columns, tool.groups if tool else NO_GROUPS, group, str(args.get("sort_by") or ""))

    def for_rows(self, rows: Sequence[Mapping[str, Any]]) -> "Fields":
        """As of these rows, which tell what their buckets are."""
        starts = {str(row.get(self.start)) for row in rows}
        return replace(self, by_month=len(starts) > 1 and all(re.fullmatch(r"\d{4}-\d\d-01", each) for each in starts))

    @property
    def start(self) -> str:
        """The field of a series' bucket."""
        return self.groups.start or "start"

    def title(self, name: str) -> str:
        if name in ("value", "group") and self.group:
            return words(self.group)
        return self.columns[name].title if name in self.columns else words(name)

    def kind(self, name: str, row: Mapping[str, Any] | None = None) -> Kind | None:
        """None of a field that the tool does not describe."""
        measured = self.columns.get(str((row or {}).get("measure"))) if name in OF_MEASURE else None
        column = measured or self.columns.get(name)
        return column.kind if column else None

    def order(self, name: str) -> int:
        """The place that the tool's columns give it; what they do not name comes last."""
        return list(self.columns).index(name) if name in self.columns else len(self.columns)


@dataclass(frozen=True)
class Figure:
    """One value that stands alone in an account's entry."""

    label: str
    text: str
    kind: Kind | None
    is_top: bool  # a field of the entry itself, not of an object in it


def words(name: str) -> str:
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def is_nothing(kind: Kind | None, value: Any) -> bool:
    """Holds nothing: an amount of opens is 0 because opens have none."""
    return value in (None, "", [], {}) or value is False or (kind == Kind.MONEY and value == 0)


def shown(kind: Kind | None, value: Any, terms: Terms) -> str:
    """One value as text: thousands separated, rates as percent, money with its currency, times in the account's zone."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return _object_text(value, terms)
    if isinstance(value, list):
        return ", ".join(shown(kind, part, terms) for part in value) or NOTHING
    if isinstance(value, int | float):
        return _number(kind, value, terms)
    return time_text(value, terms.zone) if kind == Kind.TIME else str(value)


def _object_text(value: Mapping[str, Any], terms: Terms) -> str:
    named = value.get("name") or value.get("title") or value.get("id")
    if named:
        return str(named)
    parts = [f"{words(name).lower()} {shown(None, part, terms)}" for name, part in value.items() if part is not None]
    return ", ".join(parts) or NOTHING


def _number(kind: Kind | None, value: float, terms: Terms) -> str:
    match kind:
        case Kind.RATE:
            return percent(value)
        case Kind.DAYS:
            return duration(value)
        case Kind.MONEY:
            return amount(value, terms.currency).strip()
    return f"{value:,}"


def duration(days: float) -> str:
    """`1.2 days`, `3.5 hours`, `12 minutes`."""
    if days >= 1:
        return f"{days:,.1f} days"
    return f"{days * 24:.1f} hours" if days * 24 >= 1 else f"{days * 24 * 60:.0f} minutes"


def time_text(value: str, zone: ZoneInfo) -> str:
    """A local date, or an instant in the zone; a text that is neither as it stands."""
    try:
        if re.fullmatch(r"\d{4}-\d\d", value):
            return f"{date.fromisoformat(f'{value}-01'):%b %Y}"
        if len(value) == 10:
            return f"{date.fromisoformat(value):%-d %b %Y}"
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    return f"{at.astimezone(zone) if at.tzinfo else at:%-d %b %Y, %H:%M}"


def bucket_text(fields: Fields, value: Any, terms: Terms) -> str:
    """The bucket's first day, of a month the month."""
    return time_text(str(value)[:7] if fields.by_month else str(value), terms.zone)


def period(span: Mapping[str, Any] | None) -> str:
    """`16 Oct 2026, 00:00 to 25 Nov 2026, 16:30`, as the account's clock shows it; whole days without their midnights."""
    if not span or not span.get("from") or not span.get("to"):
        return ""
    start, end = (datetime.fromisoformat(str(span[edge])) for edge in ("from", "to"))
    if start.time() == end.time() == time.min and start < end:
        first, last = start.date(), end.date() - timedelta(days=1)
        return f"{first:%-d %b %Y}" if first == last else f"{first:%-d %b %Y} to {last:%-d %b %Y}"
    return f"{start:%-d %b %Y, %H:%M} to {end:%-d %b %Y, %H:%M}"


def group_text(fields: Fields, value: Any, terms: Terms) -> str:
    """The name of a group: a weekday's, an hour's, `no country` for none."""
    if value is None:
        return f"No {fields.group.replace('_', ' ')}" if fields.group else "None"
    if fields.group == "weekday" and isinstance(value, int) and 1 <= value <= 7:
        return WEEKDAYS[value - 1]
    if fields.group == "hour" and isinstance(value, int):
        return f"{value:02d}:00"
    if fields.group == "times":
        return f"{value} time" if str(value) == "1" else f"{value} times"
    if fields.group in ("month", "week") and isinstance(value, str):
        return time_text(value, terms.zone)
    return shown(None, value, terms)


def rank(fields: Fields, value: Any) -> tuple[bool, float]:
    """Where a group stands in its own order, none last."""
    found = re.match(r"\d+", str(value))
    return value is None, float(found[0]) if found else 0.0


def figures(values: Mapping[str, Any], fields: Fields, terms: Terms) -> list[Figure]:
    """The single values of an entry, in the order of the tool's columns, without those that hold nothing."""
    return list(_figures(values, fields, terms, (), None))


def _figures(
    values: Mapping[str, Any], fields: Fields, terms: Terms, path: tuple[str, ...], over: Kind | None
) -> Iterator[Figure]:
    """`over`: the kind that an object gives to its parts, as an amount {people, did} does."""
    for name, value in sorted(values.items(), key=lambda item: fields.order(item[0])):
        kind = over or fields.kind(name)
        if isinstance(value, Mapping) and value.keys() == {"from", "to"}:
            yield Figure(fields.title(name), period(value), Kind.TIME, is_top=not path)
        elif isinstance(value, Mapping):
            if "id" in value:
                yield _figure(fields, (*path, name), None, value, terms)
                value = {part: number for part, number in value.items() if isinstance(number, int | float)}
            inner = kind if kind in NUMBERS else None
            yield from _figures(value, fields, terms, (*path, name), inner)
        elif not is_rows(value) and not is_nothing(kind, value):
            yield _figure(fields, (*path, name), kind, value, terms)


def _figure(fields: Fields, path: tuple[str, ...], kind: Kind | None, value: Any, terms: Terms) -> Figure:
    first, *rest = [fields.title(name) for name in path]
    label = f"{first}: {' '.join(rest).lower()}" if rest else first
    return Figure(label, shown(kind, value, terms), kind, is_top=not rest)


def is_falling(values: Sequence[Any]) -> bool:
    """Largest first, with nulls last, and not all alike."""
    numbers = [value for value in values if isinstance(value, int | float)]
    return (
        len(set(numbers)) > 1 and numbers == sorted(numbers, reverse=True) and list(values[: len(numbers)]) == numbers
    )


def _is_id(value: Any, objects: Mapping[str, Any]) -> bool:
    return isinstance(value, str) and value in objects


def _short(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": found["id"], "name": found.get("name") or found["id"]}


def with_names(entry: Mapping[str, Any], rows: Sequence[Any], fields: Fields) -> list[Any]:
    """Rows that name their group by id, with the object of that id instead; others as they are."""
    by, listed = fields.groups.by, entry.get(fields.groups.order) if fields.groups.order else None
    objects = {each["id"]: each for each in listed or [] if isinstance(each, Mapping) and "id" in each}
    if not objects:
        return list(rows)
    return [{**row, by: _short(objects[row[by]])} if _is_id(row.get(by), objects) else row for row in rows]


def is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)
