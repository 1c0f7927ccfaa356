"""What is told of many accounts at once: exact for each, and a few queries for all."""

import time
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.caller import Caller
from connector.insights.account_list import account_rows, purchase_metrics
from connector.insights.question import Question
from connector.insights.refusal import Refusal
from connector.installs import access
from connector.installs.limit_stores import limiter
from connector.installs.models import Install
from connector.klaviyo.resources import REPORT_BUCKETS
from connector.tools.account_tools import list_accounts
from tests.factories import InstallFactory, RecordFactory

pytestmark = pytest.mark.django_db
SHOP: dict[str, Any] = {"integration": "Shopify", "category": "eCommerce"}


def placed(install: Install, key: str, events: int | None = None, **facts: str) -> None:
    RecordFactory(
        install=install,
        kind="metric",
        klaviyo_id=key,
        name="Placed Order",
        folded="placed order",
        events=events,
        attributes=facts,
    )


@pytest.fixture
def many(northwind: Any) -> list[Install]:
    """120 accounts, each with two metrics of one name."""
    installs: list[Install] = [InstallFactory(organization=northwind) for _ in range(120)]
    for number, install in enumerate(installs):
        placed(install, f"A{number}", events=number % 2)
        placed(install, f"B{number}", events=1 - number % 2)
    return installs


def test_list_accounts_of_120_accounts_takes_fewer_than_ten_queries(
    many: list[Install], alice_caller: Caller, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(9):
        answer = list_accounts(Question(alice_caller, {"limit": 100}, timezone.now(), time.monotonic() + 25))

    rows = answer["data"]["accounts"]
    assert len(rows) + answer["more"]["left_out"] == 120
    assert len(rows) > 20
    assert {row["purchase_metric"]["name"] for row in rows} == {"Placed Order"}


def test_the_purchase_metric_is_each_accounts_own(northwind: Any) -> None:
    ruled, chosen, counted, unsettled, none = (InstallFactory(organization=northwind) for _ in range(5))
    placed(ruled, "SHOP", **SHOP)
    placed(ruled, "API", events=9)
    RecordFactory(install=chosen, kind="metric", klaviyo_id="SUBSCRIPTION", name="Renewed")
    placed(chosen, "SHOP")
    chosen.purchase_metric = "SUBSCRIPTION"
    placed(counted, "OLD", events=0)
    placed(counted, "NEW", events=3)
    placed(unsettled, "ONE", events=3)
    placed(unsettled, "TWO", events=3)
    RecordFactory(install=none, kind="metric", klaviyo_id="SUBSCRIPTION", name="Renewed")

    found = purchase_metrics([ruled, chosen, counted, unsettled, none])

    told = {
        key: metric.code or metric.status if isinstance(metric, Refusal) else metric.klaviyo_id
        for key, metric in found.items()
    }
    assert told == {
        ruled.pk: "SHOP", chosen.pk: "SUBSCRIPTION", counted.pk: "NEW", unsettled.pk: "needs_choice", none.pk: "no_purchase_metric",
    }  # fmt: skip


def test_the_reports_left_are_those_of_the_scarcest_kind_of_each_account(northwind: Any) -> None:
    keys = [uuid4().hex[:12] for _ in range(2)]
    first, second = (InstallFactory(organization=northwind, klaviyo_id=key) for key in keys)
    for kind in ("flow-values", "campaign-values", "campaign-values"):
        permit = limiter().take(first.klaviyo_id, (REPORT_BUCKETS[kind],))
        permit.answered()
        permit.settle()

    assert [row["reports_left_today"] for row in account_rows([second, first])] == [225, 223]
    assert (access.reports_left(first, ["flow-values"]), access.reports_left(second)) == (224, 225)
