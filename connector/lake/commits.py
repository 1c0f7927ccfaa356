"""One commit to a table: tried again where another writer came first, and failures told in words without rows."""

import errno
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import duckdb
from deltalake import CommitProperties
from deltalake.exceptions import CommitFailedError, DeltaError

from connector.lake.errors import LakeError, LakeUnwritable, TooLarge, WriteConflict
from connector.lake.lease import Held

# The library would try an append again on top of whatever came between. We read before we write, so what came between
# must be read too: a lease that ran out under a slow holder then costs a second try, never a doubled row.
ONCE = CommitProperties(max_commit_retries=0)
PAUSES = (0.1, 0.4)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Written:
    """What a call changed: rows that are new, rows that are gone, and the table's version after it.

    A row that only changed counts as neither; `rewritten` says that there were such rows or vanished ones. `given`: the
    rows that the call was given, each once.
    """

    given: int
    added: int
    removed: int
    rewritten: bool
    version: int


FULL = "The disk that holds the event store is full ({}). Free some space; the sync goes on by itself."
CLOSED = "The event store's folder cannot be written ({}). Check its permissions; the sync goes on by itself."
SENTENCES = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: FULL,
    errno.EACCES: CLOSED,
    errno.EPERM: CLOSED,
    errno.EROFS: CLOSED,
    errno.ENOTDIR: CLOSED,
}


def committing(held: Held, work: Callable[[], T]) -> T:
    """Run `work`, which opens a fresh table, reads and commits once; up to three times when another commit came first.

    Raises LeaseLost, WriteConflict, LakeUnwritable, or LakeError for anything else.
    """
    for pause in (*PAUSES, None):
        held.renew()
        try:
            return work()
        except CommitFailedError:
            if pause is not None:
                time.sleep(pause)
        except (DeltaError, OSError, duckdb.Error) as error:
            # from None: the library's messages print whole rows
            raise in_words(error) from None
    raise WriteConflict("Another writer kept changing this account's data.")


def in_words(error: Exception) -> LakeError:
    """What happened, without the library's text: that may hold rows."""
    text = str(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        return TooLarge("Joining this account's files needs more memory than a worker may take.")
    number = error.errno if isinstance(error, OSError) else None
    found = re.search(r"(?:os error |Os \{ code: )(\d+)", text)
    number = int(found[1]) if found else number
    if number in SENTENCES:
        return LakeUnwritable(SENTENCES[number].format(errno.errorcode[number]))
    if "No space left on device" in text:
        return LakeUnwritable(FULL.format("ENOSPC"))
    return LakeError(f"The event store could not be written ({type(error).__name__}, {_kind(text)}).")


def _kind(text: str) -> str:
    """The library's own name for what went wrong ("Generic S3 error"), if the message begins with one."""
    kind = text.split(":", 1)[0]
    return kind if re.fullmatch(r"[A-Z][A-Za-z0-9 _-]{1,60}", kind) else "no further word"
