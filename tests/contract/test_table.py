"""The sandbox's table of operations is what Klaviyo's document says."""

from connector.sandbox.facts import TABLE, find, operations
from tests.contract.document import load
from tests.contract.table import printed, table


def test_the_table_is_made_from_the_document() -> None:
    """Made anew by: python -m tests.contract.table > connector/sandbox/klaviyo.json"""
    assert TABLE.read_text() == printed(table(load()))


def test_every_operation_of_the_document_is_served_at_its_address() -> None:
    for path, methods in load()["paths"].items():
        for method, operation in methods.items():
            found, _ = find(method.upper(), path.replace("{id}", "x").replace("{job_id}", "x"))
            assert found.id == operation["operationId"]


def test_what_the_document_lacks_is_metrics() -> None:
    known = {one["operationId"] for methods in load()["paths"].values() for one in methods.values()}
    assert {one for one in operations() if one not in known} == {
        "get_metrics",
        "get_metric",
        "get_flows_triggered_by_metric",
        "get_ids_for_flows_triggered_by_metric",
        "query_metric_aggregates",
    }
