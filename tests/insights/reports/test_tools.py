"""campaign_performance and flow_performance by Klaviyo's own reports: figures, what they cost, estimates meanwhile."""

from datetime import datetime
from typing import Any

import pytest

from accounts.caller import Caller
from connector.insights.report_rows import campaign_columns, flow_columns
from connector.installs.models import Install
from connector.receipts.models import Receipt
from connector.records.models import KlaviyoReport
from connector.tools.call import call, job_answer
from connector.tools.rerun import rerun
from tests.factories import RecordFactory
from tests.insights.reports.asking import Klaviyo, asked, sent

pytestmark = pytest.mark.django_db(transaction=True)

PERIOD = "2026-02-01..2026-11-19"
REPORTED = {"period": PERIOD, "basis": "klaviyo_report"}


@pytest.fixture
def known(klaviyo: Klaviyo, install: Install, order: str) -> Install:
    """Campaigns, flows and what an order is are known; no event is held yet."""
    RecordFactory(install=install, kind="metric", klaviyo_id=order, name="Placed Order")
    for one in klaviyo.running.raw("campaigns"):
        said = one["attributes"]
        at = datetime.fromisoformat(said["send_time"]) if said["send_time"] else None
        RecordFactory(install=install, klaviyo_id=one["id"], name=said["name"], status=said["status"], at=at)
    for one in klaviyo.running.raw("flows"):
        RecordFactory(install=install, kind="flow", klaviyo_id=one["id"], name=one["attributes"]["name"], status="live")
    return install


def entry(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["data"]["accounts"][0]
    return found


def codes(answer: dict[str, Any]) -> list[str]:
    return [caveat["code"] for caveat in answer["caveats"]]


def test_a_campaigns_row_is_klaviyos_own_and_says_its_cost(
    known: Install, alice_caller: Caller, order: str, klaviyo: Klaviyo
) -> None:
    answer = call(alice_caller, "campaign_performance", REPORTED)
    again = call(alice_caller, "campaign_performance", REPORTED)

    rows = asked(known, sent("2026-02-01", "2026-11-20", order))[0].rows
    expected = {row.owner: campaign_columns(row.figures) for row in rows}
    shown = {row["campaign"]["id"]: row for row in entry(answer)["rows"]}
    assert (answer["status"], answer["exactness"], answer["method"]["basis"]) == (
        "ok",
        "klaviyo_report",
        "klaviyo_report",
    )
    assert set(expected) <= set(shown)
    for key, figures in expected.items():
        assert {name: shown[key][name] for name in figures} == figures
    assert entry(answer)["total"]["deliveries"] == sum(figures["deliveries"] for figures in expected.values())
    assert answer["method"]["cost"] == {"reports": 1, "seconds": 0, "left_today": 224}
    assert again["method"]["cost"] == {"reports": 0, "seconds": 0, "left_today": 224}
    assert "bots_included" in codes(answer)
    assert klaviyo.answers() == [200]


def test_flows_by_report_in_total_and_by_month(known: Install, alice_caller: Caller, klaviyo: Klaviyo) -> None:
    total = call(alice_caller, "flow_performance", REPORTED | {"interval": "total"})
    months = call(alice_caller, "flow_performance", REPORTED)

    whole = entry(total)["rows"][0]
    by_month = [row for row in entry(months)["rows"] if row["flow"] is None]
    assert whole["flow"] is None and whole["deliveries"] > 0 and whole["openers_human"] is None
    assert [row["start"] for row in by_month] == [f"2026-{month:02d}-01" for month in range(2, 12)]
    assert sum(row["deliveries"] for row in by_month) == whole["deliveries"]
    assert set(flow_columns([])) <= set(whole)
    assert (klaviyo.answers("flow-values"), klaviyo.answers("flow-series")) == ([200], [200])


def test_the_last_tenth_is_kept_unless_the_question_spends_it(
    known: Install, alice_caller: Caller, klaviyo: Klaviyo
) -> None:
    klaviyo.used("campaign-values", 203)

    refused = call(alice_caller, "campaign_performance", REPORTED)
    spent = call(alice_caller, "campaign_performance", REPORTED | {"spend_reserve": True})

    assert (refused["status"], refused["reason"]["code"]) == ("refused", "quota_reserved")
    assert spent["method"]["cost"] == {"reports": 1, "seconds": 0, "left_today": 21}


@pytest.mark.parametrize("tool", ["campaign_performance", "flow_performance"])
def test_while_an_account_is_loading_one_report_gives_an_estimate_and_a_job(
    known: Install, alice_caller: Caller, klaviyo: Klaviyo, tool: str
) -> None:
    args = {"period": PERIOD} | ({"interval": "total"} if tool == "flow_performance" else {})

    answer = call(alice_caller, tool, args)
    later = job_answer(alice_caller, tool, args, 5)
    reported = call(alice_caller, tool, args | {"basis": "klaviyo_report"})

    assert (answer["status"], answer["exactness"], answer["receipt"]) == ("pending", "estimate", None)
    assert answer["job"] and "as an estimate" in answer["answer"]
    assert entry(answer)["exactness"] == "estimate" and entry(answer)["status"] == "pending"
    assert entry(answer)["rows"] == entry(reported)["rows"]
    assert (later["status"], later["exactness"]) == ("pending", "exact") and "rows" not in entry(later)


def test_there_is_no_estimate_where_one_report_cannot_give_it(
    known: Install, alice_caller: Caller, klaviyo: Klaviyo
) -> None:
    by_touch = call(alice_caller, "campaign_performance", {"period": PERIOD, "attribution": "last_touch"})
    by_day = call(alice_caller, "flow_performance", {"period": PERIOD, "interval": "day"})

    assert [answer["exactness"] for answer in (by_touch, by_day)] == ["exact", "exact"]
    assert "rows" not in entry(by_touch) and "rows" not in entry(by_day)
    assert klaviyo.answers() + klaviyo.answers("flow-series") == []


def test_a_receipt_run_again_reads_no_report(known: Install, alice_caller: Caller, klaviyo: Klaviyo) -> None:
    answer = call(alice_caller, "campaign_performance", REPORTED)
    receipt = Receipt.objects.all().named(answer["receipt"]["id"]).get()
    KlaviyoReport.objects.all().delete()

    assert rerun(alice_caller, receipt, "same").changed == []
    assert klaviyo.answers() == [200]


def test_last_touch_is_not_klaviyos(known: Install, alice_caller: Caller) -> None:
    for tool in ("campaign_performance", "flow_performance"):
        with pytest.raises(ValueError, match="last_touch does not go with basis=klaviyo_report"):
            call(alice_caller, tool, REPORTED | {"attribution": "last_touch"})


def test_a_time_of_over_a_year_is_out_of_range(known: Install, alice_caller: Caller) -> None:
    answer = call(alice_caller, "campaign_performance", REPORTED | {"period": "2025-01-01..2026-11-19"})

    assert (answer["status"], answer["reason"]["code"]) == ("refused", "out_of_range")
