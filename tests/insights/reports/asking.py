"""A sandbox that keeps Klaviyo's limits, and short ways to ask the product for reports of it."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from connector.insights.refusal import Refusal
from connector.insights.report_requests import CampaignValues, Request
from connector.insights.reports import Report, run
from connector.installs.models import Install
from connector.klaviyo.limits import MemoryStore
from connector.klaviyo.resources import REPORT_BUCKETS, REPORTS
from tests.sandbox.running import AMERICA, BASE, Running

NOW = datetime.fromtimestamp(BASE, UTC)  # 25 November 2026, 7 in the morning in New York
NEW_YORK = ZoneInfo("America/New_York")
OPERATIONS = {kind: f"query_{kind.replace('-', '_')}" for kind in REPORTS}


@dataclass
class Klaviyo:
    """A sandbox that keeps Klaviyo's limits, the product's ledger, and one clock for all three."""

    running: Running
    store: MemoryStore
    clock: time_machine.Traveller

    def forward(self, **span: float) -> None:
        self.clock.shift(timedelta(**span))

    def answers(self, kind: str = "campaign-values", account: str = AMERICA) -> list[int]:
        """The status of each such report that the sandbox was asked for."""
        seen = self.running.sandbox.seen
        return [status for _, of, operation, status in seen if (of, operation) == (account, OPERATIONS[kind])]

    def used(self, kind: str, number: int) -> None:
        """So many reports an hour ago."""
        bucket = REPORT_BUCKETS[kind]
        seen = self.store.load(AMERICA, bucket)
        self.store.save(AMERICA, bucket, seen.version, {**seen.state, "used": [[seen.now - 3600, number]]})


def on(text: str) -> datetime:
    """Midnight in New York."""
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


def sent(start: str, end: str, order: str | None, **more: Any) -> CampaignValues:
    return CampaignValues(start=on(start), end=on(end), conversion_metric=order, **more)


def month(number: int, order: str | None, **more: Any) -> CampaignValues:
    return sent(f"2026-{number:02d}-01", f"2026-{number + 1:02d}-01", order, **more)


def asked(install: Install, *requests: Request, **more: Any) -> list[Report]:
    return run(install, requests, timezone.now(), deadline=time.monotonic() + 20, **more)


def refused(install: Install, *requests: Request, **more: Any) -> Refusal:
    with pytest.raises(Refusal) as said:
        asked(install, *requests, **more)
    return said.value
