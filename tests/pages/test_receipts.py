"""Receipts, as a person reads them, looks for them, runs them again and takes them along."""

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.caller import Caller
from audit.models import AuditEvent
from connector.insights.columns import Column, Kind
from connector.receipts.models import Receipt
from connector.tools.call import call
from connector.tools.catalogue import TOOLS
from connector.tools.schemas import takes
from connector.tools.tool import Groups, Tool
from tests.conftest import signed_in
from tests.factories import InstallFactory, MembershipFactory, ReceiptFactory, RecordFactory

Write = Callable[..., None]


@pytest.fixture
def receipt(northwind: Any, install: Any) -> Any:
    return ReceiptFactory(organization=northwind, install=install)


def page_of(client: Client, receipt: Any) -> str:
    response = client.get(f"/receipts/{receipt.public_id}/")
    assert response.status_code == 200
    return response.content.decode()


def text_of(page: str) -> str:
    """What the page's main part says, without markup."""
    main = page.split("<main")[1].split("</main>")[0].split('<details class="raw">')[0]
    return " ".join(re.sub(r"<[^>]*>", " ", main).replace("&nbsp;", " ").split())


def answered_by(receipt: Any, tool: Tool, rows: Sequence[dict[str, Any]], **more: Any) -> Any:
    """The receipt as one of another tool: its only account has these rows."""
    entry = receipt.answer["data"]["accounts"][0]
    kept = {name: entry[name] for name in ("account", "status", "currency", "period", "time_zone")}
    receipt.answer["data"] = {"accounts": [kept | {"rows": list(rows)} | more]}
    receipt.tool, receipt.args, receipt.question = tool.name, {}, ""
    receipt.save()
    return receipt


SALES = Tool(
    name="sales_by_shelf",
    title="Sales by shelf",
    description="Use this when a test needs a tool that no page knows.",
    input_schema=takes(),
    run=lambda question: {},
    groups=Groups(("rows",)),
    columns=(
        Column("shelf", Kind.OBJECT, "Shelf"),
        Column("start", Kind.TIME, "From"),
        Column("sold", Kind.COUNT, "Sold", "pieces sold"),
        Column("revenue", Kind.MONEY, "Revenue"),
        Column("returned", Kind.RATE, "Returned"),
        Column("waited", Kind.DAYS, "Waited"),
        Column("note", Kind.TEXT, "Note"),
    ),
)


@pytest.fixture
def sales(monkeypatch: pytest.MonkeyPatch) -> Tool:
    monkeypatch.setitem(TOOLS, SALES.name, SALES)
    return SALES


def test_the_page_tells_figure_question_answer_and_where_they_come_from(
    alice_client: Client, receipt: Any, install: Any
) -> None:
    RecordFactory(install=install, kind="metric", klaviyo_id="PLCORD", name="Placed Order")

    page = page_of(alice_client, receipt)

    assert f'<h1 class="question">{receipt.question}</h1>' in page
    large = page.split('<dl class="large">')[1].split("</dl>")[0]
    assert "<dd>1,204</dd>" in large
    assert "1,204 of the 1,851 people" in page
    assert "65.0 %" in page and "65.0%" not in page
    assert "1.2 days" in page
    assert "Exact: every event counted" in page
    assert 'href="https://www.klaviyo.com/metric/PLCORD"' in page
    assert f'href="/installs/{install.pk}/metric/PLCORD/"' in page
    assert "from the very first event" in page
    assert "through ChatGPT" in text_of(page)
    assert "&quot;exactness&quot;: &quot;exact&quot;" in page


def test_caveats_are_folded_below_the_figures(alice_client: Client, receipt: Any) -> None:
    page = page_of(alice_client, receipt)

    fold = page.split('<details class="folded">')[1].split("</details>")[0]
    assert "1 thing to know about these figures" in fold
    assert "41 % of these opens were made by mail servers" in fold
    assert page.index("1,851") < page.index("41 % of these opens were made")
    assert "triangle-alert" not in page.split("<main")[1]


def test_an_amount_that_nothing_is_in_is_not_shown(alice_client: Client, receipt: Any) -> None:
    assert "Amount" not in text_of(page_of(alice_client, receipt))


def test_times_are_in_the_accounts_zone_which_is_named(alice_client: Client, receipt: Any, install: Any) -> None:
    install.time_zone = "Asia/Tokyo"
    receipt.created_at = timezone.now().replace(year=2026, month=7, day=1, hour=15, minute=30)
    receipt.answer["data"]["accounts"][0]["time_zone"] = "Asia/Tokyo"
    receipt.save()

    page = page_of(alice_client, receipt)

    assert "2 Jul 2026, 00:30 (Asia/Tokyo)" in page
    assert "<time" not in page.split("<main")[1]


def test_names_from_klaviyo_stay_text(alice_client: Client, receipt: Any) -> None:
    receipt.args["campaign"] = receipt.question = "<script>alert(1)</script>"
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


def test_accounts_are_compared_in_one_row_each_and_say_why_one_is_missing(alice_client: Client, receipt: Any) -> None:
    entry = receipt.answer["data"]["accounts"][0]
    second = entry | {"account": {"id": "K88888", "name": "Kyoto Tea"}, "people": 77, "currency": "JPY"}
    missing = {
        "account": {"id": "K99999", "name": "Candles"},
        "status": "refused",
        "reason": {"code": "not_found", "text": "Candles has no such campaign."},
    }
    receipt.answer["data"]["accounts"] += [second, missing]
    receipt.save()

    page = page_of(alice_client, receipt)

    table = page.split('aria-label="Figures of each account"')[1].split("</table>")[0]
    rows = [text_of(f"<main{row}</main>") for row in table.split("<tr>")[2:]]
    assert [row.split(" 1,2")[0].split(" 77")[0].split(" Not")[0] for row in rows] == [
        "Fernweh Outdoor", "Kyoto Tea", "Candles"
    ]  # fmt: skip
    assert " 77 " in rows[1]
    assert "Candles has no such campaign." in page


def test_rows_of_a_tool_that_no_page_knows_are_told_by_kind(alice_client: Client, receipt: Any, sales: Tool) -> None:
    rows = [
        {"shelf": {"id": "S1", "name": "Tents"}, "sold": 12345, "revenue": 99.5, "returned": 0.5, "waited": 0.5, "note": None},
        {"shelf": {"id": "S2", "name": "Stoves"}, "sold": 7, "revenue": 1.0, "returned": None, "waited": 2.0, "note": None},
    ]  # fmt: skip

    page = page_of(alice_client, answered_by(receipt, sales, rows))

    assert '<h1 class="question">Sales by shelf</h1>' in page
    table = page.split('<table class="answer-table">')[1].split("</table>")[0]
    assert re.findall(r"<th scope=\"col\"[^>]*>([^<]*)<", table) == ["Shelf", "Sold", "Revenue", "Returned", "Waited"]
    assert text_of(f"<main{table}</main>").endswith(
        "Tents 12,345 99.50 EUR 50.0 % 12.0 hours Stoves 7 1.00 EUR — 2.0 days"
    )
    assert table.count('<th scope="row">') == 2


def test_yen_have_no_decimals(alice_client: Client, receipt: Any, sales: Tool) -> None:
    answered_by(receipt, sales, [{"shelf": {"id": "S1", "name": "Tea"}, "revenue": 1234.0}], currency="JPY")

    assert "1,234 JPY" in page_of(alice_client, receipt)


def test_a_ranking_is_drawn_with_its_table_beside_it(alice_client: Client, receipt: Any, sales: Tool) -> None:
    rows = [{"shelf": {"id": str(n), "name": f"Shelf {n}"}, "sold": 40 - n} for n in range(30)]

    page = page_of(alice_client, answered_by(receipt, sales, rows))

    drawing = page.split('<svg role="img"')[1].split("</svg>")[0]
    assert "Shelf 0: 40. Shelf 11: 29. The table below has every figure." in drawing
    assert drawing.count('class="chart-bar"') == 12
    assert 'width="100.00%"' in drawing and 'width="72.50%"' in drawing
    assert "style=" not in drawing
    assert "Shelf 29" in page.split('<table class="answer-table">')[1]


def test_a_ranking_draws_what_its_rows_are_sorted_by(alice_client: Client, receipt: Any, sales: Tool) -> None:
    rows = [{"shelf": {"id": str(n), "name": f"Shelf {n}"}, "sold": n % 2, "revenue": 9.0 - n} for n in range(4)]

    drawing = page_of(alice_client, answered_by(receipt, sales, rows)).split('<svg role="img"')[1].split("</svg>")[0]

    assert "<title>Shelf 0: 9.00 EUR</title>" in drawing


def test_the_kind_of_a_value_is_that_of_its_measure_and_currencies_are_not_drawn_together(
    alice_client: Client, receipt: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = (
        Column("measure", Kind.TEXT, "Measure"),
        Column("rank", Kind.COUNT, "Rank"),
        Column("account", Kind.OBJECT, "Account"),
        Column("value", Kind.COUNT, "In the period"),
        Column("revenue", Kind.MONEY, "Revenue"),
    )
    ranked = replace(SALES, name="ranked", columns=columns)
    monkeypatch.setitem(TOOLS, "ranked", ranked)
    rows = [
        {"measure": "revenue", "rank": 1, "account": {"id": key, "name": name}, "currency": currency, "value": 1234.5}
        for key, name, currency in (("A", "Candles", "EUR"), ("B", "Kyoto Tea", "JPY"))
    ]

    page = page_of(alice_client, answered_by(receipt, ranked, rows))

    assert "Revenue Candles EUR 1,234.50 EUR" in text_of(page)
    assert "Revenue Kyoto Tea JPY 1,234 JPY" in text_of(page)
    assert "<svg role" not in page


def test_groups_that_rows_name_by_id_are_shown_by_name(
    alice_client: Client, receipt: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = Groups(("rows",), by="shelf", order="shelves", start="start")
    monkeypatch.setitem(TOOLS, "by_shelf", replace(SALES, name="by_shelf", groups=groups))
    rows = [{"start": f"2026-0{month}-01", "shelf": shelf, "sold": 5} for month in (1, 2) for shelf in (None, "S1")]
    answered_by(receipt, TOOLS["by_shelf"], rows, shelves=[{"id": "S1", "name": "Tents", "note": "live"}])

    page = page_of(alice_client, receipt)

    assert "All together Jan 2026 5 Tents Jan 2026 5" in text_of(page)
    exported = read(alice_client.get(f"/receipts/{receipt.public_id}/export.csv"))
    assert [(row["Shelf"], row["Shelf id"]) for row in exported] == [("", ""), ("Tents", "S1")] * 2


def test_a_span_of_whole_days_is_told_by_its_days(alice_client: Client, receipt: Any, sales: Tool) -> None:
    span = {"from": "2025-11-01T00:00:00-04:00", "to": "2026-05-01T00:00:00-04:00"}

    page = page_of(alice_client, answered_by(receipt, sales, [], against=span))

    assert "Against 1 Nov 2025 to 30 Apr 2026" in text_of(page)


def test_a_series_is_drawn_by_month_and_goes_below_zero(alice_client: Client, receipt: Any, sales: Tool) -> None:
    rows = [{"start": f"2026-0{month}-01", "sold": sold} for month, sold in ((1, 30), (2, -10), (3, 0))]

    page = page_of(alice_client, answered_by(receipt, sales, rows))

    drawing = page.split('<svg role="img"')[1].split("</svg>")[0]
    heights = re.findall(r'class="chart-bar"[^>]* height="([^"]*)"', drawing)
    assert heights == ["82.5", "27.5", "0.0"]
    assert "Highest: 30, Jan 2026." in drawing
    assert re.findall(r"<title>([^<]*)</title>", drawing) == ["Jan 2026: 30", "Feb 2026: -10", "Mar 2026: 0"]


@pytest.mark.parametrize(
    ("group_by", "values", "names"),
    [
        ("event:weekday", [6, 1, None, 3], ["Monday", "Wednesday", "Saturday", "No weekday"]),
        ("event:hour", [13, 2], ["02:00", "13:00"]),
        ("times", ["10", "2", "11+", "1"], ["1 time", "2 times", "10 times", "11+ times"]),
        ("country", ["Chile", None, "other"], ["Chile", "No country", "other"]),
        ("event:Bounce Type", ["Hard", None], ["Hard", "No Bounce Type"]),
    ],
)
def test_groups_have_names_and_their_own_order(
    alice_client: Client, receipt: Any, group_by: str, values: list[Any], names: list[str]
) -> None:
    receipt.args["group_by"] = group_by
    groups = [{"value": value, "people": 5, "did": 6, "events": 7, "amount": 0} for value in values]
    receipt.answer["data"]["accounts"][0]["groups"] = groups
    receipt.save()

    table = page_of(alice_client, receipt).split('<table class="answer-table">')[1].split("</table>")[0]

    assert re.findall(r'<th scope="row">([^<]*)<', table) == names
    assert "Amount" not in table


def test_small_groups_together_are_told_from_a_group_called_other(alice_client: Client, receipt: Any) -> None:
    receipt.args["group_by"] = "country"
    groups = [{"value": "other", "people": 5, "did": 6}, {"value": "other", "people": 3, "did": 4, "other": True}]
    receipt.answer["data"]["accounts"][0]["groups"] = groups
    receipt.save()

    table = page_of(alice_client, receipt).split('<table class="answer-table">')[1].split("</table>")[0]

    assert re.findall(r'<th scope="row">([^<]*)<', table) == ["other", "All other, small groups"]


def test_a_tool_that_is_gone_still_shows_its_figures(alice_client: Client, receipt: Any) -> None:
    receipt.tool, receipt.question = "once_a_tool", ""
    receipt.save()

    page = page_of(alice_client, receipt)

    assert "Once a tool" in page and "1,204" in page
    assert "Ask again as of now" not in page


def test_run_again_on_the_same_data_the_page_says_that_nothing_differs(
    shop: Any, write: Write, alice_caller: Caller, alice_client: Client
) -> None:
    write(shop, [("OPEN", "ann", 0, {})])
    made = call(alice_caller, "people_who", {"did": "opened_email"})["receipt"]["id"]
    write(shop, [("OPEN", "ann", 0, {}), ("OPEN", "ben", 0, {})])

    same = alice_client.post(f"/receipts/{made}/run/", {"run": "same"}).content.decode()
    latest = alice_client.post(f"/receipts/{made}/run/", {"run": "latest"}).content.decode()

    assert "Run again on the same data: every figure is equal." in text_of(same)
    changed = latest.split('aria-label="What differs"')[1].split("</table>")[0]
    assert "People 1 2" in text_of(f"<main{changed}</main>")
    assert Receipt.objects.count() == 1
    assert AuditEvent.objects.filter(operation="tool.called", receipt=made, via="page").count() == 3


def test_it_is_run_by_a_post_with_a_known_way_alone(alice_client: Client, receipt: Any) -> None:
    address = f"/receipts/{receipt.public_id}/run/"

    assert alice_client.get(address).status_code == 405
    assert alice_client.post(address, {"run": "backwards"}).status_code == 404


def read(response: Any) -> list[dict[str, str]]:
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


def test_a_csv_holds_every_row_under_the_columns_titles(alice_client: Client, receipt: Any, sales: Tool) -> None:
    rows = [{"shelf": {"id": f"S{n}", "name": f"Shelf {n}"}, "sold": n, "revenue": n / 4} for n in range(950)]
    answered_by(receipt, sales, rows)

    found = read(alice_client.get(f"/receipts/{receipt.public_id}/export.csv"))

    assert len(found) == 950
    assert found[-1] == {
        "Account": "Fernweh Outdoor", "Account id": found[0]["Account id"], "Currency": "EUR", "Shelf": "Shelf 949",
        "Shelf id": "S949", "Sold": "949", "Revenue": "237.25",
    }  # fmt: skip
    page = page_of(alice_client, receipt)
    assert "750 more rows; the exports hold all of them." in page
    event = AuditEvent.objects.get(operation="receipt.exported")
    assert (event.receipt, event.after) == (receipt.public_id, {"form": "csv"})


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_a_csv_is_a_formula(alice_client: Client, receipt: Any, sales: Tool, start: str) -> None:
    answered_by(receipt, sales, [{"shelf": {"id": f"{start}1+1", "name": f"{start}HYPERLINK(1)"}, "sold": -5}])

    row = read(alice_client.get(f"/receipts/{receipt.public_id}/export.csv"))[0]

    assert (row["Shelf"], row["Shelf id"]) == (f"'{start}HYPERLINK(1)", f"'{start}1+1")
    assert row["Sold"] == "-5"  # a number stays one


def test_figures_and_groups_are_a_csv_each(alice_client: Client, receipt: Any) -> None:
    receipt.answer["data"]["accounts"][0]["groups"] = [{"value": "Chile", "people": 3, "did": 4}]
    receipt.save()
    address = f"/receipts/{receipt.public_id}/export.csv"

    assert read(alice_client.get(address))[0]["Group"] == "Chile"
    figures = read(alice_client.get(address, {"table": "figures"}))[0]
    assert (figures["People"], figures["Share"], figures["Without machines did it"]) == ("1204", "0.650459", "1102")
    assert alice_client.get(address, {"table": "nothing"}).status_code == 404


def test_the_json_is_the_answer_whole(alice_client: Client, receipt: Any) -> None:
    response = alice_client.get(f"/receipts/{receipt.public_id}/export.json")

    assert json.loads(response.content)["answer"] == json.loads(json.dumps(receipt.answer))
    assert response["Content-Disposition"].startswith("attachment;")


def test_a_question_without_figures_shows_why_and_is_not_run_again(alice_client: Client, receipt: Any) -> None:
    receipt.status = "refused"
    receipt.answer |= {
        "data": {}, "method": None, "sources": [], "freshness": [], "caveats": [],
        "reason": {"code": "not_found", "text": "There is none.", "what_to_do": "Give another name."},
    }  # fmt: skip
    receipt.save()

    page = page_of(alice_client, receipt)

    assert "Not answered" in page and "Give another name." in page
    assert "Ask again as of now" not in page and "export.csv" not in page
    assert "Not answered" in alice_client.get("/receipts/").content.decode()
    assert "Not answered" not in alice_client.get("/").content.decode()
    assert alice_client.get(f"/receipts/{receipt.public_id}/export.csv").status_code == 404


def listed(client: Client, **asked: str) -> list[str]:
    page = client.get("/receipts/", asked).content.decode()
    return re.findall(r'<a class="row-title" href="/receipts/([^/]*)/"', page)


def test_the_list_is_narrowed_by_words_account_question_person_assistant_and_time(
    alice_client: Client, northwind: Any, install: Any
) -> None:
    other = InstallFactory(organization=northwind, name="Candles", klaviyo_id="CANDL1")
    made = {
        "q": ReceiptFactory(install=install, question="How did lists grow?", sentence="Newsletter: 7 joined."),
        "account": ReceiptFactory(organization=northwind, install=other),
        "tool": ReceiptFactory(install=install, tool="audience_growth"),
        "person": ReceiptFactory(install=install, user_label="bob@northwind.test"),
        "assistant": ReceiptFactory(install=install, assistant="Claude"),
        "period": ReceiptFactory(install=install, created_at=timezone.now() - timedelta(hours=1)),
    }
    Receipt.objects.exclude(pk=made["period"].pk).update(created_at=timezone.now() - timedelta(days=3))
    asked = {
        "q": "lists NEWSLETTER", "account": "CANDL1", "tool": "audience_growth", "person": "bob@northwind.test",
        "assistant": "Claude", "period": "1",
    }  # fmt: skip

    for name, value in asked.items():
        assert listed(alice_client, **{name: value}) == [made[name].public_id], name
    assert len(listed(alice_client)) == 6
    assert listed(alice_client, q="lists", account="CANDL1") == []
    page = alice_client.get("/receipts/", {"q": "lists", "account": "CANDL1"}).content.decode()
    assert "Nothing fits" in page and '<option value="CANDL1" selected>' in page


def test_the_filter_stays_in_the_address_of_older_ones(alice_client: Client, northwind: Any, install: Any) -> None:
    for number in range(52):
        ReceiptFactory(install=install, assistant=("Claude", "ChatGPT")[number % 2])

    first = alice_client.get("/receipts/", {"assistant": "Claude"}).content.decode()
    older = re.search(r'href="(\?[^"]*before=[^"]*)"', first)
    assert older
    second = alice_client.get("/receipts/" + older[1].replace("&amp;", "&")).content.decode()

    assert first.count('class="row-title"') == 25
    assert second.count('class="row-title"') == 1


def test_what_one_may_not_see_is_not_offered_to_choose(northwind: Any, receipt: Any) -> None:
    seen = InstallFactory(organization=northwind)
    client = signed_in(MembershipFactory(organization=northwind, role="analyst", installs=[str(seen.pk)]).user)
    ReceiptFactory(organization=northwind, install=seen, user_label="dora@northwind.test", assistant="Claude")

    page = client.get("/receipts/").content.decode()

    assert "dora@northwind.test" in page
    for hidden in ("alice@northwind.test", "ChatGPT", "Fernweh"):
        assert hidden not in page
