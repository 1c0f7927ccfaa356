"""Ids of our own objects as callers see them: a prefix that says what it is, and the key in 22 URL-safe characters."""

import base64
from uuid import UUID


def public_id(prefix: str, key: UUID) -> str:
    return prefix + base64.urlsafe_b64encode(key.bytes).rstrip(b"=").decode()


def key_of(prefix: str, public: str) -> UUID | None:
    """The key behind a public id, or None for anything that is none."""
    text = public.removeprefix(prefix)
    if text == public or len(text) != 22:
        return None
    try:
        return UUID(bytes=base64.urlsafe_b64decode(text + "=="))
    except ValueError:
        return None
