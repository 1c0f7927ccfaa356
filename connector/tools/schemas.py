"""JSON schemas of arguments and results. Flat and closed: assistants handle nothing else well."""

from typing import Any, Final

from connector.insights.metrics import VERBS

Schema = dict[str, Any]


def text(description: str = "") -> Schema:
    """A text; that it is neither empty nor endless is checked for all alike (validation.py), which saves bytes here."""
    return {"type": "string", "description": description} if description else {"type": "string"}


def one_of(*values: str, description: str = "") -> Schema:
    return {"type": "string", "enum": list(values)} | ({"description": description} if description else {})


def number(minimum: int, maximum: int, description: str = "") -> Schema:
    shown: Schema = {"type": "integer", "minimum": minimum, "maximum": maximum}
    return shown | ({"description": description} if description else {})


def takes(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """The schema of a tool's arguments."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


ACCOUNT: Final = text(
    "Klaviyo account id or name, several with commas, a client's name, or all; may be left out if you see one account"
)
PERIOD: Final = text(
    "Account's local calendar: today, yesterday, last_N_days|weeks|months|quarters|years, last_week|month|quarter|year, "
    "this_week|month|quarter|year, 2026, 2026-Q4, 2026-11, 2026-11-05, 2026-01-01..2026-03-31, 2026-05-01.. (to now), ..2026-05-01, last_90_days..now, all"
)
VERB: Final = f"{', '.join(VERBS)}; or a metric's name or id"
MACHINE_OPENS: Final = one_of(
    "include", "exclude", description="exclude: no opens by mail servers and privacy proxies, no clicks by bots"
)
CURSOR: Final = text("From `more`; stands alone")
LIMIT: Final = number(1, 200)

ENVELOPE: Final[Schema] = {
    "type": "object",
    "properties": {
        "status": {"enum": ["ok", "partial", "pending", "needs_choice", "refused", "error"]},
        "answer": {"type": "string"},
        "data": {"type": "object"},
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
