"""Writing the lake: one writer per install under a lease. Imported by tasks and management commands alone.

Only additions are appended; rows are rewritten only where some have changed or vanished, and a reading that finds
nothing new makes no version. Old files stay for a month, so a needless rewrite each quarter of an hour would cost many
times what the account itself takes.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake

from connector.lake import tidy
from connector.lake.commits import ONCE, committing
from connector.lake.errors import RowsRefused
from connector.lake.lease import Held, lease
from connector.lake.models import Pin
from connector.lake.places import Place, place_of
from connector.lake.rows import Columns, build, in_window, month_of, refuse_outside, same_rows, with_month
from connector.lake.schema import EVENTS, MEMBERS, PROFILES, Table
from connector.lake.tables import make_table, open_table, writer_properties


@dataclass(frozen=True, slots=True)
class Written:
    """What a call changed: rows that are new, rows that are gone, and the table's version after it.

    A row that only changed counts as neither; `rewritten` says that there were such rows or vanished ones.
    """

    added: int
    removed: int
    rewritten: bool
    version: int


@contextmanager
def writing(install_id: UUID, owner: str) -> Iterator["Writer"]:
    """Write one install's lake, as the only one. `owner` names the run or command.

    Raises LeaseHeld; inside, every call may raise LeaseLost, RowsRefused, LakeUnwritable, WriteConflict.
    """
    with lease(install_id, owner) as held:
        yield Writer(place_of(install_id), held)


def drop(install_id: UUID, owner: str = "drop") -> None:
    """Remove all of an install's data, old versions and pins included. Safe to run twice.

    Raises LeaseHeld while someone writes it: a late writer would bring it back.
    """
    with lease(install_id, owner):
        place_of(install_id).remove()
        Pin.objects.filter(install=install_id).delete()


class Writer:
    """Writes one install's tables; each call is one commit that readers see whole or not at all."""

    def __init__(self, place: Place, held: Held) -> None:
        self.place = place
        self.held = held

    def replace_events(self, columns_list: Sequence[Columns], since: datetime, until: datetime) -> Written:
        """All events with since <= time < until become exactly these rows; of equal ids the last one given stays.

        No rows empty the window. The same call again changes nothing.
        """
        since, until = _window(since, until)
        rows = build(EVENTS, columns_list)
        refuse_outside(rows, since, until)
        written = committing(self.held, lambda: _replace_window(self.place, rows, since, until))
        if written.added or written.rewritten:
            self._thin_out()
        return written

    def upsert_profiles(self, rows: Columns) -> Written:
        """These profiles are new or take the place of those with the same id; all others stay."""
        table = build(PROFILES, [rows])
        return committing(self.held, lambda: _upsert(self.place, table))

    def replace_members(self, audience: str, people: Sequence[str]) -> Written:
        """Exactly these people belong to one list or segment from now on."""
        # delta-rs takes no parameters in a predicate, so the id must be able to stand in quotes
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", audience):
            raise RowsRefused("The id of a list or segment holds a character that Klaviyo's ids do not have.")
        columns = {"audience": [audience] * len(people), "person": list(people)}
        rows = build(MEMBERS, [columns], key=("audience", "person"))
        return committing(self.held, lambda: _replace_audience(self.place, rows, audience))

    def settle(self) -> None:
        """Put every table into as few sorted files as can be: at the end of a first load, and each night."""
        tidy.settle(self.place, self.held)

    def vacuum(self) -> int:
        """Remove files older than 30 days that no pin needs; return how many."""
        return tidy.vacuum(self.place, self.held)

    def _thin_out(self) -> None:
        table = open_table(self.place, EVENTS)
        for month in tidy.crowded_months(table) if table else []:
            tidy.sort_month(self.place, self.held, month)


def _window(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    if since.tzinfo is None or until.tzinfo is None:
        raise RowsRefused("A window's ends need a time zone.")
    since, until = since.astimezone(UTC), until.astimezone(UTC)
    if since >= until:
        raise RowsRefused("A window must end after it begins.")
    return since, until


def _replace_window(place: Place, rows: pa.Table, since: datetime, until: datetime) -> Written:
    table = open_table(place, EVENTS)
    if table is None and not len(rows):
        return Written(0, 0, rewritten=False, version=-1)
    table = table or make_table(place, EVENTS)
    held = _held(table, EVENTS, in_window(since, until))
    change = _change(held, rows, "id")
    if change.is_addition:
        return change.written(_append(table, EVENTS, with_month(change.fresh, since, until)))
    return change.written(_overwrite(table, EVENTS, with_month(rows, since, until), _window_predicate(since, until)))


def _upsert(place: Place, rows: pa.Table) -> Written:
    table = open_table(place, PROFILES) or make_table(place, PROFILES)
    change = _change(_held(table, PROFILES, pc.field("id").isin(rows["id"].combine_chunks())), rows, "id")
    if change.is_addition:
        return change.written(_append(table, PROFILES, change.fresh))
    # The whole table: a predicate that chooses people would stay in the table's log.
    with tidy.replaced(place, table, PROFILES, rows) as merged:
        return change.written(_overwrite(table, PROFILES, merged, None))


def _replace_audience(place: Place, rows: pa.Table, audience: str) -> Written:
    table = open_table(place, MEMBERS) or make_table(place, MEMBERS)
    change = _change(_held(table, MEMBERS, pc.field("audience") == audience), rows, "person")
    if change.is_addition:
        return change.written(_append(table, MEMBERS, change.fresh))
    return change.written(_overwrite(table, MEMBERS, rows, f"audience = '{audience}'"))


@dataclass(frozen=True, slots=True)
class _Change:
    """What lies between the rows held and the rows that shall be."""

    fresh: pa.Table
    gone: int
    rewritten: bool

    @property
    def is_addition(self) -> bool:
        return not self.rewritten

    def written(self, version: int) -> Written:
        return Written(len(self.fresh), self.gone, self.rewritten, version)


def _change(held: pa.Table, rows: pa.Table, key: str) -> _Change:
    known = pc.is_in(rows[key], value_set=held[key].combine_chunks())
    again = rows.filter(known)
    return _Change(
        fresh=rows.filter(pc.invert(known)),
        gone=len(held) - len(again),
        rewritten=not same_rows(again, held, (key,)),
    )


def _held(table: DeltaTable, spec: Table, which: pc.Expression) -> pa.Table:
    return table.to_pyarrow_dataset().to_table(columns=spec.schema.names, filter=which)


def _append(table: DeltaTable, spec: Table, rows: pa.Table) -> int:
    if len(rows):
        write_deltalake(table, rows, mode="append", writer_properties=writer_properties(spec), commit_properties=ONCE)
    return int(table.version())


def _overwrite(table: DeltaTable, spec: Table, rows: pa.Table | pa.RecordBatchReader, predicate: str | None) -> int:
    """`rows` in place of what the predicate chooses, or of everything."""
    write_deltalake(
        table,
        rows,
        mode="overwrite",
        predicate=predicate,
        writer_properties=writer_properties(spec),
        commit_properties=ONCE,
    )
    return int(table.version())


def _window_predicate(since: datetime, until: datetime) -> str:
    """Months first: they prune files by folder. No id may stand here, since the log keeps predicates."""
    last = until - timedelta(microseconds=1)
    instants = (f"'{at.isoformat(timespec='microseconds')}'" for at in (since, until))
    return "month >= '{}' and month <= '{}' and time >= {} and time < {}".format(
        month_of(since), month_of(last), *instants
    )
