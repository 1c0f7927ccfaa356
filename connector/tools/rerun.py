"""Run a receipt's question again: on the same versions with the same meaning, or as it would be asked now."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from django.utils import timezone

from accounts.caller import Caller
from connector.insights.arguments import BadArguments
from connector.insights.outcome import AccountOutcome
from connector.insights.question import CALL_SECONDS, Question
from connector.insights.refusal import Refusal
from connector.installs.models import Install
from connector.receipts.keep import GROUPS_KEPT, stored
from connector.receipts.models import ANSWERED, Receipt
from connector.sync import audiences
from connector.tools import envelope as envelopes
from connector.tools import fit, jobs
from connector.tools.differences import Change, differences
from connector.tools.envelope import Envelope
from connector.tools.outgoing import outgoing
from connector.tools.tool import TOOLS, Tool

CHANGES_SHOWN: Final = 200
BEFORE_RERUNS: Final = 0  # the definition version of receipts that do not hold what their names came to

Run = Literal["same", "latest"]


@dataclass(frozen=True)
class Rerun:
    """The new answer beside the recorded one. `changed`: figure by figure, at most CHANGES_SHOWN of `differing`."""

    answer: Envelope
    changed: list[Change]
    differing: int
    is_same_definition: bool


def rerun(caller: Caller, receipt: Receipt, run: Run, seconds: float = CALL_SECONDS) -> Rerun:
    """Nothing is recorded here. Whatever stands in the way is the new answer's status and reason."""
    tool = TOOLS.get(receipt.tool)
    if tool is None or not receipt.is_answered or (run == "same" and receipt.definition_version == BEFORE_RERUNS):
        return Rerun(_impossible(receipt, tool), [], 0, is_same_definition=False)
    answer = _tried(caller, receipt, tool, run, time.monotonic() + seconds)
    found = list(differences(receipt.answer["data"], answer["data"], tool)) if answer["data"] else []
    is_same = receipt.definition_version == tool.definition_version
    return Rerun(answer, found[:CHANGES_SHOWN], len(found), is_same)


def _impossible(receipt: Receipt, tool: Tool | None) -> Envelope:
    if tool is None:
        return envelopes.refused("version_gone", "This kind of question is no longer answered.", "Ask another way.")
    if not receipt.is_answered:
        text = "This question got no figures, so there is nothing to compare with."
        return envelopes.refused("version_gone", text, "Ask the question itself.")
    text = "This receipt is from before answers could be run again on the same data."
    return envelopes.refused("version_gone", text, "Run it with run=latest, which asks the question anew.")


def _tried(caller: Caller, receipt: Receipt, tool: Tool, run: Run, deadline: float) -> Envelope:
    try:
        if run == "same":
            return _same(caller, receipt, tool, deadline)
        return _answer(tool, Question(caller, receipt.args, timezone.now(), deadline))
    except Refusal as refusal:
        return envelopes.of_refusal(refusal)
    except BadArguments as error:
        return envelopes.refused("version_gone", f"The question can no longer be asked so: {error}", "Ask it anew.")


def _same(caller: Caller, receipt: Receipt, tool: Tool, deadline: float) -> Envelope:
    """Accounts that were not answered then stand as they were recorded."""
    bound, settled = stored(receipt), _unanswered(caller, receipt)
    kept = {key: bound[key] for key in _in_order(receipt, bound) if bound[key] or key in settled}
    answer = _answer(tool, Question(caller, receipt.args, receipt.created_at, deadline, settled, kept))
    again = {entry["account"]["id"]: entry for entry in answer["data"].get("accounts") or []}
    recorded = receipt.answer["data"].get("accounts") or []
    entries = [again.get(entry["account"]["id"], entry) for entry in recorded]
    entries = [
        entry if before["status"] in ANSWERED else before for entry, before in zip(entries, recorded, strict=True)
    ]
    return answer | {"data": answer["data"] | {"accounts": entries}}


def _in_order(receipt: Receipt, keys: Iterable[UUID]) -> list[UUID]:
    """Installs in the order in which the answer names their accounts."""
    named = [entry["account"]["id"] for entry in receipt.answer["data"].get("accounts") or []]
    known = dict(Install.objects.filter(pk__in=keys).values_list("pk", "klaviyo_id"))
    return sorted(known, key=lambda key: named.index(known[key]) if known[key] in named else len(named))


def _unanswered(caller: Caller, receipt: Receipt) -> dict[UUID, AccountOutcome]:
    """Outcomes of the accounts that gave no figures, by install: their reasons are part of the sentence."""
    data = receipt.answer["data"]
    entries = {
        entry["account"]["id"]: entry
        for entry in [*(data.get("accounts") or []), *(data.get("rows") or [])]
        if "account" in entry
    }
    keys = receipt.installs.filter(versions__isnull=True).values("install_id")
    installs = Install.objects.visible_to(caller).filter(pk__in=keys).select_related("organization")
    return {
        install.pk: _refused(install, entries[install.klaviyo_id])
        for install in installs
        if entries.get(install.klaviyo_id, {}).get("reason")
    }


def _refused(install: Install, entry: Mapping[str, Any]) -> AccountOutcome:
    reason = entry["reason"]
    refusal = Refusal(entry["status"], reason["code"], reason["text"], reason["what_to_do"], reason.get("retry_after"))
    return AccountOutcome(install, entry["account"]["name"]).refuse(refusal)


def _answer(tool: Tool, question: Question) -> Envelope:
    outcome = tool.run(question)
    if isinstance(outcome, dict):
        return outcome
    wanted = jobs.wanted(outcome)
    if wanted:
        audiences.request(wanted)  # so that it can be answered when it is run again
    whole = fit.capped(envelopes.of_outcome(outcome, tool.columns), tool.groups, GROUPS_KEPT)
    # As it is read back from where it is kept: what is compared has been through JSON once.
    read_back: dict[str, Any] = json.loads(fit.text_of(outgoing(whole)))
    return read_back
