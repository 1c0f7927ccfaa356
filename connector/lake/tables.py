"""Opening Delta tables, and which files they hold. Nothing here runs before a process has forked for good."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from connector.lake.errors import OpenedBeforeFork, VersionGone
from connector.lake.location import Location
from connector.lake.schema import Table

_opened_by: int | None = None


@dataclass(frozen=True, slots=True)
class LiveFile:
    """A file of the table's newest version, with what the log says of it."""

    path: str  # below the table's folder
    partition: str | None
    facts: Mapping[str, Any]

    def may_hold(self, column: str, low: Any, high: Any) -> bool:
        """Whether a value of low <= column <= high may be in it; a file without statistics may hold anything."""
        least, most = self.facts.get(f"min.{column}"), self.facts.get(f"max.{column}")
        return least is None or most is None or (least <= high and most >= low)


def open_table(location: Location, table: Table, version: int | None = None) -> DeltaTable | None:
    """The table as it is, or as it was at `version`; None when it was never made.

    Raises VersionGone when that version's log is no longer held.
    """
    guard_fork()
    try:
        return DeltaTable(location.table(table.name), version=version, storage_options=location.options)
    except TableNotFoundError:
        return None
    except DeltaError:
        if version is None:
            raise
        raise VersionGone("This version of the account's data is no longer held.") from None


def live_files(opened: DeltaTable, spec: Table) -> list[LiveFile]:
    rows = pa.table(opened.get_add_actions(flatten=True)).to_pylist()
    return [LiveFile(row["path"], row.get(f"partition.{spec.partition}"), row) for row in rows]


def guard_fork() -> None:
    """delta-rs panics in every child of a process that has opened a table; say so in words instead.

    Raises OpenedBeforeFork.
    """
    global _opened_by  # one fact per process, as the library's own runtime is one
    _opened_by = _opened_by or os.getpid()
    if _opened_by != os.getpid():
        raise OpenedBeforeFork("The lake was opened before this process was forked; open it in the child alone.")
