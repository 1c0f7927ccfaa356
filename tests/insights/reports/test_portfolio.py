"""portfolio by Klaviyo's own reports: campaigns and flows together, for both times, and what that costs."""

from typing import Any

import pytest

from accounts.caller import Caller
from connector.insights.report_requests import FlowValues
from connector.insights.report_rows import attributed_revenue, email_deliveries
from connector.insights.rounding import money
from connector.installs.models import Install
from connector.receipts.models import Receipt
from connector.records.models import KlaviyoReport
from connector.records.upsert import Row, upsert
from connector.tools.call import call
from connector.tools.rerun import rerun
from tests.insights.reports.asking import Klaviyo, asked, on, sent

pytestmark = pytest.mark.django_db(transaction=True)
ARGS = {"measure": "attributed_revenue,email_deliveries", "period": "2026-10", "basis": "klaviyo_report"}


@pytest.fixture(autouse=True)
def shop(install: Install, order: str) -> Install:
    upsert(install, "metric", [Row(order, "Placed Order", attributes={"category": "eCommerce", "key": "shopify"})])
    return install


def figures(install: Install, order: str, start: str, end: str) -> tuple[Any, int]:
    flows = FlowValues(start=on(start), end=on(end), conversion_metric=order)
    rows = [row for report in asked(install, sent(start, end, order), flows) for row in report.rows]
    return money(attributed_revenue(rows)), email_deliveries(rows)


def test_both_times_are_those_of_the_reports(
    klaviyo: Klaviyo, install: Install, order: str, alice_caller: Caller
) -> None:
    answer = call(alice_caller, "portfolio", ARGS)
    klaviyo.forward(minutes=2)

    now = figures(install, order, "2026-10-01", "2026-11-01")
    before = figures(install, order, "2026-09-01", "2026-10-01")
    rows = answer["data"]["rows"]
    assert answer["status"] == "ok" and answer["exactness"] == answer["method"]["basis"] == "klaviyo_report"
    assert [(row["value"], row["before"]) for row in rows] == list(zip(now, before, strict=True))
    assert answer["method"]["cost"]["reports"] == 4
    assert call(alice_caller, "portfolio", ARGS)["method"]["cost"]["reports"] == 0


def test_a_receipt_stands_although_the_reports_are_gone(alice_caller: Caller) -> None:
    receipt = Receipt.objects.all().named(call(alice_caller, "portfolio", ARGS)["receipt"]["id"]).get()
    KlaviyoReport.objects.all().delete()

    assert rerun(alice_caller, receipt, "same").changed == []


def test_the_last_tenth_of_a_day_is_spent_only_when_asked(klaviyo: Klaviyo, alice_caller: Caller) -> None:
    klaviyo.used("flow-values", 215)

    kept = call(alice_caller, "portfolio", ARGS)
    spent = call(alice_caller, "portfolio", ARGS | {"spend_reserve": True})

    assert (kept["status"], kept["reason"]["code"]) == ("refused", "quota_reserved")
    assert kept["data"]["rows"][0]["reason"]["code"] == "quota_reserved"
    assert spent["status"] == "ok"
