"""copy_brief: the evidence for a writer, on an account small enough to count on the fingers."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.caller import Caller
from connector.installs.models import Install
from connector.lake.store import writing
from connector.receipts.models import Receipt
from connector.records.models import Audience, Record
from connector.records.upsert import Row, campaign_message_row, upsert
from connector.tools.call import BadArguments, call
from connector.tools.rerun import rerun
from tests.tools.conftest import BEGIN

pytestmark = pytest.mark.django_db
NOW = BEGIN + timedelta(days=10)
DAY = 24 * 60
# Campaign, list, subject, deliveries, opens by people; sent a day apart.
CAMPAIGNS = [
    ("A", "L1", "🎉 Merino socks, 20% off", 120, 60),
    ("B", "L1", "{{ first_name }}, merino is back", 100, 10),
    ("C", "L1", "A quiet letter", 99, 99),
    ("D", "L2", "Lamps for everyone", 100, 70),
    ("E", "L2", "Our story", 100, 20),
    ("F", "L2", "Two lamps", 100, 50),
    ("G", "L2", "Merino for everyone", 100, 40),
]
Write = Callable[..., None]


def message(campaign: str, subject: str) -> Row:
    content = {
        "subject": subject,
        "preview_text": "From Fernweh",
        "from_label": "Fernweh",
        "from_email": "hi@fernweh.test",
    }
    return campaign_message_row(
        {
            "id": f"M{campaign}",
            "attributes": {"definition": {"channel": "email", "label": subject, "content": content}},
            "relationships": {"campaign": {"data": {"type": "campaign", "id": campaign}}},
        }
    )


def member_of(install: Install, key: str, *people: str) -> None:
    with writing(install.pk, "test") as lake:
        lake.replace_members(key, people)
    record = Record.objects.get(install=install, klaviyo_id=key)
    Audience.objects.create(record=record, organization_id=install.organization_id, fetched_at=NOW, members=len(people))


@pytest.fixture
def mailing(shop: Any, write: Write) -> Any:
    """Seven campaigns, three of them to the newsletter (one of 99 deliveries); ann of it bought socks, a stranger a lamp."""
    upsert(shop, "list", [Row("L1", "Newsletter"), Row("L2", "Others")])
    upsert(shop, "campaign", [
        Row(key, f"Campaign {key}", status="Sent", channel="email", at=BEGIN + timedelta(days=number), attributes={"include": [to]})
        for number, (key, to, *_) in enumerate(CAMPAIGNS)
    ])  # fmt: skip
    upsert(shop, "message", [message(key, subject) for key, _, subject, *_ in CAMPAIGNS])
    events: list[Any] = []
    for key, _, _, deliveries, opens in CAMPAIGNS:
        events += [("RECV", f"p{number}", 0, {"message": f"M{key}"}) for number in range(deliveries)]
        events += [("OPEN", f"p{number}", 1, {"message": f"M{key}"}) for number in range(opens)]
        events += [
            ("OPEN", f"p{number}", 1, {"message": f"M{key}", "machine_open": True}) for number in range(opens, 80)
        ]
    sold = {
        "order_id": "o1",
        "value": Decimal("9.50"),
        "attributed": [{"campaign": "A", "flow": None, "message": "MA"}],
    }
    events += [
        ("ORDER", "ann", 5, sold | {"items": [{"title": "Sock", "quantity": 1, "price": None}]}),
        ("ORDER", "zoe", 6, {"order_id": "o2", "items": [{"title": "Lamp", "quantity": 1, "price": None}]}),
    ]
    write(shop, events)
    member_of(shop, "L1", "ann", "p1")
    with time_machine.travel(NOW, tick=False):
        yield shop


def asked(caller: Caller, **args: Any) -> dict[str, Any]:
    return call(caller, "copy_brief", {"audience": "Newsletter"} | args)


def entry(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["data"]["accounts"][0]
    return found


def test_the_audiences_own_subjects_come_first_and_the_accounts_best_fill_up(
    mailing: Any, alice_caller: Caller
) -> None:
    answer = asked(alice_caller)

    rows = entry(answer)["subjects"]
    assert [(row["campaign"]["id"], row["audience"], row["open_rate_human"]) for row in rows] == [
        ("A", True, 0.5), ("B", True, 0.1), ("D", False, 0.7), ("F", False, 0.5), ("G", False, 0.4),
    ]  # fmt: skip
    assert rows[0] == {
        "campaign": {"id": "A", "name": "Campaign A", "url": rows[0]["campaign"]["url"]}, "subject": "🎉 Merino socks, 20% off",
        "preview": "From Fernweh", "sent_at": "2026-03-01T07:00:00-05:00", "deliveries": 120, "open_rate_human": 0.5,
        "click_rate": 0.0, "revenue": 9.5, "audience": True, "currency": "USD",
    }  # fmt: skip
    assert answer["answer"] == (
        f"{mailing.name}: 2 campaigns of 100 deliveries or more went to “Newsletter”, and 3 others of the account. The best: "
        "“🎉 Merino socks, 20% off”, opened by 50.0 % of deliveries without machines. Most ordered by its members in the last "
        "30 days: “Sock”."
    )


def test_who_it_is_for_what_they_buy_and_what_they_have_read(mailing: Any, alice_caller: Caller) -> None:
    found = entry(asked(alice_caller))

    assert found["audience"] == {
        "id": "L1", "name": "Newsletter", "kind": "list", "size": 2, "counted_at": "2026-03-11T12:00:00Z",
    }  # fmt: skip
    assert [row["item"] for row in found["top_items"]] == ["Sock"]
    assert found["avoid"] == ["A quiet letter", "{{ first_name }}, merino is back", "🎉 Merino socks, 20% off"]


def test_patterns_are_told_with_the_rates_of_the_subjects_that_have_them(mailing: Any, alice_caller: Caller) -> None:
    answer = asked(alice_caller)

    found = entry(answer)["patterns"]
    assert found["median_length"] == 19
    assert found["with_emoji"] == {"subjects": 1, "open_rate_human": 0.5, "without_open_rate_human": 0.45}
    assert found["with_personalization"] == {"subjects": 1, "open_rate_human": 0.1, "without_open_rate_human": 0.5}
    assert (found["with_number"]["subjects"], found["with_discount"]["subjects"]) == (1, 1)
    assert answer["method"]["patterns"]["with_number"] == r"\d"


def test_the_wording_is_that_of_past_messages(mailing: Any, alice_caller: Caller) -> None:
    found = entry(asked(alice_caller))["wording"]

    assert found["senders"] == [{"label": "Fernweh", "email": "hi@fernweh.test", "messages": 7}]
    assert {one["word"]: one["messages"] for one in found["brand_words"]} == {
        "Fernweh": 7, "Merino": 3, "everyone": 2, "Lamps": 2,
    }  # fmt: skip


def test_a_topic_puts_what_holds_one_of_its_words_first(mailing: Any, alice_caller: Caller) -> None:
    answer = asked(alice_caller, about="who is BACK")

    rows = entry(answer)["subjects"]
    assert "The best about that: “{{ first_name }}, merino is back”, opened by 10.0 %" in answer["answer"]
    assert [(row["campaign"]["id"], row["about"]) for row in rows][:2] == [("B", True), ("A", False)]


def test_of_a_text_the_words_are_its_body_and_the_best_is_the_most_clicked(
    mailing: Any, write: Write, alice_caller: Caller
) -> None:
    own = {"integration": "Klaviyo", "category": "Internal", "key": "klaviyo"}
    upsert(mailing, "metric", [Row("RSMS", "Received SMS", attributes=own), Row("CSMS", "Clicked SMS", attributes=own)])
    for key, body in (("S1", "Socks again"), ("S2", "Socks, now")):
        upsert(
            mailing, "campaign", [Row(key, key, status="Sent", channel="sms", at=BEGIN, attributes={"include": ["L1"]})]
        )
        definition = {"channel": "sms", "content": {"body": body}}
        told = {
            "id": f"M{key}",
            "attributes": {"definition": definition},
            "relationships": {"campaign": {"data": {"id": key}}},
        }
        upsert(mailing, "message", [campaign_message_row(told)])
    received = [("RSMS", f"p{number}", 0, {"message": f"M{key}"}) for key in ("S1", "S2") for number in range(100)]
    write(mailing, [*received, ("CSMS", "p1", 1, {"message": "MS2"})])

    answer = asked(alice_caller, channel="sms")

    rows = entry(answer)["subjects"]
    assert [(row["subject"], row["open_rate_human"], row["click_rate"]) for row in rows] == [
        ("Socks, now", None, 0.01), ("Socks again", None, 0.0),
    ]  # fmt: skip
    assert "The best: “Socks, now”, clicked by 1.0 %" in answer["answer"]
    assert entry(answer)["wording"] == {"senders": [], "brand_words": [{"word": "Socks", "messages": 2}]}


def test_without_a_purchase_metric_only_what_needs_it_is_left_empty(mailing: Any, alice_caller: Caller) -> None:
    Record.objects.filter(install=mailing, klaviyo_id="ORDER").delete()

    answer = asked(alice_caller)

    assert (entry(answer)["top_items"], entry(answer)["subjects"][0]["revenue"]) == (None, None)
    assert "no_purchase_metric" in {caveat["code"] for caveat in answer["caveats"]}


def test_it_needs_an_audience_that_is_there(mailing: Any, alice_caller: Caller) -> None:
    assert asked(alice_caller, audience="Nobody")["reason"]["code"] == "not_found"
    with pytest.raises(BadArguments, match="audience: is required"):
        call(alice_caller, "copy_brief", {})


def test_of_two_audiences_it_is_the_campaigns_to_any(mailing: Any, alice_caller: Caller) -> None:
    member_of(mailing, "L2", "zoe")

    found = entry(asked(alice_caller, audience="Newsletter, Others"))

    assert [(one["name"], one["size"]) for one in found["audience"]] == [("Newsletter", 2), ("Others", 1)]
    assert {row["audience"] for row in found["subjects"]} == {True} and len(found["subjects"]) == 6
    assert [row["item"] for row in found["top_items"]] == ["Lamp", "Sock"]


def test_run_again_it_is_equal_whatever_was_renamed(mailing: Any, write: Write, alice_caller: Caller) -> None:
    receipt = Receipt.objects.all().named(asked(alice_caller)["receipt"]["id"]).get()
    write(mailing, [])
    Record.objects.filter(install=mailing).exclude(kind="metric").update(
        name="Renamed", folded="renamed", attributes={}
    )
    mailing.currency = "JPY"
    mailing.save()

    again = rerun(alice_caller, receipt, "same")

    assert again.changed == [] and again.answer["answer"] == receipt.answer["answer"]


def test_many_long_subjects_leave_room_for_the_figures(mailing: Any, alice_caller: Caller) -> None:
    long = [
        Row(
            f"X{number}",
            f"X{number}",
            status="Sent",
            channel="email",
            at=timezone.now(),
            attributes={"include": ["L1"]},
        )
        for number in range(60)
    ]
    upsert(mailing, "campaign", long)
    upsert(mailing, "message", [message(row.klaviyo_id, f"{row.klaviyo_id} {'long ' * 60}") for row in long])

    found = entry(asked(alice_caller))

    assert len(found["subjects"]) == 5 and 0 < sum(map(len, found["avoid"])) <= 4_000
