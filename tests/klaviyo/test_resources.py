"""The rows of resources.py against Klaviyo's own document of the pinned revision."""

import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import connector
from connector.klaviyo.resources import (
    BUCKETS,
    OPERATIONS,
    REPORT_BUCKETS,
    REPORTS,
    RESOURCES,
    REVISION,
    SCOPES,
    STRICTER,
    Limit,
    Operation,
    Resource,
    buckets,
)

DOCUMENT = Path(__file__).parent.parent / "contract" / "openapi.json.gz"

# The subset of the document has no metrics: Klaviyo's SDK of the same revision says what these are.
FROM_THE_SDK = {"metrics", "metric", "metric-aggregates"}


@cache
def document() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(gzip.decompress(DOCUMENT.read_bytes()))
    return read


def parameters(operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one.get("schema", {}) for one in operation.get("parameters", [])}


def documented_limit(operation: dict[str, Any]) -> Limit:
    said = {name: int(value.partition("/")[0]) for name, value in operation["x-klaviyo-ratelimit"].items()}
    return Limit(said["burst"], said["steady"], said.get("daily"))


def documented_type(schema: dict[str, Any]) -> set[str]:
    """Every `type` that the objects under `data` may have."""
    if "$ref" in schema:
        *_, section, name = schema["$ref"].split("/")
        return documented_type(document()["components"][section][name])
    if "enum" in schema:
        return set(schema["enum"])
    if schema.get("type") == "array":
        return documented_type(schema["items"])
    for key in ("data", "type"):
        if key in schema.get("properties", {}):
            return documented_type(schema["properties"][key])
    return set().union(*(documented_type(one) for one in schema.get("allOf", []) + schema.get("oneOf", [])))


READS = [one for name, one in RESOURCES.items() if name not in FROM_THE_SDK]
OTHERS = [one for name, one in OPERATIONS.items() if name not in FROM_THE_SDK]


def read_of(row: Resource) -> dict[str, Any]:
    path = "/api/profile-bulk-import-jobs/{job_id}" if row.name == "bulk-import-job" else row.path
    found: dict[str, Any] = document()["paths"][path]["get"]
    return found


@pytest.mark.parametrize("row", READS, ids=lambda row: row.name)
def test_a_read_is_as_documented(row: Resource) -> None:
    operation = read_of(row)
    asked = parameters(operation)
    size = asked.get("page[size]", {})
    sort = {name.lstrip("-") for name in asked.get("sort", {}).get("enum", [])}
    additional = asked.get(f"additional-fields[{row.type}]", {}).get("items", {}).get("enum", [])

    assert BUCKETS[row.bucket] == documented_limit(operation)
    assert set(row.scopes) == set(operation["x-klaviyo-scopes"])
    assert (row.page_size, row.default_page_size) == (size.get("maximum"), size.get("default"))
    assert set(row.sort) == sort
    assert set(row.includes) == set(asked.get("include", {}).get("items", {}).get("enum", []))
    assert set(row.additional) == set(additional)
    assert set(row.fields) <= set(asked.get(f"fields[{row.type}]", {}).get("items", {}).get("enum", []))
    assert row.cursor_field is None or row.cursor_field in sort
    body = operation["responses"]["200"]["content"]["application/vnd.api+json"]["schema"]
    assert documented_type(body) == {row.type}


@pytest.mark.parametrize("row", OTHERS, ids=lambda row: row.name)
def test_an_operation_is_as_documented(row: Operation) -> None:
    operation = document()["paths"][row.path][row.method.lower()]

    assert BUCKETS[row.bucket] == documented_limit(operation)
    assert set(row.scopes) == set(operation["x-klaviyo-scopes"])


def test_every_read_of_the_document_has_a_row() -> None:
    """Relationships are ids of what other reads give whole; only membership is read by them, since ids are enough."""
    rows = {row.path for row in RESOURCES.values()} | {"/api/profile-bulk-import-jobs/{job_id}"}

    missing = [path for path, methods in document()["paths"].items() if "get" in methods and path not in rows]

    assert [path for path in missing if "/relationships/" not in path] == []


def test_every_operation_of_the_document_has_a_row() -> None:
    rows = {(row.path, row.method.lower()) for row in OPERATIONS.values()}
    documented = {(path, method) for path, methods in document()["paths"].items() for method in methods}

    missing = {(path, method) for path, method in documented - rows if method in ("post", "patch", "delete")}

    assert missing == set()


def test_each_of_the_five_reports_has_a_limit_of_its_own() -> None:
    assert len(REPORTS) == len(set(REPORT_BUCKETS.values())) == 5
    for kind, bucket in REPORT_BUCKETS.items():
        assert (OPERATIONS[kind].bucket, BUCKETS[bucket]) == (bucket, Limit(1, 2, 225))


def test_parameters_with_a_limit_of_their_own_are_those_that_the_document_names() -> None:
    """In the document's words `include=list`; the parameter's value is `lists`."""
    said = " ".join(method["description"] for methods in document()["paths"].values() for method in methods.values())

    for parameter in STRICTER:
        assert f"`{parameter.rstrip('s')}" in said
    assert buckets(RESOURCES["list"], additional=("profile_count",)) == ("list", "list-profile-count")
    assert buckets(RESOURCES["profile"], include=("lists",)) == ("profile", "profile-include-lists")
    assert buckets(RESOURCES["lists"], include=("tags",)) == ("lists",)


def test_scopes_asked_for_are_those_that_rows_need() -> None:
    scopes = [row.scopes for row in RESOURCES.values()] + [row.scopes for row in OPERATIONS.values()]
    needed = {scope for one in scopes for scope in one}

    assert needed == set(SCOPES)


def test_the_pinned_revision_is_the_documents() -> None:
    assert document()["info"]["version"] == REVISION


def test_the_readme_lists_the_scopes_that_an_app_must_have() -> None:
    readme = (Path(connector.__file__).parent.parent / "README.md").read_text()

    assert re.findall(r"`([a-z]+:(?:read|write))`", readme) == list(SCOPES)
