from collections.abc import Iterator

import httpx
import pytest

from tests.sandbox.running import AMERICA, Running, running


@pytest.fixture(scope="module")
def klaviyo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A sandbox without limits, for one module: its tests add to it, and look only at what they added."""
    with running(tmp_path_factory.mktemp("sandbox"), empty=True) as started:
        yield started


@pytest.fixture
def api(klaviyo: Running) -> Iterator[httpx.Client]:
    """A client of the American account with all scopes."""
    with klaviyo.client(AMERICA) as client:
        yield client
