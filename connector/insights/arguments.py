"""Arguments that do not fit together: one sentence per field, nothing asked of Klaviyo or the lake."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.insights.periods import BadPeriod, parse, zone_of


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


def check_period(args: Mapping[str, Any], name: str, moment: datetime, *, future: bool = False) -> None:
    """Raises BadArguments for a period that is none, before anything else is looked at. `future` as in periods.parse."""
    if name not in args:
        return
    try:
        parse(args[name], zone_of("UTC"), moment, lambda: None, future=future)
    except BadPeriod as error:
        raise bad(name, str(error)) from None
