"""Pages of profiles: consent, place, and what is digested before it is stored."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.klaviyo.profiles import PROFILE_FIELDS, decode


def profile(id: str = "P1", **attributes: Any) -> dict[str, Any]:
    return {"type": "profile", "id": id, "attributes": attributes, "relationships": {}, "links": {"self": "x"}}


def page(*people: Any, following: str | None = None) -> bytes:
    return json.dumps({"data": people, "links": {"next": following}}).encode()


def person(attributes: Any, properties: tuple[str, ...] = ()) -> dict[str, Any]:
    """The columns of one profile."""
    columns = decode(page({"type": "profile", "id": "P1", "attributes": attributes}), properties).columns
    return {name: values[0] for name, values in columns.items()}


FULL = {
    "email": "eve@example.com",
    "phone_number": "+15005550006",
    "created": "2023-01-02T03:04:05+00:00",
    "updated": "2024-02-29T23:59:59.123456+00:00",
    "first_name": "Eve",
    "location": {
        "country": "Germany",
        "region": "Berlin",
        "city": "Berlin",
        "timezone": "Europe/Berlin",
        "address1": "x",
    },
    "properties": {"Plan": "gold", "Visits": 7, "Secret": "no"},
    "subscriptions": {
        "email": {
            "marketing": {
                "can_receive_email_marketing": False,
                "consent": "SUBSCRIBED",
                "consent_timestamp": "2023-02-21T20:07:38+00:00",
                "method": "FORM",
                "suppression": [{"reason": "HARD_BOUNCE", "timestamp": "2023-02-21T20:07:38+00:00"}],
            }
        },
        "sms": {
            "marketing": {"consent": "UNSUBSCRIBED", "consent_timestamp": "2023-03-01T00:00:00+00:00", "method": "TEXT"}
        },
    },
}


def test_a_profile_becomes_a_row() -> None:
    assert person(FULL, ("Plan", "Visits", "Absent")) == {
        "id": "P1",
        "created": datetime(2023, 1, 2, 3, 4, 5, tzinfo=UTC),
        "updated": datetime(2024, 2, 29, 23, 59, 59, 123456, tzinfo=UTC),
        "email": "eve@example.com",
        "phone": "+15005550006",
        "country": "Germany",
        "region": "Berlin",
        "city": "Berlin",
        "time_zone": "Europe/Berlin",
        "email_consent": "SUBSCRIBED",
        "email_consent_at": datetime(2023, 2, 21, 20, 7, 38, tzinfo=UTC),
        "email_method": "FORM",
        "sms_consent": "UNSUBSCRIBED",
        "sms_consent_at": datetime(2023, 3, 1, tzinfo=UTC),
        "sms_method": "TEXT",
        "suppressed": True,
        "properties": {"Plan": "gold", "Visits": "7"},
    }


def test_names_and_addresses_are_not_even_asked_for() -> None:
    assert not {"first_name", "last_name", "external_id", "image", "title"} & set(PROFILE_FIELDS)


@pytest.mark.parametrize(
    "subscriptions",
    [None, {}, {"email": None}, {"email": {"marketing": None}}, {"email": {"marketing": {"consent": None}}}],
)
def test_a_profile_that_tells_little_is_a_row_too(subscriptions: Any) -> None:
    row = person({"subscriptions": subscriptions})

    assert {name for name, value in row.items() if value is not None} == {"id", "suppressed"}
    assert row["suppressed"] is False


def test_a_suppression_on_one_list_is_no_suppression() -> None:
    marketing = {"consent": "SUBSCRIBED", "suppression": [], "list_suppressions": [{"list_id": "L1", "reason": "x"}]}

    assert person({"subscriptions": {"email": {"marketing": marketing}}})["suppressed"] is False


def test_an_odd_profile_spoils_no_other_and_keeps_what_makes_sense() -> None:
    odd = profile("odd", email=5, location=[], phone_number="+15005550006", subscriptions="x", created="yesterday")

    read = decode(page(profile("P1", email="a@example.com"), odd, {"id": None}, 5, profile("P2"), following="n"))

    assert read.columns["id"] == ["P1", "odd", "P2"]
    assert read.columns["email"] == ["a@example.com", None, None]
    assert read.columns["phone"] == [None, "+15005550006", None]
    assert (read.count, read.next) == (3, "n")


def test_an_odd_leaf_takes_none_of_its_neighbours_with_it() -> None:
    marketing = {"consent": "SUBSCRIBED", "method": "FORM", "consent_timestamp": 5, "suppression": "x"}
    row = person(
        {"location": {"country": "Germany", "region": 5}, "subscriptions": {"email": {"marketing": marketing}}}
    )

    assert (row["country"], row["region"]) == ("Germany", None)
    assert (row["email_consent"], row["email_method"], row["email_consent_at"]) == ("SUBSCRIBED", "FORM", None)


def test_custom_properties_of_an_odd_shape_are_none() -> None:
    assert person({"properties": ["x"]}, ("Plan",))["properties"] is None
    assert person({"properties": {"Plan": None}}, ("Plan",))["properties"] is None
    assert person({"properties": {"Plan": "gold"}})["properties"] is None
