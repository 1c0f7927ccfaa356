"""Assistants: how to add one, which are connected, and ending a connection."""

from typing import Any

from django.test import Client

from audit.models import AuditEvent
from tests.factories import ConnectionFactory


def test_the_page_gives_the_address_and_the_steps(alice_client: Client) -> None:
    page = alice_client.get("/assistants/").content.decode()

    assert 'value="http://localhost:8000/mcp"' in page
    assert "claude mcp add --transport http plumbline http://localhost:8000/mcp" in page
    assert "No assistant is connected yet" in page


def test_the_owner_sees_and_ends_anyones_connection(alice: Any, alice_client: Client, bob: Any, northwind: Any) -> None:
    connection = ConnectionFactory(organization=northwind, user=bob)

    assert "Approved by Bob" in alice_client.get("/assistants/").content.decode()
    response = alice_client.post(f"/assistants/{connection.pk}/revoke/", follow=True)

    connection.refresh_from_db()
    assert connection.revoked_at is not None
    assert "ChatGPT can no longer ask" in response.content.decode()
    assert AuditEvent.objects.get(operation="grant.revoked").actor_id == alice.pk


def test_an_analyst_sees_and_ends_only_their_own(alice: Any, bob: Any, bob_client: Client, northwind: Any) -> None:
    own = ConnectionFactory(organization=northwind, user=bob)
    hers = ConnectionFactory(organization=northwind, user=alice)

    page = bob_client.get("/assistants/").content.decode()

    assert str(own.pk) in page
    assert str(hers.pk) not in page
    assert bob_client.post(f"/assistants/{hers.pk}/revoke/").status_code == 404
    assert bob_client.post(f"/assistants/{own.pk}/revoke/").status_code == 302


def test_charlie_ends_no_connection_of_northwind(alice: Any, charlie_client: Client, northwind: Any) -> None:
    connection = ConnectionFactory(organization=northwind, user=alice)

    assert charlie_client.post(f"/assistants/{connection.pk}/revoke/").status_code == 404

    connection.refresh_from_db()
    assert connection.revoked_at is None


def test_a_connection_is_not_ended_by_following_a_link(alice: Any, alice_client: Client, northwind: Any) -> None:
    connection = ConnectionFactory(organization=northwind, user=alice)

    assert alice_client.get(f"/assistants/{connection.pk}/revoke/").status_code == 405
