"""The audit keeps what it has: by model, by trigger, on both databases; the gate opens for its own transaction alone."""

import threading
from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction

from audit.gate import gate_open
from audit.models import AuditDetail, AuditEvent, AuditGate
from audit.record import record

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def event() -> AuditEvent:
    return record("tool.called", via="mcp", detail={"args": {"did": "ordered"}})


def test_the_model_refuses_change_and_removal(event: AuditEvent) -> None:
    event.actor_label = "somebody else"
    with pytest.raises(TypeError, match="never changed"):
        event.save()
    with pytest.raises(TypeError, match="only removed by retention"):
        AuditEvent.objects.get().delete()


CHANGES: dict[str, Callable[[], object]] = {
    "update": lambda: AuditEvent.objects.update(actor_label="somebody else"),
    "bulk_update": lambda: AuditEvent.objects.bulk_update(_relabelled(), ["actor_label"]),
    "delete": lambda: AuditEvent.objects.all().delete(),
    "raw delete": lambda: AuditEvent.objects.all()._raw_delete("default"),
    "detail": lambda: AuditDetail.objects.update(content={"args": {}}),
    "sql": lambda: _run("update audit_auditevent set outcome = 'refused'"),
}


def _relabelled() -> list[AuditEvent]:
    events = list(AuditEvent.objects.all())
    for each in events:
        each.actor_label = "somebody else"
    return events


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize("change", CHANGES)
def test_the_database_refuses_what_goes_around_the_model(event: AuditEvent, change: str) -> None:
    with pytest.raises(DatabaseError, match="append-only|never changed"), transaction.atomic():
        CHANGES[change]()

    assert AuditEvent.objects.get().actor_label == ""
    assert AuditDetail.objects.get().content == {"args": {"did": "ordered"}}


@pytest.mark.services
def test_truncate_is_refused_too(event: AuditEvent) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        _run("truncate audit_auditevent")

    assert AuditEvent.objects.count() == 1


def test_the_erasable_part_goes_without_the_gate(event: AuditEvent) -> None:
    AuditDetail.objects.filter(event_id=event.pk).delete()

    assert AuditEvent.objects.get().detail_hash


def test_through_the_gate_rows_can_be_removed_but_not_changed(event: AuditEvent) -> None:
    with pytest.raises(DatabaseError), gate_open("test"):
        AuditEvent.objects.update(actor_label="somebody else")

    with gate_open("test"):
        AuditEvent.objects.all()._raw_delete("default")

    assert not AuditEvent.objects.exists()
    assert not AuditGate.objects.exists()


def test_a_gate_that_ends_in_an_error_removes_nothing_and_does_not_stay_open(event: AuditEvent) -> None:
    with pytest.raises(RuntimeError), gate_open("test"):
        AuditEvent.objects.all()._raw_delete("default")
        raise RuntimeError

    assert AuditEvent.objects.count() == 1
    assert not AuditGate.objects.exists()


@pytest.mark.services
def test_a_gate_lets_no_other_transaction_through(event: AuditEvent) -> None:
    """Even a gate row that somebody has left behind opens nothing: it carries the number of its own transaction."""
    AuditGate.objects.create(reason="left behind", transaction=1)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEvent.objects.all()._raw_delete("default")

    refused: list[str] = []

    def other() -> None:
        try:
            AuditEvent.objects.all()._raw_delete("default")
        except DatabaseError as error:
            refused.append(str(error))
        finally:
            connection.close()

    with gate_open("test"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()

    assert len(refused) == 1
    assert AuditEvent.objects.count() == 1
