"""Klaviyo's own figures under the names of our columns."""

from datetime import datetime
from decimal import Decimal

import pytest

from connector.insights.report_requests import FlowSeries, FlowValues, flow_series
from connector.insights.report_rows import attributed_revenue, campaign_columns, email_deliveries, flow_columns, summed
from connector.insights.reports import plan
from connector.installs.models import Install
from tests.factories import RecordFactory
from tests.insights.reports.asking import NOW, Klaviyo, asked, month, on, refused, sent
from tests.sandbox.test_reports import metric, naive

pytestmark = pytest.mark.django_db(transaction=True)


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
