"""Receipts, as a person reads them."""

from typing import Any

import pytest
from django.test import Client

from connector.pages.receipt_presenters import question
from tests.conftest import signed_in
from tests.factories import InstallFactory, MembershipFactory, ReceiptFactory


@pytest.fixture
def receipt(northwind: Any, install: Any) -> Any:
    return ReceiptFactory(organization=northwind, install=install)


def test_the_page_tells_question_answer_figures_and_where_they_come_from(alice_client: Client, receipt: Any) -> None:
    page = alice_client.get(f"/receipts/{receipt.public_id}/").content.decode()

    assert (
        '<h1 class="question">Who opened “Q4 Holiday Campaign” but did not place an order within 7 days afterwards?</h1>'
        in page
    )
    assert "1,204 of the 1,851 people" in page
    assert "65.0%" in page
    assert "1.2 days" in page
    assert "Counted from events" in page
    assert 'href="https://www.klaviyo.com/metric/PLCORD"' in page
    assert "from the very first" in page
    assert "41 % of these opens were made by mail servers" in page
    assert "Assistant, ChatGPT" in page
    assert "&quot;exactness&quot;: &quot;exact&quot;" in page


def test_names_from_klaviyo_stay_text(alice_client: Client, receipt: Any) -> None:
    receipt.args["campaign"] = "<script>alert(1)</script>"
    receipt.answer["sources"][0] |= {"name": "<img src=x>", "url": "javascript:alert(1)"}
    receipt.save()

    page = alice_client.get(f"/receipts/{receipt.public_id}/").content.decode()

    assert "<script>alert" not in page
    assert "<img src=x>" not in page
    assert "javascript:" not in page.split("<details")[0]


def test_charlie_finds_no_receipt_of_northwind(charlie_client: Client, receipt: Any) -> None:
    assert charlie_client.get(f"/receipts/{receipt.public_id}/").status_code == 404
    assert "Q4 Holiday" not in charlie_client.get("/receipts/").content.decode()


def test_a_receipt_of_an_account_that_i_may_not_see_does_not_exist(northwind: Any, receipt: Any) -> None:
    seen = InstallFactory(organization=northwind)
    client = signed_in(MembershipFactory(organization=northwind, role="analyst", installs=[str(seen.pk)]).user)

    assert client.get(f"/receipts/{receipt.public_id}/").status_code == 404
    assert receipt.public_id not in client.get("/receipts/").content.decode()


@pytest.mark.parametrize(
    "made_up", ["rcp_", "rcp_AAAAAAAAAAAAAAAAAAAAAA", "job_AAAAAAAAAAAAAAAAAAAAAA", "nonsense", "rcp_%%%%"]
)
def test_made_up_ids_are_not_found(alice_client: Client, made_up: str) -> None:
    assert alice_client.get(f"/receipts/{made_up}/").status_code == 404


def test_the_list_goes_on_where_the_page_ends(alice_client: Client, northwind: Any, install: Any) -> None:
    made = [ReceiptFactory(organization=northwind, install=install).public_id for _ in range(27)]

    first = alice_client.get("/receipts/").content.decode()
    second = alice_client.get(f"/receipts/?before={made[2]}").content.decode()

    assert [public_id for public_id in made if public_id in first] == made[2:]
    assert [public_id for public_id in made if f"/receipts/{public_id}/" in second] == made[:2]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"did": "ordered", "at_least": 2, "period": "2026"}, "Who placed an order at least 2 times, in 2026?"),
        ({"did": "clicked_email", "flow": "Welcome"}, "Who clicked in the flow “Welcome”?"),
        ({"did": "ordered", "period": "last_6_months"}, "Who placed an order, in the last 6 months?"),
        ({"did": "ordered", "period": "2026-01-01..2026-01-31"}, "Who placed an order, from 2026-01-01 to 2026-01-31?"),
        (
            {"did": "opened_email", "period": "yesterday", "machine_opens": "exclude"},
            "Who opened an e-mail, yesterday, machine opens left out?",
        ),
        (
            {"did": "ordered", "campaign": "Sale", "but_not": "ordered", "but_not_when": "before"},
            "Who placed an order attributed to “Sale” but did not place an order before that?",
        ),
        (
            {"did": "Watched Video", "but_not": "refunded", "but_not_when": "ever"},
            "Who did “Watched Video” but did not have an order refunded at any time?",
        ),
        (
            {"did": "opened_email", "audience": "VIP", "but_not": "member", "but_not_audience": "Gold"},
            "Who opened an e-mail, being in “VIP”, but is not in “Gold”?",
        ),
        (
            {"did": "added_to_cart", "item": "Tent", "but_not": "ordered", "within_days": 1},
            "Who added to the cart with “Tent” but did not place an order within 1 day afterwards?",
        ),
    ],
)
def test_questions_about_people_in_words(args: dict[str, Any], words: str, receipt: Any) -> None:
    receipt.args = {"account": "K00000", **args}

    assert question(receipt) == words


def test_an_answer_of_several_accounts_shows_each_and_why_one_is_missing(alice_client: Client, receipt: Any) -> None:
    receipt.answer["data"]["accounts"].append(
        {
            "account": {"id": "K99999", "name": "Candles"},
            "status": "refused",
            "reason": {"code": "not_found", "text": "Candles has no such campaign."},
        }
    )
    receipt.save()

    page = alice_client.get(f"/receipts/{receipt.public_id}/").content.decode()

    assert "Candles has no such campaign." in page
    assert "Fernweh Outdoor" in page


def test_rows_of_other_tools_become_tables(alice_client: Client, receipt: Any) -> None:
    receipt.tool, receipt.args = "campaign_performance", {"account": "K00000", "period": "last_90_days"}
    entry = receipt.answer["data"]["accounts"][0]
    rows = [
        {
            "campaign": {"id": "01A", "name": "Spring Sale", "url": "x"},
            "deliveries": 12345,
            "open_rate": 0.5,
            "revenue": 99.5,
        }
    ]
    receipt.answer["data"]["accounts"] = [
        {name: entry[name] for name in ("account", "status", "currency", "period", "time_zone")} | {"rows": rows}
    ]
    receipt.save()

    page = alice_client.get(f"/receipts/{receipt.public_id}/").content.decode()

    assert "Campaign performance" in page
    for text in ("Spring Sale", "12,345", "50.0%", "99.50 EUR"):
        assert text in page
