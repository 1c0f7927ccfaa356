"""Arguments that do not fit together: one sentence per field, nothing asked of Klaviyo or the lake."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """What is wrong with one argument: the sentence names what came and what would do."""

    field: str
    message: str


class BadArguments(ValueError):
    """The call cannot be understood. `str()` is one sentence, `problems` names each field."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{problem.field}: {problem.message}" for problem in problems))
        self.problems = tuple(problems)


def bad(field: str, message: str) -> BadArguments:
    return BadArguments([Problem(field, message)])
