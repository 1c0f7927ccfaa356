"""What reports cost, the pace at which they are read, and what keeps Klaviyo from giving them."""

from datetime import timedelta
from typing import Any

import pytest

from connector.insights.report_requests import FlowValues
from connector.insights.reports import Cost, plan
from connector.installs.access import reports_left
from connector.installs.models import Install
from tests.connected import connected
from tests.insights.reports.asking import NOW, Klaviyo, asked, month, on, refused, sent
from tests.sandbox.running import AMERICA, EUROPE
from tests.sandbox.test_reports import metric

pytestmark = pytest.mark.django_db(transaction=True)


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
