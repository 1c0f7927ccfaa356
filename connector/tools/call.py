"""The one entry of every door: check the arguments, the role, the scope; answer; record; hand out the envelope."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.core import signing
from django.utils import timezone

from accounts.caller import Caller
from accounts.permissions import can
from audit.record import build
from connector.insights.arguments import BadArguments, Problem, bad
from connector.insights.outcome import Outcome, Refusal
from connector.receipts.keep import receipt_of
from connector.receipts.models import Receipt
from connector.tools import envelope as envelopes
from connector.tools import group_commit, jobs
from connector.tools.catalogue import TOOLS, Tool
from connector.tools.envelope import LIMIT, Envelope
from connector.tools.validation import problems_in, trimmed

__all__ = ["BadArguments", "Problem", "UnknownTool", "call", "is_error"]

CURSOR_SALT: Final = "tools.cursor"


class UnknownTool(LookupError):
    """There is no tool of that name."""


def call(caller: Caller, name: str, args: Mapping[str, Any], *, patience: float | None = None) -> Envelope:
    """Answer one call. Raises UnknownTool, BadArguments.

    `patience`: seconds to wait for members of a list or segment before the answer is pending (jobs.PATIENCE).
    Everything else that can go wrong is in the envelope: `refused` and `error` with a reason. `search` and `fetch` answer
    their own exact form. Whatever is returned has been recorded first.
    """
    tool = TOOLS.get(name)
    if tool is None:
        raise UnknownTool(f"There is no tool {name!r}. GET tools/ lists those there are.")
    started, moment = time.monotonic(), timezone.now()
    given = trimmed(dict(args))
    problems = problems_in(tool.validator, tool.required, given)
    if problems:
        raise BadArguments(problems)
    barred = _barred(caller, tool)
    if barred:
        return _recorded_plain(caller, tool, given, barred, started)
    if "cursor" in given and tool.rows:
        return _recorded_plain(caller, tool, given, _next_page(caller, tool, given), started)
    return _answer(caller, tool, given, moment, started, patience)


def is_error(envelope: Mapping[str, Any]) -> bool:
    """What MCP marks isError and the command line ends with 1."""
    return envelope.get("status") in ("refused", "error")


def _barred(caller: Caller, tool: Tool) -> Envelope | None:
    if not can(caller, tool.ability):
        return envelopes.refused(
            "role", f"Your role ({caller.role}) may not use {tool.name}.", "Ask an owner or admin of your organization."
        )
    if tool.scope not in caller.scopes:
        return envelopes.refused(
            "grant_scope",
            f"This connection may not {'propose drafts' if tool.scope == 'write' else 'ask questions'}: the scope “{tool.scope}” was not granted.",
            "Connect again and tick it on the consent page, or use a key that has it.",
        )
    return None


def _answer(
    caller: Caller, tool: Tool, args: dict[str, Any], moment: datetime, started: float, patience: float | None
) -> Envelope:
    try:
        result = jobs.waited_for(lambda: tool.run(caller, args, moment), patience)
    except Refusal as refusal:
        return _recorded_plain(caller, tool, args, envelopes.of_refusal(refusal), started)
    if isinstance(result, Outcome):
        return _recorded_outcome(caller, tool, args, result, moment, started)
    return _recorded_plain(caller, tool, args, result, started)


def _recorded_outcome(
    caller: Caller, tool: Tool, args: dict[str, Any], outcome: Outcome, moment: datetime, started: float
) -> Envelope:
    """Write receipt and audit event together, then cut the answer to size."""
    whole = envelopes.of_outcome(outcome)
    whole["next"] = suggestions(tool, args, outcome, whole)
    rows: list[Any] = []
    if any(entry.status == "pending" for entry in outcome.accounts):
        job = jobs.open_job(caller, tool.name, args)
        whole["job"] = jobs.shown(job)
    if whole["status"] in ("ok", "partial"):
        receipt = receipt_of(caller, tool.name, args, outcome, moment=moment, took_ms=_ms(started))
        whole["receipt"] = {"id": receipt.public_id, "url": f"{settings.PUBLIC_URL}/receipts/{receipt.public_id}/"}
        receipt.answer = whole
        rows.append(receipt)
    rows += _audit_rows(caller, tool, args, whole, started, outcome)
    group_commit.commit(rows)
    return _page(tool, args, whole, place=0)


def _page(tool: Tool, args: Mapping[str, Any], whole: Envelope, place: int) -> Envelope:
    """The rows from `place` on that fit; `more` with a cursor when some are left out."""
    page, left_out = envelopes.fitted(whole, tool.rows, args.get("limit", LIMIT), place)
    if left_out and whole["receipt"]:
        shown = max(
            len([row for row in entry.get(tool.rows) or [] if row.get("value") != "other"])
            for entry in page["data"]["accounts"]
        )
        cursor = {"r": whole["receipt"]["id"], "p": place + shown, "l": args.get("limit", LIMIT)}
        page["more"] = {"cursor": signing.dumps(cursor, salt=CURSOR_SALT, compress=True), "left_out": left_out}
    return page


def _next_page(caller: Caller, tool: Tool, args: Mapping[str, Any]) -> Envelope:
    """Further rows of a recorded answer: the receipt holds them all. Raises BadArguments."""
    if len(args) > 1:
        raise bad("cursor", "stands alone: it carries the question, so give no other argument")
    from_receipt = read_cursor(args["cursor"])
    receipt = find_receipt(caller, from_receipt["r"], tool.name)
    return _page(tool, {"limit": from_receipt["l"]}, receipt.answer, from_receipt["p"])


def read_cursor(text: str) -> dict[str, Any]:
    """What a cursor of ours carries. Raises BadArguments for any other text."""
    try:
        carried = signing.loads(text, salt=CURSOR_SALT)
    except signing.BadSignature:
        raise bad("cursor", "is none that a former answer gave; ask the question again") from None
    return dict(carried)


def find_receipt(caller: Caller, public: str, tool: str) -> Receipt:
    receipt = Receipt.objects.visible_to(caller).named(public).filter(tool=tool).first()
    if receipt is None:
        raise bad("cursor", "belongs to an answer that is no longer kept; ask the question again")
    return receipt


def _recorded_plain(caller: Caller, tool: Tool, args: Mapping[str, Any], answer: Envelope, started: float) -> Envelope:
    group_commit.commit(_audit_rows(caller, tool, args, answer, started, None))
    return answer


OUTCOME_OF: Final = {"refused": "refused", "error": "failed"}


def _audit_rows(
    caller: Caller,
    tool: Tool,
    args: Mapping[str, Any],
    answer: Mapping[str, Any],
    started: float,
    outcome: Outcome | None,
) -> list[Any]:
    """Who, through which door and assistant, which account, which tool: the event, and the words as its erasable part."""
    installs = [entry.install for entry in outcome.accounts if entry.install] if outcome else []
    receipt = answer.get("receipt")
    event, detail = build(
        "tool.called",
        **caller.facts(),
        outcome=OUTCOME_OF.get(str(answer.get("status")), "ok"),
        install_id=installs[0].pk if len(installs) == 1 else None,
        account_label=", ".join(str(install) for install in installs),
        subject_kind="tool",
        subject_id=tool.name,
        subject_label=tool.title,
        duration_ms=_ms(started),
        rows=sum(len(entry.get(tool.rows) or []) or 1 for entry in (answer.get("data") or {}).get("accounts", [])),
        receipt=receipt["id"] if receipt else "",
        after={"status": answer.get("status", "ok"), "reason": (answer.get("reason") or {}).get("code")},
        detail={"args": dict(args)},
    )
    return [event, detail] if detail else [event]


def suggestions(
    tool: Tool, args: Mapping[str, Any], outcome: Outcome, whole: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """At most three calls that would make sense next; each works as it stands."""
    found = []
    for entry in outcome.accounts:
        if entry.reason and entry.reason.suggestion:
            found.append(
                {
                    "tool": tool.name,
                    "args": entry.reason.suggestion,
                    "why": "All campaigns whose name contains these words.",
                }
            )
    if any(caveat["code"] == "machine_opens" for caveat in whole["caveats"]) and args.get("machine_opens") != "exclude":
        found.append(
            {
                "tool": tool.name,
                "args": {**args, "machine_opens": "exclude"},
                "why": "The same without opens by machines.",
            }
        )
    return found[:3]


def _ms(started: float) -> int:
    return int((time.monotonic() - started) * 1000)
