"""A sandbox with Klaviyo's limits, an account of it that is connected, and what counts there as an order."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine


@pytest.fixture
def klaviyo(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from connector.installs import limit_stores
    from connector.klaviyo.limits import MemoryStore
    from tests.connected import point_at
    from tests.insights.reports.asking import NOW, Klaviyo
    from tests.sandbox.running import running

    with time_machine.travel(NOW, tick=True) as clock, running(tmp_path, limits=True) as started:
        store = MemoryStore(time.time)
        monkeypatch.setattr(limit_stores, "_store", lambda: store)
        limit_stores.limiter.cache_clear()
        point_at(settings, started)
        yield Klaviyo(started, store, clock)
    limit_stores.limiter.cache_clear()


@pytest.fixture
def install(klaviyo: Any, northwind: Any) -> Any:
    from tests.connected import connected

    return connected(klaviyo.running, northwind)


@pytest.fixture
def order(klaviyo: Any) -> str:
    from tests.sandbox.test_reports import metric

    return metric(klaviyo.running, "Placed Order")
