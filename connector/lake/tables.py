"""Opening Delta tables, and how their files are written. Nothing here runs before a process has forked for good."""

import os
from typing import Literal

from deltalake import ColumnProperties, DeltaTable, WriterProperties
from deltalake.exceptions import DeltaError, TableNotFoundError

from connector.lake.errors import OpenedBeforeFork, VersionGone
from connector.lake.places import Place
from connector.lake.schema import Table

# A dictionary page of 16 MiB and row groups of a million rows halve the bytes: with the library's limits the people's
# ids fall back to plain text. Deletion vectors stay off (the default): readers take file lists and would not see them.
ROW_GROUP = 1 << 20
DICTIONARY_LIMIT = 16 << 20
LOG_DAYS = 31
FILE_DAYS = 30

_opened_by: int | None = None


def open_table(place: Place, table: Table, version: int | None = None) -> DeltaTable | None:
    """The table as it is, or as it was at `version`; None when it was never made.

    Raises VersionGone when that version's log is no longer held.
    """
    guard_fork()
    try:
        return DeltaTable(place.table(table.name), version=version, storage_options=place.options)
    except TableNotFoundError:
        return None
    except DeltaError:
        if version is None:
            raise
        raise VersionGone("This version of the account's data is no longer held.") from None


def make_table(place: Place, table: Table) -> DeltaTable:
    """Make an empty table (version 0). Racing another maker is no error: the first one's table is opened."""
    guard_fork()
    return DeltaTable.create(
        place.table(table.name),
        table.stored,
        mode="ignore",
        partition_by=table.partition,
        configuration={
            "delta.dataSkippingStatsColumns": ",".join(table.statistics),
            "delta.logRetentionDuration": f"interval {LOG_DAYS} days",
            "delta.deletedFileRetentionDuration": f"interval {FILE_DAYS} days",
            "delta.checkpointInterval": "50",
        },
        storage_options=place.options,
    )


def writer_properties(table: Table) -> WriterProperties:
    """To be passed to every write and rewrite: without them a rewritten month is 2.4 times as large."""
    encodings: dict[str, Literal["DELTA_LENGTH_BYTE_ARRAY", "DELTA_BINARY_PACKED"]] = {
        "id": "DELTA_LENGTH_BYTE_ARRAY",
        "time": "DELTA_BINARY_PACKED",
    }
    names = {*table.no_dictionary, *(name for name in encodings if name in table.schema.names)}
    return WriterProperties(
        compression="ZSTD",
        compression_level=3,
        max_row_group_size=ROW_GROUP,
        dictionary_page_size_limit=DICTIONARY_LIMIT,
        column_properties={
            name: ColumnProperties(dictionary_enabled=False, encoding=encodings.get(name)) for name in sorted(names)
        },
    )


def guard_fork() -> None:
    """delta-rs panics in every child of a process that has opened a table; say so in words instead.

    Raises OpenedBeforeFork.
    """
    global _opened_by  # one fact per process, as the library's own runtime is one
    _opened_by = _opened_by or os.getpid()
    if _opened_by != os.getpid():
        raise OpenedBeforeFork("The lake was opened before this process was forked; open it in the child alone.")
