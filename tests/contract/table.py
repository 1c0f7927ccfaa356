"""Makes the sandbox's table of operations from Klaviyo's OpenAPI document.

python -m tests.contract.table [DOCUMENT] > connector/sandbox/klaviyo.json

Metrics and aggregates are absent from the document's subset; their rows are taken from the SDK of the same revision.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.contract.document import load

STRICTER = re.compile(
    r"when using the `([^`]+)` parameter in your API request:<br>Burst: `(\d+)/s`<br>Steady: `(\d+)/m`"
)
# The blocks of the drag-and-drop editor: half of the document, and nothing here looks inside.
OPAQUE = {"TemplateDefinition", "TemplateDefinitionCreateV1"}


def table(document: dict[str, Any]) -> dict[str, Any]:
    """Every operation as a row, the sets of fields they name, and the schemas of the bodies they take."""
    fields: dict[str, list[str]] = {}
    operations = [_row(path, method, one, fields) for path, method, one in _operations(document)]
    operations += _metrics(fields)
    schemas = document["components"]["schemas"]
    return {
        "revision": document["info"]["version"],
        "operations": sorted(operations, key=lambda row: (row["path"], row["method"])),
        "fields": fields,
        "schemas": _bodies(operations, schemas),
    }


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path.replace("{job_id}", "{id}"), method, operation


def _row(path: str, method: str, operation: dict[str, Any], fields: dict[str, list[str]]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "scopes": operation["x-klaviyo-scopes"],
        "limit": _limit(operation["x-klaviyo-ratelimit"]),
    }
    for parameter in operation.get("parameters", []):
        _add_parameter(row, parameter, fields)
    if operation.get("x-klaviyo-filters"):
        row["filters"] = {name: _filter(one) for name, one in operation["x-klaviyo-filters"].items()}
    said = STRICTER.findall(operation["description"])
    # The prose says include=list where the parameter's value is lists.
    stricter = {re.sub(r"^(include=.*[^s])$", r"\1s", name): [int(burst), int(steady)] for name, burst, steady in said}
    if stricter:
        row["stricter"] = stricter
    for media, body in operation.get("requestBody", {}).get("content", {}).items():
        row |= {"media": media, "body": body["schema"]}
    return row


def _limit(said: dict[str, str]) -> list[int | None]:
    return [int(said[name].split("/")[0]) if name in said else None for name in ("burst", "steady", "daily")]


def _add_parameter(row: dict[str, Any], parameter: dict[str, Any], fields: dict[str, list[str]]) -> None:
    name, schema = parameter["name"], parameter.get("schema", {})
    allowed = schema.get("items", {}).get("enum") or schema.get("enum") or []
    if name == "page[size]":
        row["page"] = [schema["default"], schema["maximum"]]
    elif name == "page[cursor]":
        row["cursor"] = True
    elif name in ("sort", "include"):
        row[name] = sorted({one.lstrip("-") for one in allowed})
    elif name == "filter":
        row["filter_required"] = bool(parameter.get("required"))
    elif name.startswith("additional-fields["):
        row.setdefault("additional", {})[name[18:-1]] = allowed
    elif name.startswith("fields["):
        row.setdefault("fields", {})[name[7:-1]] = _field_set(name[7:-1], allowed, fields)


def _field_set(type: str, names: list[str], fields: dict[str, list[str]]) -> str:
    """Operations share their sets of fields; each set stands once, under a name of its own."""
    wanted = sorted(names)
    for count in range(1, 100):
        key = type if count == 1 else f"{type}.{count}"
        if fields.setdefault(key, wanted) == wanted:
            return key
    raise AssertionError("unreachable")


def _filter(said: dict[str, Any]) -> dict[str, Any]:
    value = said.get("value", {})
    row: dict[str, Any] = {kind: sorted(operators) for kind, operators in said["operators"].items()}
    row["type"] = "datetime" if value.get("format") == "date-time" else value.get("type", "none")
    if "enum" in value:
        row["enum"] = sorted(value["enum"])
    return row


def _metrics(fields: dict[str, list[str]]) -> list[dict[str, Any]]:
    """From the docstrings of klaviyo-api 24.0.0 (openapi_client/api/metrics_api.py)."""
    read: dict[str, Any] = {"method": "GET", "scopes": ["metrics:read"], "limit": [10, 150, None]}
    read |= {"include": ["flow-triggers"], "fields": {"metric": "metric", "flow": "flow"}}
    text: dict[str, Any] = {"single": ["equals"], "type": "string"}
    fields.setdefault("metric", ["created", "id", "integration", "name", "updated"])
    triggers: dict[str, Any] = {"method": "GET", "scopes": ["flows:read", "metrics:read"], "limit": [3, 60, None]}
    return [
        read | {"id": "get_metrics", "path": "/api/metrics", "cursor": True, "page": [200, 200], "sized": False,
                "filters": {"integration.name": text, "integration.category": text}, "filter_required": False},
        read | {"id": "get_metric", "path": "/api/metrics/{id}"},
        triggers | {"id": "get_flows_triggered_by_metric", "path": "/api/metrics/{id}/flow-triggers",
                    "fields": {"flow": "flow"}},
        triggers | {"id": "get_ids_for_flows_triggered_by_metric",
                    "path": "/api/metrics/{id}/relationships/flow-triggers"},
        {"id": "query_metric_aggregates", "method": "POST", "path": "/api/metric-aggregates",
         "scopes": ["metrics:read"], "limit": [3, 60, None], "media": "application/vnd.api+json",
         "body": _aggregates()},
    ]  # fmt: skip


def _aggregates() -> dict[str, Any]:
    from openapi_client.models import metric_aggregate_query_resource_object_attributes as sdk

    source = Path(sdk.__file__).read_text()
    by, sort = (re.search(rf"def {name}_validate_enum.*?set\(\[(.*?)\]\)", source, re.S) for name in ("by", "sort"))
    assert by and sort
    text, texts = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
    attributes = {
        "metric_id": text,
        "page_cursor": text | {"nullable": True},
        "measurements": {"type": "array", "items": {"type": "string", "enum": ["count", "sum_value", "unique"]}},
        "interval": {"type": "string", "enum": ["day", "hour", "month", "week"], "nullable": True},
        "page_size": {"type": "integer", "nullable": True},
        "by": {"type": "array", "items": {"type": "string", "enum": _quoted(by[1])}, "nullable": True},
        "return_fields": texts | {"nullable": True},
        "filter": texts,
        "timezone": text | {"nullable": True},
        "sort": {"type": "string", "enum": _quoted(sort[1]), "nullable": True},
    }
    return _envelope("metric-aggregate", attributes, ["metric_id", "measurements", "filter"])


def _quoted(source: str) -> list[str]:
    return re.findall(r"'([^']*)'", source)


def _envelope(type: str, attributes: dict[str, Any], required: list[str]) -> dict[str, Any]:
    inner = {"type": "object", "properties": attributes, "required": required}
    data = {"type": {"type": "string", "enum": [type]}, "attributes": inner}
    outer = {"type": "object", "properties": data, "required": ["type", "attributes"]}
    return {"type": "object", "properties": {"data": outer}, "required": ["data"]}


def _bodies(operations: list[dict[str, Any]], schemas: dict[str, Any]) -> dict[str, Any]:
    """The schemas that bodies refer to, as JSON Schema, without their prose."""
    kept: dict[str, Any] = {}
    for row in operations:
        if "body" in row:
            row["body"] = _plain(row["body"])
            _follow(row["body"], schemas, kept)
    return dict(sorted(kept.items()))


def _follow(schema: Any, schemas: dict[str, Any], kept: dict[str, Any]) -> None:
    if isinstance(schema, list):
        for one in schema:
            _follow(one, schemas, kept)
    if not isinstance(schema, dict):
        return
    name = str(schema.get("$ref", "")).rsplit("/", 1)[-1]
    if name and name not in kept:
        kept[name] = {"type": "object"} if name in OPAQUE else _plain(schemas[name])
        _follow(kept[name], schemas, kept)
    for one in schema.values():
        _follow(one, schemas, kept)


def _plain(schema: Any, names: bool = False) -> Any:
    """OpenAPI 3.0 to JSON Schema: `nullable` becomes a type, prose goes. `names`: the keys are properties' names."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if names:
        return {key: _plain(one) for key, one in schema.items()}
    kept = {key: _plain(one, names=key == "properties") for key, one in schema.items() if key not in DROPPED}
    if "oneOf" in kept:
        # The document's alternatives overlap (the send options of all channels are one shape): any of them will do.
        kept["anyOf"] = kept.pop("oneOf")
    if "$ref" in kept:
        kept["$ref"] = kept["$ref"].replace("#/components/schemas/", "#/schemas/")
    return _nullable(kept) if schema.get("nullable") else kept


DROPPED = {"description", "title", "example", "examples", "nullable", "discriminator", "default", "writeOnly"}


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    if isinstance(schema.get("type"), str):
        return schema | {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def printed(made: dict[str, Any]) -> str:
    """One operation, set or schema a line, so that a change of revision reads well as a difference."""
    lines = [f'{{"revision": {json.dumps(made["revision"])},', '"operations": [']
    lines.append(",\n".join(json.dumps(row, separators=(",", ":")) for row in made["operations"]))
    lines.append("],")
    for part in ("fields", "schemas"):
        rows = (f"{json.dumps(key)}:{json.dumps(one, separators=(',', ':'))}" for key, one in made[part].items())
        lines.append(f'"{part}": {{\n' + ",\n".join(rows) + ("\n}," if part == "fields" else "\n}}"))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(printed(table(load(*map(Path, sys.argv[1:2])))))
