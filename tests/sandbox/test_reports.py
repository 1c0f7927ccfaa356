"""Reports and aggregates against naive counts over the raw events."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.sandbox.running import AMERICA, BASE, EUROPE, Running

NEW_YORK = ZoneInfo("America/New_York")
Event = dict[str, Any]


def metric(klaviyo: Running, name: str, account: str = AMERICA) -> str:
    id: str = next(one["id"] for one in klaviyo.raw("metrics", account) if one["attributes"]["name"] == name)
    return id


def report(api: httpx.Client, kind: str, status: int = 200, **attributes: Any) -> Any:
    answer = api.post(f"/api/{kind}-reports", json={"data": {"type": f"{kind}-report", "attributes": attributes}})
    assert answer.status_code == status, answer.text
    return answer.json()["data"]["attributes"] if status == 200 else answer.json()["errors"][0]


def worth(event: Event) -> float:
    try:
        return float(event["properties"].get("$value"))
    except (TypeError, ValueError):
        return 0.0


def naive(events: list[Event], codes: set[str], owner: tuple[str, str], order: str) -> dict[str, float]:
    """What one message brought about, by going over everything."""
    of = [one for one in events if one["properties"].get("$message") in codes]

    def people(*names: str) -> set[str]:
        return {one["profile"] for one in of if one["metric_name"] in names}

    def count(*names: str) -> int:
        return sum(one["metric_name"] in names for one in of)

    bought = [
        one for one in events if one["metric"] == order and any(c.get(owner[0]) == owner[1] for c in one["attributed"])
    ]
    return {
        "delivered": count("Received Email", "Received SMS", "Received Push"),
        "opens": count("Opened Email", "Opened Push"),
        "opens_unique": len(people("Opened Email", "Opened Push")),
        "clicks_unique": len(people("Clicked Email", "Clicked SMS")),
        "bounced": count("Bounced Email"),
        "conversions": len(bought),
        "conversion_value": round(sum(map(worth, bought)), 2),
    }


def test_campaign_values_are_what_the_events_say(api: httpx.Client, klaviyo: Running) -> None:
    order, events = metric(klaviyo, "Placed Order"), klaviyo.raw("events")
    first = datetime.fromtimestamp(BASE, NEW_YORK).date() - timedelta(days=364)
    sent = [
        one
        for one in klaviyo.raw("campaigns")
        if one["attributes"]["status"] == "Sent"
        and first <= datetime.fromisoformat(one["attributes"]["send_time"]).astimezone(NEW_YORK).date()
    ]
    asked = ["delivered", "opens", "opens_unique", "clicks_unique", "bounced", "conversions", "conversion_value"]

    rows = report(
        api, "campaign-values", statistics=asked, timeframe={"key": "last_365_days"}, conversion_metric_id=order
    )

    found = {row["groupings"]["campaign_id"]: row["statistics"] for row in rows["results"]}
    expected = {}
    for one in sent:
        message = one["relations"]["campaign-messages"][0][1]
        expected[one["id"]] = naive(events, {one["id"], message}, ("campaign", one["id"]), order)
    assert found == expected
    assert sum(one["conversions"] for one in found.values()) > 0


def test_flow_values_count_what_happened_in_the_frame_and_the_series_adds_up(
    api: httpx.Client, klaviyo: Running
) -> None:
    order, events = metric(klaviyo, "Placed Order"), klaviyo.raw("events")
    start = datetime(2026, 3, 1, tzinfo=NEW_YORK)
    end = datetime(2026, 11, 1, tzinfo=NEW_YORK)
    inside = [one for one in events if start.timestamp() <= one["timestamp"] < end.timestamp()]
    # Offsets are ignored: these are the account's local times.
    frame = {"start": "2026-03-01T00:00:00+00:00", "end": "2026-11-01T00:00:00Z"}
    asked: dict[str, Any] = {
        "statistics": ["delivered", "opens", "conversions"],
        "timeframe": frame,
        "conversion_metric_id": order,
    }

    values = report(api, "flow-values", **asked)["results"]
    series = report(api, "flow-series", **asked, interval="monthly")

    for row in values:
        message = row["groupings"]["flow_message_id"]
        counted = naive(inside, {message}, ("flow-message", message), order)
        assert row["statistics"] == {name: counted[name] for name in asked["statistics"]}
        monthly = next(one["statistics"] for one in series["results"] if one["groupings"] == row["groupings"])
        assert {name: sum(monthly[name]) for name in monthly} == row["statistics"]
    assert [text[:10] for text in series["date_times"]] == [f"2026-{month:02d}-01" for month in range(3, 11)]
    assert sum(row["statistics"]["delivered"] for row in values) > 20


def test_rates_are_fractions_of_the_counts(api: httpx.Client, klaviyo: Running) -> None:
    asked = [
        "open_rate",
        "opens_unique",
        "delivered",
        "click_to_open_rate",
        "clicks_unique",
        "bounce_rate",
        "bounced",
        "recipients",
    ]
    rows = report(api, "campaign-values", statistics=asked, timeframe={"key": "last_12_months"},
                  conversion_metric_id=metric(klaviyo, "Placed Order"))  # fmt: skip
    for row in rows["results"]:
        said = row["statistics"]
        assert said["open_rate"] == (said["opens_unique"] / said["delivered"] if said["delivered"] else 0)
        assert said["bounce_rate"] == (said["bounced"] / said["recipients"] if said["recipients"] else 0)
        assert said["click_to_open_rate"] >= 0


def test_reports_are_filtered_and_grouped(api: httpx.Client, klaviyo: Running) -> None:
    base: dict[str, Any] = {"statistics": ["delivered"], "timeframe": {"key": "last_365_days"},
            "conversion_metric_id": metric(klaviyo, "Placed Order")}  # fmt: skip
    sms = report(api, "campaign-values", **base, filter="equals(send_channel,'sms')")["results"]
    assert sms
    assert {row["groupings"]["send_channel"] for row in sms} == {"sms"}
    by = ["campaign_id", "campaign_message_id", "tag_name"]
    tagged = report(api, "campaign-values", **base, group_by=by, filter='contains-any(tag_name,["Holiday"])')["results"]
    assert {tuple(row["groupings"]) for row in tagged} == {tuple(by)}
    assert {row["groupings"]["tag_name"] for row in tagged} == {"Holiday"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"statistics": ["applause"]},
        {"conversion_metric_id": "none"},
        {"timeframe": {"key": "forever"}},
        {"timeframe": {"start": "2024-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}},
        {"timeframe": {"start": "2026-02-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}},
        {"group_by": ["send_channel"]},
        {"filter": "equals(colour,'red')"},
        {"filter": "equals(campaign_id,'a'),equals(campaign_id,'b')"},
        {"filter": f"contains-any(campaign_id,{['x'] * 101})"},
    ],
)
def test_wrong_reports_are_refused(api: httpx.Client, klaviyo: Running, wrong: dict[str, Any]) -> None:
    asked = {
        "statistics": ["opens"],
        "timeframe": {"key": "today"},
        "conversion_metric_id": metric(klaviyo, "Placed Order"),
    }
    assert report(api, "campaign-values", 400, **(asked | wrong))["code"]


@pytest.mark.parametrize(("interval", "days"), [("hourly", 8), ("daily", 61), ("monthly", 365 + 1)])
def test_a_series_has_a_longest_frame(api: httpx.Client, interval: str, days: int) -> None:
    start = datetime(2025, 6, 1, tzinfo=UTC)
    frame = {"start": start.isoformat(), "end": (start + timedelta(days=days)).isoformat()}
    asked = {"statistics": ["total_members"], "timeframe": frame, "interval": interval}
    assert report(api, "segment-series", 400, **asked)["source"]


def test_segments_are_counted_as_they_are(api: httpx.Client, klaviyo: Running) -> None:
    segments = {one["id"]: one for one in klaviyo.raw("segments") if one["attributes"]["is_active"]}
    rows = report(api, "segment-values", statistics=["total_members"], timeframe={"key": "today"})["results"]
    for row in rows:
        id = row["groupings"]["segment_id"]
        members = httpx.get(f"{klaviyo.url}/_sandbox/members/{AMERICA}/{id}").text.split()
        assert row["statistics"]["total_members"] == len(members)
    assert {row["groupings"]["segment_id"] for row in rows} == set(segments)


def aggregate(api: httpx.Client, status: int = 200, **attributes: Any) -> Any:
    body = {"data": {"type": "metric-aggregate", "attributes": attributes}}
    answer = api.post("/api/metric-aggregates", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()["data"]["attributes"] if status == 200 else answer.json()["errors"][0]


FRAME = ["greater-or-equal(datetime,2026-01-01T00:00:00)", "less-than(datetime,2026-11-01T00:00:00)"]


def test_aggregates_by_local_month_and_property(klaviyo: Running) -> None:
    zone = ZoneInfo("Europe/Berlin")
    opened = metric(klaviyo, "Opened Email", EUROPE)
    start, end = (datetime(2026, month, 1, tzinfo=zone).timestamp() for month in (1, 11))
    expected: dict[str, list[list[str]]] = defaultdict(lambda: [[] for _ in range(10)])
    for one in klaviyo.raw("events", EUROPE):
        if one["metric"] == opened and start <= one["timestamp"] < end:
            month = datetime.fromtimestamp(one["timestamp"], zone).month
            expected[one["properties"].get("Inbox Provider", "")][month - 1].append(one["profile"])

    with klaviyo.client(EUROPE) as api:
        said = aggregate(api, metric_id=opened, measurements=["count", "unique"], interval="month", filter=FRAME,
                         by=["Inbox Provider"], timezone="Europe/Berlin")  # fmt: skip

    found = {row["dimensions"][0]: row["measurements"] for row in said["data"]}
    assert found == {
        name: {"count": [len(one) for one in months], "unique": [len(set(one)) for one in months]}
        for name, months in expected.items()
    }
    assert said["dates"][3] == "2026-04-01T00:00:00+02:00"


def test_aggregates_of_orders_by_what_they_are_attributed_to(api: httpx.Client, klaviyo: Running) -> None:
    order = metric(klaviyo, "Placed Order")
    start, end = (datetime(2026, month, 1, tzinfo=UTC).timestamp() for month in (1, 11))
    flows: dict[str, float] = defaultdict(float)
    for one in klaviyo.raw("events"):
        if one["metric"] == order and start <= one["timestamp"] < end:
            flows[one["attributed"][0].get("flow", "") if one["attributed"] else ""] += worth(one)

    said = aggregate(
        api, metric_id=order, measurements=["sum_value"], interval="week", filter=FRAME, by=["$attributed_flow"]
    )

    found = {row["dimensions"][0]: round(sum(row["measurements"]["sum_value"]), 2) for row in said["data"]}
    assert found == {flow: round(value, 2) for flow, value in flows.items()}


@pytest.mark.parametrize(
    "wrong",
    [{"metric_id": "none"}, {"filter": FRAME[:1]}, {"timezone": "Mars/Base"}, {"measurements": ["median"]}, {"by": ["colour"]},
     {"filter": [*FRAME, "equals(colour,'x')"]}],
)  # fmt: skip
def test_wrong_aggregates_are_refused(api: httpx.Client, klaviyo: Running, wrong: dict[str, Any]) -> None:
    asked = {"metric_id": metric(klaviyo, "Opened Email"), "measurements": ["count"], "filter": FRAME}
    assert aggregate(api, 400, **(asked | wrong))["code"]
