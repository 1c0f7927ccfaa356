"""Rewriting files: DuckDB streams the new ones within a small memory, one commit puts them in place of the old.

The commit names files alone. (The library's own update, merge and replace write their predicates, with the ids in them,
into the table's log.)
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.transaction import AddAction, RemoveAction

from connector.lake.commits import ONCE
from connector.lake.engine import writing_engine
from connector.lake.location import Location
from connector.lake.schema import Table
from connector.lake.tables import LiveFile

# A group is held in memory until it is whole: 32 MB of rows take some 230 MiB in all, however many rows there are.
# Groups of a million rows would be 14 % smaller at 400,000 events a month, and take 400 MiB and more.
GROUP = "32MB"
SMALL_GROUP = "8MB"


@dataclass(frozen=True, slots=True)
class Piece:
    """`old` files, whose place one new file takes with the rows that `sql` selects from `$files` and `incoming`."""

    old: Sequence[LiveFile]
    sql: str
    params: Mapping[str, object] = field(default_factory=dict)
    partition: str | None = None


@contextmanager
def rewriting(
    location: Location, opened: DeltaTable, spec: Table, incoming: pa.Table | None = None
) -> Iterator["Rewriter"]:
    """Read and rewrite files of one table; `incoming` is a table that the SQL may name."""
    with writing_engine(location) as engine:
        if incoming is not None:
            engine.register("incoming", incoming)
        yield Rewriter(location, opened, spec, engine)


class Rewriter:
    def __init__(self, location: Location, opened: DeltaTable, spec: Table, engine: duckdb.DuckDBPyConnection) -> None:
        self.folder = location.table(spec.name)
        self.is_local = location.is_local
        self.opened = opened
        self.spec = spec
        self.engine = engine

    def rows(self, files: Sequence[LiveFile], sql: str, **params: object) -> pa.Table:
        """The rows that `sql` selects, in the table's own types."""
        found = self.engine.sql(sql, params={"files": self.uris(files), **params}).to_arrow_table()
        return found.cast(self.spec.schema)

    def paths(self, files: Sequence[LiveFile], sql: str, **params: object) -> list[LiveFile]:
        """Of these files those whose address `sql` selects in its first column."""
        named = {uri for uri, *_ in self.engine.execute(sql, {"files": self.uris(files), **params}).fetchall()}
        return [file for file in files if self._uri(file.path) in named]

    def commit(self, pieces: Sequence[Piece], *, changes: bool) -> int:
        """Write every piece's new file, then swap all in one commit; the version. `changes`: some row is another one."""
        now = int(time.time() * 1000)
        actions: list[AddAction | RemoveAction] = []
        for piece in pieces:
            actions += [RemoveAction(file.path, changes, now) for file in piece.old]
            added = self._write(piece, now, changes)
            if added:
                actions.append(added)
        partitions = [self.spec.partition] if self.spec.partition else None
        version = int(self.opened.version()) + 1  # that one or none: ONCE
        self.opened.create_write_transaction(
            actions, "append", self.opened.schema(), partitions, commit_properties=ONCE
        )
        return version

    def _write(self, piece: Piece, now: int, changes: bool) -> AddAction | None:
        folder = f"{self.spec.partition}={piece.partition}/" if piece.partition else ""
        path = f"{folder}part-{uuid4()}.zstd.parquet"
        uri = self._uri(path)
        if self.is_local:
            Path(uri).parent.mkdir(exist_ok=True)
        bound = {"target": uri, **piece.params, **({"files": self.uris(piece.old)} if piece.old else {})}
        count = self._copy(piece.sql, bound)
        if not count:
            return None
        values = {self.spec.partition: piece.partition} if self.spec.partition else {}
        stats = json.dumps({"numRecords": count, **self._statistics(uri)})
        return AddAction(path, self._size(uri), values, now, changes, stats)

    def _copy(self, sql: str, bound: Mapping[str, object]) -> int:
        """Write what `sql` selects to `$target`; how many rows. Wide rows are tried once more in smaller groups."""
        try:
            return self._copy_in_groups(sql, bound, GROUP)
        except duckdb.OutOfMemoryException:
            return self._copy_in_groups(sql, bound, SMALL_GROUP)

    def _copy_in_groups(self, sql: str, bound: Mapping[str, object], size: str) -> int:
        # Version 2 has the delta encodings of ids and times. Without a file of another name first, a killed writer
        # leaves nothing that the vacuum does not know.
        groups = f"row_group_size {self.spec.row_group}, row_group_size_bytes '{size}'"
        options = (
            f"format parquet, parquet_version v2, compression zstd, compression_level 3, {groups}, use_tmp_file false"
        )
        [(count,)] = self.engine.execute(f"copy ({sql}) to $target ({options})", bound).fetchall()
        return int(count)

    def _statistics(self, uri: str) -> dict[str, dict[str, Any]]:
        """Smallest, largest and how many empty, of the columns that may be told."""
        names = self.spec.statistics
        wanted = ", ".join(f"min({name}), max({name}), count(*) - count({name})" for name in names)
        [row] = self.engine.execute(
            f"select {wanted} from read_parquet([$uri], hive_partitioning=false)", {"uri": uri}
        ).fetchall()
        least, most, empty = row[0::3], row[1::3], row[2::3]
        return {
            "minValues": {name: _told(value) for name, value in zip(names, least, strict=True) if value is not None},
            "maxValues": {name: _told(value) for name, value in zip(names, most, strict=True) if value is not None},
            "nullCount": dict(zip(names, empty, strict=True)),
        }

    def _size(self, uri: str) -> int:
        [(size,)] = self.engine.execute(
            "select file_size_bytes from parquet_file_metadata([$uri])", {"uri": uri}
        ).fetchall()
        return int(size)

    def _uri(self, path: str) -> str:
        return f"{self.folder}/{path}"

    def uris(self, files: Sequence[LiveFile]) -> list[str]:
        """Their addresses, as SQL takes them."""
        return [self._uri(file.path) for file in files]


def _told(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return value
