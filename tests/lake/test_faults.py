"""A full disk, a folder that may not be written, a second writer, a fork: told in words, nothing lost."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from deltalake import write_deltalake
from django.test import override_settings

from connector.lake import store
from connector.lake.errors import LakeUnwritable, WriteConflict
from connector.lake.location import location_of
from connector.lake.query import newest, reading
from connector.lake.rows import build, with_month
from connector.lake.schema import EVENTS
from connector.lake.store import writing
from tests.lake.events import at, event, event_columns

DAY = (at("2024-12-22"), at("2024-12-23"))
NEXT_DAY = (at("2024-12-23"), at("2024-12-24"))
IDS = "select id from read_parquet($events, hive_partitioning=false) order by id"

# A writer whose process, not whose test, meets the fault. The lease needs the database, which the limits would stop too.
CHILD = """
import os, resource, sys
import django
django.setup()
from tests.lake.events import at, event, event_columns
from connector.lake.errors import LakeError
from connector.lake.location import location_of
from connector.lake.query import newest
from connector.lake.store import Writer

class Alone:
    def renew(self): pass

fault, install = sys.argv[1:]
if fault == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
elif os.geteuid() == 0:
    os.setuid(65534)
try:
    row = event("SecretEvent", "2024-12-23 10:00", person="SecretPerson")
    Writer(location_of(install), Alone()).replace_events([event_columns([row])], at("2024-12-23"), at("2024-12-24"))
except LakeError as error:
    print(type(error).__name__, error, error.__cause__)
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A lake that every user of the machine may read."""
    folder = Path(tempfile.mkdtemp(prefix="lake-"))
    folder.chmod(0o755)
    with override_settings(LAKE_URL=str(folder / "lake")):
        yield folder / "lake"
    shutil.rmtree(folder)


def ids(install_id: UUID) -> list[str]:
    with reading(install_id, newest(install_id)) as lake:
        return [id for (id,) in lake.rows(IDS)]


def write_in_trouble(fault: str, install_id: UUID, lake: Path) -> str:
    """What a writer says that meets a fault."""
    environment = os.environ | {"LAKE_URL": str(lake), "DATABASE_URL": "sqlite:////nonexistent/none.sqlite3"}
    command = [sys.executable, "-c", CHILD, fault, str(install_id)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (
            "full",
            "LakeUnwritable The disk that holds the event store is full (EFBIG). Free some space; the sync goes on by itself. None",
        ),
        (
            "closed",
            "LakeUnwritable The event store's folder cannot be written (EACCES). Check its permissions; the sync goes on by itself. None",
        ),
    ],
)
def test_a_disk_that_takes_no_more_is_told_in_one_sentence_and_loses_nothing(
    fault: str, sentence: str, open_folder: Path
) -> None:
    install_id = uuid4()
    with writing(install_id, "test") as writer:
        writer.replace_events([event_columns([event("a", "2024-12-22 10:00")])], *DAY)
    before = newest(install_id)

    said = write_in_trouble(fault, install_id, open_folder)

    assert said.strip() == sentence
    assert newest(install_id) == before
    assert ids(install_id) == ["a"]
    with writing(install_id, "test") as writer:
        writer.replace_events([event_columns([event("b", "2024-12-23 10:00")])], *NEXT_DAY)
    assert ids(install_id) == ["a", "b"]


@pytest.mark.django_db
def test_a_file_where_the_folder_should_be_is_told_in_words(install_id: UUID, lake_folder: Path) -> None:
    lake_folder.parent.mkdir(exist_ok=True)
    lake_folder.write_text("not a folder")

    with writing(install_id, "test") as writer, pytest.raises(LakeUnwritable, match="cannot be written"):
        writer.replace_events([event_columns([event("a", "2024-12-22 10:00")])], *DAY)


def write_past_the_lease(install_id: UUID, id: str) -> None:
    """Another process's commit in the middle of ours."""
    rows = with_month(build(EVENTS, [event_columns([event(id, "2024-12-23 10:00")])]), *NEXT_DAY)
    write_deltalake(location_of(install_id).table("events"), rows, mode="append")


@pytest.mark.django_db
def test_a_commit_that_comes_between_is_read_before_we_write_again(
    install_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = store._change
    meddled: list[int] = []

    def meddle(*arguments: object) -> object:
        if len(meddled) < 2:
            meddled.append(1)
            write_past_the_lease(install_id, f"theirs{len(meddled)}")
        return real(*arguments)  # type: ignore[arg-type]  # passed through

    with writing(install_id, "test") as writer:
        writer.replace_events([event_columns([event("a", "2024-12-22 10:00")])], *DAY)
        monkeypatch.setattr(store, "_change", meddle)
        writer.replace_events([event_columns([event("a", "2024-12-22 10:00"), event("b", "2024-12-22 10:00")])], *DAY)

    assert ids(install_id) == ["a", "b", "theirs1", "theirs2"]


@pytest.mark.django_db
def test_a_writer_that_never_comes_first_gives_up_in_words(install_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    real = store._change

    def meddle(*arguments: object) -> object:
        write_past_the_lease(install_id, "theirs")
        return real(*arguments)  # type: ignore[arg-type]  # passed through

    with writing(install_id, "test") as writer:
        writer.replace_events([event_columns([event("a", "2024-12-22 10:00")])], *DAY)
        monkeypatch.setattr(store, "_change", meddle)
        with pytest.raises(WriteConflict):
            writer.replace_events([], *DAY)

    assert "a" in ids(install_id)


FORK = """
import os, sys
import django
django.setup()
from connector.lake import query, store, tables, tidy
from connector.lake.errors import OpenedBeforeFork
from connector.lake.location import location_of
from connector.lake.schema import EVENTS

install = "{install}"
if {parent_opens}:
    query.newest(install), query.summary(install)
child = os.fork()
if not child:
    try:
        print(query.summary(install)["events"], flush=True)
    except OpenedBeforeFork as error:
        print(error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("parent_opens", "said"),
    [
        (True, "The lake was opened before this process was forked; open it in the child alone."),
        (False, "1"),
    ],
)
def test_only_a_process_that_forks_no_more_may_open_the_lake(
    install_id: UUID, lake_folder: Path, parent_opens: bool, said: str
) -> None:
    with writing(install_id, "test") as writer:
        writer.replace_events([event_columns([event("a", "2024-12-22 10:00")])], *DAY)
    code = FORK.format(install=install_id, parent_opens=parent_opens)
    environment = os.environ | {"LAKE_URL": str(lake_folder), "PLUMBLINE_HOME": str(lake_folder.parent)}

    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=True
    )

    assert run.stdout.strip() == said
