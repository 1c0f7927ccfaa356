"""Klaviyo's OpenAPI document of the pinned revision (a subset: the operations of our scopes)."""

import gzip
import json
from pathlib import Path
from typing import Any

VENDORED = Path(__file__).with_name("openapi.json.gz")


def load(path: Path = VENDORED) -> dict[str, Any]:
    """The document, as it was published or gzipped."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    document: dict[str, Any] = json.loads(text)
    return document
