"""The suite itself: a test with real transactions leaves an empty database, audit included."""

import pytest
from django.db import DatabaseError, connection

from audit.models import AuditEvent
from audit.record import record

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_begins_without_audit_events(turn: str) -> None:
    assert not AuditEvent.objects.exists()

    record("member.signed_in", via="page")

    assert AuditEvent.objects.count() == 1


def test_an_audit_event_cannot_be_removed_outside_the_gate() -> None:
    record("member.signed_in", via="page")

    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("delete from audit_auditevent")
