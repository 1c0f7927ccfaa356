"""A receipt as a file: every row, as numbers a program can read."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from connector.pages.figures import Fields, is_rows, with_names
from connector.pages.receipt_presenters import NOT_FIGURES, entries, exports
from connector.receipts.models import Receipt

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run a text that begins so

ABOUT: Final = ("account", "account.id", "currency")  # of each row, before its own columns

Row = Mapping[str, Any]


def as_json(receipt: Receipt) -> str:
    """The answer whole, with who asked what and when."""
    facts = {
        "receipt": receipt.public_id,
        "tool": receipt.tool,
        "args": receipt.args,
        "question": receipt.question,
        "asked_at": receipt.created_at.isoformat(),
        "asked_by": receipt.user_label,
        "definition_version": receipt.definition_version,
        "answer": receipt.answer,
    }
    return json.dumps(facts, ensure_ascii=False, indent=2)


def as_csv(receipt: Receipt, name: str) -> str | None:
    """One table of the answer, the accounts below each other; None where there is no such table. `name` "": the first."""
    fields = Fields.of(receipt)
    names = [known for known, _ in exports(receipt.answer, fields)]
    if not names or (name and name not in names):
        return None
    rows = list(_rows(receipt.answer, name or names[0], fields))
    named = dict.fromkeys(column for row in rows for column in row)
    columns = sorted(named, key=lambda column: (column not in ABOUT, fields.order(column.split(".")[0])))
    written = io.StringIO()
    # With the mark that tells spreadsheets it is UTF-8.
    written.write("\ufeff")
    writer = csv.writer(written)
    writer.writerow([_quoted(_title(column, fields)) for column in columns])
    writer.writerows([_quoted(row.get(column)) for column in columns] for row in rows)
    return written.getvalue()


def _rows(answer: Row, name: str, fields: Fields) -> Iterator[dict[str, Any]]:
    """Each row flat, after the account that it is of."""
    for entry in entries(answer):
        about = {"account": entry["account"].get("name"), "account.id": entry["account"].get("id")}
        about |= {"currency": entry["currency"]} if entry.get("currency") else {}
        for row in with_names(entry, _rows_of(entry, name), fields):
            yield about | dict(flat(row))
    for row in (answer.get("data") or {}).get(name) or []:
        yield dict(flat(row))


def _rows_of(entry: Row, name: str) -> Sequence[Row]:
    if name != "figures":
        return list(entry.get(name) or [])
    values = {key: value for key, value in entry.items() if key not in NOT_FIGURES and not is_rows(value)}
    return [{"status": entry.get("status"), **values}]


def flat(row: Row, path: str = "") -> Iterator[tuple[str, Any]]:
    """`{"campaign": {"id": "1", "name": "A"}}` as `campaign` and `campaign.id`; lists as one text."""
    for name, value in row.items():
        key = f"{path}{name}"
        if isinstance(value, Mapping) and "name" in value:
            yield key, value["name"]
            yield from flat({part: each for part, each in value.items() if part != "name"}, f"{key}.")
        elif isinstance(value, Mapping):
            yield from flat(value, f"{key}.")
        elif isinstance(value, list):
            yield key, "; ".join(str(part.get("name") if isinstance(part, Mapping) else part) for part in value)
        else:
            yield key, value


def _title(column: str, fields: Fields) -> str:
    first, *rest = column.split(".")
    return " ".join([fields.title(first), *(fields.title(part).lower() for part in rest)])


def _quoted(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets a quote; numbers stay numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
