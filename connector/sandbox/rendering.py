"""A little of Django's template language: what an e-mail's variables, conditions and loops need."""

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

TOKEN = re.compile(r"(\{\{.*?\}\}|\{%.*?%\})", re.S)
LOOP = re.compile(r"for (\w+) in ([\w.]+)")


def rendered(text: str, context: Mapping[str, Any]) -> str:
    """The text with its tags resolved; what the context does not hold prints nothing."""
    tokens = iter(TOKEN.split(text))
    return _until(tokens, context, frozenset())[0]


def _until(tokens: Iterator[str], context: Mapping[str, Any], ends: frozenset[str]) -> tuple[str, str]:
    """Render up to one of the ending tags: the text and the tag that ended it."""
    out = []
    for token in tokens:
        if not TOKEN.fullmatch(token):
            out.append(token)
        elif token.startswith("{{"):
            out.append(_variable(token[2:-2].strip(), context))
        else:
            tag = token[2:-2].strip()
            if tag.split(" ")[0] in ends:
                return "".join(out), tag
            out.append(_tag(tag, tokens, context))
    return "".join(out), ""


def _tag(tag: str, tokens: Iterator[str], context: Mapping[str, Any]) -> str:
    if tag.startswith("if "):
        return _condition(tag[3:], tokens, context)
    if loop := LOOP.fullmatch(tag):
        return _loop(loop[1], loop[2], tokens, context)
    if tag.startswith("unsubscribe"):
        return '<a href="https://unsubscribe.example/">Unsubscribe</a>'
    return ""


def _condition(test: str, tokens: Iterator[str], context: Mapping[str, Any]) -> str:
    wanted = not test.startswith("not ")
    holds = bool(_value(test.removeprefix("not ").strip(), context)) == wanted
    first, end = _until(tokens, context, frozenset({"else", "endif"}))
    second = _until(tokens, context, frozenset({"endif"}))[0] if end == "else" else ""
    return first if holds else second


def _loop(name: str, path: str, tokens: Iterator[str], context: Mapping[str, Any]) -> str:
    body: list[str] = []
    depth = 1
    for token in tokens:
        depth += token.startswith("{%") and token[2:-2].strip().startswith("for ")
        depth -= token.startswith("{%") and token[2:-2].strip() == "endfor"
        if not depth:
            break
        body.append(token)
    values = _value(path, context)
    rows = values if isinstance(values, list) else []
    return "".join(_until(iter(body), {**context, name: row}, frozenset())[0] for row in rows)


def _variable(expression: str, context: Mapping[str, Any]) -> str:
    path, *filters = (part.strip() for part in expression.split("|"))
    value = _value(path, context)
    for one in filters:
        name, _, argument = one.partition(":")
        if name == "default" and not value:
            value = argument.strip("'\"")
        elif name in ("upper", "lower", "title"):
            value = getattr(str(value or ""), name)()
    return "" if value is None or value is False else escape(str(value))


def _value(path: str, context: Mapping[str, Any]) -> Any:
    value: Any = context
    for step in path.split("."):
        if isinstance(value, list) and step.isdigit():
            value = value[int(step)] if int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value
