"""The spine: accounts are asked side by side under one deadline, and what goes wrong with one stays its own."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from accounts.caller import Caller
from connector.insights.question import AccountQuestion, Answer, Question, each_account
from connector.insights.refusal import Refusal
from connector.installs.models import Install
from connector.lake.errors import LakeError, VersionGone
from tests.factories import InstallFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def three(northwind: Any, settings: Any, tmp_path: Any) -> list[Install]:
    settings.LAKE_URL = str(tmp_path / "lake")
    return [InstallFactory(organization=northwind, klaviyo_id=f"ACC00{n}", name=f"Shop {n}") for n in range(3)]


def question(caller: Caller, seconds: float = 20.0, **args: Any) -> Question:
    return Question(caller, {"account": "all"} | args, timezone.now(), time.monotonic() + seconds)


def answered(asked: AccountQuestion) -> Answer:
    return Answer({"name": asked.account.name}, f"{asked.account.name}.")


def failing(error: Exception) -> Callable[[AccountQuestion], Answer]:
    """Of the second shop alone."""

    def answer(asked: AccountQuestion) -> Answer:
        if asked.account.id == "ACC001":
            raise error
        return answered(asked)

    return answer


def test_accounts_are_asked_at_the_same_time(three: list[Install], alice_caller: Caller) -> None:
    meeting = threading.Barrier(3, timeout=15)

    def answer(asked: AccountQuestion) -> Answer:
        meeting.wait()  # each waits until all three are being asked
        return answered(asked)

    found = each_account(question(alice_caller), answer)

    assert [entry.status for entry in found] == ["ok"] * 3
    assert [entry.figures["name"] for entry in found] == ["Shop 0", "Shop 1", "Shop 2"]


def test_what_is_not_answered_by_the_deadline_is_pending_and_the_rest_is_answered(
    three: list[Install], alice_caller: Caller
) -> None:
    released = threading.Event()

    def answer(asked: AccountQuestion) -> Answer:
        if asked.account.id == "ACC001":
            released.wait(15)
        return answered(asked)

    try:
        found = each_account(question(alice_caller, seconds=1.0), answer)
    finally:
        released.set()

    assert [entry.status for entry in found] == ["ok", "pending", "ok"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Refusal("refused", "not_found", "There is none."), "refused", "not_found"),
        (LakeError("the disk"), "error", "timeout"),
        (VersionGone("old"), "error", "timeout"),
    ],
)
def test_what_goes_wrong_with_one_account_is_its_own(
    three: list[Install], alice_caller: Caller, error: Exception, status: str, code: str
) -> None:
    found = each_account(question(alice_caller), failing(error))

    assert [entry.status for entry in found] == ["ok", status, "ok"]
    assert found[1].reason is not None and found[1].reason.code == code


def test_accounts_that_are_settled_are_not_asked_again(three: list[Install], alice_caller: Caller) -> None:
    first = each_account(question(alice_caller), failing(Refusal("pending", text="being loaded")))
    asked_again: list[str] = []

    def answer(asked: AccountQuestion) -> Answer:
        asked_again.append(asked.account.id)
        return answered(asked)

    found = each_account(question(alice_caller).keeping(first), answer)

    assert asked_again == ["ACC001"]
    assert [entry.status for entry in found] == ["ok"] * 3


def test_nobody_is_asked_about_an_account_that_the_caller_may_not_see(
    three: list[Install], alice_caller: Caller
) -> None:
    caller = replace(alice_caller, installs=frozenset({three[0].pk}))

    assert [entry.name for entry in each_account(question(caller), answered)] == ["Shop 0"]
    unknown = each_account(question(caller, account="ACC002"), answered)[0]
    assert (unknown.install, unknown.reason and unknown.reason.code) == (None, "not_found")
