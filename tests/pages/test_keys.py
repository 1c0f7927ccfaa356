"""API keys: made, shown once, revoked."""

import re
from typing import Any

from django.test import Client

from accounts.caller import key_caller
from accounts.models import ApiKey
from tests.factories import KeyFactory


def test_a_new_key_is_shown_once_and_works(alice: Any, alice_client: Client) -> None:
    page = alice_client.post("/keys/", {"name": "Nightly report", "scopes": ["read"]}).content.decode()

    secret = re.search(r'value="(plb_[\w-]+)"', page)
    assert secret
    caller = key_caller(secret[1], via="rest")
    assert caller
    assert (caller.user, caller.scopes) == (alice, frozenset({"read"}))
    assert secret[1] not in alice_client.get("/keys/").content.decode()


def test_the_sample_command_holds_the_key_and_works_as_it_stands(alice: Any, alice_client: Client) -> None:
    page = alice_client.post("/keys/", {"name": "Nightly report", "scopes": ["read"]}).content.decode()

    command = re.search(r"curl -H \"Authorization: Bearer (plb_[\w-]+)\" http://localhost:8000(\S+)</code>", page)
    assert command
    answer = Client().get(command[2], headers={"Authorization": f"Bearer {command[1]}"})
    assert answer.status_code == 200
    assert "Last used</span> <time" in alice_client.get("/keys/").content.decode()


def test_a_reload_after_making_a_key_makes_no_second(alice: Any, alice_client: Client) -> None:
    once = re.search(r'name="once" value="([\w-]+)"', alice_client.get("/keys/").content.decode())
    assert once
    form = {"name": "Nightly report", "scopes": ["read"], "once": once[1]}

    alice_client.post("/keys/", form)
    again = alice_client.post("/keys/", form).content.decode()

    assert ApiKey.objects.count() == 1
    assert "this form had been sent before" in again
    assert "plb_" not in re.sub(r"<code>plb_[\w-]{6}…</code>", "", again)
    fresh = re.search(r'name="once" value="([\w-]+)"', again)
    assert fresh
    alice_client.post("/keys/", form | {"once": fresh[1]})
    assert ApiKey.objects.count() == 2


def test_a_form_that_was_wrong_can_be_sent_again(alice_client: Client) -> None:
    once = re.search(r'name="once" value="([\w-]+)"', alice_client.get("/keys/").content.decode())
    assert once

    alice_client.post("/keys/", {"name": "", "once": once[1]})
    alice_client.post("/keys/", {"name": "Nightly report", "scopes": ["read"], "once": once[1]})

    assert ApiKey.objects.count() == 1


def test_a_key_without_a_name_or_right_is_not_made(alice_client: Client) -> None:
    response = alice_client.post("/keys/", {"name": "", "scopes": []})

    assert response.status_code == 400
    assert "This field is required" in response.content.decode()
    assert not ApiKey.objects.exists()


def test_a_revoked_key_is_gone_from_the_page(alice: Any, alice_client: Client) -> None:
    key = KeyFactory(membership=alice.memberships.get())

    page = alice_client.post(f"/keys/{key.pk}/revoke/", follow=True).content.decode()

    key.refresh_from_db()
    assert key.revoked_at is not None
    assert "The key “Nightly report” is revoked" in page
    assert "No keys yet" in page


def test_an_analyst_sees_only_their_own_keys(alice: Any, bob: Any, bob_client: Client) -> None:
    hers = KeyFactory(membership=alice.memberships.get(), name="Alice's")
    KeyFactory(membership=bob.memberships.get(), name="Bob's")

    page = bob_client.get("/keys/").content.decode()

    assert "Bob&#x27;s" in page
    assert "Alice&#x27;s" not in page
    assert bob_client.post(f"/keys/{hers.pk}/revoke/").status_code == 404


def test_charlie_revokes_no_key_of_northwind(alice: Any, charlie_client: Client) -> None:
    key = KeyFactory(membership=alice.memberships.get())

    assert charlie_client.post(f"/keys/{key.pk}/revoke/").status_code == 404


def test_no_page_shows_a_digest(alice: Any, alice_client: Client) -> None:
    key = KeyFactory(membership=alice.memberships.get(), digest="f" * 64)

    assert key.digest not in alice_client.get("/keys/").content.decode()
