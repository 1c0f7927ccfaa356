"""An install's lake in a folder of its own, and events as decoding gives them."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.test import override_settings

from connector.lake.engine import close_engines


@pytest.fixture
def lake_folder(tmp_path: Path) -> Iterator[Path]:
    with override_settings(LAKE_URL=str(tmp_path / "lake"), HOME=tmp_path):
        yield tmp_path / "lake"
    close_engines()


@pytest.fixture
def install_id(lake_folder: Path) -> UUID:
    return uuid4()
