"""Sixty calls a minute for each key or connection, over all processes; people at pages are not counted."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from accounts.caller import Caller
from audit.models import AuditEvent
from audit.record import build
from connector.tools import admission
from connector.tools.admission import CALLS_A_MINUTE, check_rate, enter

pytestmark = pytest.mark.django_db


@pytest.fixture
def key(alice_caller: Caller) -> Caller:
    return replace(alice_caller, via="rest", connection_id=uuid4())


@pytest.fixture
def embedded(settings: Any) -> None:
    settings.REDIS_URL = ""


def called(caller: Caller, times: int, *, ago: float = 0.0, **facts: Any) -> None:
    at = timezone.now() - timedelta(seconds=ago)
    events = [build("tool.called", **caller.audit_columns(), **facts)[0] for _ in range(times)]
    for number, event in enumerate(events):
        event.at = at
        event.id = UUID(int=(int(at.timestamp() * 1000) << 80) + number)
    AuditEvent.objects.bulk_create(events)


def test_the_sixtieth_call_of_a_minute_passes_and_the_next_is_told_when(key: Caller, embedded: None) -> None:
    called(key, CALLS_A_MINUTE - 1, ago=20)
    assert check_rate(key) is None

    called(key, 1)
    assert check_rate(key) in (40, 41)


def test_calls_of_more_than_a_minute_ago_are_past(key: Caller, embedded: None) -> None:
    called(key, CALLS_A_MINUTE, ago=61)

    assert check_rate(key) is None


def test_another_key_has_its_own_minute(key: Caller, embedded: None) -> None:
    called(key, CALLS_A_MINUTE)

    assert check_rate(key) is not None
    assert check_rate(replace(key, connection_id=uuid4())) is None


def test_calls_that_were_refused_for_their_number_do_not_count(key: Caller, embedded: None) -> None:
    called(key, CALLS_A_MINUTE, outcome="failed")

    assert check_rate(key) is None


@pytest.mark.parametrize("via", ["page", "cli"])
def test_people_at_pages_and_the_command_line_are_not_limited(alice_caller: Caller, via: str, embedded: None) -> None:
    person = replace(alice_caller, via=via)
    called(person, CALLS_A_MINUTE + 5)

    assert check_rate(person) is None


@pytest.mark.services
def test_redis_counts_for_all_processes(key: Caller) -> None:
    assert [check_rate(key) for _ in range(CALLS_A_MINUTE)] == [None] * CALLS_A_MINUTE
    assert check_rate(key) in (59, 60)

    admission._window.cache_clear()  # as another process would begin
    assert check_rate(key) in (59, 60)
    assert check_rate(replace(key, connection_id=uuid4())) is None


@pytest.mark.services
def test_while_redis_is_away_the_audit_counts(key: Caller, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    assert check_rate(key) is None

    called(key, CALLS_A_MINUTE)
    assert check_rate(key) in (59, 60)


def test_four_calls_of_one_key_run_at_once_and_another_key_has_room(key: Caller) -> None:
    tickets = [enter(key) for _ in range(5)]
    other = enter(replace(key, connection_id=uuid4()))
    try:
        assert [ticket.is_admitted() for ticket in (*tickets, other)] == [True] * 4 + [False, True]
    finally:
        for ticket in (*tickets, other):
            ticket.leave()
