"""Klaviyo's OpenAPI document of the pinned revision (a subset: the operations of our scopes)."""

import gzip
import json
from pathlib import Path
from typing import Any

VENDORED = Path(__file__).with_name("openapi.json.gz")
SHARED = Path(__file__).resolve().parents[3] / "shared" / "klaviyo" / "openapi.json"


def load(path: Path | None = None) -> dict[str, Any]:
    """The vendored copy; without it, the one beside the checkout."""
    chosen = path or (VENDORED if VENDORED.exists() else SHARED)
    text = gzip.decompress(chosen.read_bytes()) if chosen.suffix == ".gz" else chosen.read_bytes()
    document: dict[str, Any] = json.loads(text)
    return document
