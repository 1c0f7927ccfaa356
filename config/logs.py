"""Log lines: time, level, logger, message and facts; secrets and people's addresses are blotted out of every one."""

import logging
import re
from typing import Final

# Whatever looks like a credential, an e-mail address or a long digit run: a log line is never the place for it.
PATTERNS: Final = (
    re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(?i)\b(access_token|refresh_token|client_secret|code_verifier|code|password|token|state)=[^&\s\"']+"),
    re.compile(r"\bplb_[A-Za-z0-9_-]{8,}"),
    re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),
    re.compile(r"\+?\d[\d ()-]{8,}\d"),
)


def scrub(text: str) -> str:
    """The text with every credential, e-mail address and phone-like number replaced by `[hidden]`."""
    for pattern in PATTERNS:
        text = pattern.sub("[hidden]", text)
    return text


class Scrub(logging.Filter):
    """Formats the record early, so that arguments and exception text pass through `scrub` as well."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = scrub(record.getMessage())
        record.args = ()
        if record.exc_info:
            record.exc_text = scrub(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True


class LineFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
