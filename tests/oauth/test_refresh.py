"""Refresh tokens: rotated at every use, forgiving of a lost answer, not of theft."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import Connection, RefreshToken
from audit.models import AuditEvent
from tests.oauth.assistant import Assistant
from tests.oauth.holding import at_once, refused_with, works

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_refresh_gives_new_tokens_and_the_old_access_token_lives_on_for_a_minute(assistant: Assistant) -> None:
    first = assistant.tokens()

    second = assistant.refresh(first["refresh_token"]).json()

    assert works(second)
    assert works(first)
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
        assert works(second)
        assert not works(first)


def test_a_lost_answer_does_not_end_the_connection(assistant: Assistant) -> None:
    first = assistant.tokens()
    assistant.refresh(first["refresh_token"])

    again = assistant.refresh(first["refresh_token"])

    assert again.status_code == 200
    assert works(again.json())
    assert works(assistant.refresh(again.json()["refresh_token"]).json())


def test_eight_refreshes_at_once_all_work(assistant: Assistant) -> None:
    first = assistant.tokens()

    responses = at_once(8, lambda: assistant.refresh(first["refresh_token"]))

    assert [response.status_code for response in responses] == [200] * 8
    assert all(works(response.json()) for response in responses)
    assert RefreshToken.objects.values("token_family").distinct().count() == 1


def test_a_spent_refresh_token_that_comes_back_later_ends_everything(assistant: Assistant) -> None:
    first = assistant.tokens()
    second = assistant.refresh(first["refresh_token"]).json()
    third = assistant.refresh(first["refresh_token"]).json()

    with time_machine.travel(timezone.now() + timedelta(seconds=90), tick=False):
        response = assistant.refresh(first["refresh_token"])

        assert (response.status_code, refused_with(response)) == (400, "invalid_grant")
        assert not any(works(tokens) for tokens in (first, second, third))
        assert assistant.refresh(third["refresh_token"]).status_code == 400
    assert AuditEvent.objects.get(operation="grant.reuse_detected").after == {"why": "reused refresh token"}


def test_another_clients_refresh_token_is_refused_and_unharmed(assistant: Assistant, bob_client: Client) -> None:
    tokens = assistant.tokens()

    assert refused_with(Assistant(bob_client).refresh(tokens["refresh_token"])) == "invalid_grant"
    assert works(assistant.refresh(tokens["refresh_token"]).json())


def test_a_refresh_may_narrow_but_never_widen(assistant: Assistant) -> None:
    tokens = assistant.exchange(assistant.code(form={"scope": ["read"]})).json()

    assert refused_with(assistant.refresh(tokens["refresh_token"], scope="read write")) == "invalid_scope"
    assert assistant.refresh(tokens["refresh_token"], scope="read").json()["scope"] == "read"


def test_a_refresh_is_for_this_server_alone(assistant: Assistant) -> None:
    tokens = assistant.tokens()

    assert (
        refused_with(assistant.refresh(tokens["refresh_token"], resource="https://evil.example/mcp"))
        == "invalid_target"
    )
    assert assistant.refresh(tokens["refresh_token"], resource="http://localhost:8000/mcp/").status_code == 200


def test_a_refresh_token_lives_ninety_days_from_its_issue(assistant: Assistant) -> None:
    tokens = assistant.tokens()
    later = timezone.now() + timedelta(days=91)
    Connection.objects.update(last_used_at=later)

    with time_machine.travel(later, tick=False):
        assert refused_with(assistant.refresh(tokens["refresh_token"])) == "invalid_grant"
