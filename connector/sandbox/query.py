"""What a request's address asks for, checked against its operation's row."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode
from zlib import crc32

from connector.sandbox.errors import bad_parameter
from connector.sandbox.facts import Operation
from connector.sandbox.filters import Condition, parse

TYPED = re.compile(r"(fields|additional-fields)\[([a-z-]+)\]")


@dataclass(frozen=True)
class Query:
    """`fields` are the sparse fields by type; `raw` the parameters as they came, for the links to other pages.

    `mark` is what cursors are sealed for.
    """

    size: int = 0
    cursor: tuple[Any, ...] | None = None
    sort: str | None = None
    descending: bool = False
    include: tuple[str, ...] = ()
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    additional: Mapping[str, frozenset[str]] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    raw: tuple[tuple[str, str], ...] = ()
    mark: str = ""

    def of(self, field: str) -> list[Condition]:
        return [one for one in self.conditions if one.field == field]

    def with_cursor(self, cursor: str | None) -> str:
        """This query's string, at another page."""
        kept = [(name, value) for name, value in self.raw if name != "page[cursor]"]
        return urlencode(kept + ([("page[cursor]", cursor)] if cursor else []), quote_via=quote)


def parsed(operation: Operation, text: str) -> Query:
    """The query of one request. Raises the 400 that Klaviyo answers to what the operation does not know."""
    raw = tuple(parse_qsl(text, keep_blank_values=True))
    said: dict[str, Any] = {"raw": raw, "size": operation.page[0] if operation.page else 0}
    for name, value in raw:
        _take(operation, name, value, said)
    if operation.filter_required and "conditions" not in said:
        detail = "A channel filter is required to list campaigns."
        raise bad_parameter("filter", detail)
    if operation.id == "get_campaigns" and not any(one.field == "messages.channel" for one in said["conditions"]):
        raise bad_parameter("filter", "A channel filter is required to list campaigns.")
    said["mark"] = f"{operation.id} {dict(raw).get('sort', '')}"
    if "cursor" in said:
        said["cursor"] = opened(said["mark"], said["cursor"])
    return Query(**said)


def _take(operation: Operation, name: str, value: str, said: dict[str, Any]) -> None:
    typed = TYPED.fullmatch(name)
    if typed:
        allowed = operation.fields if typed[1] == "fields" else operation.additional
        kind = typed[1].removesuffix("-fields")
        said.setdefault(kind, {})[typed[2]] = _names(name, value, allowed.get(typed[2]))
    elif name == "include" and operation.include:
        said["include"] = tuple(sorted(_names(name, value, operation.include)))
    elif name == "sort" and operation.sort:
        said["sort"], said["descending"] = value.removeprefix("-"), value.startswith("-")
        _names(name, said["sort"], operation.sort)
    elif name == "filter" and operation.filters:
        said["conditions"] = tuple(parse(value, operation.filters))
    elif name == "page[size]" and operation.page and operation.sized:
        said["size"] = _size(value, operation.page[1])
    elif name == "page[cursor]" and operation.cursor:
        said["cursor"] = value
    else:
        raise bad_parameter(name, f"'{name}' is not a valid parameter for this endpoint.")


def _names(parameter: str, value: str, allowed: frozenset[str] | None) -> frozenset[str]:
    """Comma-joined names, each of which the operation knows."""
    names = frozenset(value.split(",")) if value else frozenset()
    for name in names:
        if allowed is None or name not in allowed:
            raise bad_parameter(parameter, f"'{name}' is not a valid value for '{parameter}'.")
    return names


def _size(value: str, largest: int) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= largest:
        raise bad_parameter("page[size]", f"Page size must be an integer between 1 and {largest}.")
    return int(value)


def closed(mark: str, *place: Any, spaced: bool = False) -> str:
    """A cursor: where the last row of a page stood, sealed for one operation and order (`mark`)."""
    text = json.dumps(place, indent=1 if spaced else None)
    return base64.urlsafe_b64encode(f"{_seal(mark, text)}{text}".encode()).decode().rstrip("=")


def opened(mark: str, cursor: str) -> tuple[Any, ...]:
    """What `closed` was given. Raises the 400 for anything else, and for another list's cursor."""
    try:
        sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        sealed = ""
    if not sealed or sealed[:8] != _seal(mark, sealed[8:]):
        raise bad_parameter("page[cursor]", "Invalid cursor provided.")
    return tuple(json.loads(sealed[8:]))


def _seal(mark: str, text: str) -> str:
    return f"{crc32(f'{mark} {text}'.encode()):08x}"
