"""What of the demo is still to do at a start, and the question that script/up proposes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from audit.record import record
from config import demo
from connector.installs.models import Install
from connector.records.models import Record
from tests.factories import InstallFactory, RecordFactory

WHOLE = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def first(northwind: Any) -> Install:
    return connected(northwind, "AAA111", complete_from=WHOLE)


def test_an_empty_organization_has_everything_to_do_and_no_question(northwind: Any) -> None:
    assert demo.standing(northwind) == {"is_ready": False, "question": None}


def test_one_account_is_not_enough(northwind: Any, first: Install) -> None:
    assert not demo.standing(northwind)["is_ready"]


def test_two_accounts_of_which_the_first_is_synced_are_ready(northwind: Any, first: Install) -> None:
    connected(northwind, "BBB222", complete_from=None)

    assert demo.standing(northwind)["is_ready"]


def test_an_unfinished_first_load_is_waited_for_at_the_next_start(northwind: Any) -> None:
    connected(northwind, "AAA111", complete_from=None)
    connected(northwind, "BBB222", complete_from=None)

    assert not demo.standing(northwind)["is_ready"]


def test_an_account_that_was_erased_does_not_come_back(northwind: Any, first: Install) -> None:
    connected(northwind, "BBB222", complete_from=None).delete()

    assert demo.standing(northwind)["is_ready"]


def test_the_question_is_about_a_sent_campaign_by_its_name(northwind: Any, first: Install) -> None:
    campaign(first, "Welcome", "Sent")
    campaign(first, "Q4 Holiday Campaign", "Sent")
    campaign(first, "Holiday draft", "Draft")

    assert demo.standing(northwind)["question"] == {
        "account": "AAA111",
        "did": "opened_email",
        "campaign": "Q4 Holiday Campaign",
        "but_not": "ordered",
        "within_days": 7,
    }


def test_a_name_that_several_campaigns_have_is_asked_for_with_a_star(northwind: Any, first: Install) -> None:
    campaign(first, "Holiday", "Sent")
    campaign(first, "Holiday", "Sent")

    assert demo.standing(northwind)["question"]["campaign"] == "Holiday*"


def test_a_name_with_a_comma_is_asked_for_by_id(northwind: Any, first: Install) -> None:
    row = campaign(first, "Holiday, at last", "Sent")

    assert demo.standing(northwind)["question"]["campaign"] == row.klaviyo_id


def connected(organization: Any, klaviyo_id: str, **facts: Any) -> Install:
    install: Install = InstallFactory(organization=organization, klaviyo_id=klaviyo_id, **facts)
    record("install.connected", via="page", organization_id=organization.pk, install_id=install.pk)
    return install


def campaign(install: Install, name: str, status: str) -> Record:
    row: Record = RecordFactory(install=install, kind="campaign", name=name, status=status)
    return row
