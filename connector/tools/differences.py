"""Where two answers to one question differ, figure by figure; rows are matched by what they are about, not by their place."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connector.insights.columns import Kind
from connector.receipts.models import ANSWERED
from connector.tools.tool import Tool

Change = dict[str, Any]
Row = Mapping[str, Any]


def differences(before: Row, after: Row, tool: Tool) -> Iterator[Change]:
    """`{path, before, after}` of the `data` of two envelopes; a path counts places as `before` does, of what is new as
    `after` does. An account that is not answered this time is told by its status alone."""
    yield from changes(_beside(before), _beside(after), "data", tool)
    again = {_account(entry): entry for entry in after.get("accounts") or []}
    for at, entry in enumerate(before.get("accounts") or []):
        path, told = f"data.accounts[{at}]", again.get(_account(entry))
        if told is None or told["status"] not in ANSWERED:
            status = told["status"] if told else None
            if status != entry["status"]:
                yield {"path": f"{path}.status", "before": entry["status"], "after": status}
        else:
            yield from changes(entry, told, path, tool)


def _beside(data: Row) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != "accounts"}


def _account(entry: Row) -> Any:
    """The account's id; of one that nobody knows the name that was typed."""
    return entry["account"]["id"] or entry["account"]["name"]


def changes(before: Any, after: Any, path: str, tool: Tool) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys([*before, *after]):
            yield from changes(before.get(name), after.get(name), f"{path}.{name}", tool)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(before, after, path, tool)
    elif before != after:
        yield {"path": path, "before": before, "after": after}


def _of_lists(before: Sequence[Any], after: Sequence[Any], path: str, tool: Tool) -> Iterator[Change]:
    keys, others = ([row_key(row, tool) for row in rows] for rows in (before, after))
    if len(set(keys)) < len(keys) or len(set(others)) < len(others):  # nothing tells the rows apart but their place
        keys, others = list(range(len(before))), list(range(len(after)))
    place, known = {key: at for at, key in enumerate(others)}, set(keys)
    for at, key in enumerate(keys):
        other = after[place[key]] if key in place else None
        yield from changes(before[at], other, f"{path}[{at}]", tool)
    for at, key in enumerate(others):
        if key not in known:
            yield {"path": f"{path}[{at}]", "before": None, "after": after[at]}


def row_key(row: Any, tool: Tool) -> Any:
    """What a row is about: its objects by id, its bucket, its texts that head it; a plain value is itself."""
    if not isinstance(row, Mapping):
        return str(row)
    if "id" in row:
        return str(row["id"])
    heads = (tool.groups.by, tool.groups.start, head_of(row, tool))
    names = [name for name in row if name in heads or (isinstance(row[name], Mapping) and "id" in row[name])]
    return (*((name, _plain(row[name])) for name in names), ("other", bool(row.get("other"))))


def head_of(row: Row, tool: Tool) -> str:
    """The first column that is no figure: what each row is called by."""
    kinds = (Kind.TEXT, Kind.OBJECT, Kind.TIME)
    return next((column.name for column in tool.columns if column.kind in kinds and column.name in row), "")


def _plain(value: Any) -> str:
    return str(value.get("id")) if isinstance(value, Mapping) else str(value)
