"""Replies held against the responses of Klaviyo's document."""

import json
from functools import cache
from typing import Any

import jsonschema_rs

from tests.contract.document import load


def problems(operation: str, status: int, body: bytes) -> list[str]:
    """What of a reply the document does not allow; operations it lacks are not judged."""
    schema = _schema(operation, status)
    if schema is None:
        return []
    if schema == {}:
        return [f"{operation} {status}: no body was expected"] if body else []
    errors = list(_validator(operation, status).iter_errors(json.loads(body)))
    return [
        f"{operation} {status} at {'/'.join(map(str, one.instance_path))}: {one.message[:300]}" for one in errors[:3]
    ]


@cache
def _validator(operation: str, status: int) -> jsonschema_rs.Draft202012Validator:
    schema = _schema(operation, status)
    assert schema is not None
    return jsonschema_rs.Draft202012Validator({**_plain(schema), "components": {"schemas": _schemas()}})


def _schema(operation: str, status: int) -> dict[str, Any] | None:
    """The response's schema; {} when it has no body, None when the document lacks the operation."""
    found = _operations().get(operation)
    if found is None:
        return None
    responses = found["responses"]
    chosen = responses.get(str(status)) or responses[f"{status // 100}XX"]
    if "$ref" in chosen:
        chosen = load()["components"]["responses"][chosen["$ref"].rsplit("/", 1)[-1]]
    content = chosen.get("content", {})
    return next((one["schema"] for one in content.values()), {})


@cache
def _operations() -> dict[str, Any]:
    return {one["operationId"]: one for path in load()["paths"].values() for one in path.values()}


@cache
def _schemas() -> dict[str, Any]:
    schemas: dict[str, Any] = _plain(load()["components"]["schemas"])
    # Klaviyo sends null where there is no further page, whatever its document says.
    for name in ("next", "prev"):
        schemas["CollectionLinks"]["properties"][name] = {"type": ["string", "null"]}
    return schemas


def _plain(schema: Any) -> Any:
    """OpenAPI 3.0 to JSON Schema. Its oneOf alternatives overlap, so any of them will do."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {"anyOf" if key == "oneOf" else key: _plain(one) for key, one in schema.items() if key != "nullable"}
    if schema.get("nullable") is True:
        return {"anyOf": [kept | ({"enum": [*kept["enum"], None]} if "enum" in kept else {}), {"type": "null"}]}
    return kept
