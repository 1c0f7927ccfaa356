"""Keeping an install's files few, sorted and small. Everything here runs under the install's lease."""

import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from connector.lake.commits import ONCE, committing
from connector.lake.errors import TooLarge
from connector.lake.layout import FILE_DAYS
from connector.lake.lease import Held
from connector.lake.location import Location
from connector.lake.pins import pinned
from connector.lake.rewrite import Piece, rewriting
from connector.lake.schema import EVENTS, PROFILES, TABLES, Table
from connector.lake.tables import LiveFile, live_files, open_table

log = logging.getLogger(__name__)

CROWD = 16  # files of a month; growth is slow to hurt (326 files cost 25 ms), so rewriting can wait that long
DAY = 86_400.0


def thin_out(location: Location, held: Held, table: Table, crowd: int = CROWD) -> None:
    """Rewrite each month of more than `crowd` files as one file, sorted as questions want it. No row changes.

    A table without months is joined as a whole.
    """
    opened = open_table(location, table)
    for month, files in _by_partition(live_files(opened, table)).items() if opened else ():
        if len(files) > crowd:
            try:
                committing(held, partial(_join, location, table, month))
            except TooLarge:
                # The rows are safe as they are; only questions take longer.
                log.warning("%s of %s: too large to join %d files", table.name, month, len(files))


def settle(location: Location, held: Held) -> None:
    """At the end of a first load and each night: events and profiles in as few sorted files as can be.

    Members stay a file for each audience, so that one is replaced without rewriting the others.
    """
    for table in (EVENTS, PROFILES):
        thin_out(location, held, table, crowd=1)
    sweep(location)


def sweep(location: Location, older_than: float = DAY) -> int:
    """Remove what a killed writer left half written (`...parquet#1`), which no vacuum knows; return how many.

    Only files older than `older_than` seconds: a younger one may be being written.
    """
    if not location.is_local:
        return 0
    left = [Path(file) for file in location.files() if "#" in Path(file).name]
    old = [path for path in left if time.time() - path.stat().st_mtime > older_than]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def vacuum(location: Location, held: Held) -> int:
    """Remove files that no version of the last 30 days and no pinned version names; return how many. Also orphans."""
    return sum(_vacuum_table(location, held, table) for table in TABLES.values())


def _by_partition(files: Sequence[LiveFile]) -> dict[str | None, list[LiveFile]]:
    groups: dict[str | None, list[LiveFile]] = defaultdict(list)
    for file in files:
        groups[file.partition].append(file)
    return groups


def _join(location: Location, table: Table, month: str | None) -> None:
    opened = open_table(location, table)
    files = _by_partition(live_files(opened, table)).get(month) if opened else None
    if opened and files:
        sql = f"select * from read_parquet($files, hive_partitioning=false) order by {', '.join(table.sort)}"
        with rewriting(location, opened, table) as rewriter:
            rewriter.commit([Piece(files, sql, partition=month)], changes=False)


def _vacuum_table(location: Location, held: Held, table: Table) -> int:
    def remove() -> int:
        opened = open_table(location, table)
        if opened is None:
            return 0
        keep = sorted(version for version in pinned(held.row.install, table.name) if version <= opened.version())
        removed = opened.vacuum(
            retention_hours=FILE_DAYS * 24, dry_run=False, full=True, keep_versions=keep or None, commit_properties=ONCE
        )
        return len(removed)

    return committing(held, remove)
