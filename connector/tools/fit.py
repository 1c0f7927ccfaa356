"""Cut an answer to the size of a door: whole groups from the end, evenly over accounts; of a series the newest buckets.

Sizes are added up, never measured by trying: each row is written as JSON once, however long the answer.
"""

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from connector.tools.tool import Groups

SIZE: Final = 24_000  # bytes of a result's text
SPARE: Final = 400  # for `more`, whose cursor is written afterwards

OTHER: Final = object()  # the key of rows with `other: true`, whatever their own group is called

Envelope = dict[str, Any]


@dataclass(frozen=True)
class Offset:
    """Where a page begins: groups before it, of the first group the newest buckets already shown, and the accounts whose
    part of that was shown, where not even one group, or one bucket, of all accounts fits on a page."""

    group: int = 0
    buckets: int = 0
    account: int = 0


def text_of(value: Any) -> str:
    """The JSON text of a result: what MCP sends as text, and what the size limit counts."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def size_of(value: Any) -> int:
    """Bytes of its JSON, with the comma that divides it from the next."""
    return len(text_of(value).encode()) + 1


def most_that_fit(sizes: Sequence[int], room: int) -> int:
    """How many of these, from the first on, fit."""
    return bisect_right(list(accumulate(sizes)), room)


def fitted(
    whole: Mapping[str, Any], groups: Groups, limit: int, offset: Offset = Offset(), size: int = SIZE
) -> tuple[Envelope, int, Offset]:
    """The page from `offset` on with at most `limit` groups per account; how much is left out; where the next begins.

    What is left out are groups or, where a page ends within a series, its older buckets.
    """
    holders = [_Holder.of(entry, groups, offset) for entry in _entries(whole, groups)]
    bare = _with(whole, groups, [holder.bare() for holder in holders])
    room = size - SPARE - size_of(bare)
    if offset.buckets == 0 and offset.account == 0:
        number = _groups_that_fit(holders, room, limit)
        if number or not any(holder.is_open for holder in holders):
            page = _with(whole, groups, [holder.cut(number) for holder in holders])
            return page, sum(holder.after(number) for holder in holders), Offset(offset.group + number)
    if groups.start and offset.account == 0:
        room_for_rows = room - sum(holder.head_size for holder in holders)
        number = most_that_fit(_bucket_sizes(holders, offset), room_for_rows)
        if number:
            return _newest(whole, groups, holders, offset, number)
    return _one_by_one(whole, groups, holders, room, offset)


def _bucket_sizes(holders: "list[_Holder]", offset: Offset) -> list[int]:
    """Bytes of the first group's buckets in all accounts, the newest not yet shown first."""
    series = [holder.first_newest_first() for holder in holders]
    longest = max((len(rows) for rows in series), default=0)
    return [sum(size_of(rows[at]) for rows in series if at < len(rows)) for at in range(offset.buckets, longest)]


def _newest(
    whole: Mapping[str, Any], groups: Groups, holders: "list[_Holder]", offset: Offset, number: int
) -> tuple[Envelope, int, Offset]:
    """One group alone, so many of its buckets."""
    end = offset.buckets + number
    page = _with(whole, groups, [holder.part(offset.buckets, end) for holder in holders])
    left = sum(holder.buckets_after(end) for holder in holders)
    if left:
        return page, left, Offset(offset.group, end)
    return page, sum(holder.after(1) for holder in holders), Offset(offset.group + 1)


def _one_by_one(
    whole: Mapping[str, Any], groups: Groups, holders: "list[_Holder]", room: int, offset: Offset
) -> tuple[Envelope, int, Offset]:
    """One group alone, of a series one bucket of it, in as many accounts as fit. What is too large even alone is left out."""
    parts = [holder.first(offset.buckets) for holder in holders]
    sizes = [size_of(part) - size_of(holder.bare()) for part, holder in zip(parts, holders, strict=True)]
    number = most_that_fit(sizes[offset.account :], room)
    shown, end = range(offset.account, offset.account + number), offset.account + max(number, 1)
    entries = [
        part if at in shown else holder.bare() for at, (part, holder) in enumerate(zip(parts, holders, strict=True))
    ]
    page = _with(whole, groups, entries)
    later = sum(size > 0 for size in sizes[end:])
    if later:
        return page, later, Offset(offset.group, offset.buckets, end)
    left = sum(holder.buckets_after(offset.buckets + 1) for holder in holders) if groups.start else 0
    if left:
        return page, left, Offset(offset.group, offset.buckets + 1)
    return page, sum(holder.after(1) for holder in holders), Offset(offset.group + 1)


def _groups_that_fit(holders: "list[_Holder]", room: int, limit: int) -> int:
    """The same number of groups for every account; a row for all of them together is beside the limit."""
    longest = max((len(holder.keys) for holder in holders), default=0)
    most = min(longest, max((holder.limit(limit) for holder in holders), default=0))
    for at in range(most):  # what does not fit is not even measured
        room -= sum(holder.size(at) for holder in holders)
        if room < 0:
            return at
    return most


class _Holder:
    """One entry's groups from the page's first on, each with its rows and the bytes they take."""

    def __init__(self, entry: Mapping[str, Any], groups: Groups, field: str, offset: Offset) -> None:
        self.entry, self.groups, self.field = entry, groups, field
        rows = list(entry[field]) if field else []
        aside = [] if groups.start else [row for row in rows if row.get("other")]
        self.beside = aside if offset == Offset() else []
        by_key: dict[Any, list[Any]] = {}
        for at, row in enumerate(rows):
            if groups.start or not row.get("other"):
                by_key.setdefault(_key(row, at, groups), []).append(row)
        listed = {_identity(each): each for each in entry.get(groups.order) or ()} if groups.order else {}
        leading = [key for key in (None, OTHER) if groups.order and key in by_key and key not in listed]
        self.leading = len(leading)
        self.keys = ([*leading, *listed] if groups.order else list(by_key))[offset.group :]
        self.rows = [by_key.get(key, []) for key in self.keys]
        self.heads = [[listed[key]] if key in listed else [] for key in self.keys]
        self.offset = offset

    @classmethod
    def of(cls, entry: Mapping[str, Any], groups: Groups, offset: Offset) -> "_Holder":
        field = next((name for name in groups.rows if isinstance(entry.get(name), list)), "")
        return cls(entry, groups, field, offset)

    @property
    def is_open(self) -> bool:
        return bool(self.keys)

    def limit(self, limit: int) -> int:
        return limit + (self.leading if self.offset.group == 0 else 0)

    def size(self, at: int) -> int:
        """Bytes of one group; 0 beyond the last."""
        return sum(map(size_of, [*self.rows[at], *self.heads[at]])) if at < len(self.keys) else 0

    def bare(self) -> dict[str, Any]:
        return self._with([], [])

    def cut(self, number: int) -> dict[str, Any]:
        """The entry with its first groups, rows in their own order."""
        kept = {id(row) for rows in self.rows[:number] for row in rows}
        rows = [row for row in self.entry[self.field] if id(row) in kept] if self.field else []
        return self._with(rows, [each for head in self.heads[:number] for each in head])

    def part(self, start: int, end: int) -> dict[str, Any]:
        """The entry with some buckets of its first group, oldest first."""
        newest_last = list(reversed(self.first_newest_first()[start:end]))
        return self._with(newest_last, [each for head in self.heads[:1] for each in head])

    def first(self, bucket: int) -> dict[str, Any]:
        """The entry with its first group alone, of a series with one bucket of it."""
        return self.part(bucket, bucket + 1) if self.groups.start else self.cut(1)

    @property
    def head_size(self) -> int:
        return sum(size_of(each) for head in self.heads[:1] for each in head)

    def buckets_after(self, end: int) -> int:
        return max(len(self.first_newest_first()) - end, 0)

    def first_newest_first(self) -> list[Any]:
        return list(reversed(self.rows[0])) if self.rows else []

    def after(self, number: int) -> int:
        return max(len(self.keys) - number, 0)

    def _with(self, rows: list[Any], heads: list[Any]) -> dict[str, Any]:
        if not self.field:
            return dict(self.entry)
        ordered = {self.groups.order: heads} if self.groups.order and self.groups.order in self.entry else {}
        return {**self.entry, self.field: [*rows, *self.beside], **ordered}


def _key(row: Mapping[str, Any], at: int, groups: Groups) -> Any:
    """What tells the group of a row; `at` is its place."""
    if row.get("other"):
        return OTHER
    return _identity(row.get(groups.by)) if groups.by else at


def _identity(value: Any) -> Any:
    """What tells groups apart: of an object its id."""
    return value.get("id") if isinstance(value, dict) else value


def _entries(whole: Mapping[str, Any], groups: Groups) -> list[Mapping[str, Any]]:
    data = whole.get("data") or {}
    return [data] if groups.in_data else list(data.get("accounts") or [])


def _with(whole: Mapping[str, Any], groups: Groups, entries: list[dict[str, Any]]) -> Envelope:
    data = whole.get("data") or {}
    if groups.in_data:
        return {**whole, "data": entries[0] if entries else data}
    return {**whole, "data": {**data, "accounts": entries} if "accounts" in data else data}


def capped(whole: Envelope, groups: Groups, most: int) -> Envelope:
    """With at most so many groups per account; what a receipt keeps. `groups_left_out` counts the rest, where there is one."""
    holders = [_Holder.of(entry, groups, Offset()) for entry in _entries(whole, groups)]
    if not any(len(holder.keys) > most for holder in holders):
        return whole
    entries = [
        holder.cut(most) | ({"groups_left_out": holder.after(most)} if holder.after(most) else {}) for holder in holders
    ]
    return _with(whole, groups, entries)
