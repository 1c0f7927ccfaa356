"""Why an account, or a whole question, gives no figures."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from connector.installs.models import Install
from connector.records.models import Record

# Where several reasons apply the first of these is said; a choice to make (no code) comes before all reasons.
REASONS: Final = ("", "not_found", "no_such_metric", "no_purchase_metric", "out_of_range", "too_small")


@dataclass(eq=False)  # not frozen: raising sets the traceback
class Refusal(Exception):
    """`status` is refused, error, pending or needs_choice; the rest is what a person or a model can do about it."""

    status: str
    code: str = ""
    text: str = ""
    what_to_do: str = ""
    retry_after: int | None = None
    choices: tuple[Record | Install, ...] = ()
    suggestion: dict[str, Any] | None = None  # arguments to call again with, for `next`
    waits_for: tuple[str, ...] = ()  # audiences that a task must fetch first (record ids)

    def __str__(self) -> str:
        return self.text

    def shown(self) -> dict[str, Any]:
        """As `reason` of an answer."""
        said: dict[str, Any] = {"code": self.code or self.status, "text": self.text, "what_to_do": self.what_to_do}
        return said | ({"retry_after": self.retry_after} if self.retry_after is not None else {})


def foremost(refusals: Iterable[Refusal]) -> Refusal:
    """The one to say of several: by REASONS, others last, of equals the first."""
    return min(refusals, key=lambda refusal: REASONS.index(refusal.code) if refusal.code in REASONS else len(REASONS))
