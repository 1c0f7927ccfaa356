"""A tiny account whose every event is written by hand, so that each figure can be counted on the fingers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def write(settings: Any, tmp_path: Any) -> Callable[..., None]:
    """write(install, [(metric, person, minutes after BEGIN, extra columns)]): the account's events are exactly these."""
    from connector.lake.store import writing

    settings.LAKE_URL = str(tmp_path / "lake")

    def put(install: Any, events: list[tuple[str, str | None, int, dict[str, Any]]]) -> None:
        names = [
            "id",
            "time",
            "metric",
            "person",
            "machine_open",
            "bot_click",
            *sorted({name for *_, extra in events for name in extra} - {"machine_open", "bot_click"}),
        ]
        rows: dict[str, list[Any]] = {name: [] for name in names}
        for number, (metric, person, minutes, extra) in enumerate(events):
            facts = {
                "id": f"e{number:03d}",
                "time": BEGIN + timedelta(minutes=minutes),
                "metric": metric,
                "person": person,
                "machine_open": False,
                "bot_click": False,
            } | extra
            for name in names:
                rows[name].append(facts.get(name))
        with writing(install.pk, "test") as lake:
            lake.replace_events([rows], BEGIN - timedelta(days=400), BEGIN + timedelta(days=400))

    return put


@pytest.fixture
def shop(install: Any) -> Any:
    """Fernweh Outdoor with its metrics, two campaigns and a flow."""
    from connector.records.upsert import Row, upsert

    install.time_zone, install.currency = "America/New_York", "USD"
    install.save()
    own = {"integration": "Klaviyo", "category": "Internal", "key": "klaviyo"}
    upsert(install, "metric", [
        Row("OPEN", "Opened Email", attributes=own), Row("CLICK", "Clicked Email", attributes=own), Row("RECV", "Received Email", attributes=own),
        Row("ORDER", "Placed Order", attributes={"integration": "Shopify", "category": "eCommerce", "key": "shopify"}),
    ])  # fmt: skip
    upsert(install, "campaign", [
        Row("C1", "Q4 Holiday Campaign", status="Sent", channel="email"), Row("C2", "Q4 Holiday Reminder", status="Sent", channel="email"),
        Row("C3", "Q4 never sent", status="Draft", channel="email"),
    ])  # fmt: skip
    upsert(
        install,
        "message",
        [
            Row("M1", "mail", parent="C1", attributes={"of": "campaign", "subject": "Hello"}),
            Row("M2", "mail", parent="C2", attributes={"of": "campaign"}),
        ],
    )
    upsert(
        install,
        "flow",
        [
            Row("F1", "Abandoned cart", status="live"),
            Row("F2", "Abandoned cart (old)", status="draft"),
            Row("F3", "Abandoned Carton", status="live"),
        ],
    )
    return install
