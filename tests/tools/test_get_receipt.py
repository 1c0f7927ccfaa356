"""get_receipt: the recorded answer, and beside it the same question run again."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from accounts.caller import Caller, member_caller
from audit.models import AuditEvent
from connector.lake.errors import DeadlinePassed, VersionGone
from connector.receipts.models import Receipt
from connector.tools.call import call
from connector.tools.fit import SIZE, text_of
from tests.factories import InstallFactory, MembershipFactory

pytestmark = pytest.mark.django_db
Write = Callable[..., None]

OPENS = [("OPEN", "ann", 0, {"message": "M1"}), ("OPEN", "ben", 7, {"message": "M1"})]
ORDERS = [("ORDER", "ann", 5, {"order_id": "o1", "value": Decimal("12.34")})]
QUESTION = {"did": "opened_email", "but_not": "ordered", "within_days": 7}


def get(caller: Caller, receipt: str, **args: Any) -> dict[str, Any]:
    return call(caller, "get_receipt", {"receipt": receipt, **args})


@pytest.fixture
def asked(shop: Any, write: Write, alice_caller: Caller) -> dict[str, Any]:
    write(shop, OPENS + ORDERS)
    return call(alice_caller, "people_who", QUESTION)


def test_without_a_run_it_is_the_answer_as_recorded(asked: dict[str, Any], alice_caller: Caller) -> None:
    assert get(alice_caller, asked["receipt"]["id"]) == asked
    assert Receipt.objects.count() == 1
    assert AuditEvent.objects.filter(subject_id="get_receipt", receipt=asked["receipt"]["id"]).count() == 1


def test_on_the_same_data_nothing_differs_whatever_came_since(
    asked: dict[str, Any], shop: Any, write: Write, alice_caller: Caller
) -> None:
    write(shop, [*OPENS, *ORDERS, ("OPEN", "dan", 1, {"message": "M1"})])

    found = get(alice_caller, asked["receipt"]["id"], run="same")

    assert found["data"]["changed"] == []
    assert found["data"]["again"]["data"] == asked["data"]
    assert found["data"]["accounts"] == asked["data"]["accounts"]
    assert found["answer"].endswith("Run again on the same data: every figure is equal.")


def test_as_of_now_each_figure_that_differs_is_told(
    asked: dict[str, Any], shop: Any, write: Write, alice_caller: Caller
) -> None:
    write(shop, [*OPENS, *ORDERS, ("OPEN", "dan", 1, {"message": "M1"})])

    data = get(alice_caller, asked["receipt"]["id"], run="latest")["data"]

    told = {each["path"]: (each["before"], each["after"]) for each in data["changed"]}
    assert told["data.accounts[0].did"] == (2, 3)
    assert told["data.accounts[0].people"] == (1, 2)
    assert data["again"]["data"]["accounts"][0]["did"] == 3


def test_groups_are_compared_by_what_they_are_not_by_their_place(shop: Any, write: Write, alice_caller: Caller) -> None:
    clicks = [("CLICK", "ann", 0, {"url": "https://a.test/"}), ("CLICK", "ben", 1, {"url": "https://a.test/"})]
    write(shop, [*clicks, ("CLICK", "cem", 2, {"url": "https://b.test/"})])
    asked = call(alice_caller, "people_who", {"did": "clicked_email", "group_by": "event:URL"})
    more = [("CLICK", f"p{number}", 3, {"url": "https://b.test/"}) for number in range(3)]
    write(shop, [*clicks, ("CLICK", "cem", 2, {"url": "https://b.test/"}), *more])

    changed = get(alice_caller, asked["receipt"]["id"], run="latest")["data"]["changed"]

    of_groups = {each["path"]: (each["before"], each["after"]) for each in changed if ".groups" in each["path"]}
    assert of_groups["data.accounts[0].groups[1].people"] == (1, 4)
    assert not any(path.startswith("data.accounts[0].groups[0]") for path in of_groups)


def test_a_group_that_is_new_is_told_whole(shop: Any, write: Write, alice_caller: Caller) -> None:
    one = ("CLICK", "ann", 0, {"url": "https://a.test/"})
    write(shop, [one])
    asked = call(alice_caller, "people_who", {"did": "clicked_email", "group_by": "event:URL"})
    write(shop, [one, ("CLICK", "ben", 0, {"url": "https://b.test/"})])

    changed = get(alice_caller, asked["receipt"]["id"], run="latest")["data"]["changed"]

    new = next(each for each in changed if each["path"] == "data.accounts[0].groups[1]")
    assert new["before"] is None
    assert new["after"]["value"] == "https://b.test/"


def test_a_definition_that_has_changed_is_said(asked: dict[str, Any], alice_caller: Caller) -> None:
    Receipt.objects.update(definition_version=99)

    found = get(alice_caller, asked["receipt"]["id"], run="same")

    assert found["data"]["same_definition"] is False
    assert "The definition of these figures has changed since the answer." in found["answer"]


def test_a_receipt_without_stored_meanings_cannot_be_run_on_the_same_data(
    asked: dict[str, Any], alice_caller: Caller
) -> None:
    Receipt.objects.update(definition_version=0)

    found = get(alice_caller, asked["receipt"]["id"], run="same")

    assert found["data"]["again"]["status"] == "refused"
    assert "run=latest" in found["data"]["again"]["reason"]["what_to_do"]
    assert found["data"]["changed"] == []
    assert get(alice_caller, asked["receipt"]["id"], run="latest")["data"]["again"]["status"] == "ok"


@pytest.mark.parametrize(
    ("trouble", "status", "words"),
    [
        (DeadlinePassed, "pending", "it takes longer than one call may; ask again in a minute"),
        (VersionGone, "error", "It could not be run again: The data this answer was read from is no longer held."),
    ],
)
def test_trouble_of_the_lake_is_told_in_words(
    asked: dict[str, Any],
    alice_caller: Caller,
    monkeypatch: pytest.MonkeyPatch,
    trouble: type[Exception],
    status: str,
    words: str,
) -> None:
    def stop(*args: Any, **kwargs: Any) -> Any:
        raise trouble

    monkeypatch.setattr("connector.insights.question.reading", stop)

    found = get(alice_caller, asked["receipt"]["id"], run="same")

    assert found["data"]["again"]["status"] == status
    assert words in found["answer"]
    assert [(each["before"], each["after"]) for each in found["data"]["changed"]] == [("ok", status)]


def test_who_may_not_see_every_account_in_it_finds_none(
    asked: dict[str, Any], alice_caller: Caller, northwind: Any, charlie: Any
) -> None:
    seen = InstallFactory(organization=northwind)
    limited = MembershipFactory(organization=northwind, role="analyst", installs=[str(seen.pk)])

    for caller in (member_caller(limited, via="mcp"), member_caller(charlie.memberships.get(), via="mcp")):
        found = get(caller, asked["receipt"]["id"])
        assert (found["status"], found["reason"]["code"]) == ("refused", "not_found")
    assert get(alice_caller, "no such id")["reason"]["code"] == "not_found"


@pytest.mark.parametrize("run", ["none", "same", "latest"])
def test_however_many_rows_it_fits_and_leads_on(shop: Any, write: Write, alice_caller: Caller, run: str) -> None:
    clicks = [("CLICK", f"p{number}", number, {"url": f"https://{number:0150d}.test/"}) for number in range(400)]
    write(shop, clicks)
    asked = call(alice_caller, "people_who", {"did": "clicked_email", "group_by": "event:URL"})
    write(shop, [*clicks, *((*each[:2], each[2] + 1, each[3]) for each in clicks)])

    found = get(alice_caller, asked["receipt"]["id"], run=run)

    assert len(text_of(found).encode()) <= SIZE
    step = found["next"][0]
    assert call(alice_caller, step["tool"], step["args"])["data"]["accounts"][0]["groups"]
    if run == "latest":
        assert found["data"]["changed_left_out"] > 0
        assert found["data"]["changed"]


def test_a_question_without_figures_is_kept_in_short_and_not_run_again(
    shop: Any, write: Write, alice_caller: Caller
) -> None:
    write(shop, OPENS)

    answer = call(alice_caller, "people_who", {"did": "opened_email", "campaign": "no such thing"})

    assert (answer["status"], answer["receipt"]) == ("refused", None)
    kept = Receipt.objects.get()
    assert (kept.status, kept.sentence, kept.answer["data"]) == ("refused", answer["answer"], {})
    assert kept.answer["reason"] == answer["reason"]
    assert "no such thing" in kept.question
    found = get(alice_caller, kept.public_id, run="latest")
    assert found["status"] == "refused"
    assert "got no figures" in found["answer"]


def test_a_name_that_fits_several_is_kept_in_short_too(shop: Any, write: Write, alice_caller: Caller) -> None:
    write(shop, OPENS)

    assert call(alice_caller, "people_who", {"did": "opened_email", "campaign": "Q4"})["status"] == "needs_choice"

    assert Receipt.objects.get().status == "needs_choice"


def test_what_is_about_the_caller_leaves_no_receipt(shop: Any, alice_caller: Caller) -> None:
    call(replace(alice_caller, scopes=frozenset()), "people_who", {"did": "opened_email"})
    call(alice_caller, "get_job", {"job": "made up"})

    assert not Receipt.objects.exists()


def test_a_question_that_named_no_account_is_its_askers_and_of_who_sees_all(
    northwind: Any, alice_caller: Caller, bob: Any
) -> None:
    one, other = InstallFactory(organization=northwind), InstallFactory(organization=northwind)
    limits = [[str(one.pk), str(other.pk)], [str(one.pk)]]
    asker, limited = (
        member_caller(MembershipFactory(organization=northwind, role="analyst", installs=limit), via="mcp")
        for limit in limits
    )
    assert call(asker, "people_who", {"did": "opened_email"})["status"] == "needs_choice"

    assert Receipt.objects.visible_to(asker).exists()
    assert Receipt.objects.visible_to(alice_caller).exists()
    assert not Receipt.objects.visible_to(limited).exists()
