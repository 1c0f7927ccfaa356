"""Whatever goes wrong inside a tool: an `error` envelope and one `failed` audit event at every door, and no text in the log."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, OperationalError
from django.test import Client
from rest_framework.test import APIClient

from accounts.caller import Caller
from audit.models import AuditEvent
from connector.lake import query
from connector.lake.engine import close_engines
from connector.receipts.models import Receipt
from connector.records.models import Record
from connector.tools import group_commit
from connector.tools.call import call, job_answer
from connector.tools.catalogue import TOOLS
from connector.tools.envelope import blank
from connector.tools.fit import text_of
from tests.api.conftest import alice_api, keyed
from tests.factories import InstallFactory
from tests.mcp.serving import answered, granted, post, request, serving

__all__ = ["alice_api", "keyed"]
Break = Callable[[pytest.MonkeyPatch, Path], None]
SECRET = "Whispering Pines"  # of the question, of the data, and of every exception's text
QUESTION = {"did": "opened_email", "campaign": SECRET}
EVENTS = [("OPEN", "ann", 0, {"message": "M1"}), ("ORDER", "ann", 5, {"order_id": "o1"})]


def _raising(error: Exception) -> Callable[..., Any]:
    def fails(*args: object, **named: object) -> Any:
        raise error

    return fails


def files_gone(patched: pytest.MonkeyPatch, lake: Path) -> None:
    for file in lake.rglob("*.parquet"):
        file.unlink()


def store_unreadable(patched: pytest.MonkeyPatch, lake: Path) -> None:
    for log in lake.rglob("_delta_log"):
        shutil.rmtree(log)
        log.write_text("no folder")


def files_spoilt(patched: pytest.MonkeyPatch, lake: Path) -> None:
    for file in lake.rglob("*.parquet"):
        file.write_bytes(b"PAR1" + b"\0" * 64)


def duckdb_raises(patched: pytest.MonkeyPatch, lake: Path) -> None:
    patched.setattr(query.Reader, "_run", _raising(duckdb.InternalException(SECRET)))


def tool_raises(patched: pytest.MonkeyPatch, lake: Path) -> None:
    patched.setitem(TOOLS, "people_who", replace(TOOLS["people_who"], run=_raising(ValueError(SECRET))))


def suggestion_raises(patched: pytest.MonkeyPatch, lake: Path) -> None:
    patched.setitem(TOOLS, "people_who", replace(TOOLS["people_who"], suggest=_raising(KeyError(SECRET))))


def envelope_raises(patched: pytest.MonkeyPatch, lake: Path) -> None:
    patched.setattr("connector.tools.envelope.of_outcome", _raising(TypeError(SECRET)))


def database_refuses(patched: pytest.MonkeyPatch, lake: Path) -> None:
    patched.setattr("connector.insights.resolver.find", _raising(OperationalError(SECRET)))


def accounts_cannot_be_read(patched: pytest.MonkeyPatch, lake: Path) -> None:
    patched.setattr("connector.insights.question.named", _raising(DatabaseError(SECRET)))


FAULTS = [
    files_gone, store_unreadable, files_spoilt, duckdb_raises, tool_raises, suggestion_raises, envelope_raises, database_refuses,
    accounts_cannot_be_read,
]  # fmt: skip
EACH_FAULT = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)


@pytest.fixture
def lake_folder(shop: Any, write: Callable[..., None], tmp_path: Path) -> Iterator[Path]:
    """Of an account with a campaign of that name."""
    write(shop, EVENTS)
    Record.objects.filter(install=shop, klaviyo_id="C1").update(name=SECRET, folded=SECRET.lower())
    yield tmp_path / "lake"
    close_engines()


def check_failed(answer: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    assert answer["status"] == "error", answer["answer"]
    assert answer["reason"]["code"] in ("internal", "timeout") and answer["reason"]["what_to_do"]
    assert set(answer) == set(blank()), "an envelope like any"
    assert len(text_of(answer)) < 24_000
    event = AuditEvent.objects.get(operation="tool.called")
    assert (event.outcome, event.subject_id) == ("failed", "people_who")
    assert caplog.records and SECRET not in caplog.text


@pytest.mark.django_db
@EACH_FAULT
def test_a_call_ends_in_an_error_that_is_recorded(
    lake_folder: Path,
    alice_caller: Caller,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Break,
) -> None:
    fault(monkeypatch, lake_folder)

    check_failed(call(alice_caller, "people_who", QUESTION), caplog)
    assert [receipt.status for receipt in Receipt.objects.all()] == ["error"]


@pytest.mark.django_db
@EACH_FAULT
def test_rest_answers_503_with_the_envelope(
    lake_folder: Path,
    alice_api: APIClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Break,
) -> None:
    fault(monkeypatch, lake_folder)

    response = alice_api.post("/api/v1/tools/people_who/", QUESTION, format="json")

    assert response.status_code == 503 and response["Retry-After"]
    check_failed(response.json(), caplog)


@pytest.mark.django_db
@EACH_FAULT
def test_the_command_line_prints_it_and_ends_with_1(
    lake_folder: Path, alice: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str], fault: Break,
) -> None:  # fmt: skip
    fault(monkeypatch, lake_folder)

    with pytest.raises(SystemExit) as end:
        call_command("ask", "people_who", "--as", alice.email, "--args", json.dumps(QUESTION))

    assert end.value.code == 1
    check_failed(json.loads(capsys.readouterr().out), caplog)


@pytest.mark.django_db(transaction=True)
def test_an_assistant_reads_it_as_a_result(lake_folder: Path, alice: Any, caplog: pytest.LogCaptureFixture) -> None:
    with serving() as url:
        token = granted(alice.memberships.get())
        for fault in (*FAULTS[3:], *FAULTS[:3]):  # those that are undone first
            before = set(AuditEvent.objects.filter(operation="tool.called").values_list("pk", flat=True))
            with pytest.MonkeyPatch.context() as patched:
                fault(patched, lake_folder)
                answer = answered(post(url, request("tools/call", name="people_who", arguments=QUESTION), token=token))
            said = answer["result"]["structuredContent"]
            assert (answer["result"]["isError"], said["status"]) == (True, "error"), fault.__name__
            [event] = AuditEvent.objects.filter(operation="tool.called").exclude(pk__in=before)
            assert (event.outcome, event.via) == ("failed", "mcp")
    assert SECRET not in caplog.text


@pytest.mark.django_db
def test_a_fault_in_one_account_spoils_no_other(
    lake_folder: Path,
    shop: Any,
    alice_caller: Caller,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    InstallFactory(organization=shop.organization, name="Candles", klaviyo_id="CANDLE")
    rows = query.Reader.rows

    def fails(reader: query.Reader, sql: str, **params: object) -> list[Any]:
        if str(shop.pk) in reader.location.root:
            raise ZeroDivisionError(SECRET)
        return rows(reader, sql, **params)

    monkeypatch.setattr(query.Reader, "rows", fails)
    answer = call(alice_caller, "portfolio", {"account": "all", "measure": "email_deliveries", "period": "last_7_days"})
    entries = answer["data"].get("accounts") or answer["data"]["rows"]

    assert {entry["account"]["id"]: entry["status"] for entry in entries}[shop.klaviyo_id] == "error"
    assert SECRET not in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(TOOLS))
def test_a_bug_in_any_tool_is_answered_and_recorded(
    alice_caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    least = dict.fromkeys({*TOOLS[name].required, *TOOLS[name].input_schema.get("required", ())}, SECRET)
    monkeypatch.setitem(TOOLS, name, replace(TOOLS[name], run=_raising(RuntimeError(SECRET))))

    answer = call(alice_caller, name, least)

    assert (answer["status"], answer["reason"]["code"]) == ("error", "internal")
    assert AuditEvent.objects.get(operation="tool.called").outcome == "failed"
    assert SECRET not in caplog.text and "_raising" not in caplog.text and "test_faults.py" in caplog.text


@pytest.mark.django_db
def test_a_job_that_fails_has_the_error_as_its_answer(
    lake_folder: Path,
    shop: Any,
    alice_caller: Caller,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tool_raises(monkeypatch, lake_folder)

    check_failed(job_answer(alice_caller, "people_who", QUESTION, 5.0), caplog)


@pytest.mark.django_db
def test_when_nothing_can_be_recorded_nothing_is_answered_and_each_door_says_so(
    lake_folder: Path,
    alice: Any,
    alice_api: APIClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(group_commit, "commit", _raising(group_commit.NotRecorded("The answer could not be recorded.")))

    response = alice_api.post("/api/v1/tools/people_who/", QUESTION, format="json")
    assert (response.status_code, response["Content-Type"]) == (503, "application/problem+json")
    with pytest.raises(CommandError, match="could not be recorded"):
        call_command("ask", "people_who", "--as", alice.email, "--args", json.dumps(QUESTION))
    assert SECRET not in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize("fault", [files_gone, store_unreadable, duckdb_raises], ids=lambda fault: fault.__name__)
def test_a_page_of_an_object_is_shown_without_its_figures(
    lake_folder: Path, shop: Any, alice_client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    fault: Break,
) -> None:  # fmt: skip
    fault(monkeypatch, lake_folder)

    response = alice_client.get(f"/installs/{shop.pk}/campaign/C1/")

    assert response.status_code == 200 and SECRET in response.content.decode()
    assert SECRET not in caplog.text
