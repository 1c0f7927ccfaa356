"""Writing the lake: one writer per install under a lease. Imported by tasks and management commands alone.

Only additions are appended; rows are rewritten only where some have changed or vanished, and a reading that finds
nothing new makes no version. Old files stay for a month, so a needless rewrite each quarter of an hour would cost many
times what the account itself takes.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake

from connector.lake import members, tidy
from connector.lake.commits import ONCE, Written, committing
from connector.lake.errors import RowsRefused
from connector.lake.layout import make_table, writer_properties
from connector.lake.lease import Held, lease
from connector.lake.location import Location, location_of
from connector.lake.models import Pin
from connector.lake.rewrite import Piece, rewriting
from connector.lake.rows import Columns, build, refuse_outside, same_rows, with_month
from connector.lake.schema import EVENTS, PROFILES, Table
from connector.lake.tables import LiveFile, live_files, open_table


@contextmanager
def writing(install_id: UUID, owner: str, patience: float = 0.0) -> Iterator["Writer"]:
    """Write one install's lake, as the only one. `owner` names the run or command.

    Raises LeaseHeld when another still writes after `patience` seconds; inside, every call may raise LeaseLost,
    RowsRefused, LakeUnwritable, WriteConflict.
    """
    with lease(install_id, owner, patience) as held:
        yield Writer(location_of(install_id), held)


def drop(install_id: UUID, owner: str = "drop") -> None:
    """Remove all of an install's data, old versions and pins included. Safe to run twice.

    Raises LeaseHeld while someone writes it: a late writer would bring it back.
    """
    with lease(install_id, owner):
        location_of(install_id).remove()
        Pin.objects.filter(install=install_id).delete()


class Writer:
    """Writes one install's tables; each call is one commit that readers see whole or not at all."""

    def __init__(self, location: Location, held: Held) -> None:
        self.location = location
        self.held = held

    def replace_events(self, columns_list: Sequence[Columns], since: datetime, until: datetime) -> Written:
        """All events with since <= time < until become exactly these rows; of equal ids the last one given stays.

        No rows empty the window. The same call again changes nothing.
        """
        since, until = _window(since, until)
        rows = build(EVENTS, columns_list)
        refuse_outside(rows, since, until)
        written = committing(self.held, lambda: _replace_window(self.location, rows, since, until))
        if written.added:
            tidy.thin_out(self.location, self.held, EVENTS)
        return written

    def upsert_profiles(self, rows: Columns) -> Written:
        """These profiles are new or take the place of those with the same id; all others stay."""
        table = build(PROFILES, [rows])
        written = committing(self.held, lambda: _upsert(self.location, table))
        if written.added:
            tidy.thin_out(self.location, self.held, PROFILES)
        return written

    def replace_members(self, audience: str, people: Sequence[str], parts: int = 0) -> Written:
        """Exactly these people, and those of the first `parts` parts that were staged, belong to one list or segment
        from now on. Raises StagedGone."""
        rows = members.members(audience, people)
        return committing(self.held, lambda: members.replace(self.location, audience, rows, parts))

    def stage_members(self, audience: str, people: Sequence[str], part: int) -> None:
        """Keep some members of a list or segment, out of sight, until all of it has been read; one part of a number."""
        rows = members.members(audience, people)
        committing(self.held, lambda: members.stage(self.location, audience, rows, part))

    def forget_staged(self, audience: str) -> None:
        """Remove what was staged of a list or segment."""
        committing(self.held, lambda: members.forget(self.location, audience))

    def clear_staged(self, but: Collection[str]) -> None:
        """Remove what was staged by readings that never ended. `but`: the audiences that are still being read."""
        committing(self.held, lambda: members.clear(self.location, but))

    def settle(self) -> None:
        """Put every table into as few sorted files as can be: at the end of a first load, and each night."""
        tidy.settle(self.location, self.held)

    def vacuum(self) -> int:
        """Remove files older than 30 days that no pin needs; return how many."""
        return tidy.vacuum(self.location, self.held)


def _window(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    if since.tzinfo is None or until.tzinfo is None:
        raise RowsRefused("A window's ends need a time zone.")
    since, until = since.astimezone(UTC), until.astimezone(UTC)
    if since >= until:
        raise RowsRefused("A window must end after it begins.")
    return since, until


def _replace_window(location: Location, rows: pa.Table, since: datetime, until: datetime) -> Written:
    table = open_table(location, EVENTS)
    if table is None and not len(rows):
        return Written(0, 0, 0, rewritten=False, version=-1)
    table = table or make_table(location, EVENTS)
    touched = [file for file in live_files(table, EVENTS) if file.may_hold("time", since, until)]
    rows = with_month(rows, since, until)
    if not touched:
        return _all_new(table, EVENTS, rows)
    with rewriting(location, table, EVENTS, rows) as rewriter:
        held = rewriter.rows(touched, f"{HELD} where {IN_WINDOW}", since=since, until=until)
        change = _change(held, rows, EVENTS, "id")
        if not change.rewritten:
            return change.written(_append(table, EVENTS, change.fresh))
        months = sorted(
            {str(file.partition) for file in touched} | {str(month) for month in pc.unique(rows["month"]).to_pylist()}
        )
        window = {"since": since, "until": until}
        pieces = [
            _month_piece(month, [file for file in touched if file.partition == month], window) for month in months
        ]
        return change.written(rewriter.commit(pieces, changes=True))


HELD = "select * from read_parquet($files, hive_partitioning=false)"
IN_WINDOW = "time >= $since and time < $until"


def _month_piece(month: str, old: list[LiveFile], window: dict[str, datetime]) -> Piece:
    """A month's touched files without the window's rows, and the rows that shall be there."""
    new = f"select {_names(EVENTS)} from incoming where month = $month"
    order = f" order by {', '.join(EVENTS.sort)}"
    if not old:
        return Piece((), new + order, {"month": month}, month)
    kept = f"select {_names(EVENTS)} from read_parquet($files, hive_partitioning=false) where not ({IN_WINDOW})"
    return Piece(old, f"{kept} union all {new}{order}", {"month": month, **window}, month)


def _upsert(location: Location, rows: pa.Table) -> Written:
    table = open_table(location, PROFILES) or make_table(location, PROFILES)
    files = live_files(table, PROFILES)
    if not files:
        return _all_new(table, PROFILES, rows)
    known = "id in (select id from incoming)"
    with rewriting(location, table, PROFILES, rows) as rewriter:
        change = _change(rewriter.rows(files, f"{HELD} where {known}"), rows, PROFILES, "id")
        if not change.rewritten:
            return change.written(_append(table, PROFILES, change.fresh))
        named = "select distinct filename from read_parquet($files, filename=true, hive_partitioning=false)"
        touched = rewriter.paths(files, f"{named} where {known}")
        kept = f"select {_names(PROFILES)} from read_parquet($files, hive_partitioning=false) where not ({known})"
        sql = f"{kept} union all select {_names(PROFILES)} from incoming order by {', '.join(PROFILES.sort)}"
        return change.written(rewriter.commit([Piece(touched, sql)], changes=True))


@dataclass(frozen=True, slots=True)
class _Change:
    """What lies between the rows held and the rows that shall be."""

    given: int
    fresh: pa.Table
    gone: int
    rewritten: bool

    def written(self, version: int) -> Written:
        return Written(self.given, len(self.fresh), self.gone, self.rewritten, version)


def _change(held: pa.Table, rows: pa.Table, spec: Table, key: str) -> _Change:
    known = pc.is_in(rows[key], value_set=held[key].combine_chunks())
    again = rows.filter(known).select(spec.schema.names)
    return _Change(
        given=len(rows),
        fresh=rows.filter(pc.invert(known)),
        gone=len(held) - len(again),
        rewritten=not same_rows(again, held, (key,)),
    )


def _all_new(table: DeltaTable, spec: Table, rows: pa.Table) -> Written:
    return Written(len(rows), len(rows), 0, rewritten=False, version=_append(table, spec, rows))


def _append(table: DeltaTable, spec: Table, rows: pa.Table) -> int:
    if len(rows):
        write_deltalake(table, rows, mode="append", writer_properties=writer_properties(spec), commit_properties=ONCE)
    return int(table.version())


def _names(spec: Table) -> str:
    return ", ".join(spec.schema.names)
