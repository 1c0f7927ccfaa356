"""JSON schemas of arguments and results. Flat and closed: assistants handle nothing else well."""

from typing import Any, Final

from connector.insights.metrics import VERBS

Schema = dict[str, Any]


def text(description: str = "") -> Schema:
    """A text; that it is neither empty nor endless is checked for all alike (validation.py), which saves bytes here."""
    return {"type": "string", "description": description} if description else {"type": "string"}


def one_of(*values: str, description: str = "") -> Schema:
    return {"type": "string", "enum": list(values)} | ({"description": description} if description else {})


def first_of(*values: str, description: str = "") -> Schema:
    """One of these; left out, it is the first, which is said in words: a host that fills in a `default` would add it to calls
    that it does not go with."""
    said = f"{description}; default {values[0]}" if description else f"default {values[0]}"
    return one_of(*values, description=said)


def number(minimum: int, maximum: int, description: str = "") -> Schema:
    shown: Schema = {"type": "integer", "minimum": minimum, "maximum": maximum}
    return shown | ({"description": description} if description else {})


def takes(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """The schema of a tool's arguments."""
    needed = {"required": list(required)} if required else {}
    return {"type": "object", "properties": properties, **needed, "additionalProperties": False}


ACCOUNT: Final = text("Id or name, several with commas, a client's name, or all; may be left out if you see only one")
PERIODS: Final = (
    "today, yesterday, last_month, last_6_months (also days, weeks, quarters, years: whole ones before the running one), this_month "
    "(week, quarter, year; to now), 2026, 2026-Q4, 2026-11, 2026-11-05, A..B (dates, both in), A.. (to now), ..B, last_90_days..now, all"
)


def period(default: str) -> Schema:
    return text(f"Local calendar: {PERIODS}; default {default}")


NAMES: Final = "id or name, several with commas"
CAMPAIGN: Final = f"{NAMES}; words*: every sent one with these words, * all; latest; latest:words"
AUDIENCE: Final = "List or segment, id or name, several with commas (people in any); list:NAME, segment:NAME say which"
EVENT_NAMES: Final = "event:NAME (Bounce Type, Client Type, Discount Codes, Form Name, form_id, List, Method, Source Name, Subject, URL, $variation)"
VERB: Final = f"{', '.join(VERBS)}; or a metric's name or id"
MACHINE_OPENS: Final = first_of(
    "include", "exclude", description="exclude: no machine opens (Apple Mail Privacy), no bot clicks"
)
ATTRIBUTION: Final = first_of(
    "klaviyo",
    "last_touch",
    description="What Klaviyo recorded on the order; or the last open or click, at most 5 days before",
)
BASIS: Final = first_of(
    "events",
    "klaviyo_report",
    description="klaviyo_report: Klaviyo's own figures, to match its pages; spends its quota",
)
SPEND_RESERVE: Final[Schema] = {
    "type": "boolean",
    "description": "With klaviyo_report: use the last tenth of a day's reports too",
}
PURCHASE_METRIC: Final = text("Metric id of orders; one account only")
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
