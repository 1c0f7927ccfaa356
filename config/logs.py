"""Log lines: time, level, logger, message and facts; secrets and people's addresses are blotted out of every one."""

import logging
import re
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

# Whatever looks like a credential, an e-mail address or a long digit run: a log line is never the place for it.
PATTERNS: Final = (
    re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"),
    # name=value of addresses and forms, name: value and "name": "value" of headers, JSON and Python
    re.compile(r"(?i)\b(code|state)=[\"']?[^&\s\"',})]+"),
    re.compile(
        r"(?i)\b(access_token|refresh_token|client_secret|code_verifier|password|token|secret_key|field_keys)"
        r"[\"']?\s*[:=]\s*[\"']?[^&\s\"',})]+"
    ),
    re.compile(r"\bplb_[A-Za-z0-9_-]{8,}"),
    re.compile(r"[\w.+%'-]+@[\w-]+\.[\w.-]+"),
    # a phone number; not the digits of a date, of an id of ours or of an internet address
    re.compile(
        r"(?<![\w.-])(?!\d{4}-\d\d-\d\d|[0-9a-f]{8}-[0-9a-f]{4}-|\d{1,3}(?:\.\d{1,3}){3}(?!\d))"
        r"\+?\(?\d[\d ().-]{7,}\d(?![\w-])"
    ),
)


def scrub(text: str) -> str:
    """The text with every credential, e-mail address and phone-like number replaced by `[hidden]`."""
    for pattern in PATTERNS:
        text = pattern.sub("[hidden]", text)
    return text


class LineFormatter(logging.Formatter):
    """One line, and a traceback where there is one: arguments and exception text pass through `scrub` as well."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


def route_requests() -> None:
    """Send django_structlog's line of each request through `logging`, so that it is scrubbed like every other."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            one_line_without_query,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def one_line_without_query(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """One line as a request ends; never its query, where codes, states and filters stand."""
    if event.get("event") == "request_started":
        raise structlog.DropEvent
    if "request" in event:
        event["request"] = str(event["request"]).split("?", 1)[0]
    if "code" in event:
        event["status"] = event.pop("code")  # scrub() would take it for an OAuth code
    return event
