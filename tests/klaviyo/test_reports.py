"""Klaviyo's own figures, asked for without waste."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connector.klaviyo import reports
from connector.klaviyo.client import Klaviyo
from connector.klaviyo.errors import UpstreamBroken
from connector.klaviyo.reports import Reports, Timeframe
from connector.klaviyo.resources import REPORT_BUCKETS
from tests.klaviyo.conftest import Told, reply

MARCH = Timeframe(start=datetime.fromisoformat("2026-03-01"), end=datetime.fromisoformat("2026-04-01"))


def report(*rows: dict[str, Any], following: str | None = None, **more: Any) -> dict[str, Any]:
    return {"data": {"type": "x", "attributes": {"results": rows, **more}}, "links": {"self": "s", "next": following}}


def test_a_campaign_report_is_asked_for_in_the_accounts_own_time(server: Told, klaviyo: Klaviyo) -> None:
    row = {"groupings": {"campaign_id": "C1"}, "statistics": {"conversion_value": 0.1, "open_rate": None}}
    server.script = [reply(report(row))]
    filter = reports.together(reports.of_campaigns(["C1", "C2"]), reports.of_channel("email"))

    read = Reports(klaviyo).campaign_values(["conversion_value", "open_rate"], MARCH, "M1", filter=filter)

    assert read.rows[0].statistics == {"conversion_value": Decimal("0.1"), "open_rate": None}
    assert server.requests[0].path == "/api/campaign-values-reports"
    assert server.requests[0].json["data"] == {
        "type": "campaign-values-report",
        "attributes": {
            "statistics": ["conversion_value", "open_rate"],
            "timeframe": {"start": "2026-03-01T00:00:00+00:00", "end": "2026-04-01T00:00:00+00:00"},
            "conversion_metric_id": "M1",
            "filter": 'and(contains-any(campaign_id,["C1","C2"]),equals(send_channel,"email"))',
        },
    }


def test_a_long_report_is_read_to_its_end(server: Told, klaviyo: Klaviyo) -> None:
    one = {"groupings": {"flow_id": "F1"}, "statistics": {"opens": [1, 2]}}
    server.script = [
        reply(report(one, following=f"{server.url}/api/flow-series-reports?page_cursor=abc", date_times=["d1", "d2"])),
        reply(report(one, date_times=["d1", "d2"])),
    ]

    read = Reports(klaviyo).flow_series(["opens"], Timeframe(key="last_7_days"), "M1", "daily", group_by=["flow_id"])

    assert (len(read.rows), read.times) == (2, ["d1", "d2"])
    assert server.requests[0].json["data"]["attributes"]["group_by"] == ["flow_id", "flow_message_id"]
    assert [request.query for request in server.requests] == [{}, {"page_cursor": "abc"}]


def test_a_report_that_goes_in_a_circle_ends(server: Told, klaviyo: Klaviyo) -> None:
    server.script = [reply(report(following=f"{server.url}/x?page_cursor=abc"))]

    with pytest.raises(UpstreamBroken, match="circle"):
        Reports(klaviyo).flow_values(["opens"], MARCH, "M1")

    assert len(server.requests) == 2


def test_segment_reports_need_no_conversion_metric(server: Told, klaviyo: Klaviyo) -> None:
    server.script = [reply(report())]

    Reports(klaviyo).segment_values(["total_members"], MARCH)
    Reports(klaviyo).segment_series(["total_members"], Timeframe(key="last_30_days"), "weekly")

    asked = [request.json["data"]["attributes"] for request in server.requests]
    assert "conversion_metric_id" not in asked[0]
    assert asked[1]["interval"] == "weekly"


def test_reports_are_counted_by_kind(server: Told, klaviyo: Klaviyo) -> None:
    server.script = [reply(report()), reply(report())]

    Reports(klaviyo).segment_values(["total_members"], MARCH)
    Reports(klaviyo).campaign_values(["opens"], MARCH, "Mtr1")

    left = {kind: klaviyo._limiter.left("AcCt01", bucket).daily for kind, bucket in REPORT_BUCKETS.items()}
    expected = {"campaign-values": 224, "segment-values": 224}
    assert left == {"flow-values": 225, "flow-series": 225, "segment-series": 225} | expected


def test_a_series_that_does_not_fit_its_times_is_no_report(server: Told, klaviyo: Klaviyo) -> None:
    server.script = [
        reply(report({"groupings": {"flow_id": "F1"}, "statistics": {"opens": [1]}}, date_times=["a", "b"]))
    ]

    with pytest.raises(UpstreamBroken, match="does not fit"):
        Reports(klaviyo).flow_series(["opens"], Timeframe(key="last_7_days"), "M1", "daily")


@pytest.mark.parametrize(
    ("timeframe", "interval"),
    [
        (Timeframe(), "daily"),
        (Timeframe(start=MARCH.end, end=MARCH.start), "daily"),
        (Timeframe(start=MARCH.start, end=MARCH.start.replace(year=2028) if MARCH.start else None), "weekly"),
        (Timeframe(start=datetime(2026, 3, 1, tzinfo=UTC), end=datetime(2026, 4, 1, tzinfo=UTC)), "daily"),
        (MARCH, "hourly"),
        (MARCH, "yearly"),
    ],
)
def test_what_klaviyo_would_refuse_costs_nothing(
    server: Told, klaviyo: Klaviyo, timeframe: Timeframe, interval: str
) -> None:
    with pytest.raises(ValueError):
        Reports(klaviyo).flow_series(["opens"], timeframe, "M1", interval)

    assert server.requests == []


def test_a_report_is_filtered_by_up_to_a_hundred_ids() -> None:
    assert reports.of_flows(["F1"]) == 'equals(flow_id,"F1")'
    with pytest.raises(ValueError):
        reports.of_flows([])
    with pytest.raises(ValueError):
        reports.of_campaigns([str(number) for number in range(101)])


def test_events_are_counted_by_klaviyo_page_by_page(server: Told, klaviyo: Klaviyo) -> None:
    def part(*rows: Any, following: str | None) -> Any:
        attributes = {"dates": ["2026-03-01T00:00:00+00:00"], "data": rows}
        return reply({"data": {"type": "metric-aggregate", "attributes": attributes}, "links": {"next": following}})

    server.script = [
        part({"dimensions": ["C1"], "measurements": {"sum_value": [10.1]}}, following=f"{server.url}/x?page_cursor=p2"),
        part({"dimensions": [], "measurements": {"sum_value": [0.2]}}, following=None),
    ]
    since = datetime(2026, 3, 1, tzinfo=UTC)

    read = Reports(klaviyo).aggregates("M1", since, since + timedelta(days=1), by=["$message"], timezone="Asia/Tokyo")

    assert read.rows == [(("C1",), {"sum_value": [Decimal("10.1")]}), ((), {"sum_value": [Decimal("0.2")]})]
    bodies = [request.json["data"]["attributes"] for request in server.requests]
    assert bodies[0]["filter"] == [
        "greater-or-equal(datetime,2026-03-01T00:00:00Z)",
        "less-than(datetime,2026-03-02T00:00:00Z)",
    ]
    assert (bodies[0].get("page_cursor"), bodies[1]["page_cursor"]) == (None, "p2")
