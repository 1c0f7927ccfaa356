"""Pages that a person sees here in place of Klaviyo's own."""

import re
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from connector.sandbox.call import Answer

PLAIN: Final = Template(Path(__file__).with_name("plain.html").read_text())
SECURE: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
OBJECTS: Final = re.compile(r"/(campaign|flow|list|metric|template)/([^/]+)(/\w+)?/?")


def plain(title: str, detail: str, status: int = 400) -> Answer:
    """A title and a sentence."""
    return Answer(status, PLAIN.substitute(title=escape(title), detail=escape(detail)).encode(), SECURE)


def of_an_object(method: str, path: str) -> Answer | None:
    """Where a link into Klaviyo leads; None for any other path."""
    found = OBJECTS.fullmatch(path)
    if method != "GET" or not found:
        return None
    kind, id = found[1], found[2]
    return plain("This is the sandbox", f"At Klaviyo itself, this address shows the {kind} {id}.", status=200)
