"""Make the receipt of an answer, or of a question that got none. It is written by whoever records the answer, together
with the audit event."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from uuid_utils.compat import uuid7

from accounts.caller import Caller
from connector.insights.outcome import Outcome
from connector.insights.question import Stored
from connector.lake.query import Versions
from connector.receipts.models import Receipt, ReceiptInstall

GROUPS_KEPT: Final = 10_000  # of each account; of more the number is kept
UNANSWERED: Final = ("refused", "needs_choice", "error")
# These are about the caller, not about the question: the audit has them.
OF_THE_CALLER: Final = frozenset({"role", "grant_scope", "plan_refused", "rate_limited"})
EMPTY: Final[dict[str, Any]] = {
    "data": {},
    "method": None,
    "sources": [],
    "freshness": [],
    "caveats": [],
    "choices": [],
    "next": [],
}


def receipt_of(
    caller: Caller,
    tool: str,
    args: Mapping[str, Any],
    question: str,
    *,
    definition_version: int,
    moment: datetime,
    took_ms: int,
) -> Receipt:
    """An unsaved receipt; `fill` it once the envelope, which names the receipt, is whole."""
    return Receipt(
        id=uuid7(),
        organization=caller.organization,
        tool=tool,
        args=dict(args),
        question=question[:500],
        definition_version=definition_version,
        user_id=caller.user.pk,
        user_label=caller.user.email,
        via=caller.via,
        assistant=caller.client,
        connection_id=caller.connection_id,
        took_ms=took_ms,
        created_at=moment,
    )


def fill(receipt: Receipt, answer: Mapping[str, Any]) -> None:
    receipt.answer = answer
    receipt.status, receipt.sentence = str(answer["status"]), str(answer["answer"])


def is_unanswered(answer: Mapping[str, Any]) -> bool:
    """The question was put and got no figures, for a reason that is kept."""
    return answer.get("status") in UNANSWERED and (answer.get("reason") or {}).get("code") not in OF_THE_CALLER


def shortened(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of an answer without figures: status, sentence, reason."""
    return {**answer, **EMPTY}


def install_rows(receipt: Receipt, outcome: Outcome) -> list[ReceiptInstall]:
    """A row for every account asked, also for one that gave no figures: its name and reason are in the answer."""
    return [
        ReceiptInstall(
            receipt=receipt,
            install_id=entry.install.pk,
            versions=entry.versions.as_dict() if entry.versions else None,
            resolved=entry.resolved if entry.versions else None,
        )
        for entry in outcome.accounts
        if entry.install
    ]


def stored(receipt: Receipt) -> dict[Any, Stored | None]:
    """The accounts asked, as a question of the same meaning binds them; None of one that gave no figures."""
    return {row.install_id: _stored(row) for row in receipt.installs.all()}


def _stored(row: ReceiptInstall) -> Stored | None:
    return Stored(Versions.of(row.versions), row.resolved or {}) if row.versions is not None else None
