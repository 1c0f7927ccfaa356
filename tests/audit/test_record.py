"""Writing audit events: in the change's own transaction, by known names, whatever the labels."""

import uuid
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Organization
from audit.models import AuditDetail, AuditEvent
from audit.record import build, detail_hash, record

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_event_goes_with_the_change_it_tells_of(northwind: Organization) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        Organization.objects.filter(pk=northwind.pk).update(name="Eastwind")
        record("organization.switched", via="page", organization_id=northwind.pk, detail={"note": "words"})
        raise RuntimeError

    northwind.refresh_from_db()
    assert northwind.name == "Northwind"
    assert not AuditEvent.objects.exists()
    assert not AuditDetail.objects.exists()


def test_an_unknown_operation_is_refused() -> None:
    with pytest.raises(KeyError, match="member.teleported"):
        record("member.teleported", via="page")

    assert not AuditEvent.objects.exists()


def test_an_over_long_label_is_cut_and_never_loses_the_event() -> None:
    event = record(
        "tool.called",
        via="mcp",
        actor_label="a" * 400,
        assistant="ChatGPT " * 40,
        account_label="é" * 900,
        subject_id="x" * 80,
    )

    kept = AuditEvent.objects.get(pk=event.pk)
    assert (len(kept.actor_label), len(kept.assistant), len(kept.account_label), len(kept.subject_id)) == (
        254,
        80,
        200,
        64,
    )


def test_the_category_is_the_names_first_part_and_the_actor_may_be_nobody() -> None:
    event = record("sync.failed", via="task", outcome="failed")

    assert (event.category, event.operation, event.actor_id, event.actor_label) == ("sync", "sync.failed", None, "")


def test_erasable_words_stand_in_a_side_row_under_their_hash(northwind: Organization) -> None:
    event = record("tool.called", via="rest", organization_id=northwind.pk, detail={"args": {"did": "ordered"}})

    side = AuditDetail.objects.get(event_id=event.pk)
    assert side.organization_id == northwind.pk
    assert AuditEvent.objects.get().detail_hash == detail_hash(side.salt, {"args": {"did": "ordered"}})
    assert "ordered" not in str(AuditEvent.objects.values().get())


def test_equal_words_have_different_hashes() -> None:
    """Without its salt, an erased row's hash tells nothing of what stood in it."""
    one, other = (record("tool.called", via="rest", detail={"args": {}}) for _ in range(2))

    assert one.detail_hash != other.detail_hash


def test_the_hash_covers_the_content_whatever_the_order_of_its_keys() -> None:
    assert detail_hash("s", {"a": 1, "b": "ü"}) == detail_hash("s", {"b": "ü", "a": 1})
    assert detail_hash("s", {"a": 1}) != detail_hash("s", {"a": 2})
    assert detail_hash("s", {"a": 1}) != detail_hash("t", {"a": 1})


def test_built_rows_are_saved_by_whoever_asked_for_them() -> None:
    event, side = build("tool.called", via="mcp", actor_id=uuid.uuid4(), detail={"args": {}})

    assert side is not None and side.event_id == event.pk
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("unknown", [{"organisation_id": None}, {"colour": "red"}])
def test_a_fact_without_a_column_is_a_mistake_that_shows(unknown: dict[str, Any]) -> None:
    with pytest.raises(Exception, match="has no field named"):
        record("member.signed_in", via="page", **unknown)
