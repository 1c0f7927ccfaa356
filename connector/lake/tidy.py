"""Keeping an install's files few, sorted and small. Everything here runs under the install's lease."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from connector.lake.commits import ONCE, committing
from connector.lake.engine import writing_engine
from connector.lake.lease import Held
from connector.lake.pins import pinned
from connector.lake.places import Place
from connector.lake.schema import EVENTS, MEMBERS, PROFILES, TABLES, Table
from connector.lake.tables import FILE_DAYS, open_table, writer_properties

CROWD = 16  # files of a month; growth is slow to hurt (326 files cost 25 ms), so rewriting can wait that long
BATCH_ROWS = 32_768
DAY = 86_400.0

SORTED = "select * from read_parquet($files, hive_partitioning=false) order by "
REPLACED = """
    select * from read_parquet($files, hive_partitioning=false) where id not in (select id from incoming)
    union all select * from incoming order by
"""


def crowded_months(table: DeltaTable, crowd: int = CROWD) -> list[str]:
    """Months of more than `crowd` files."""
    months = Counter(table.get_add_actions(flatten=True).column("partition.month").to_pylist())
    return sorted(month for month, files in months.items() if files > crowd)


def sort_month(place: Place, held: Held, month: str) -> None:
    """Rewrite one month as one file in the order of questions (metric, time). No row changes."""
    if not re.fullmatch(r"\d{4}-\d\d", month):
        raise ValueError("A month is written YYYY-MM.")
    predicate = f"month = '{month}'"

    def rewrite() -> None:
        table = open_table(place, EVENTS)
        files = table.file_uris(file_pruning_predicate=predicate) if table else []
        if table and files:
            with writing_engine(place) as engine:
                sql = SORTED + ", ".join(EVENTS.sort)
                _overwrite(table, EVENTS, _stream(engine, sql, EVENTS, files, month), predicate)

    committing(held, rewrite)


def join_files(place: Place, held: Held, table: Table) -> None:
    """Rewrite a table without months as one sorted file, where it has more than one."""

    def rewrite() -> None:
        opened = open_table(place, table)
        files = opened.file_uris() if opened else []
        if opened and len(files) > 1:
            with writing_engine(place) as engine:
                _overwrite(opened, table, _stream(engine, SORTED + ", ".join(table.sort), table, files), None)

    committing(held, rewrite)


def settle(place: Place, held: Held) -> None:
    """At the end of a first load and each night: every table in as few sorted files as can be."""
    table = open_table(place, EVENTS)
    for month in crowded_months(table, 1) if table else []:
        sort_month(place, held, month)
    join_files(place, held, PROFILES)
    join_files(place, held, MEMBERS)
    sweep(place)


@contextmanager
def replaced(place: Place, opened: DeltaTable, table: Table, rows: pa.Table) -> Iterator[pa.RecordBatchReader]:
    """All rows of a table, those with the ids of `rows` by `rows`, sorted, as a stream that takes little memory."""
    with writing_engine(place) as engine:
        engine.register("incoming", rows)
        yield _stream(engine, REPLACED + ", ".join(table.sort), table, opened.file_uris())


def sweep(place: Place, older_than: float = DAY) -> int:
    """Remove what a killed writer left half written (`...parquet#1`), which no vacuum knows; return how many.

    Only files older than `older_than` seconds: a younger one may be being written.
    """
    if not place.is_local:
        return 0
    left = [Path(file) for file in place.files() if "#" in Path(file).name]
    old = [path for path in left if time.time() - path.stat().st_mtime > older_than]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def vacuum(place: Place, held: Held) -> int:
    """Remove files that no version of the last 30 days and no pinned version names; return how many. Also orphans."""
    return sum(_vacuum_table(place, held, table) for table in TABLES.values())


def _vacuum_table(place: Place, held: Held, table: Table) -> int:
    def remove() -> int:
        opened = open_table(place, table)
        if opened is None:
            return 0
        keep = sorted(version for version in pinned(held.row.install, table.name) if version <= opened.version())
        removed = opened.vacuum(
            retention_hours=FILE_DAYS * 24, dry_run=False, full=True, keep_versions=keep or None, commit_properties=ONCE
        )
        return len(removed)

    return committing(held, remove)


def _stream(
    engine: duckdb.DuckDBPyConnection, sql: str, table: Table, files: list[str], month: str | None = None
) -> pa.RecordBatchReader:
    """The rows that `sql` gives of these files, a batch at a time, as the table stores them."""
    reader = engine.sql(sql, params={"files": files}).to_arrow_reader(BATCH_ROWS)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            rows = pa.Table.from_batches([batch]).cast(table.schema)
            if month:
                rows = rows.append_column(pa.field("month", pa.string()), pa.repeat(pa.scalar(month), len(rows)))
            yield from rows.combine_chunks().to_batches()

    return pa.RecordBatchReader.from_batches(table.stored, batches())


def _overwrite(opened: DeltaTable, table: Table, rows: pa.RecordBatchReader, predicate: str | None) -> None:
    write_deltalake(
        opened,
        rows,
        mode="overwrite",
        predicate=predicate,
        writer_properties=writer_properties(table),
        commit_properties=ONCE,
    )
