"""The sentence of an answer says what was counted and nothing else; the model may repeat it as it stands."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.caller import Caller
from connector.lake.store import writing
from connector.records.models import Audience, Record
from connector.records.upsert import Row, upsert
from connector.tools.call import call

pytestmark = pytest.mark.django_db

MUG, SOCKS = ({"title": title, "quantity": 1, "price": None} for title in ("Mug ☕", "Socks, 3 pack"))


@pytest.fixture
def trading(shop: Any, write: Callable[..., None]) -> Any:
    """ann opens twice and orders a mug, ben opens both campaigns, cem orders socks, dan gets a welcome and clicks it."""
    upsert(shop, "list", [Row("L1", "Newsletter"), Row("L2", "VIP")])
    write(shop, [
        ("OPEN", "ann", 0, {"message": "M1"}), ("OPEN", "ann", 5, {"message": "M1", "machine_open": True}),
        ("OPEN", "ben", 0, {"message": "M1"}), ("OPEN", "ben", 0, {"message": "M2"}),
        ("OPEN", "dan", 0, {"flow": "F1"}), ("CLICK", "dan", 1, {"flow": "F1"}),
        ("ORDER", "ann", 10, {"order_id": "o1", "items": [MUG]}), ("ORDER", "cem", 10, {"order_id": "o2", "items": [SOCKS]}),
    ])  # fmt: skip
    for key, people in (("L1", ["ann", "ben"]), ("L2", ["ben"])):
        with writing(shop.pk, "test") as lake:
            lake.replace_members(key, people)
        record = Record.objects.get(install=shop, klaviyo_id=key)
        Audience.objects.create(
            record=record, organization_id=shop.organization_id, fetched_at=timezone.now(), members=len(people)
        )
    return shop


DAYS = "from 2026-02-01 to 2026-02-28"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"did": "opened_email"}, "3 people opened an e-mail in the whole history."),
        ({"did": "opened_email", "campaign": "C1"}, "2 people opened “Q4 Holiday Campaign” in the whole history."),
        (
            {"did": "opened_email", "campaign": "C1,C2", "but_not": "ordered", "within_days": 7},
            "of 2 people who opened “Q4 Holiday Campaign” or “Q4 Holiday Reminder” in the whole history, "
            "1 (50.0 %) placed an order within 7 days afterwards, median 10 minutes; 1 (50.0 %) did not.",
        ),
        (
            {"did": "opened_email", "but_not": "ordered", "but_not_flow": "F1"},
            "of 3 people who opened an e-mail in the whole history, "
            "0 (0.0 %) placed an order attributed to the flow “Abandoned cart” afterwards; 3 (100.0 %) did not.",
        ),
        (
            {"did": "opened_email", "flow": "F1", "but_not": "clicked_email"},
            "of 1 person who opened the flow “Abandoned cart” in the whole history, "
            "1 (100.0 %) clicked in the flow “Abandoned cart” afterwards, median 1 minute; 0 (0.0 %) did not.",
        ),
        (
            {"did": "opened_email", "campaign": "C1", "but_not": "clicked_email", "but_not_campaign": "any"},
            "of 2 people who opened “Q4 Holiday Campaign” in the whole history, "
            "0 (0.0 %) clicked in any e-mail afterwards; 2 (100.0 %) did not.",
        ),
        ({"did": "ordered", "item": "Socks, 3 pack"}, "1 person placed an order with “Socks, 3 pack” in the whole history."),
        (
            {"did": "opened_email", "but_not": "ordered", "but_not_item": "Mug ☕"},
            "of 3 people who opened an e-mail in the whole history, "
            "1 (33.3 %) placed an order with “Mug ☕” afterwards, median 10 minutes; 2 (66.7 %) did not.",
        ),
        (
            {"did": "opened_email", "audience": "L1", "but_not": "ordered"},
            "of 2 people in “Newsletter” who opened an e-mail in the whole history, "
            "1 (50.0 %) placed an order afterwards, median 10 minutes; 1 (50.0 %) did not.",
        ),
        (
            {"did": "member", "audience": "L1,L2", "but_not": "member", "but_not_audience": "L2"},
            "of 2 people who are in “Newsletter” or “VIP”, 1 (50.0 %) is in “VIP” too; 1 (50.0 %) is not.",
        ),
        (
            {"did": "member", "audience": "L1", "but_not": "ordered", "period": "2026-02"},
            "of 2 people who are in “Newsletter”, 1 (50.0 %) placed an order from 2026-02-01 on, median 28.3 days; 1 (50.0 %) did not.",
        ),
        ({"did": "opened_email", "at_least": 2}, "2 people opened an e-mail at least 2 times in the whole history. "
         "That is 66.7 % of the 3 people who did so at least once."),
        (
            {"did": "opened_email", "machine_opens": "exclude"},
            "3 people opened an e-mail in the whole history. Opens by machines and clicks by bots are left out.",
        ),
        (
            {"did": "opened_email", "but_not": "ordered", "but_not_period": "2026-02"},
            f"of 3 people who opened an e-mail in the whole history, 0 (0.0 %) placed an order {DAYS}; 3 (100.0 %) did not.",
        ),
        ({"did": "opened_email", "period": "2026-03-01"}, "3 people opened an e-mail on 2026-03-01."),
        (
            {"did": "opened_email", "but_not": "opened_email"},
            "of 3 people who opened an e-mail in the whole history, "
            "2 (66.7 %) opened an e-mail again, median 2.5 minutes; 1 (33.3 %) did not.",
        ),
        (
            {"did": "opened_email", "group_by": "event:weekday"},
            "3 people opened an e-mail in the whole history. Most by weekday: Sunday 3 (100.0 %).",
        ),
        (
            {"did": "opened_email", "group_by": "times"},
            "3 people opened an e-mail in the whole history. Most by number of times: 2 times 2 (66.7 %), once 1 (33.3 %).",
        ),
        (
            {"did": "opened_email", "group_by": "event:Subject"},
            "3 people opened an e-mail in the whole history. Most by Subject: Hello 2 (66.7 %), no Subject 2 (66.7 %).",
        ),
        ({"did": "opened_email", "period": "2026-02"}, f"0 people opened an e-mail {DAYS}."),
    ],
)  # fmt: skip
def test_the_sentence_says_what_was_counted(
    trading: Any, alice_caller: Caller, args: dict[str, Any], said: str
) -> None:
    answer = call(alice_caller, "people_who", args)

    assert answer["answer"] == f"{trading.name}: {said}"


@pytest.mark.parametrize(
    ("args", "rule"),
    [
        ({"did": "ordered", "item": "Mug ☕", "campaign": "Q4 Holiday Campaign"},
         "placed an order attributed to “Q4 Holiday Campaign” with “Mug ☕” (an order is one person and order id"),
        ({"did": "opened_email", "but_not": "ordered", "but_not_item": "Mug ☕", "within_days": 7},
         "opened an e-mail, and did not place an order with “Mug ☕” at or after their first one, less than 7 × 24 hours later."),
        ({"did": "opened_email", "audience": "Newsletter", "at_least": 2},
         "opened an e-mail at least 2 times, being present members of “Newsletter”."),
        ({"did": "member", "but_not": "ordered", "but_not_when": "before", "within_days": 1},
         "are known to the account, and did not place an order before the start of the period, at most 1 × 24 hours earlier."),
        ({"did": "opened_email", "campaign": "C1", "but_not": "clicked_email", "but_not_when": "in_period"},
         "opened “Q4 Holiday Campaign”, and did not click in “Q4 Holiday Campaign” in the same period."),
        ({"did": "opened_email", "group_by": "event:Subject"},
         "opened an e-mail; grouped by the subject that the message now has, each person in every group that their events are in."),
        ({"did": "opened_email", "group_by": "times"}, "opened an e-mail; grouped by how often they did so in the period."),
        ({"did": "ordered", "but_not": "member", "but_not_audience": "VIP"}, ", and are not in “VIP” at present."),
        ({"did": "ordered", "but_not": "opened_email", "but_not_period": "last_month"},
         ", and did not open an e-mail last month."),
    ],
)  # fmt: skip
def test_the_definition_names_every_condition(
    trading: Any, alice_caller: Caller, args: dict[str, Any], rule: str
) -> None:
    assert rule in call(alice_caller, "people_who", args)["method"]["definition"]
