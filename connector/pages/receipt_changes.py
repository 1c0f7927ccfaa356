"""What came out when a receipt was run again, figure by figure in words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from connector.pages.figures import Fields, Terms, shown, with_names
from connector.pages.tables import row_name
from connector.receipts.models import ANSWERED, Receipt
from connector.tools.receipt_tools import figures

PART: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


@dataclass(frozen=True)
class Change:
    account: str
    what: str
    before: str
    after: str


@dataclass(frozen=True)
class Again:
    """`is_good`: it could be run again."""

    sentence: str
    is_good: bool
    is_equal: bool
    is_latest: bool
    changes: list[Change]
    left_out: int


def again(receipt: Receipt, answer: Mapping[str, Any]) -> Again:
    """From get_receipt's answer."""
    data = answer.get("data") or {}
    told = data.get("again") or {}
    changed = figures(data.get("changed") or [])
    sentence = str(answer["answer"]).removeprefix(receipt.sentence).strip()
    return Again(
        sentence=sentence,
        is_good=told.get("status") in ANSWERED,
        is_equal=not changed,
        is_latest=data.get("run") == "latest",
        changes=[change(each, receipt) for each in changed],
        left_out=int(data.get("changed_left_out") or 0),
    )


def change(each: Mapping[str, Any], receipt: Receipt) -> Change:
    """Where a path leads in the recorded answer, in the words of its columns."""
    fields, terms, account = Fields.of(receipt), Terms(), ""
    node: Any = receipt.answer.get("data")
    row: Mapping[str, Any] = {}
    entry: Mapping[str, Any] = {}
    titles: list[str] = []
    last = ""
    for name, at in PART.findall(str(each["path"]).removeprefix("data")):
        node = _step(node, name, at)
        if name:
            last = name
            titles.append("" if name in ("accounts", *fields.groups.rows) else fields.title(name))
        elif isinstance(node, Mapping) and last == "accounts":
            entry = node
            account, terms = str(node["account"].get("name") or ""), Terms.of(node)
        elif isinstance(node, Mapping):
            row = with_names(entry, [node], fields)[0]
            titles.append(row_name(row, fields, terms))
    if each["before"] is None and isinstance(each["after"], Mapping):  # a row that is new
        titles[-1:] = [row_name(with_names(entry, [each["after"]], fields)[0], fields, terms)]
    kind = fields.kind(last, row)
    before, after = (_text(each[side], kind, fields, terms) for side in ("before", "after"))
    return Change(account, ": ".join(title for title in titles if title), before, after)


def _step(node: Any, name: str, at: str) -> Any:
    if name:
        return node.get(name) if isinstance(node, Mapping) else None
    return node[int(at)] if isinstance(node, list) and int(at) < len(node) else None


def _text(value: Any, kind: Any, fields: Fields, terms: Terms) -> str:
    """A row that is new, or gone, by its name and first figures."""
    if not isinstance(value, Mapping) or "id" in value:
        return shown(kind, value, terms)
    parts = [
        f"{fields.title(name)} {shown(fields.kind(name), value[name], terms)}"
        for name in fields.columns
        if name in value
    ]
    return ", ".join(parts[:4]) or shown(None, value, terms)
