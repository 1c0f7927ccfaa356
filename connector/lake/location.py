"""Where an install's tables are: a folder, or a prefix of an S3 bucket, below LAKE_URL."""

import importlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.conf import settings

from connector.lake.errors import LakeUnwritable

S3 = "s3://"
BUCKET_OPTIONS = {
    # Without a conditional put two writers could both believe that they made the same version.
    "aws_conditional_put": "etag",
    # The library would try for three minutes; a person waits, and a task tries again by itself.
    "max_retries": "3",
    "retry_timeout": "15s",
    "connect_timeout": "5s",
    "timeout": "60s",
}
UNTAKEN = re.compile(r"[\[\]^|\\]")


@dataclass(frozen=True, slots=True)
class Location:
    """One install's part of the lake. `root` has no slash at its end."""

    root: str

    @property
    def is_local(self) -> bool:
        return not self.root.startswith(S3)

    @property
    def options(self) -> dict[str, str] | None:
        """What delta-rs needs beside the AWS_* variables, which it reads by itself."""
        return None if self.is_local else BUCKET_OPTIONS

    def table(self, name: str) -> str:
        return f"{self.root}/{name}"

    def exists(self) -> bool:
        return Path(self.root).exists() if self.is_local else bool(self.filesystem().exists(self.root))

    def holds(self, file: str) -> bool:
        """Whether a file, named as a table's log names it, is still there."""
        return Path(file).exists() if self.is_local else bool(self.filesystem().exists(file))

    def files(self) -> Iterator[str]:
        """Every file of the install, live or not, logs included."""
        if self.is_local:
            yield from (str(path) for path in Path(self.root).rglob("*") if path.is_file())
        else:
            yield from (S3 + path for path in self.filesystem().find(self.root))

    def folders(self, below: str) -> list[str]:
        """Names of the folders directly below one of the install's folders; none where that is not there."""
        folder = f"{self.root}/{below}"
        if self.is_local:
            return [path.name for path in Path(folder).glob("*") if path.is_dir()]
        bucket = self.filesystem()
        return [path.rpartition("/")[2] for path in bucket.ls(folder, detail=False)] if bucket.exists(folder) else []

    def create(self, file: str) -> IO[bytes]:
        """A file below the root that belongs to no table, to be written from its beginning."""
        path = f"{self.root}/{file}"
        if not self.is_local:
            created: IO[bytes] = self.filesystem().open(path, "wb")
            return created
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        return Path(path).open("wb")

    def remove(self, below: str = "") -> None:
        """Take the whole install away, or one folder of it. Removing what is not there is no error: a removal may be
        run twice."""
        folder = f"{self.root}/{below}".rstrip("/")
        if self.is_local:
            shutil.rmtree(folder) if Path(folder).exists() else None
        elif self.filesystem().exists(folder):
            self.filesystem().rm(folder, recursive=True)

    def filesystem(self) -> Any:
        """The bucket through fsspec, which only an S3 lake needs (requirements/production.in).

        Always a new one: a shared one would keep listings, and addresses of an environment that has changed.
        """
        fsspec: Any = importlib.import_module("fsspec")
        return fsspec.filesystem("s3", use_listings_cache=False, skip_instance_cache=True)


def location_of(install_id: UUID) -> Location:
    """An install's location. Its id is the folder's name, so nothing of the account shows in a listing.

    Raises LakeUnwritable for a folder whose name delta-rs cannot take: it would end the process instead.
    """
    if UNTAKEN.search(str(settings.LAKE_URL)):
        raise LakeUnwritable(
            "The event store's folder may have none of [ ] ^ | \\ in its path; set LAKE_URL to another."
        )
    return Location(f"{str(settings.LAKE_URL).rstrip('/')}/{UUID(str(install_id))}")
