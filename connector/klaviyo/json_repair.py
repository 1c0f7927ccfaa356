"""JSON that other readers accept and ours does not: half of a surrogate pair, NaN, bytes that are no UTF-8.

Texts cut in the middle of an emoji arrive so, and one of them must not hide a whole page. Each becomes the replacement
character or null; everything else stays byte for byte.
"""

import re

_TEXT = rb'"(?:[^"\\]|\\.)*"'
_CONSTANT = re.compile(_TEXT + rb"|-?Infinity|NaN", re.DOTALL)
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\.", re.DOTALL
)


def mended(body: bytes) -> bytes:
    """The body with such places replaced; the same body when there are none."""
    text = body.decode("utf-8", "replace").encode()
    return _CONSTANT.sub(_constant, text)


def _constant(found: re.Match[bytes]) -> bytes:
    token = found.group()
    return _ESCAPE.sub(_escape, token) if token.startswith(b'"') else b"null"


def _escape(found: re.Match[bytes]) -> bytes:
    """A pair and every other escape stay; half a pair is 6 bytes that begin with \\ud."""
    token = found.group()
    return b"\\ufffd" if len(token) == 6 else token
