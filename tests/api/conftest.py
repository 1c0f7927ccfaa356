"""A program with an API key, as REST sees it."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

Keyed = Callable[..., APIClient]


@pytest.fixture
def keyed() -> Keyed:
    """keyed(user, "read", "write"): a client with a new key of the person's only membership."""

    # Conftests are read before Django is set up.
    from accounts.actions import keys
    from accounts.caller import member_caller
    from accounts.models import Membership

    def make(user: Any, *scopes: str) -> APIClient:
        membership = Membership.objects.select_related("user", "organization").get(user=user)
        secret = keys.create(
            membership=membership,
            name="nightly report",
            scopes=scopes or ("read", "write"),
            caller=member_caller(membership, via="cli"),
        )
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client

    return make


@pytest.fixture
def alice_api(keyed: Keyed, alice: Any) -> APIClient:
    return keyed(alice)


@pytest.fixture
def bob_api(keyed: Keyed, bob: Any) -> APIClient:
    return keyed(bob)


@pytest.fixture
def charlie_api(keyed: Keyed, charlie: Any) -> APIClient:
    return keyed(charlie)
