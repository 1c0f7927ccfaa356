"""Bodies of the REST door."""

from collections.abc import Mapping
from typing import IO, Any, Final

from rest_framework import parsers
from rest_framework.exceptions import ParseError

DEEPEST: Final = 32  # levels; the arguments of a tool have three


class JSONParser(parsers.JSONParser):
    """JSON of few levels: what works on it further on may walk it by recursion."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        try:
            body: dict[str, Any] = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise _too_deep() from None
        _check_depth(body, DEEPEST)
        return body


def _check_depth(value: Any, left: int) -> None:
    if not isinstance(value, dict | list):
        return
    if not left:
        raise _too_deep()
    for item in value.values() if isinstance(value, dict) else value:
        _check_depth(item, left - 1)


def _too_deep() -> ParseError:
    return ParseError(f"The body nests deeper than {DEEPEST} levels. A tool's arguments are a flat JSON object.")
