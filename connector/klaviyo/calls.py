"""Requests to Klaviyo as values: built from the rows of resources.py, sent by client.py."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connector.klaviyo.filters import Filter
from connector.klaviyo.resources import RESOURCES, Operation, Resource, buckets

Fields = Mapping[str, Collection[str]]
"""Type -> names, as in `fields[event]=datetime,timestamp`."""


@dataclass(frozen=True)
class Call:
    """One request, what it is counted against and what it needs. `reads`: may be repeated; `many`: more will follow."""

    name: str
    method: str
    url: str
    buckets: tuple[str, ...]
    scopes: tuple[str, ...]
    query: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, Any] | None = None
    files: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    reads: bool = True
    many: bool = False


@dataclass(frozen=True)
class Selection:
    """What of a resource is asked for. `additional` are names of the resource's own type."""

    include: Collection[str] = ()
    fields: Fields | None = None
    additional: Collection[str] = ()
    filter: Filter | None = None
    sort: str | None = None

    def query(self, row: Resource) -> list[tuple[str, str]]:
        """Raises ValueError for what the row does not allow: it would cost a request to be refused."""
        _check(row, "include", row.includes, self.include)
        _check(row, "additional-fields", row.additional, self.additional)
        _check(row, "sort", row.sort, [self.sort.removeprefix("-")] if self.sort else ())
        asked = [(f"fields[{type}]", ",".join(names)) for type, names in (self.fields or {}).items()]
        asked.append((f"additional-fields[{row.type}]", ",".join(self.additional)))
        asked.append(("include", ",".join(self.include)))
        asked.append(("filter", self.filter or ""))
        asked.append(("sort", self.sort or ""))
        return [(name, value) for name, value in asked if value]


def _check(row: Resource, parameter: str, allowed: Collection[str], asked: Collection[str]) -> None:
    unknown = sorted(set(asked) - set(allowed))
    if isinstance(asked, str) or unknown:
        raise ValueError(f"{parameter} of {row.name} takes {', '.join(allowed) or 'nothing'}, not {asked!r}.")


def row_of(resource: str | Resource, id: str | None) -> Resource:
    """The row of a resource; of a single object when an id is given for a resource that lists them."""
    row = RESOURCES[resource] if isinstance(resource, str) else resource
    if id is not None and "{id}" not in row.path and row.one is not None:
        return RESOURCES[row.one]
    return row


def read_call(origin: str, row: Resource, id: str | None, selection: Selection, size: int | None, many: bool) -> Call:
    """The first request for a resource. `size` is the page's, None for unpaged reads."""
    query = selection.query(row)
    if size is not None:
        query.append(("page[size]", str(size)))
    return Call(
        name=row.name,
        method="GET",
        url=_address(origin, row.path, id),
        buckets=buckets(row, selection.include, selection.additional),
        scopes=row.scopes,
        query=tuple(query),
        many=many,
    )


def operation_call(
    origin: str,
    row: Operation,
    id: str | None = None,
    body: Mapping[str, Any] | None = None,
    query: Mapping[str, str] | None = None,
    files: Mapping[str, Any] | None = None,
    form: Mapping[str, str] | None = None,
) -> Call:
    return Call(
        name=row.name,
        method=row.method,
        url=_address(origin, row.path, id),
        buckets=(row.bucket,),
        scopes=row.scopes,
        query=tuple((query or {}).items()),
        body=body,
        files=files,
        form=form,
        reads=row.reads,
    )


def _address(origin: str, path: str, id: str | None) -> str:
    if ("{id}" in path) != (id is not None):
        raise ValueError(f"{path} is read with an id, and only with one.")
    return origin + path.replace("{id}", quote(id or "", safe=""))
