"""Run a receipt's question again: on the same versions with the same meaning, or as it would be asked now."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from django.utils import timezone

from accounts.caller import Caller
from connector.insights.question import CALL_SECONDS, Question
from connector.privacy.untrusted import clean
from connector.receipts.keep import GROUPS_KEPT, stored
from connector.receipts.models import Receipt
from connector.tools import envelope as envelopes
from connector.tools import fit
from connector.tools.catalogue import TOOLS
from connector.tools.envelope import Envelope
from connector.tools.tool import Tool

CHANGES_SHOWN: Final = 200

Change = dict[str, Any]


@dataclass(frozen=True)
class Rerun:
    """The new answer beside the recorded one. `changed`: figure by figure, at most CHANGES_SHOWN."""

    answer: Envelope
    changed: list[Change]
    is_same_definition: bool


def rerun(caller: Caller, receipt: Receipt, run: Literal["same", "latest"], seconds: float = CALL_SECONDS) -> Rerun:
    """Nothing is recorded here. Raises Refusal and BadArguments as the tool does, KeyError for a tool that is gone."""
    tool = TOOLS[receipt.tool]
    answer = _same(caller, receipt, tool, seconds) if run == "same" else _latest(caller, receipt, tool, seconds)
    changed = list(changes(receipt.answer.get("data"), answer.get("data"), "data"))
    return Rerun(answer, changed[:CHANGES_SHOWN], receipt.definition_version == tool.definition_version)


def _latest(caller: Caller, receipt: Receipt, tool: Tool, seconds: float) -> Envelope:
    return _answer(tool, Question(caller, receipt.args, timezone.now(), time.monotonic() + seconds))


def _same(caller: Caller, receipt: Receipt, tool: Tool, seconds: float) -> Envelope:
    """Accounts that were not answered then stand as they were recorded."""
    accounts = stored(receipt)
    deadline = time.monotonic() + seconds
    answer = _answer(tool, Question(caller, receipt.args, receipt.created_at, deadline, stored=accounts))
    again = {entry["account"]["id"]: entry for entry in answer["data"]["accounts"]}
    recorded = receipt.answer["data"]["accounts"]
    entries = [again.get(entry["account"]["id"], entry) for entry in recorded]
    beside = _rows_beside(receipt, tool, answer, set(again)) if tool.groups.in_data else {}
    return answer | {"data": answer["data"] | beside | {"accounts": entries}}


def _rows_beside(receipt: Receipt, tool: Tool, answer: Envelope, again: set[str]) -> dict[str, Any]:
    """Rows of all accounts together: the new ones, and at their places those of accounts that were not answered then."""
    name = tool.groups.rows[0]
    found = iter(answer["data"][name])
    recorded = receipt.answer["data"][name]
    rows = [next(found, row) if row["account"]["id"] in again else row for row in recorded]
    return {name: [*rows, *found]}


def _answer(tool: Tool, question: Question) -> Envelope:
    outcome = tool.run(question)
    if isinstance(outcome, dict):
        return outcome
    whole = fit.capped(envelopes.of_outcome(outcome, tool.columns), tool.groups, GROUPS_KEPT)
    # As it is read back from where it is kept: what is compared has been through JSON once.
    read_back: Envelope = json.loads(fit.text_of(clean(whole)))
    return read_back


def changes(before: Any, after: Any, path: str) -> Iterator[Change]:
    """Where two values differ, part by part."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys([*before, *after]):
            yield from changes(before.get(name), after.get(name), f"{path}.{name}")
    elif isinstance(before, list) and isinstance(after, list):
        for at in range(max(len(before), len(after))):
            one, other = (rows[at] if at < len(rows) else None for rows in (before, after))
            yield from changes(one, other, f"{path}[{at}]")
    elif before != after:
        yield {"path": path, "before": before, "after": after}
