"""Arguments against a tool's schema, compiled once; every problem as a sentence that names the field."""

from collections.abc import Collection, Iterable
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from connector.insights.arguments import Problem

TYPES: Final = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
}
LONGEST: Final = 2_000  # characters of one text argument


def trimmed(args: dict[str, Any]) -> dict[str, Any]:
    """Surrounding spaces are dropped; nothing else is coerced."""
    return {name: _trimmed(value) for name, value in args.items()}


def _trimmed(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip()
    # JSON has one kind of number: 7.0 is the whole number 7, for the schema too.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def problems_in(validator: Draft202012Validator, required: Collection[str], args: dict[str, Any]) -> list[Problem]:
    """What does not fit, one problem per field. `required` is checked here, since a cursor stands in for all of them."""
    found: dict[str, Problem] = {}
    for error in validator.iter_errors(args):
        for problem in _problems(error):
            found.setdefault(problem.field, problem)
    for name, value in args.items():
        said = _said_of_text(value) if isinstance(value, str) else ""
        if said:
            found.setdefault(name[:64], Problem(name[:64], said))
    missing = [] if "cursor" in args else [name for name in required if name not in args]
    return [*(Problem(name, "is required") for name in missing), *found.values()]


def _said_of_text(value: str) -> str:
    """What is wrong with a text, or nothing."""
    if not value:
        return "is empty; leave it out or give a text"
    if len(value) > LONGEST:
        return f"is {len(value)} characters long; at most {LONGEST} are read"
    return ""


def _problems(error: ValidationError) -> Iterable[Problem]:
    schema: Any = error.schema
    field = str(error.path[0]) if error.path else ""
    match error.validator:
        case "additionalProperties":
            known = schema.get("properties", {})
            for name in error.instance:
                if name not in known:
                    yield Problem(name[:64], f"is not an argument of this tool; it takes {', '.join(known) or 'none'}")
        case "type":
            yield Problem(field, f"must be {TYPES.get(schema['type'], schema['type'])}, not {_shown(error.instance)}")
        case "enum":
            yield Problem(field, f"is {_shown(error.instance)}; give one of {', '.join(map(str, schema['enum']))}")
        case "minimum" | "maximum":
            yield Problem(
                field, f"is {_shown(error.instance)}; give a number from {schema['minimum']} to {schema['maximum']}"
            )
        case _:
            yield Problem(field or "arguments", f"does not fit: {error.validator}")


def _shown(value: object) -> str:
    """What came, short: a text in quotes, anything bigger by its kind alone."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)[:24]
    if isinstance(value, str):
        return f"“{value[:40]}”"
    return "a list" if isinstance(value, list) else "an object"
