"""Members of a list or segment that is not read whole yet: files beside the tables, which no question reads.

They are written under the install's lease, so that none comes after its removal.
"""

from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from connector.lake.errors import StagedGone
from connector.lake.places import Place
from connector.lake.rows import Columns, build
from connector.lake.schema import MEMBERS

FOLDER = "staged"


def members(audience: str, people: Sequence[str]) -> pa.Table:
    """Rows of one audience, each person once."""
    columns: Columns = {"audience": [audience] * len(people), "person": list(people)}
    return build(MEMBERS, [columns], key=("person",))


def keep(place: Place, rows: pa.Table, audience: str, part: int) -> None:
    """Keep a part of an audience; one of the same number is written over."""
    with place.open(_file(audience, part), "wb") as file:
        pq.write_table(rows, file, compression="zstd")


def kept(place: Place, audience: str, parts: int) -> pa.Table:
    """The first `parts` parts of an audience as one table; people may be in it twice. Raises StagedGone."""
    return pa.concat_tables(
        [MEMBERS.schema.empty_table(), *(_read(place, _file(audience, part)) for part in range(parts))]
    )


def clear(place: Place, but: Collection[str] = ()) -> None:
    """Remove the parts of all audiences but these."""
    for audience in set(place.folders(FOLDER)) - set(but):
        place.remove(f"{FOLDER}/{audience}")


def forget(place: Place, audience: str) -> None:
    """Remove an audience's parts, if there are any."""
    place.remove(f"{FOLDER}/{audience}")


def _file(audience: str, part: int) -> str:
    return f"{FOLDER}/{audience}/{part:05}.parquet"


def _read(place: Place, file: str) -> pa.Table:
    try:
        with place.open(file, "rb") as opened:
            return pq.read_table(opened, schema=MEMBERS.schema)
    except FileNotFoundError:
        raise StagedGone("What had been read of the members is no longer held.") from None
