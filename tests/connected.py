"""An install connected to a running sandbox, and what the sandbox itself says of its account."""

import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.models import Organization
from connector.installs.models import Install
from connector.lake.query import summary
from connector.sync.models import Run
from connector.sync.plan import open_run
from connector.sync.work import work
from tests.factories import InstallFactory
from tests.sandbox.running import AMERICA, Running


def point_at(chosen: Any, klaviyo: Running) -> None:
    """What a deployment sets by environment (`chosen`: the fixture `settings`)."""
    chosen.KLAVIYO_API_URL = klaviyo.url
    chosen.KLAVIYO_AUTHORIZE_URL = f"{klaviyo.url}/oauth/authorize"
    chosen.KLAVIYO_CLIENT_ID = klaviyo.app.client_id
    chosen.KLAVIYO_CLIENT_SECRET = klaviyo.app.client_secret


def forget_limits(klaviyo: Running) -> None:
    """What the books in Redis say of the sandbox's accounts: unlike the database's, they outlive a test."""
    if settings.REDIS_URL:
        store = import_string("redis.Redis").from_url(settings.REDIS_URL)
        for shop in klaviyo.sandbox.oauth.shops:
            for key in store.scan_iter(f"klaviyo:allowance:{shop}:*"):
                store.delete(key)


def connected(
    klaviyo: Running, organization: Organization, account: str = AMERICA, scopes: list[str] | None = None
) -> Install:
    """A connected account of which nothing is held yet."""
    grant = klaviyo.grant(account, scopes)
    extra = {} if scopes is None else {"scopes": scopes}
    return InstallFactory(
        organization=organization,
        klaviyo_id=account,
        status=Install.Status.CONNECTING,
        time_zone="America/New_York",
        currency="USD",
        access_token=grant["access_token"],
        refresh_token=grant["refresh_token"],
        token_renew_at=timezone.now() + timedelta(hours=1),
        complete_from=None,
        complete_to=None,
        last_sync_at=None,
        **extra,
    )


def finished(install: Install, kind: str = "", turns: int = 400) -> Run:
    """A run worked to its end, waits skipped: what workers and beat do together."""
    run = open_run(install, kind)
    for _ in range(turns):
        work(run.pk)
        run.refresh_from_db()
        if not run.is_open:
            break
        # Not the whole wait, but not none either: what waits for a limit at Klaviyo would be asked for without end.
        time.sleep(min(0.25, max(0.0, (run.due_at - timezone.now()).total_seconds())))
        Run.objects.filter(pk=run.pk).update(due_at=timezone.now())
    install.refresh_from_db()
    return run


@dataclass
class Count:
    events: int = 0
    people: set[str] = field(default_factory=set)
    value: Decimal = Decimal(0)

    def shown(self) -> tuple[int, int, Decimal]:
        return self.events, len(self.people), self.value.quantize(Decimal("0.01"), "ROUND_HALF_UP")


def truth(klaviyo: Running, account: str = AMERICA) -> dict[str, tuple[int, int, Decimal]]:
    """Events, people and sum of value of each metric, by a loop over everything the sandbox holds."""
    counts: dict[str, Count] = defaultdict(Count)
    for event in klaviyo.raw("events", account):
        count = counts[event["metric"]]
        count.events += 1
        if event["profile"]:
            count.people.add(event["profile"])
        count.value += amount(event["properties"].get("$value"))
    return {metric: count.shown() for metric, count in counts.items()}


def amount(value: object) -> Decimal:
    """What a person would read as an amount; anything else is none."""
    try:
        return Decimal(0) if isinstance(value, bool) or value is None else Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)


def held(install: Install) -> dict[str, tuple[int, int, Decimal]]:
    """The same, from the lake."""
    return {
        metric["id"]: (metric["events"], metric["people"], Decimal(str(metric["sum_value"])).quantize(Decimal("0.01")))
        for metric in summary(install.pk)["metrics"]
    }
