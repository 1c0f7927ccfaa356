"""Cursors: what a further page needs to know, signed, so that nobody can ask with one for what was not answered."""

from collections.abc import Mapping
from typing import Any, Final

from django.core import signing

from connector.insights.arguments import bad

SALT: Final = "tools.cursor"


def made(tool: str, carried: Mapping[str, Any]) -> str:
    return signing.dumps({"tool": tool, **carried}, salt=SALT, compress=True)


def read(tool: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """What the cursor among these arguments carries. Raises BadArguments unless it stands alone and is this tool's."""
    if len(args) > 1:
        raise bad("cursor", "stands alone: it carries the question, so give no other argument")
    try:
        carried = dict(signing.loads(str(args["cursor"]), salt=SALT))
    except (signing.BadSignature, ValueError):
        carried = {}
    if carried.get("tool") != tool:
        raise bad("cursor", "is none that a former answer of this tool gave; ask the question again")
    return carried
