"""A running product for each file of tests, and tokens of people who can sign in."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="module")
def running(django_db_setup: None) -> Iterator[str]:
    from tests.mcp.serving import serving

    with serving() as address:
        yield address


@pytest.fixture
def url(running: str, transactional_db: None) -> str:
    """The public URL of a running product with an empty database."""
    from django.core.cache import cache

    cache.clear()
    return running


@pytest.fixture
def token(url: str, alice: Any) -> str:
    """An access token for all that Alice may."""
    from tests.mcp.serving import granted

    return granted(alice.memberships.get())
