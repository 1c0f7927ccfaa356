"""How tables and their files are made: for writers alone."""

from typing import Literal

from deltalake import ColumnProperties, DeltaTable, WriterProperties

from connector.lake.location import Location
from connector.lake.schema import Table
from connector.lake.tables import guard_fork

# A dictionary page of 16 MiB and row groups of a million rows halve the bytes: with the library's limits the people's
# ids fall back to plain text. Deletion vectors stay off (the default): readers take file lists and would not see them.
DICTIONARY_LIMIT = 16 << 20
LOG_DAYS = 31
FILE_DAYS = 30


def make_table(location: Location, table: Table) -> DeltaTable:
    """Make an empty table (version 0). Racing another maker is no error: the first one's table is opened."""
    guard_fork()
    return DeltaTable.create(
        location.table(table.name),
        table.stored,
        mode="ignore",
        partition_by=table.partition,
        configuration={
            "delta.dataSkippingStatsColumns": ",".join(table.statistics),
            "delta.logRetentionDuration": f"interval {LOG_DAYS} days",
            "delta.deletedFileRetentionDuration": f"interval {FILE_DAYS} days",
            "delta.checkpointInterval": "50",
        },
        storage_options=location.options,
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
        max_row_group_size=table.row_group,
        dictionary_page_size_limit=DICTIONARY_LIMIT,
        column_properties={
            name: ColumnProperties(dictionary_enabled=False, encoding=encodings.get(name)) for name in sorted(names)
        },
    )
