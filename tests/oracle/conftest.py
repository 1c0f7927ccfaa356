"""The product's side of the comparison: a lake of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from connector.lake.engine import close_engines


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[None]:
    with override_settings(LAKE_URL=str(tmp_path / "lake"), HOME=tmp_path):
        yield
        close_engines()
