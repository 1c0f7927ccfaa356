"""The spine of every question: who asks, about which accounts, until when; accounts are asked side by side.

def audience_growth(question: Question) -> Outcome:
    return Outcome(each_account(question, _of_account), definition=...)

def _of_account(asked: AccountQuestion) -> Answer:
    ...
"""

import copy
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from django.db import close_old_connections, connection

from accounts.caller import Caller
from accounts.database import release_connections
from connector.insights import coverage
from connector.insights.accounts import Named, named
from connector.insights.arguments import BadArguments, bad
from connector.insights.caveats import Caveat
from connector.insights.coverage import Span
from connector.insights.outcome import AccountOutcome
from connector.insights.periods import Period
from connector.insights.recorded import Book
from connector.insights.refusal import Refusal
from connector.insights.relations import parameters
from connector.insights.resolver import Resolver
from connector.installs.models import Install
from connector.lake.errors import DeadlinePassed, LakeError, TooBusy, VersionGone
from connector.lake.query import Briefly, Lake, Versions, newest, reading
from connector.privacy.traces import trace_of

logger = logging.getLogger(__name__)

CALL_SECONDS: Final = 25.0  # one deadline for all accounts of a call (architecture 7.28)
SIDE_BY_SIDE: Final = 8  # accounts that one process asks at once; how many read the lake at once, the lake decides

Args = Mapping[str, Any]


@dataclass(frozen=True)
class Stored:
    """One account of an answer that is run again: the versions it read and what its names came to."""

    versions: Versions
    resolved: Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """`deadline` is on time.monotonic(). `settled`: accounts answered already, which are not asked again. `stored`:
    accounts and versions of a receipt that is run again (None: of one that is settled); without it the newest are read.
    `may_estimate`: an account whose events are still being loaded may show an estimate meanwhile."""

    caller: Caller
    args: Args
    moment: datetime
    deadline: float
    settled: Mapping[UUID, AccountOutcome] = field(default_factory=dict)
    stored: Mapping[UUID, Stored | None] | None = None
    may_estimate: bool = True

    @cached_property
    def accounts(self) -> list[Named]:
        """The accounts asked, each once, in the order named. Raises Refusal, BadArguments."""
        if self.stored is not None:
            installs = Install.objects.visible_to(self.caller).filter(pk__in=self.stored).select_related("organization")
            by_key = {install.pk: install for install in installs}
            return [Named(by_key[key].name, by_key[key]) for key in self.stored if key in by_key]
        found = named(self.caller, self.args.get("account"))
        if self.args.get("purchase_metric") and len(found) != 1:
            raise bad("purchase_metric", "goes with one account only; give account with one id")
        return found

    @property
    def installs(self) -> list[Install]:
        return [entry.install for entry in self.accounts if entry.install]

    def keeping(self, answered: Iterable[AccountOutcome]) -> "Question":
        """The same again, for the accounts alone that are not settled yet."""
        settled = {entry.install.pk: entry for entry in answered if entry.install and entry.status != "pending"}
        return replace(self, settled=settled)

    def with_args(self, **args: Any) -> "Question":
        """The same caller, moment and deadline with other arguments: how one tool asks another."""
        return replace(self, args=args, settled={})


@dataclass
class Answer:
    """One account's figures. `span`: all that was read, which tells whether it is held; None where nothing was.
    `beside`: what is not shown here but put together over all accounts; `is_partial`: something asked is missing."""

    figures: dict[str, Any]
    sentence: str
    period: Period | None = None
    span: Span | None = None
    caveats: list[Caveat] = field(default_factory=list)
    beside: dict[str, Any] = field(default_factory=dict)
    is_partial: bool = False


class AccountQuestion:
    """A question put to one account: its arguments resolved on demand, its events read at pinned versions."""

    def __init__(self, question: Question, install: Install, lake: Lake, stored: Stored | None) -> None:
        self.question, self.install, self.lake = question, install, lake
        self.args, self.moment = question.args, question.moment
        self.resolver = Resolver(
            install, question.args, question.moment, lake, Book(stored.resolved if stored else None), question.installs
        )
        self.is_rerun = stored is not None

    def with_args(self, **args: Any) -> "AccountQuestion":
        """The same account at the same versions, asked something else: how one tool asks another. What names came to is
        kept in the same book; caveats and sources are the other's own."""
        other = copy.copy(self)
        other.question = self.question.with_args(**args)
        other.args = other.question.args
        other.resolver = Resolver(self.install, args, self.moment, self.lake, self.resolver.book)
        return other

    @property
    def account(self) -> coverage.AccountState:
        return self.resolver.account()

    def rows(self, sql: str, params: Mapping[str, Any]) -> list[Any]:
        """The rows of one select, columns by name. Binds what the text names and no more: DuckDB refuses any other."""
        bound = {"moment": self.moment, "currency": self.account.currency, **params}
        return self.lake.rows(sql, **{name: bound[name] for name in parameters(sql)})

    def check_held(self, period: Period) -> None:
        """Raises Refusal where nothing of the period is held. What was answered once is not judged again."""
        if not self.is_rerun:
            coverage.check_held(self.install, period)


AnswerOne = Callable[[AccountQuestion], Answer]
EstimateOne = Callable[[AccountQuestion], Answer | None]


@dataclass(frozen=True)
class _Tool:
    answer: AnswerOne
    needs_events: bool
    estimate: EstimateOne | None


def each_account(
    question: Question,
    answer_one: AnswerOne,
    *,
    needs_events: bool = True,
    estimate: EstimateOne | None = None,
) -> list[AccountOutcome]:
    """Ask every account the question is about, side by side; what is not answered by the deadline is pending.

    `needs_events`: an account whose events are not loaded yet is pending. `estimate`: what is shown of one meanwhile.
    Raises Refusal and BadArguments where they concern the whole question.
    """
    tool = _Tool(answer_one, needs_events, estimate)
    entries = question.accounts
    installs = [entry.install for entry in entries if entry.install and entry.install.pk not in question.settled]
    found = dict(question.settled)
    found |= zip((install.pk for install in installs), _side_by_side(question, installs, tool), strict=True)
    return [found[entry.install.pk] if entry.install else _unknown(entry.text) for entry in entries]


def _side_by_side(question: Question, installs: list[Install], tool: _Tool) -> list[AccountOutcome]:
    """In threads of our own; in the caller's where there is one account, or a transaction whose rows none else sees."""
    if len(installs) < 2 or connection.in_atomic_block:
        return [_asked(question, install, tool) for install in installs]
    release_connections()  # nothing is held while others work
    # Threads of this question's own: who reads next, the lake's slots decide, by organization.
    pool = ThreadPoolExecutor(min(len(installs), SIDE_BY_SIDE), thread_name_prefix="account")
    futures = [pool.submit(_tidily, question, install, tool) for install in installs]
    wait(futures, timeout=max(question.deadline - time.monotonic(), 0) + 0.5)
    pool.shutdown(wait=False, cancel_futures=True)
    return [_result(future, install) for future, install in zip(futures, installs, strict=True)]


def _result(future: "Future[AccountOutcome]", install: Install) -> AccountOutcome:
    if future.done() and not future.cancelled():
        return future.result()
    return AccountOutcome(install, install.name).refuse(not_in_time(install.name))


def _tidily(question: Question, install: Install, tool: _Tool) -> AccountOutcome:
    close_old_connections()
    try:
        return _asked(question, install, tool)
    finally:
        connection.close()


def _asked(question: Question, install: Install, tool: _Tool) -> AccountOutcome:
    """One account's outcome; refusals, trouble of the lake and faults of ours become its reason, and spoil no other's."""
    outcome = AccountOutcome(install, install.name)
    try:
        return _answered(question, install, tool, outcome)
    except BadArguments:
        raise
    except (DeadlinePassed, TooBusy):
        return outcome.refuse(not_in_time(install.name))
    except LakeError as error:
        if isinstance(error, VersionGone) and question.stored is not None:
            return outcome.refuse(_gone())
        logger.error("the lake of install %s could not be read: %s", install.pk, type(error).__name__)
        return outcome.refuse(_unreadable(install.name))
    except Exception as error:  # noqa: BLE001  (whatever it is, the other accounts have their answer)
        logger.error("a question to install %s failed: %s", install.pk, trace_of(error))
        return AccountOutcome(install, install.name).refuse(broken(install.name))


def _answered(question: Question, install: Install, tool: _Tool, outcome: AccountOutcome) -> AccountOutcome:
    try:
        return _read(question, install, tool, outcome)
    except Refusal as refusal:
        return _estimated(question, install, tool, outcome, refusal).refuse(refusal)


def _read(question: Question, install: Install, tool: _Tool, outcome: AccountOutcome) -> AccountOutcome:
    stored = question.stored[install.pk] if question.stored is not None else None
    if stored is None and tool.needs_events:
        coverage.check_loaded(install)
    versions = stored.versions if stored else newest(install.pk)
    left = question.deadline - time.monotonic()
    if not tool.needs_events:  # what waits for Klaviyo must hold no slot of the lake meanwhile
        asked = AccountQuestion(question, install, _briefly(question, install, versions), stored)
        return _filled(outcome, asked, tool.answer(asked))
    with reading(install.pk, versions, left, turn=install.organization_id) as lake:
        asked = AccountQuestion(question, install, lake, stored)
        return _filled(outcome, asked, tool.answer(asked))


def _estimated(
    question: Question, install: Install, tool: _Tool, outcome: AccountOutcome, refusal: Refusal
) -> AccountOutcome:
    """With the figures that one of Klaviyo's reports gives at once, for an account whose events are still being loaded."""
    if tool.estimate is None or refusal.status != "pending" or refusal.waits_for or not question.may_estimate:
        return outcome
    asked = AccountQuestion(question, install, _briefly(question, install, newest(install.pk)), None)
    try:
        answer = tool.estimate(asked)
    except Refusal:
        return outcome
    if answer is not None:
        _filled(outcome, asked, answer)
        # A receipt keeps the entry as it is: nothing was counted that could be counted again.
        outcome.versions, outcome.is_estimate = None, True
        outcome.sentence = f"{refusal.text} By Klaviyo's own report, as an estimate: {answer.sentence}"
    return outcome


def _briefly(question: Question, install: Install, versions: Versions) -> Briefly:
    return Briefly(install.pk, versions, question.deadline, install.organization_id)


def _filled(outcome: AccountOutcome, asked: AccountQuestion, answer: Answer) -> AccountOutcome:
    account = outcome.account = asked.account
    outcome.name = account.name  # as it was then, where it is run again
    spoken = coverage.caveats_of(account, answer.span) if answer.span else []
    outcome.caveats = [*spoken, *asked.resolver.caveats, *answer.caveats]
    if answer.is_partial or any(caveat.code == "outside_range" for caveat in outcome.caveats):
        outcome.status = "partial"
    outcome.figures, outcome.sentence, outcome.beside = answer.figures, answer.sentence, answer.beside
    outcome.period = answer.period.shown(account.zone) if answer.period else None
    outcome.names = asked.resolver.names
    outcome.sources = asked.resolver.sources
    outcome.versions = asked.lake.versions
    outcome.freshness = asked.resolver.freshness
    outcome.resolved = asked.resolver.book.plain()
    return outcome


def _unknown(text: str) -> AccountOutcome:
    refusal = Refusal(
        "refused",
        "not_found",
        f"There is no account “{text}” that you may see.",
        "Call list_accounts for those there are.",
    )
    return AccountOutcome(None, text).refuse(refusal)


def _gone() -> Refusal:
    text = "The data this answer was read from is no longer held."
    return Refusal("error", "version_gone", text, "Ask the question again.")


def not_in_time(name: str) -> Refusal:
    return Refusal("pending", text=f"{name} takes longer than one call may; it is being worked out.")


def broken(name: str = "") -> Refusal:
    """A fault of ours, in one account or in the whole question."""
    text = (
        f"Something went wrong here with {name}; it was noted." if name else "Something went wrong here; it was noted."
    )
    return Refusal("error", "internal", text, "Ask again in a minute.", retry_after=60)


def _unreadable(name: str) -> Refusal:
    text = f"The events of {name} could not be read just now."
    return Refusal("error", "timeout", text, "Ask again in a minute.", retry_after=60)
