"""Klaviyo's filter grammar, read strictly: what the operation's row does not allow is a 400.

equals(metric_id,"Xy"),greater-or-equal(datetime,2026-01-01T00:00:00Z)
and(any(id,["a","b"]),has(profile))
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connector.sandbox.errors import Refusal, bad_parameter
from connector.sandbox.facts import FilterRule

OPERATORS = (
    "equals", "less-than", "less-or-equal", "greater-than", "greater-or-equal", "contains", "contains-any",
    "contains-all", "any", "ends-with", "starts-with", "has",
)  # fmt: skip
NAME = re.compile(r"[a-z-]+(?=\()")
FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
BARE = re.compile(r"[^,()\[\]\s\"']+")
NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,9})?", re.A)
QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", re.S)


@dataclass(frozen=True)
class Condition:
    """`value` is None for has(field); moments are datetimes, lists are lists."""

    operator: str
    field: str
    value: Any = None


def parse(text: str, rules: Mapping[str, FilterRule], parameter: str = "filter") -> list[Condition]:
    """The conditions of a filter, all of which must hold. Raises the 400 that Klaviyo answers."""
    reader = _Reader(text, parameter)
    conditions = reader.conditions()
    if reader.left():
        raise invalid(parameter)
    for condition in conditions:
        _check(condition, rules, parameter)
    return conditions


def invalid(parameter: str = "filter") -> Refusal:
    return bad_parameter(parameter, "Invalid filter provided")


class _Reader:
    """Walks the text once."""

    def __init__(self, text: str, parameter: str) -> None:
        self.text, self.at, self.parameter = text, 0, parameter

    def left(self) -> str:
        return self.text[self.at :].strip()

    def conditions(self) -> list[Condition]:
        found = self._one()
        while self.skip(","):
            found += self._one()
        return found

    def _one(self) -> list[Condition]:
        name = self.match(NAME)
        self.expect("(")
        if name == "and":
            found = self.conditions()
            self.expect(")")
            return found
        if name not in OPERATORS:
            raise invalid(self.parameter)
        field = self.match(FIELD)
        value = None
        if name != "has":
            self.expect(",")
            value = self._value()
        self.expect(")")
        return [Condition(name, field, value)]

    def _value(self) -> Any:
        if not self.skip("["):
            return self._scalar()
        values: list[Any] = []
        while not self.skip("]"):
            values.append(self._scalar())
            if not self.skip(",") and self.text[self.at : self.at + 1] != "]":
                raise invalid(self.parameter)
        return values

    def _scalar(self) -> Any:
        self._blank()
        if self.text[self.at : self.at + 1] in ('"', "'"):
            return _unquoted(self.match(QUOTED), self.parameter)
        return _Bare(self.match(BARE))

    def match(self, pattern: re.Pattern[str]) -> str:
        self._blank()
        found = pattern.match(self.text, self.at)
        if not found:
            raise invalid(self.parameter)
        self.at = found.end()
        return found[0]

    def skip(self, sign: str) -> bool:
        self._blank()
        there = self.text.startswith(sign, self.at)
        self.at += there
        return there

    def expect(self, sign: str) -> None:
        if not self.skip(sign):
            raise invalid(self.parameter)

    def _blank(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1


class _Bare(str):
    """A value that stood without quotes."""


def _unquoted(text: str, parameter: str) -> str:
    if text[0] == "'":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    try:
        decoded: str = json.loads(text, strict=False)
    except ValueError:
        raise invalid(parameter) from None
    return decoded


def _check(condition: Condition, rules: Mapping[str, FilterRule], parameter: str) -> None:
    rule = rules.get(condition.field)
    if rule is None:
        raise bad_parameter(parameter, f"'{condition.field}' is not a filterable field for this endpoint.")
    kind = "none" if condition.operator == "has" else "list" if isinstance(condition.value, list) else "single"
    if condition.operator not in getattr(rule, kind):
        detail = f"'{condition.operator}' is not a valid operator for the field '{condition.field}'."
        raise bad_parameter(parameter, detail)
    if kind == "none":
        return
    values = condition.value if kind == "list" else [condition.value]
    typed = [_typed(value, rule, parameter) for value in values]
    object.__setattr__(condition, "value", typed if kind == "list" else typed[0])


def _typed(value: Any, rule: FilterRule, parameter: str) -> Any:
    bare = isinstance(value, _Bare)
    if rule.type in ("datetime", "local", "boolean", "number", "integer") and not bare:
        raise invalid(parameter)
    if rule.type == "string" and bare:
        raise invalid(parameter)
    try:
        typed = CONVERTERS.get(rule.type, str)(value)
    except ValueError:
        raise invalid(parameter) from None
    if rule.enum and typed not in rule.enum:
        raise bad_parameter(parameter, f"'{value}' is not one of: {', '.join(sorted(rule.enum))}.")
    return typed


def moment(text: str) -> datetime:
    """An instant; without an offset it is taken as UTC."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _number(text: str) -> float:
    if not NUMBER.fullmatch(text):
        raise ValueError(text)
    return float(text)


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


CONVERTERS: dict[str, Callable[[str], Any]] = {
    "datetime": moment,
    "local": datetime.fromisoformat,
    "boolean": _boolean,
    "number": _number,
    "integer": int,
    "string": str,
}


def holds(condition: Condition, actual: Any) -> bool:
    """Whether one field's value meets a condition. Nothing is before, after or within what is not there."""
    wanted = condition.value
    if condition.operator in ("equals", "any") and isinstance(wanted, list):
        return actual in wanted
    if condition.operator == "equals":
        return bool(actual == wanted)
    if actual is None:
        return False
    if condition.operator in TEXTS:
        return TEXTS[condition.operator](str(actual).casefold(), str(wanted).casefold())
    return COMPARISONS[condition.operator](actual, wanted)


TEXTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda actual, wanted: wanted in actual,
    "starts-with": str.startswith,
    "ends-with": str.endswith,
}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "less-than": lambda actual, wanted: actual < wanted,
    "less-or-equal": lambda actual, wanted: actual <= wanted,
    "greater-than": lambda actual, wanted: actual > wanted,
    "greater-or-equal": lambda actual, wanted: actual >= wanted,
}
