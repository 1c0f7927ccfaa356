"""DuckDB, locked down to one install's files. An instance is never shared by two installs: its settings are its walls."""

import fcntl
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import duckdb
import pyarrow.parquet as pq
from django.conf import settings

from connector.lake.location import Location
from connector.lake.schema import TABLES
from connector.lake.tables import guard_fork

QUESTION_MEMORY = "1GB"
WRITER_MEMORY = "160MB"
KEPT = 32  # instances kept per process; one costs 12 ms to make

_engines: "OrderedDict[str, Engine]" = OrderedDict()
_engines_lock = threading.Lock()


@dataclass(slots=True)
class Engine:
    """One DuckDB instance and its scratch folder, where it spills and where the empty tables are."""

    connection: duckdb.DuckDBPyConnection
    scratch: Path
    lock: IO[bytes]  # held as long as the process lives, so that others can tell whose scratch is left behind
    users: int = 0

    def empty(self, table: str) -> str:
        """A file with the table's columns and no row, for versions that hold no file."""
        return str(self.scratch / "empty" / f"{table}.parquet")

    def close(self) -> None:
        self.connection.close()
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.lock.close()


@contextmanager
def using_engine(location: Location) -> Iterator[Engine]:
    """This process's instance for questions to one install; take a cursor of it for each question.

    Raises OpenedBeforeFork: a parent's instances must not even be closed in a child, that ends the child at once.
    """
    guard_fork()
    engine = _enter(location)
    try:
        yield engine
    finally:
        with _engines_lock:
            engine.users -= 1


def _enter(location: Location) -> Engine:
    with _engines_lock:
        engine = _engines.get(location.root) or open_engine(location, memory=QUESTION_MEMORY, threads=2)
        _engines[location.root] = engine
        _engines.move_to_end(location.root)
        engine.users += 1
        idle = [root for root, kept in _engines.items() if not kept.users]
        for root in idle[: max(len(_engines) - KEPT, 0)]:
            _engines.pop(root).close()
        return engine


def close_engines() -> None:
    """Close all instances of this process."""
    with _engines_lock:
        while _engines:
            _engines.popitem()[1].close()


@contextmanager
def writing_engine(location: Location) -> Iterator[duckdb.DuckDBPyConnection]:
    """A small instance for one rewrite: it sorts within 160 MB and spills the rest."""
    engine = open_engine(location, memory=WRITER_MEMORY, threads=1)
    try:
        yield engine.connection
    finally:
        engine.close()


def open_engine(location: Location, *, memory: str, threads: int) -> Engine:
    """An instance that reads the install's files and nothing else: no other file, no network, no extension, no setting."""
    guard_fork()
    scratch, lock = _scratch()
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": memory,
            "threads": threads,
            "temp_directory": str(scratch / "spill"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    if not location.is_local:
        connection.register_filesystem(location.filesystem())
    # global: cursors would not inherit a session's setting, and days would depend on the host's time zone
    connection.execute("set global timezone='UTC'")
    connection.execute("set preserve_insertion_order=false")
    connection.execute("set allowed_directories=$folders", {"folders": [f"{location.root}/", f"{scratch / 'empty'}/"]})
    connection.execute("set enable_external_access=false")
    connection.execute("set lock_configuration=true")
    return Engine(connection, scratch, lock)


def _scratch() -> tuple[Path, IO[bytes]]:
    """A fresh locked folder, and the end of those that processes killed outright have left: they hold rows."""
    parent = Path(settings.HOME) / "scratch"
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in parent.iterdir():
        _remove_if_left(left)
    scratch = Path(tempfile.mkdtemp(dir=parent))
    lock = (scratch / "taken").open("wb")
    fcntl.flock(lock, fcntl.LOCK_EX)
    (scratch / "taken").rename(scratch / "lock")  # seen by others only once it is held
    (scratch / "empty").mkdir()
    for table in TABLES.values():
        pq.write_table(table.schema.empty_table(), scratch / "empty" / f"{table.name}.parquet")
    return scratch, lock


def _remove_if_left(scratch: Path) -> None:
    """The lock of a living process, in whatever container, cannot be taken. A folder without one is just being made."""
    with suppress(OSError), (scratch / "lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(scratch, ignore_errors=True)
