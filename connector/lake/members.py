"""Members of lists and segments: staged part by part while one is read, then all put in place of the former by a commit.

Staged parts are files beside the tables, which no question reads. They are written under the install's lease, so that
none comes after its removal. Joining and comparing is DuckDB's: a list of millions takes no more memory than it may.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from connector.lake.commits import Written
from connector.lake.errors import RowsRefused, StagedGone
from connector.lake.layout import make_table
from connector.lake.location import Location
from connector.lake.rewrite import Piece, Rewriter, rewriting
from connector.lake.rows import build
from connector.lake.schema import MEMBERS
from connector.lake.tables import live_files, open_table

FOLDER = "staged"
HELD = "select person from read_parquet($files, hive_partitioning=false) where audience = $audience"
OTHERS = "select audience, person from read_parquet($files, hive_partitioning=false) where audience <> $audience"
ORDER = f"order by {', '.join(MEMBERS.sort)}"


def members(audience: str, people: Sequence[str]) -> pa.Table:
    """Rows of one audience, each person once. Raises RowsRefused for an id that could not name a folder."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", audience):
        raise RowsRefused("The id of a list or segment holds a character that Klaviyo's ids do not have.")
    return build(MEMBERS, [{"audience": [audience] * len(people), "person": list(people)}], key=("person",))


def stage(location: Location, audience: str, rows: pa.Table, part: int) -> None:
    """Keep a part of an audience; one of the same number is written over."""
    with location.create(_part(audience, part)) as file:
        pq.write_table(rows, file, compression="zstd")


def forget(location: Location, audience: str) -> None:
    """Remove an audience's staged parts, if there are any."""
    location.remove(f"{FOLDER}/{audience}")


def clear(location: Location, but: Collection[str]) -> None:
    """Remove the staged parts of all audiences but these."""
    for audience in set(location.folders(FOLDER)) - set(but):
        forget(location, audience)


def replace(location: Location, audience: str, rows: pa.Table, parts: int) -> Written:
    """The rows, and those of the first `parts` parts staged, are the audience. Raises StagedGone."""
    table = open_table(location, MEMBERS) or make_table(location, MEMBERS)
    old = [file for file in live_files(table, MEMBERS) if file.may_hold("audience", audience, audience)]
    with rewriting(location, table, MEMBERS, rows) as rewriter:
        _join(rewriter, location, audience, parts)
        bound = {"files": rewriter.uris(old), "audience": audience} if old else {}
        given, held, both = _counted(rewriter, bound)
        if given == held == both:
            return Written(given, 0, 0, rewritten=False, version=int(table.version()))
        if held == both:  # nobody has gone: those who are new are added
            unless_held = f"anti join ({HELD}) using (person)" if old else ""
            piece = Piece((), f"select audience, person from joined {unless_held} {ORDER}", bound)
        else:
            piece = Piece(old, f"{OTHERS} union all select * from joined {ORDER}", {"audience": audience})
        version = rewriter.commit([piece], changes=True)
    return Written(given, given - both, held - both, rewritten=held > both, version=version)


def _join(rewriter: Rewriter, location: Location, audience: str, parts: int) -> None:
    """All who were read, each once, as the table `joined`: DuckDB spills it where it grows large."""
    files = [_part(audience, part) for part in range(parts)]
    if not all(location.holds(f"{location.root}/{file}") for file in files):
        raise StagedGone("What had been read of the members is no longer held.")
    staged = "union all select audience, person from read_parquet($staged)" if parts else ""
    bound = {"staged": [f"{location.root}/{file}" for file in files]} if parts else {}
    rewriter.engine.execute(
        f"create temp table joined as select distinct audience, person from (from incoming {staged})", bound
    )


def _counted(rewriter: Rewriter, bound: dict[str, Any]) -> tuple[int, int, int]:
    """How many were read, how many are held, and how many are both."""
    if not bound:
        [(given,)] = rewriter.engine.execute("select count(*) from joined").fetchall()
        return given, 0, 0
    both = "select count(*) from joined semi join held using (person)"
    sql = f"with held as ({HELD}) select count(*), (select count(*) from held), ({both}) from joined"
    [(given, held, again)] = rewriter.engine.execute(sql, bound).fetchall()
    return given, held, again


def _part(audience: str, part: int) -> str:
    return f"{FOLDER}/{audience}/{part:05}.parquet"
