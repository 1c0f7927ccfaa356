"""Reading the lake: a question is constant SQL over the files of pinned versions, with a deadline.

with reading(install.id, newest(install.id)) as lake:
    lake.rows("select count(*) from read_parquet($events, hive_partitioning=false) where metric = $metric", metric="Xyz123")
"""

import os
import re
import threading
import time
from collections import OrderedDict, namedtuple
from collections.abc import Hashable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, Self
from uuid import UUID

import duckdb
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from accounts.database import release_connections
from connector.lake.engine import Engine, using_engine
from connector.lake.errors import DeadlinePassed, LakeError, TooBusy, TooLarge, VersionGone
from connector.lake.location import Location, location_of
from connector.lake.schema import TABLES, Table, month_in, month_of
from connector.lake.semaphore import FairSemaphore
from connector.lake.tables import live_files, open_table

DEADLINE_SECONDS = 25.0
QUESTIONS_AT_ONCE = 4  # per process; each instance may take 1 GB
FILE_LISTS_KEPT = 512
AHEAD, FIRST = "$events_ahead", "$events_first"
COMMIT = re.compile(r"\d{20}\.json")

_questions = FairSemaphore(QUESTIONS_AT_ONCE)
_file_lists: "OrderedDict[tuple[str, str, int], list[str]]" = OrderedDict()
_file_lists_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Versions:
    """The version of each table that an answer reads; -1 where there is no table yet."""

    events: int = -1
    profiles: int = -1
    members: int = -1

    def as_dict(self) -> dict[str, int]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def of(cls, facts: dict[str, int]) -> Self:
        return cls(**{name: int(facts.get(name, -1)) for name in TABLES})


def newest(install_id: UUID) -> Versions:
    """The newest version of each table of an install."""
    location = location_of(install_id)
    return Versions(**{name: _newest(location, table) for name, table in TABLES.items()})


@contextmanager
def reading(
    install_id: UUID, versions: Versions, deadline: float = DEADLINE_SECONDS, *, turn: Hashable = None
) -> Iterator["Reader"]:
    """Ask questions of one install at pinned versions, for at most `deadline` seconds from now, waiting included.

    Where too many are asked, those of each `turn` (the organization; if none is named, the install) are let in by turns.
    Raises TooBusy when that takes too long. Who waits holds no database connection.
    """
    ends = time.monotonic() + deadline
    with _questions.enter(turn or install_id) as ticket:
        if not ticket.is_admitted():
            release_connections()
            if not ticket.wait(ends - time.monotonic()):
                raise TooBusy("Too many questions are being answered; ask again in a moment.")
        location = location_of(install_id)
        with using_engine(location) as engine, closing(Reader(location, engine, versions, ends)) as reader:
            yield reader


class Lake(Protocol):
    """What a question reads from: an install at pinned versions. `rows` as of Reader."""

    versions: Versions

    def rows(self, sql: str, **params: object) -> list[Any]: ...


class Briefly:
    """An install at pinned versions for one that mostly waits for others: it has a slot only while it reads.

    `ends` is on time.monotonic().
    """

    def __init__(self, install_id: UUID, versions: Versions, ends: float, turn: Hashable = None) -> None:
        self.install_id, self.versions, self.ends, self.turn = install_id, versions, ends, turn

    def rows(self, sql: str, **params: object) -> list[Any]:
        with reading(self.install_id, self.versions, self.ends - time.monotonic(), turn=self.turn) as lake:
            return lake.rows(sql, **params)


class _Unreadable(Exception):
    """A file could not be read: gone, or the disk or bucket is in trouble."""


class Reader:
    """One question's view of an install. For one thread; `rows` may be called many times."""

    def __init__(self, location: Location, engine: Engine, versions: Versions, ends: float) -> None:
        self.location = location
        self.versions = versions
        self.ends = ends
        self._engine = engine
        self._cursor = engine.connection.cursor()
        self._closed = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="question deadline", daemon=True)
        self._watcher.start()

    def rows(self, sql: str, **params: object) -> list[Any]:
        """The rows of one constant `select`, columns by name (`row.people`). `$events`, `$profiles`, `$members` are bound here, the rest by `params`;
        `$events_ahead` to the files that can hold events after `$moment`, `$events_first` to those that can hold the
        earliest: both are few.

        Raises VersionGone, DeadlinePassed, TooLarge, or LakeError when the store cannot be reached or read.
        """
        refuse_all_but_select(sql)
        tables = [name for name in TABLES if re.search(rf"\${name}\b", sql)]
        try:
            return self._run(sql, self._bound(sql, params, tables))
        except _Unreadable:
            # A kept file list grows old when the install was dropped or a person erased: look once more.
            self._forget(tables)
            return self._run_again(sql, self._bound(sql, params, tables), tables)

    def close(self) -> None:
        self._closed.set()
        self._watcher.join()  # else it might interrupt a cursor that is being closed
        self._cursor.close()

    def _run(self, sql: str, bound: dict[str, object]) -> list[Any]:
        if time.monotonic() >= self.ends:
            raise DeadlinePassed("The question took too long and was stopped.")
        try:
            result = self._cursor.execute(sql, bound)
            # fetchall: an open result would block the cursor's next call
            return list(map(_row_type(tuple(each[0] for each in result.description))._make, result.fetchall()))
        except duckdb.InterruptException:
            raise DeadlinePassed("The question took too long and was stopped.") from None
        except duckdb.OutOfMemoryException:
            raise TooLarge("The question needs more memory than one question may have.") from None
        except duckdb.Error as error:
            # A bucket's file system is Python, and its failures come back as the bare base class.
            if isinstance(error, duckdb.IOException) or type(error) is duckdb.Error:
                raise _Unreadable(type(error).__name__) from None
            raise

    def _run_again(self, sql: str, bound: dict[str, object], tables: list[str]) -> list[Any]:
        try:
            return self._run(sql, bound)
        except _Unreadable as error:
            self._forget(tables)
            if all(self.location.holds(file) for name in tables for file in self._live(name)):
                raise LakeError(f"The event store could not be read ({error}).") from None
            raise VersionGone("This version of the account's data is no longer held.") from None

    def _bound(self, sql: str, params: Mapping[str, Any], tables: list[str]) -> dict[str, object]:
        files: dict[str, object] = {name: self._files(name) for name in tables}
        if AHEAD in sql:
            # Opening every month's files to find nothing would cost a third of a small question.
            month = month_of(params["moment"])
            later = [file for file in self._live("events") if month_in(file) >= month]
            files["events_ahead"] = later or [self._engine.empty("events")]
        if FIRST in sql:
            months = sorted({month_in(file) for file in self._live("events")})
            earliest = [file for file in self._live("events") if month_in(file) == months[0]]
            files["events_first"] = earliest or [self._engine.empty("events")]
        return {**params, **files}

    def _files(self, name: str) -> list[str]:
        return self._live(name) or [self._engine.empty(name)]

    def _live(self, name: str) -> list[str]:
        return files_of(self.location, TABLES[name], getattr(self.versions, name))

    def _forget(self, tables: list[str]) -> None:
        with _file_lists_lock:
            for name in tables:
                _file_lists.pop((self.location.root, name, getattr(self.versions, name)), None)

    def _watch(self) -> None:
        """Interrupt whatever runs after the deadline; again and again, as a statement may begin just after it."""
        if self._closed.wait(max(self.ends - time.monotonic(), 0)):
            return
        while not self._closed.wait(0.05):
            self._cursor.interrupt()


@lru_cache(maxsize=512)
def _row_type(columns: tuple[str, ...]) -> Any:
    """Columns without a plain name of their own get one by position."""
    return namedtuple("Row", columns, rename=True)


@lru_cache(maxsize=512)
def refuse_all_but_select(sql: str) -> None:
    """Raise ValueError unless the text is one select: a COPY could write, where the process's user is allowed to."""
    statements = duckdb.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise ValueError("A question to the lake is exactly one select statement.")


def files_of(location: Location, table: Table, version: int) -> list[str]:
    """The files of a table at a version, kept per process since a version never changes; empty for version -1.

    Raises VersionGone.
    """
    if version < 0:
        return []
    key = (location.root, table.name, version)
    with _file_lists_lock:
        if key in _file_lists:
            _file_lists.move_to_end(key)
            return _file_lists[key]
    opened = _opened(location, table, version)
    if opened is None:
        raise VersionGone("This version of the account's data is no longer held.")
    files = [f"{location.table(table.name)}/{file.path}" for file in live_files(opened, table)]
    with _file_lists_lock:
        _file_lists[key] = files
        if len(_file_lists) > FILE_LISTS_KEPT:
            _file_lists.popitem(last=False)
    return files


def _opened(location: Location, table: Table, version: int | None = None) -> DeltaTable | None:
    try:
        return open_table(location, table, version)
    except (OSError, DeltaError) as error:
        raise LakeError(f"The event store cannot be reached ({type(error).__name__}).") from None


def _newest(location: Location, table: Table) -> int:
    """Raises LakeError when the store cannot be reached."""
    if not location.is_local:
        opened = _opened(location, table)
        return -1 if opened is None else int(opened.version())
    # A commit is one file that appears whole, so the listing is the truth; opening the table would cost 5 ms.
    folder = Path(location.table(table.name)) / "_delta_log"
    try:
        with os.scandir(folder) as entries:
            return max((int(entry.name[:20]) for entry in entries if COMMIT.fullmatch(entry.name)), default=-1)
    except FileNotFoundError:
        return -1
    except OSError as error:
        raise LakeError(f"The event store cannot be reached ({type(error).__name__}).") from None


PER_METRIC = """
    select metric, count(*), count(distinct person), coalesce(sum(value), 0)
    from read_parquet($events, hive_partitioning=false) group by metric order by metric
"""
COUNTS = "select metric, count(*) from read_parquet($events, hive_partitioning=false) group by metric"
IN_ALL = "select count(*), count(distinct person) from read_parquet($events, hive_partitioning=false)"


def events_by_metric(install_id: UUID, deadline: float = 60.0) -> dict[str, int]:
    """Events held of each metric, of the newest version; those dated ahead too."""
    with reading(install_id, newest(install_id), deadline) as lake:
        return dict(lake.rows(COUNTS))


def summary(install_id: UUID, deadline: float = 300.0) -> dict[str, Any]:
    """What an install's lake holds: events, people, bytes, version, and the same per metric.

    `people` are distinct and known; `sum_value` is exact over all currencies, rounded half up to cents at the end;
    `bytes` are the files of the newest versions.
    """
    versions = newest(install_id)
    with reading(install_id, versions, deadline) as lake:
        [(events, people)] = lake.rows(IN_ALL)
        metrics = [
            {"id": metric, "events": count, "people": persons, "sum_value": _cents(total)}
            for metric, count, persons, total in lake.rows(PER_METRIC)
        ]
    return {
        "events": events,
        "people": people,
        "bytes": _bytes(location_of(install_id), versions),
        "version": versions.events,
        "metrics": metrics,
    }


def _bytes(location: Location, versions: Versions) -> int:
    opened = [
        open_table(location, table, getattr(versions, name))
        for name, table in TABLES.items()
        if getattr(versions, name) >= 0
    ]
    return sum(sum(table.get_add_actions(flatten=True).column("size_bytes").to_pylist()) for table in opened if table)


def _cents(total: Decimal) -> float:
    return float(total.quantize(Decimal("0.01"), ROUND_HALF_UP))
