"""`manage.py lake`: what is held, to the last event, person and cent."""

import json
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from connector.lake.store import writing
from tests.factories import InstallFactory, RecordFactory
from tests.lake.events import at, event, event_columns, profile, profile_columns

pytestmark = pytest.mark.django_db


def lake(*arguments: str) -> str:
    out = StringIO()
    call_command("lake", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def shop(lake_folder: object) -> Any:
    install: Any = InstallFactory(klaviyo_id="SHOP01")
    RecordFactory(install=install, kind="metric", klaviyo_id="Order1", name="Placed Order")
    rows = [
        event("a", "2024-12-22 10:00", "Order1", person="p1", value=Decimal("10.005000"), currency="EUR"),
        event("b", "2025-12-22 11:00", "Order1", person="p1", value=Decimal("0.020000"), currency="USD"),
        event("c", "2099-01-01 00:00", "Order1", person="p2"),
        event("d", "2024-12-22 10:00", "Open01"),
    ]
    with writing(install.pk, "test") as writer:
        writer.replace_events([event_columns(rows)], at("2024-01-01"), at("2100-01-01"))
        writer.upsert_profiles(profile_columns([profile("p1"), profile("p2"), profile("p3")]))
    return install


def test_all_events_held_are_counted_those_dated_ahead_too(shop: Any, lake_folder: Any) -> None:
    shown = json.loads(lake("--account", "SHOP01", "--json"))

    in_log = {"_delta_log"}
    files = [path for path in lake_folder.rglob("*.parquet") if not in_log & set(path.parts)]
    assert shown == {
        "events": 4,
        "people": 2,
        "bytes": sum(path.stat().st_size for path in files),
        "version": 1,
        "metrics": [
            {"id": "Open01", "name": None, "events": 1, "people": 0, "sum_value": 0.0},
            {"id": "Order1", "name": "Placed Order", "events": 3, "people": 2, "sum_value": 10.03},
        ],
    }
    assert "Placed Order: 3 events, 2 people, values 10.03" in lake("--account", "SHOP01")


def test_an_account_without_any_event_shows_zeros(lake_folder: object) -> None:
    InstallFactory(klaviyo_id="EMPTY1")

    shown = json.loads(lake("--account", "EMPTY1", "--json"))

    assert shown == {"events": 0, "people": 0, "bytes": 0, "version": -1, "metrics": []}


def test_an_account_that_two_organizations_hold_needs_the_organization(shop: Any) -> None:
    other: Any = InstallFactory(klaviyo_id="SHOP01")

    with pytest.raises(CommandError, match="Several organizations hold the account 'SHOP01'"):
        lake("--account", "SHOP01")

    chosen = lake("--account", "SHOP01", "--organization", other.organization.slug, "--json")
    assert json.loads(chosen)["events"] == 0


def test_an_unknown_account_is_said_in_one_sentence(db: None) -> None:
    with pytest.raises(CommandError, match=r"^No connected account 'NOBODY'\.$"):
        lake("--account", "NOBODY")
