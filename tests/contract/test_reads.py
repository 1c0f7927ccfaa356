"""Klaviyo's SDK reads everything there is, unchanged; each reply is one that Klaviyo's document allows."""

from collections.abc import Iterator

import pytest

from connector.sandbox.facts import Operation, operations
from tests.contract.recording import Recorded, recorded
from tests.contract.sdk import Sdk
from tests.sandbox.running import AMERICA, ASIA, EUROPE, Running

READS = [operation for operation in operations().values() if operation.method == "GET"]
# What a world does not hold until somebody writes it; test_writes.py reads these.
WRITTEN = ("campaign-send-jobs", "campaign-recipient-estimation", "profile-bulk-import-jobs/", "universal-content/",
           "campaign-messages/{id}/image", "campaign-messages/{id}/relationships/image")  # fmt: skip
KINDS = {"catalog-categories": "catalog-category"}


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    with recorded(tmp_path_factory.mktemp("reads")) as started:
        yield started


@pytest.fixture(scope="module")
def sdk(recording: Recorded) -> Sdk:
    return Sdk(recording.klaviyo)


@pytest.mark.parametrize("operation", READS, ids=lambda operation: operation.id)
def test_the_sdk_reads_it_and_the_document_allows_the_reply(
    operation: Operation, recording: Recorded, sdk: Sdk
) -> None:
    if any(part in f"{operation.path}/" for part in WRITTEN):
        return
    recording.answers.clear()

    for arguments in _arguments(operation, recording.klaviyo):
        for parameters in _variants(operation):
            sdk(operation.id, *arguments, **parameters)

    assert recording.succeeded() == {operation.id}
    assert recording.problems() == []


def _arguments(operation: Operation, klaviyo: Running) -> list[tuple[str, ...]]:
    if operation.id == "get_campaigns":
        return [(f"equals(messages.channel,'{channel}')",) for channel in ("email", "sms", "mobile_push")]
    if "{id}" not in operation.path:
        return [()]
    kind = operation.steps[0]
    things = klaviyo.raw(KINDS.get(kind, kind))
    able = [one["id"] for one in things if _has(one, operation)]
    return [(id,) for id in able[:3]]


def _has(thing: dict[str, object], operation: Operation) -> bool:
    """Whether the object has what a path to one other object leads to."""
    relations = thing.get("relations")
    name = operation.steps[-1]
    if operation.steps[0] == "events":
        return name != "profile" or thing["profile"] is not None
    return not isinstance(relations, dict) or name not in relations or relations[name] is not None


def _variants(operation: Operation) -> list[dict[str, object]]:
    found: list[dict[str, object]] = [{}]
    if operation.include:
        found.append({"include": sorted(operation.include)})
    for type, names in operation.additional.items():
        found.append({f"additional_fields_{type}": sorted(names)})
    found += [{"sort": f"-{name}"} for name in sorted(operation.sort)]
    if operation.page and operation.sized:
        found.append({"page_size": operation.page[1]})
    return found


@pytest.mark.parametrize("account", [AMERICA, EUROPE, ASIA])
def test_a_page_of_events_with_everything_is_valid_in_each_account(recording: Recorded, account: str) -> None:
    recording.answers.clear()

    Sdk(recording.klaviyo, account)("get_events", include=["attributions", "metric", "profile"], page_size=1000)

    assert recording.problems() == []
