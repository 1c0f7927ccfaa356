"""get_receipt: a recorded answer, and beside it the same question run again."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from connector.insights.question import Question
from connector.insights.refusal import Refusal
from connector.insights.words import counted
from connector.receipts.models import ANSWERED, Receipt
from connector.tools import fit
from connector.tools.differences import Change
from connector.tools.envelope import Envelope
from connector.tools.fit import Offset
from connector.tools.paging import page_of
from connector.tools.rerun import Rerun, Run, rerun
from connector.tools.tool import NO_GROUPS, TOOLS

FOR_CHANGES: Final = 4_000  # bytes kept free for what has changed
KEPT_OF_RERUN: Final = ("status", "answer", "data", "freshness", "caveats", "reason")
NO_FIGURE: Final = ("account", "period", "time_zone", "currency", "status", "reason")
RUNS: Final[Mapping[str, Run]] = {"same": "same", "latest": "latest"}


def get_receipt(question: Question) -> Envelope:
    """The envelope as recorded; with `run` also `data.run`, `data.again` (the new answer) and `data.changed`.

    Raises Refusal where there is no such receipt whose accounts the caller sees.
    """
    receipt = Receipt.objects.visible_to(question.caller).named(question.args["receipt"]).first()
    if receipt is None:
        raise Refusal(
            "refused", "not_found", "There is no such receipt that you may see.", "Use the id an answer gave."
        )
    run = RUNS.get(question.args.get("run", "none"))
    if run is None:
        return _recorded(receipt, fit.SIZE)
    return _beside(receipt, run, rerun(question.caller, receipt, run, question.deadline - time.monotonic()))


def _recorded(receipt: Receipt, size: int) -> Envelope:
    """As recorded, the first rows that fit; the rest by the cursor of the tool that answered."""
    tool = TOOLS.get(receipt.tool)
    if tool is None or not receipt.is_answered:
        return dict(receipt.answer)
    page = page_of(tool, receipt.answer, _limit(receipt), Offset(), size)
    if page["more"]:
        page["next"] = [{"tool": tool.name, "args": {"cursor": page["more"]["cursor"]}, "why": "The next rows."}]
    return page


def _limit(receipt: Receipt) -> int:
    """As many groups as the answer itself showed."""
    tool = TOOLS.get(receipt.tool)
    return int(receipt.args.get("limit", tool.groups.limit if tool else NO_GROUPS.limit))


def _beside(receipt: Receipt, run: Run, made: Rerun) -> Envelope:
    """Both answers and what differs, cut so that all of it fits."""
    shown = _recorded(receipt, fit.SIZE // 2)
    again = _cut(receipt, made.answer, fit.SIZE - fit.size_of(shown) - FOR_CHANGES)
    told: dict[str, Any] = {"run": run, "same_definition": made.is_same_definition, "again": again}
    shown = shown | {"answer": f"{shown['answer']} {words(made, run)}".strip()}
    room = fit.SIZE - fit.SPARE - fit.size_of(shown) - fit.size_of(told)
    number = fit.most_that_fit([fit.size_of(each) for each in made.changed], room)
    told |= {"changed": made.changed[:number], "changed_left_out": made.differing - number}
    return shown | {"data": shown["data"] | told}


def _cut(receipt: Receipt, answer: Envelope, size: int) -> Envelope:
    """The new answer without what the recorded one says too; without its figures where not even their heads fit."""
    tool, bare = TOOLS.get(receipt.tool), {name: answer[name] for name in KEPT_OF_RERUN}
    page, _, _ = fit.fitted(bare, tool.groups if tool else NO_GROUPS, _limit(receipt), Offset(), size)
    return page if fit.size_of(page) <= size else bare | {"data": {}, "caveats": [], "freshness": []}


def words(made: Rerun, run: Run) -> str:
    """What running it again came to, in a sentence or two."""
    changed = "" if made.is_same_definition else " The definition of these figures has changed since the answer."
    if made.answer["status"] == "pending":
        return "Run again, it takes longer than one call may; ask again in a minute."
    if made.answer["status"] not in ANSWERED:
        return f"It could not be run again: {made.answer['answer']}" + (changed if made.answer["data"] else "")
    data = "on the same data" if run == "same" else "on the data of now"
    return f"Run again {data}: {_outcome(made.changed)}{_missing(made)}{changed}"


def _outcome(changed: Sequence[Change]) -> str:
    number = len(figures(changed))
    return (
        f"{counted(number, 'figure')} {'differs' if number == 1 else 'differ'}." if number else "every figure is equal."
    )


def _missing(made: Rerun) -> str:
    """Of several accounts those without figures this time."""
    entries = made.answer["data"].get("accounts") or []
    names = [entry["account"]["name"] for entry in entries if entry["status"] not in ANSWERED]
    return f" Not answered this time: {', '.join(names)}." if names else ""


def figures(changed: Sequence[Change]) -> list[Change]:
    """Those that are figures: what of an account is no answer, and its period's end, may differ without one."""
    return [each for each in changed if not _is_beside(each["path"])]


def _is_beside(path: str) -> bool:
    parts = path.split(".")
    return len(parts) > 2 and parts[1].startswith("accounts[") and parts[2].split("[")[0] in NO_FIGURE
