"""JSON schemas of arguments and results. Flat and closed: assistants handle nothing else well."""

from typing import Any, Final

from connector.insights.definitions import VERBS

Schema = dict[str, Any]


def text(description: str, longest: int = 500) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": longest, "description": description}


def one_of(description: str, *values: str) -> Schema:
    return {"type": "string", "enum": list(values), "description": description}


def number(description: str, minimum: int, maximum: int) -> Schema:
    return {"type": "integer", "minimum": minimum, "maximum": maximum, "description": description}


def takes(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """The schema of a tool's arguments."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


ACCOUNT: Final = text(
    "Klaviyo account id or name, several joined by commas, a client's name, or all. May be left out if you see one account"
)
PERIOD: Final = text(
    "In the account's local calendar: today, yesterday, last_N_days|weeks|months|quarters|years, last_week|month|quarter|year, "
    "this_week|month|quarter|year, 2026, 2026-Q4, 2026-11, 2026-11-05, A..B (two dates, both included), all",
    60,
)
VERB: Final = f"One of {', '.join(VERBS)}; or a metric's own name or id"
MACHINE_OPENS: Final = one_of(
    "exclude drops opens by mail servers and privacy proxies and clicks by bots", "include", "exclude"
)
CURSOR: Final = text("From `more` of a former answer; stands alone", 2_000)
LIMIT: Final = number("Rows per account", 1, 200)

ENVELOPE: Final[Schema] = {
    "type": "object",
    "properties": {
        "status": {"type": "string", "enum": ["ok", "partial", "pending", "needs_choice", "refused", "error"]},
        "answer": {"type": "string"},
        "exactness": {"type": "string"},
        "data": {"type": "object"},
        "method": {"type": ["object", "null"]},
        "sources": {"type": "array"},
        "freshness": {"type": "array"},
        "caveats": {"type": "array"},
        "choices": {"type": "array"},
        "reason": {"type": ["object", "null"]},
        "job": {"type": ["object", "null"]},
        "receipt": {"type": ["object", "null"]},
        "more": {"type": ["object", "null"]},
        "next": {"type": "array"},
    },
    "required": ["status", "answer", "data"],
}
SEARCH_RESULTS: Final[Schema] = {
    "type": "object",
    "properties": {
        "results": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"id": {"type": "string"}, "title": {"type": "string"}, "url": {"type": "string"}},
                "required": ["id", "title", "url"],
            },
        }
    },
    "required": ["results"],
}
DOCUMENT: Final[Schema] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "title": {"type": "string"},
        "text": {"type": "string"},
        "url": {"type": "string"},
        "metadata": {"type": "object"},
    },
    "required": ["id", "title", "text", "url"],
}
