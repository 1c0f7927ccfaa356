"""Klaviyo's own reports as the basis of an answer: the figures, what they cost, and reading them once and in time."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from connector.insights.outcome import Refusal
from connector.insights.report_requests import CampaignValues, FlowSeries, FlowValues, Request, flow_series
from connector.insights.report_rows import attributed_revenue, campaign_columns, email_deliveries, flow_columns, summed
from connector.insights.reports import Cost, Report, estimate_campaigns, plan, run
from connector.installs import limits
from connector.installs.access import reports_left
from connector.installs.models import Install
from connector.klaviyo.limits import MemoryStore
from connector.klaviyo.resources import REPORT_BUCKETS, REPORTS
from connector.records.models import KlaviyoReport, Record
from tests.connected import connected, point_at
from tests.factories import RecordFactory
from tests.lake.processes import database_url
from tests.sandbox.running import AMERICA, ASIA, BASE, EUROPE, Running, running
from tests.sandbox.test_reports import metric, naive

pytestmark = pytest.mark.django_db(transaction=True)

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


@pytest.fixture
def klaviyo(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Klaviyo]:
    with time_machine.travel(NOW, tick=True) as clock, running(tmp_path, limits=True) as started:
        store = MemoryStore(time.time)
        monkeypatch.setattr(limits, "_store", lambda: store)
        limits.limiter.cache_clear()
        point_at(settings, started)
        yield Klaviyo(started, store, clock)
    limits.limiter.cache_clear()


@pytest.fixture
def install(klaviyo: Klaviyo, northwind: Any) -> Install:
    return connected(klaviyo.running, northwind)


@pytest.fixture
def order(klaviyo: Klaviyo) -> str:
    return metric(klaviyo.running, "Placed Order")


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


# Figures.


def test_campaigns_have_the_figures_that_klaviyo_shows(klaviyo: Klaviyo, install: Install, order: str) -> None:
    """A day that clocks change in is part of it, and its edges are New York's midnights."""
    request = sent("2026-02-01", "2026-11-20", order)
    events, campaigns = klaviyo.running.raw("events"), klaviyo.running.raw("campaigns")

    report = asked(install, request)[0]

    expected = {}
    for one in campaigns:
        at = one["attributes"]["send_time"]
        if one["attributes"]["status"] == "Sent" and request.start <= datetime.fromisoformat(at) < request.end:
            codes = {one["id"], one["relations"]["campaign-messages"][0][1]}
            expected[one["id"]] = naive(events, codes, ("campaign", one["id"]), order)
    shown = {row.owner: campaign_columns(row.figures) for row in report.rows}
    assert set(shown) == set(expected) and len(shown) > 3
    for id, columns in shown.items():
        counted = expected[id]
        assert columns["deliveries"] == counted["delivered"]
        assert columns["recipients"] >= columns["deliveries"] + columns["bounces"]
        assert (columns["bounces"], columns["unique_opens"]) == (counted["bounced"], counted["opens_unique"])
        assert (columns["unique_clicks"], columns["orders"]) == (counted["clicks_unique"], counted["conversions"])
        assert columns["revenue"] == counted["conversion_value"]
        assert columns["open_rate"] == pytest.approx(counted["opens_unique"] / counted["delivered"], abs=1e-6)
        assert columns["unique_opens_human"] is columns["unique_clicks_human"] is columns["open_rate_human"] is None
    assert sum(columns["orders"] for columns in shown.values()) > 0


def test_a_series_of_a_year_comes_in_two_reports_and_adds_up(install: Install, order: str, klaviyo: Klaviyo) -> None:
    start, end = on("2025-11-20"), on("2026-11-20")
    parts = flow_series(install, start, end, "month", conversion_metric=order)

    *series, values = asked(install, *parts, FlowValues(start=start, end=end, conversion_metric=order))

    rows = [row for report in series for row in report.rows]
    assert [f"{row_start}" for row_start in sorted({row.start for row in rows if row.start})] == [
        "2025-11-01", "2025-12-01", *(f"2026-{number:02d}-01" for number in range(1, 12))
    ]  # fmt: skip
    for flow in {row.owner for row in values.rows}:
        whole = summed([row for row in values.rows if row.owner == flow])
        monthly = summed([row for row in rows if row.owner == flow])
        assert (monthly.deliveries, monthly.orders, monthly.revenue) == (whole.deliveries, whole.orders, whole.revenue)
    assert summed(values.rows).deliveries > 100
    assert klaviyo.answers("flow-series") == [200, 200]


def test_days_and_weeks_are_asked_for_in_the_stretches_that_klaviyo_allows(install: Install, order: str) -> None:
    def spans(interval: str, start: str, end: str) -> list[tuple[datetime, datetime]]:
        found = flow_series(install, on(start), on(end), interval, conversion_metric=order)
        return [(one.start, one.end) for one in found]

    assert spans("day", "2026-01-01", "2026-04-15") == [
        (on("2026-01-01"), on("2026-03-02")), (on("2026-03-02"), on("2026-04-15"))
    ]  # fmt: skip
    assert spans("week", "2025-11-20", "2026-11-20") == [(on("2025-11-20"), on("2026-11-20"))]
    assert spans("month", "2026-01-01", "2026-12-31") == [(on("2026-01-01"), on("2026-12-31"))]
    assert spans("month", "2026-01-01", "2027-01-01") == [
        (on("2026-01-01"), on("2026-12-01")), (on("2026-12-01"), on("2027-01-01"))
    ]  # fmt: skip


def test_weeks_begin_on_mondays_and_the_first_is_named_by_its_own(install: Install, order: str) -> None:
    series = FlowSeries(start=on("2026-10-01"), end=on("2026-11-01"), conversion_metric=order, interval="week")

    rows = asked(install, series)[0].rows

    assert sorted({f"{row.start}" for row in rows}) == [
        "2026-09-28", "2026-10-05", "2026-10-12", "2026-10-19", "2026-10-26"
    ]  # fmt: skip


def test_a_portfolio_adds_campaigns_and_flows(klaviyo: Klaviyo, install: Install, order: str) -> None:
    start, end = on("2026-08-01"), on("2026-11-01")
    flows = FlowValues(start=start, end=end, conversion_metric=order)

    reports = asked(install, sent("2026-08-01", "2026-11-01", order), flows)

    rows = [row for report in reports for row in report.rows]
    apart = [summed(report.rows) for report in reports]
    assert attributed_revenue(rows) == sum((part.revenue or 0 for part in apart), Decimal(0)) > 0
    assert 0 < email_deliveries(rows) < sum(part.deliveries for part in apart)


def test_rates_of_several_messages_are_reckoned_from_their_sums(install: Install, order: str) -> None:
    rows = asked(install, FlowValues(start=on("2026-02-01"), end=on("2026-11-20"), conversion_metric=order))[0].rows
    mails = [row.figures for row in rows if row.channel == "email"]
    opened, delivered = (sum(getattr(one, name) for one in mails) for name in ("unique_opens", "deliveries"))

    whole = summed(rows)

    assert len(mails) < len(rows)
    assert whole.open_rate == Decimal(opened) / delivered
    assert whole.revenue_per_delivery == (whole.revenue or Decimal(0)) / whole.deliveries
    assert whole.bounce_rate == Decimal(whole.bounces) / whole.recipients
    assert summed([]).open_rate is None


def test_without_a_purchase_metric_there_are_no_orders(klaviyo: Klaviyo, install: Install) -> None:
    assert refused(install, month(9, None)).code == "no_purchase_metric"
    RecordFactory(install=install, kind="metric", klaviyo_id=metric(klaviyo.running, "Opened Email"))

    flows = FlowValues(start=on("2026-08-01"), end=on("2026-11-01"), conversion_metric=None)
    campaigns, flowing = asked(install, month(9, None), flows)

    assert {row.figures.orders for row in campaigns.rows} == {None}
    columns = flow_columns(flowing.rows, flowing.has_orders)
    assert columns["deliveries"] > 0 and columns["orders"] is columns["revenue"] is columns["openers_human"] is None


def test_a_time_of_over_a_year_is_out_of_range(klaviyo: Klaviyo, install: Install, order: str) -> None:
    assert refused(install, sent("2025-11-01", "2026-11-02", order)).code == "out_of_range"
    assert asked(install, sent("2025-11-01", "2026-11-01", order))[0].rows
    assert len(klaviyo.answers()) == 1


def test_a_time_that_has_not_begun_costs_nothing(klaviyo: Klaviyo, install: Install, order: str) -> None:
    request = sent("2026-12-01", "2027-01-01", order)

    assert plan(install, [request], NOW).reports == 0
    report = asked(install, request)[0]

    assert (report.rows, report.read_at, klaviyo.answers()) == ((), None, [])


# What is kept.


def test_a_period_that_is_over_is_asked_for_once_and_kept_for_good(
    klaviyo: Klaviyo, install: Install, order: str
) -> None:
    whole = asked(install, month(9, order))[0]
    wanted = [whole.rows[0].owner]
    klaviyo.forward(days=300)

    later = asked(install, month(9, order, campaigns=wanted))[0]

    assert (later.read_at, later.rows) == (whole.read_at, whole.rows[:1])
    assert klaviyo.answers() == [200]


def test_a_running_period_is_asked_for_again_after_a_quarter_of_an_hour(
    klaviyo: Klaviyo, install: Install, order: str
) -> None:
    """`this_month` ends now, `2026-11` with the month: both are what is known until now."""
    this_month = CampaignValues(start=on("2026-11-01"), end=timezone.now(), conversion_metric=order)

    first = asked(install, this_month, month(11, order))
    klaviyo.forward(minutes=14)
    still = asked(install, month(11, order))
    klaviyo.forward(minutes=2)
    newer = asked(install, month(11, order))

    assert first[0].read_at == first[1].read_at == still[0].read_at
    assert newer[0].read_at and newer[0].read_at - NOW > timedelta(minutes=16)
    assert klaviyo.answers() == [200, 200]


def test_a_day_that_ended_an_hour_ago_may_still_grow(klaviyo: Klaviyo, install: Install, order: str) -> None:
    day = sent("2026-11-25", "2026-11-26", order)
    klaviyo.clock.move_to(day.end + timedelta(hours=1))

    asked(install, day)
    klaviyo.forward(hours=1, minutes=1)
    settled = asked(install, day)
    klaviyo.forward(days=30)

    assert asked(install, day)[0].read_at == settled[0].read_at
    assert klaviyo.answers() == [200, 200]


def test_what_is_not_kept_for_good_goes_after_a_day(klaviyo: Klaviyo, install: Install, order: str) -> None:
    asked(install, month(11, order), month(9, order))
    klaviyo.forward(days=1, minutes=1)

    asked(install, month(8, order))

    assert sorted(row["end"] for row in KlaviyoReport.objects.values_list("asked", flat=True)) == [
        "2026-09-01T00:00:00", "2026-10-01T00:00:00"
    ]  # fmt: skip


# Asked once.


def test_eight_who_ask_the_same_at_once_spend_one_report(klaviyo: Klaviyo, install: Install, order: str) -> None:
    together = threading.Barrier(8)

    def ask() -> list[Report]:
        together.wait()
        try:
            return asked(install, month(9, order))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = [future.result()[0].rows for future in [pool.submit(ask) for _ in range(8)]]

    assert answers[0] and answers == [answers[0]] * 8
    assert klaviyo.answers() == [200]


def test_two_processes_that_ask_the_same_spend_one_report(tmp_path: Path, settings: Any, northwind: Any) -> None:
    with running(tmp_path, base=int(time.time())) as sandbox:
        point_at(settings, sandbox)
        install = connected(sandbox, northwind, ASIA)
        sandbox.trigger("slow", path="/api/campaign-values-reports", seconds=2)
        environment = os.environ | {"DATABASE_URL": database_url(), "KLAVIYO_API_URL": sandbox.url}
        command = [sys.executable, "-c", ASKING, str(install.pk), metric(sandbox, "Placed Order", ASIA)]
        processes = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        said = [process.communicate(timeout=60)[0] for process in processes]

        assert said[0] and said[0] == said[1]
        assert [operation for _, of, operation, _ in sandbox.sandbox.seen if of == ASIA] == ["query_campaign_values"]


ASKING = """
import sys, time, django
django.setup()
from datetime import timedelta
from django.utils import timezone
from connector.insights.report_requests import CampaignValues
from connector.insights.reports import run
from connector.installs.models import Install
install = Install.objects.get(pk=sys.argv[1])
end = timezone.now().replace(hour=0, minute=0, second=0) - timedelta(days=2)
request = CampaignValues(start=end - timedelta(days=200), end=end, conversion_metric=sys.argv[2])
print(run(install, [request], timezone.now(), deadline=time.monotonic() + 30)[0].rows)
"""


def test_who_died_asking_is_overtaken(klaviyo: Klaviyo, install: Install, order: str) -> None:
    asked(install, month(9, order))
    KlaviyoReport.objects.update(read_at=None, final=False, claimed_until=timezone.now() + timedelta(minutes=2))

    with pytest.raises(Refusal) as said:
        run(install, [month(9, order)], timezone.now(), deadline=time.monotonic() + 0.2)
    klaviyo.forward(minutes=3)

    assert (said.value.status, said.value.retry_after) == ("pending", 1)
    assert asked(install, month(9, order))[0].rows
    assert klaviyo.answers() == [200, 200]


# What it costs, and the pace.


def test_the_plan_says_reports_minutes_and_what_is_left(klaviyo: Klaviyo, install: Install, order: str) -> None:
    klaviyo.used("campaign-values", 211)
    six = [month(number, order) for number in range(4, 10)]

    assert str(plan(install, six, NOW)) == "6 reports, 3 minutes, 14 of 225 left"
    assert plan(install, six[:2] * 2, NOW) == Cost(reports=2, seconds=0, left_today=14)
    assert str(plan(install, six[:1], NOW)) == "1 report, at once, 14 of 225 left"
    assert (
        plan(install, [FlowValues(start=NOW - timedelta(9), end=NOW, conversion_metric=order)], NOW).left_today == 225
    )


def test_what_is_kept_costs_nothing(install: Install, order: str) -> None:
    asked(install, month(8, order), month(9, order))

    assert plan(install, [month(8, order), month(9, order)], NOW) == Cost(0, 0, 223)
    assert plan(install, [month(7, order), month(9, order)], NOW).reports == 1
    assert plan(install, [month(7, order)], NOW).seconds == 90


def test_what_the_minute_does_not_allow_is_pending_and_goes_on_where_it_stopped(
    klaviyo: Klaviyo, install: Install, order: str
) -> None:
    five = [month(number, order) for number in range(5, 10)]
    flows = FlowValues(start=on("2026-08-01"), end=on("2026-11-01"), conversion_metric=order)
    statuses = []

    first = refused(install, *five, flows)
    too_soon = refused(install, *five, flows)
    for _ in range(2):
        statuses.append(refused(install, *five, flows).status)
        klaviyo.forward(seconds=61)
    reports = asked(install, *five, flows)

    assert (first.status, first.text[:36]) == ("pending", "3 reports are still to be read for S")
    assert first.retry_after and too_soon.retry_after and 50 < too_soon.retry_after <= first.retry_after <= 62
    assert statuses == ["pending", "pending"]
    klaviyo.forward(seconds=61)
    whole = asked(install, sent("2026-05-01", "2026-10-01", order))[0]
    assert sorted(row.owner for report in reports[:5] for row in report.rows) == sorted(row.owner for row in whole.rows)
    assert whole.rows and reports[5].rows
    assert (klaviyo.answers(), klaviyo.answers("flow-values")) == ([200] * 6, [200])


def test_an_account_that_must_wait_holds_up_no_other(klaviyo: Klaviyo, install: Install, northwind: Any) -> None:
    order, other = (metric(klaviyo.running, "Placed Order", account) for account in (AMERICA, EUROPE))
    refused(install, *(month(number, order) for number in (7, 8, 9)))

    elsewhere = connected(klaviyo.running, northwind, EUROPE)

    assert asked(elsewhere, month(9, other), month(8, other))
    assert klaviyo.answers(account=EUROPE) == [200, 200]


def test_the_last_tenth_of_a_day_is_kept_unless_told(klaviyo: Klaviyo, install: Install, order: str) -> None:
    klaviyo.used("campaign-values", 201)

    asked(install, month(8, order))
    reserved = refused(install, month(9, order))
    spent = asked(install, month(9, order), spend_reserve=True)

    assert (reserved.status, reserved.code) == ("refused", "quota_reserved")
    assert "23 of 225" in reserved.text
    assert spent[0].rows and asked(install, month(9, order)) == spent
    assert reports_left(install, ["campaign-values"]) == reports_left(install) == 22
    assert reports_left(install, ["flow-values"]) == 225


def test_a_day_that_is_used_up_says_when_there_is_more(klaviyo: Klaviyo, install: Install, order: str) -> None:
    klaviyo.used("campaign-values", 225)

    refusal = refused(install, month(9, order), spend_reserve=True)

    assert (refusal.status, refusal.code) == ("error", "rate_limited")
    assert refusal.retry_after and 22 * 3600 < refusal.retry_after < 24 * 3600
    assert klaviyo.answers() == []


# What keeps Klaviyo from answering.


def test_without_the_scope_nothing_is_asked(klaviyo: Klaviyo, northwind: Any, order: str) -> None:
    install = connected(klaviyo.running, northwind, scopes=["accounts:read", "campaigns:read"])

    refusal = refused(install, FlowValues(start=on("2026-08-01"), end=on("2026-11-01"), conversion_metric=order))

    assert (refusal.code, "flows:read" in refusal.text) == ("scope_missing", True)
    assert asked(install, month(9, order))
    assert klaviyo.answers("flow-values") == []


def test_a_scope_that_was_taken_away_is_named(klaviyo: Klaviyo, install: Install, order: str) -> None:
    klaviyo.running.trigger("scope-removed", account=AMERICA, scope="campaigns:read")

    refusal = refused(install, month(9, order))

    assert (refusal.code, "campaigns:read" in refusal.text) == ("scope_missing", True)


@pytest.mark.parametrize(("status", "code"), [("paused", "paused"), ("needs_reconnect", "reconnect_needed")])
def test_an_account_at_rest_is_asked_nothing_and_what_is_kept_is_given(
    klaviyo: Klaviyo, install: Install, order: str, status: str, code: str
) -> None:
    held = asked(install, month(8, order))
    install.status = status
    install.save()

    assert refused(install, month(9, order)).code == code
    assert asked(install, month(8, order)) == held
    assert klaviyo.answers() == [200]


def test_trouble_at_klaviyo_is_said_and_the_next_try_may_ask_at_once(
    klaviyo: Klaviyo, install: Install, order: str
) -> None:
    klaviyo.running.trigger("500", times=9, path="/api/campaign-values-reports")

    refusal = refused(install, month(9, order))
    klaviyo.running.trigger("clear")
    klaviyo.forward(seconds=61)

    assert (refusal.status, refusal.code) == ("error", "klaviyo_unavailable")
    assert refusal.retry_after
    assert asked(install, month(9, order))[0].rows


# Estimates.


def test_a_cold_account_gets_an_estimate_from_one_report(klaviyo: Klaviyo, install: Install, order: str) -> None:
    for one in klaviyo.running.raw("campaigns"):
        said = one["attributes"]
        at = datetime.fromisoformat(said["send_time"]) if said["send_time"] else None
        RecordFactory(install=install, klaviyo_id=one["id"], status=said["status"], at=at)
    rows = asked(install, sent("2026-02-01", "2026-11-20", order))[0].rows
    two, draft = [rows[0].owner, rows[-1].owner], Record.objects.exclude(status="Sent")[0].klaviyo_id

    def estimate(*ids: str) -> Report | None:
        deadline = time.monotonic() + 20
        return estimate_campaigns(install, ids, timezone.now(), conversion_metric=order, deadline=deadline)

    found = estimate(*two)

    assert found and {row.owner: row.figures for row in found.rows} == {
        rows[0].owner: rows[0].figures,
        rows[-1].owner: rows[-1].figures,
    }
    assert estimate(draft) is None and estimate("never heard of") is None
    assert len(klaviyo.answers()) == 2
