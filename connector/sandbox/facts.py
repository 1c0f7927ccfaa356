"""What Klaviyo's document says of each operation (klaviyo.json, made by tests/contract/table.py)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from connector.sandbox.errors import Refusal

TABLE = Path(__file__).with_name("klaviyo.json")


@dataclass(frozen=True)
class FilterRule:
    """Operators that a field takes with one value, with a list of values, and with none; `enum` empty: any value."""

    type: str
    single: frozenset[str] = frozenset()
    list: frozenset[str] = frozenset()
    none: frozenset[str] = frozenset()
    enum: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Operation:
    """`limit` is requests a second, a minute and (or None) a day; `page` the default and the largest size."""

    id: str
    method: str
    path: str
    scopes: tuple[str, ...]
    limit: tuple[int, int, int | None]
    page: tuple[int, int] | None = None
    sized: bool = True
    cursor: bool = False
    sort: frozenset[str] = frozenset()
    include: frozenset[str] = frozenset()
    additional: Mapping[str, frozenset[str]] = field(default_factory=dict)
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    filters: Mapping[str, FilterRule] = field(default_factory=dict)
    filter_required: bool = False
    stricter: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    media: str | None = None
    body: Mapping[str, Any] | None = None

    @property
    def steps(self) -> tuple[str, ...]:
        """The path after /api/, `{id}` standing for the object's id."""
        return tuple(self.path.split("/")[2:])


def find(method: str, path: str) -> tuple[Operation, str]:
    """The operation at this address and the id in it ("" when there is none). Raises 404 or 405."""
    steps = path.split("/")[2:]
    id = steps[1] if len(steps) > 1 else ""
    if id:
        steps[1] = "{id}"
    there = _by_path().get(tuple(steps), {})
    if not there:
        raise Refusal(404, "not_found", "Not found.", "The path is not an endpoint.")
    if method not in there:
        title = f'Method "{method}" not allowed.'
        raise Refusal(405, "method_not_allowed", title, title, headers={"Allow": ", ".join(there)})
    return there[method], id


@cache
def operations() -> dict[str, Operation]:
    """Every operation by its id in Klaviyo's document, such as get_events."""
    table = raw()
    sets = {name: frozenset(names) for name, names in table["fields"].items()}
    return {row["id"]: _operation(row, sets) for row in table["operations"]}


@cache
def raw() -> dict[str, Any]:
    """The table as it is on disk: `revision`, `operations`, `fields` and the `schemas` of bodies."""
    loaded: dict[str, Any] = json.loads(TABLE.read_bytes())
    return loaded


@cache
def _by_path() -> dict[tuple[str, ...], dict[str, Operation]]:
    found: dict[tuple[str, ...], dict[str, Operation]] = {}
    for operation in operations().values():
        found.setdefault(operation.steps, {})[operation.method] = operation
    return found


def _operation(row: dict[str, Any], sets: Mapping[str, frozenset[str]]) -> Operation:
    return Operation(
        id=row["id"],
        method=row["method"],
        path=row["path"],
        scopes=tuple(row["scopes"]),
        limit=tuple(row["limit"]),
        page=tuple(row["page"]) if "page" in row else None,
        sized=row.get("sized", True),
        cursor=row.get("cursor", False),
        sort=frozenset(row.get("sort", ())),
        include=frozenset(row.get("include", ())),
        additional={type: frozenset(names) for type, names in row.get("additional", {}).items()},
        fields={type: sets[name] for type, name in row.get("fields", {}).items()},
        filters={name: _rule(one) for name, one in row.get("filters", {}).items()},
        filter_required=row.get("filter_required", False),
        stricter={name: tuple(limit) for name, limit in row.get("stricter", {}).items()},
        media=row.get("media"),
        body=row.get("body"),
    )


def _rule(row: dict[str, Any]) -> FilterRule:
    kinds = {kind: frozenset(row.get(kind, ())) for kind in ("single", "list", "none", "enum")}
    return FilterRule(type=row["type"], **kinds)
