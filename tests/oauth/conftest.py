"""The OAuth server's tests never leave the machine: a client's metadata document comes from a fake fetcher."""

from typing import Any

import pytest


@pytest.fixture(autouse=True)
def documents(monkeypatch: pytest.MonkeyPatch, db: None) -> Any:
    from django.core.cache import cache

    from accounts.oauth_validator import MetadataFetcher
    from tests.oauth.documents import Documents

    monkeypatch.setattr(MetadataFetcher, "source", Documents)
    Documents.at, Documents.fetched = {}, []
    cache.clear()
    return Documents


@pytest.fixture
def assistant(alice_client: Any) -> Any:
    """A public client, in front of Alice."""
    from tests.oauth.assistant import Assistant

    return Assistant(alice_client)
