"""What a tool is: one registration tells every door, page and export all that is particular to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from jsonschema import Draft202012Validator

from accounts.roles import Ability
from connector.insights.columns import Column
from connector.insights.outcome import Outcome
from connector.insights.question import Question
from connector.tools.schemas import ENVELOPE, Schema

Run = Callable[[Question], Outcome | dict[str, Any]]
Suggest = Callable[[Mapping[str, Any], Mapping[str, Any]], list[dict[str, Any]]]


@dataclass(frozen=True)
class Groups:
    """Which rows of an account's entry are the groups that `limit` counts, and how they are cut to size.

    `rows`: the field that holds them, of several the first that is present. `by`: the column that tells the group of a row;
    "" where each row is a group. `order`: a field with the groups in their order (objects with an id, or values), for rows
    that are sorted by time; it is cut with them. A row whose `by` is null and not in it stands for all groups together and
    comes first. `start`: the column of a series' bucket: of a group too long alone the newest buckets are kept.
    A row with `other: true` stands beside the limit, on the first page; of a series its rows are cut like a first group's.
    `in_data`: the rows stand in `data` itself.
    `limit`: groups of an account, unless the caller says otherwise.
    """

    rows: tuple[str, ...]
    by: str = ""
    order: str = ""
    start: str = ""
    in_data: bool = False
    limit: int = 25


NO_GROUPS: Final = Groups(())
TOOLS: Final[dict[str, "Tool"]] = {}  # every tool by name, in the order of the catalogue, which fills it


@dataclass(frozen=True)
class Tool:
    """`definition_version` counts the changes of what its figures mean: a receipt tells under which it was answered.
    `suggest(args, envelope)` gives further calls (`{args, why}`, `tool` where it is another)."""

    name: str
    title: str
    description: str
    input_schema: Schema
    run: Run
    output_schema: Schema = field(default_factory=lambda: ENVELOPE)
    scope: str = "read"
    ability: Ability = Ability.ASK
    read_only: bool = True
    destructive: bool = False
    idempotent: bool = True
    open_world: bool = False
    invoking: str = "Counting"
    invoked: str = "Counted"
    groups: Groups = NO_GROUPS
    columns: tuple[Column, ...] = ()
    suggest: Suggest | None = None
    definition_version: int = 1
    required: tuple[str, ...] = ()  # arguments that may only be missing beside a cursor
    validator: Draft202012Validator = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Compiled here, once: a check of the schema at each call would cost a hundred times the check of the arguments.
        object.__setattr__(self, "validator", Draft202012Validator(self.input_schema))
