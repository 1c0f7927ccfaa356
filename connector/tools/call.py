"""The one entry of every door: check the arguments, the role, the scope; answer; record; hand out the envelope.

    gate in -> validate -> rights -> Question -> the tool, again while it waits for members -> gate out -> receipt and audit

`steps` is the call as a generator: it yields while it waits and then holds nothing (no database connection, no place at
DuckDB); `call` drives it in the caller's own thread, the assistants' door without one.
"""

import logging
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from accounts.caller import Caller
from accounts.database import release_connections
from accounts.permissions import can
from audit.record import build
from connector.insights.arguments import BadArguments, Problem, bad
from connector.insights.outcome import AccountOutcome, Outcome
from connector.insights.question import CALL_SECONDS, Question, broken
from connector.insights.refusal import Refusal
from connector.lake.errors import LakeError
from connector.privacy.traces import trace_of
from connector.privacy.untrusted import clean
from connector.receipts.keep import GROUPS_KEPT, fill, install_rows, is_unanswered, receipt_of, shortened
from connector.receipts.models import ANSWERED, Receipt
from connector.sync import audiences
from connector.tools import admission, cursors, fit, group_commit, jobs
from connector.tools import envelope as envelopes
from connector.tools.catalogue import TOOLS
from connector.tools.envelope import Envelope
from connector.tools.fit import Offset
from connector.tools.group_commit import NotRecorded
from connector.tools.outgoing import outgoing
from connector.tools.paging import page_of
from connector.tools.tool import Tool
from connector.tools.validation import problems_in, trimmed

__all__ = ["BadArguments", "Problem", "UnknownTool", "Wait", "call", "is_error", "steps"]

logger = logging.getLogger(__name__)

POLL: Final = 0.2
OUTCOME_OF: Final = {"refused": "refused", "error": "failed"}

Steps = Generator["Wait | admission.TicketWait", None, Envelope]
Result = Outcome | Envelope


class UnknownTool(LookupError):
    """There is no tool of that name."""


class Wait:
    """The call waits: look again in `seconds`, go on once `is_over()`, at the latest at `until` (time.monotonic())."""

    def __init__(self, is_over: Callable[[], bool], until: float, seconds: float = POLL) -> None:
        self.is_over, self.until, self.seconds = is_over, until, seconds


@dataclass
class Call:
    """One call on its way: what came, when, and since when it is worked on."""

    caller: Caller
    tool: Tool
    args: dict[str, Any]
    moment: datetime
    budget: float = CALL_SECONDS  # seconds for all accounts together
    is_job: bool = False  # a job's pending answer is not recorded: it is asked again
    started: float = field(default_factory=time.monotonic)

    @property
    def deadline(self) -> float:
        return self.started + self.budget

    @property
    def took_ms(self) -> int:
        return int((time.monotonic() - self.started) * 1000)


def call(caller: Caller, name: str, args: Mapping[str, Any]) -> Envelope:
    """Answer one call. Raises UnknownTool, BadArguments, NotRecorded.

    Everything else that can go wrong is in the envelope: `refused` and `error` with a reason. `search` and `fetch` answer
    their own exact form. Whatever is returned has been recorded first.
    """
    return driven(steps(caller, name, args))


def job_answer(caller: Caller, name: str, args: Mapping[str, Any], budget: float) -> Envelope:
    """The answer of a question that was pending, worked on for at most `budget` seconds; recorded unless it still is."""
    tool = TOOLS[name]
    asked = Call(caller, tool, dict(args), timezone.now(), budget, is_job=True)
    return driven(answered(asked))


def driven(work: Steps) -> Envelope:
    """Drive a call to its end in this thread, which holds no connection while it waits."""
    try:
        while True:
            wait = next(work)
            release_connections()
            while not wait.is_over() and time.monotonic() < wait.until:
                time.sleep(wait.seconds)
    except StopIteration as end:
        answer: Envelope = end.value
        return answer


def is_error(envelope: Mapping[str, Any]) -> bool:
    """What MCP marks isError and the command line ends with 1."""
    return envelope.get("status") in ("refused", "error")


def steps(caller: Caller, name: str, args: Mapping[str, Any]) -> Steps:
    """The call as a generator; see `call`."""
    tool = TOOLS.get(name)
    if tool is None:
        raise UnknownTool(f"There is no tool {clean(name[:64])!r}. GET tools/ lists those there are.")
    asked = Call(caller, tool, _given(tool, args), timezone.now())
    return (yield from _caught(asked, _allowed(asked)))


def answered(asked: Call) -> Steps:
    """A call that may be asked, to its recorded end, whatever goes wrong on the way."""
    return (yield from _caught(asked, _answered(asked)))


def _caught(asked: Call, work: Steps) -> Steps:
    """Whatever goes wrong in a call ends in an envelope that is recorded; what it was, the log says without any text."""
    try:
        return (yield from work)
    except (BadArguments, NotRecorded):
        raise
    except Refusal as refusal:
        failure = refusal
    except LakeError as error:
        logger.error("%s could not read the lake: %s", asked.tool.name, type(error).__name__)
        text = "The event store could not be read just now."
        failure = Refusal("error", "timeout", text, "Ask again in a minute.", 60)
    except Exception as error:  # noqa: BLE001  (a fault of ours must be answered and recorded too)
        logger.error("%s failed: %s", asked.tool.name, trace_of(error))
        failure = broken()
    return _recorded_unanswered(asked, envelopes.of_refusal(failure))


def _allowed(asked: Call) -> Steps:
    stopped = _stopped(asked)
    if stopped:
        return _recorded_unanswered(asked, stopped)
    return (yield from _answered(asked))


def _answered(asked: Call) -> Steps:
    """Answer the call, again when members it waited for have come, and record it once."""
    question = Question(asked.caller, asked.args, asked.moment, asked.deadline, may_estimate=not asked.is_job)
    give_up = min(asked.started + jobs.PATIENCE, asked.deadline)
    while True:
        result = yield from _admitted(asked, question)
        if not isinstance(result, Outcome):
            return _recorded_unanswered(asked, result)
        wanted = jobs.wanted(result)
        if wanted:
            audiences.request(wanted)
        if not wanted or asked.is_job or time.monotonic() >= give_up:
            return _recorded_outcome(asked, result)
        yield Wait(partial(_have_come, wanted), give_up)
        question = question.keeping(result.accounts)


def _have_come(wanted: list[str]) -> bool:
    return not audiences.waiting(wanted)


def _admitted(asked: Call, question: Question) -> Generator[Wait | admission.TicketWait, None, Result]:
    """The tool's answer once it is the caller's turn; a turn is held no longer than the tool works."""
    ticket = admission.enter(asked.caller)
    try:
        if not ticket.is_admitted():
            yield admission.TicketWait(ticket, asked.deadline)
        if not ticket.is_admitted():
            text = "Too many questions are being answered just now."
            return envelopes.of_refusal(Refusal("error", "rate_limited", text, "Ask again in a moment.", 5))
        return _ran(asked, question)
    finally:
        ticket.leave()


def _given(tool: Tool, args: Mapping[str, Any]) -> dict[str, Any]:
    """The gate in: every text cleaned, then held against the schema. Raises BadArguments."""
    given: dict[str, Any] = trimmed(clean(dict(args)))
    problems = problems_in(tool.validator, tool.required, given)
    if problems:
        raise BadArguments(problems)
    return given


def _stopped(asked: Call) -> Envelope | None:
    """Why the call may not be asked at all."""
    caller, tool = asked.caller, asked.tool
    retry_after = admission.check_rate(caller)
    if retry_after is not None:
        text = "Too many calls: 60 a minute may come from one connection."
        wait = f"Wait {retry_after} seconds, then ask again."
        return envelopes.of_refusal(Refusal("error", "rate_limited", text, wait, retry_after))
    if not can(caller, tool.ability):
        text = f"Your role ({caller.role}) may not use {tool.name}."
        return envelopes.refused("role", text, "Ask an owner or admin of your organization.")
    if tool.scope not in caller.scopes:
        what = "propose drafts" if tool.scope == "write" else "ask questions"
        text = f"This connection may not {what}: the scope “{tool.scope}” was not granted."
        todo = "Connect again and tick it on the consent page, or use a key that has it."
        return envelopes.refused("grant_scope", text, todo)
    return None


def _ran(asked: Call, question: Question) -> Result:
    if "cursor" in asked.args and asked.tool.groups.rows:
        return _further_page(asked)
    return asked.tool.run(question)


def _recorded_outcome(asked: Call, outcome: Outcome) -> Envelope:
    """Write receipt and audit event together, then cut the answer to size."""
    tool = asked.tool
    whole = envelopes.of_outcome(outcome, tool.columns)
    whole["next"] = suggestions(tool, asked.args, outcome.accounts, whole)
    is_pending = any(entry.status == "pending" for entry in outcome.accounts)
    if is_pending and asked.is_job:
        return whole
    if is_pending:
        total, done = len(outcome.accounts), jobs.settled(whole)
        whole["job"] = jobs.shown(jobs.open_job(asked.caller, tool.name, asked.args, total=total, done=done))
    if whole["status"] in ANSWERED:
        rows = _receipt_rows(asked, outcome, whole)
        whole = rows[0].answer
    else:
        whole = outgoing(whole)
        rows = _short_rows(asked, whole, outcome)
    group_commit.commit(rows + _audit_rows(asked, whole, outcome))
    return page_of(tool, whole, asked.args.get("limit", tool.groups.limit), Offset())


def _receipt_rows(asked: Call, outcome: Outcome, whole: Envelope) -> list[Any]:
    """The receipt first, then a row per account; the envelope names the receipt."""
    receipt = _receipt(asked, outcome)
    whole["receipt"] = {"id": receipt.public_id, "url": f"{settings.PUBLIC_URL}/receipts/{receipt.public_id}/"}
    fill(receipt, outgoing(fit.capped(whole, asked.tool.groups, GROUPS_KEPT)))
    return [receipt, *install_rows(receipt, outcome)]


def _short_rows(asked: Call, whole: Envelope, outcome: Outcome | None) -> list[Any]:
    """A question of a tool with figures that got none is kept too, in short; its envelope names no receipt."""
    if not asked.tool.columns or not is_unanswered(whole):
        return []
    receipt = _receipt(asked, outcome)
    fill(receipt, shortened(whole))
    return [receipt, *(install_rows(receipt, outcome) if outcome else [])]


def _receipt(asked: Call, outcome: Outcome | None) -> Receipt:
    return receipt_of(
        asked.caller,
        asked.tool.name,
        asked.args,
        clean(outcome.question) if outcome else "",
        definition_version=asked.tool.definition_version,
        moment=asked.moment,
        took_ms=asked.took_ms,
    )


def _further_page(asked: Call) -> Envelope:
    """Further groups of a recorded answer: the receipt holds them all. Raises BadArguments."""
    carried = cursors.read(asked.tool.name, asked.args)
    receipts = Receipt.objects.visible_to(asked.caller).named(carried["r"])
    receipt = receipts.filter(tool=asked.tool.name).first()
    if receipt is None:
        raise bad("cursor", "belongs to an answer that is no longer kept; ask the question again")
    return page_of(asked.tool, receipt.answer, carried["l"], Offset(carried["g"], carried["b"], carried["a"]))


def _recorded_unanswered(asked: Call, answer: Envelope) -> Envelope:
    """One without accounts: of a tool with figures it is kept in short, unless the caller was stopped."""
    answer = outgoing(answer)
    group_commit.commit(_short_rows(asked, answer, None) + _audit_rows(asked, answer, None))
    return answer


def _audit_rows(asked: Call, answer: Mapping[str, Any], outcome: Outcome | None) -> list[Any]:
    """Who, through which door and assistant, which account, which question: the event, and the words as its erasable part."""
    installs = [entry.install for entry in outcome.accounts if entry.install] if outcome else []
    receipt = answer.get("receipt")
    event, detail = build(
        "tool.called",
        **asked.caller.audit_columns(),
        outcome=OUTCOME_OF.get(str(answer.get("status")), "ok"),
        install_id=installs[0].pk if len(installs) == 1 else None,
        account_label=", ".join(str(install) for install in installs),
        subject_kind="tool",
        subject_id=asked.tool.name,
        subject_label=clean(outcome.question) if outcome and outcome.question else asked.tool.title,
        duration_ms=asked.took_ms,
        rows=_row_count(asked.tool, answer),
        receipt=receipt["id"] if receipt else "",
        after={"status": answer.get("status", "ok"), "reason": (answer.get("reason") or {}).get("code")},
        detail={"args": asked.args},
    )
    return [event, detail] if detail else [event]


def _row_count(tool: Tool, answer: Mapping[str, Any]) -> int:
    data = answer.get("data") or {}
    entries = [data] if tool.groups.in_data else data.get("accounts") or []
    return sum(max((len(entry.get(name) or []) for name in tool.groups.rows), default=0) or 1 for entry in entries)


def suggestions(
    tool: Tool, args: Mapping[str, Any], entries: list[AccountOutcome], whole: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """At most three calls that would make sense next; each works as it stands."""
    why = "All campaigns whose name contains these words."
    found = [
        {"args": entry.reason.suggestion, "why": why} for entry in entries if entry.reason and entry.reason.suggestion
    ]
    found += tool.suggest(args, whole) if tool.suggest else []
    return [{"tool": tool.name, **each} for each in found][:3]
