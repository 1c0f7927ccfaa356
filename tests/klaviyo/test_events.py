"""Pages of events become columns: exact where Klaviyo is exact, and never lost for one odd property."""

import json
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.klaviyo.events import decode
from connector.lake.schema import EVENTS


def event(id: str = "E1", properties: Any = None, timestamp: Any = 1_700_000_000, **changes: Any) -> dict[str, Any]:
    relationships = {
        "metric": {"data": {"type": "metric", "id": "M1"}, "links": {"self": "x", "related": "y"}},
        "profile": {"data": {"type": "profile", "id": "P1"}},
        "attributions": {"data": []},
    }
    attributes = {
        "timestamp": timestamp,
        "datetime": "2023-11-14T22:13:20+00:00",
        "uuid": "u",
        "event_properties": properties if properties is not None else {},
    }
    return {"type": "event", "id": id, "attributes": attributes, "relationships": relationships} | changes


def page(*events: Any, included: Any = None, following: str | None = None) -> bytes:
    links = {"self": "s", "next": following, "prev": None}
    return json.dumps({"data": events, "included": included, "links": links, "meta": {"agent_hints": {}}}).encode()


def row(body: bytes, properties: tuple[str, ...] = ()) -> dict[str, Any]:
    """The columns of a page of one event."""
    read = decode(body, properties)
    assert read.count == 1
    return {name: values[0] for name, values in read.columns.items()}


def of(properties: Any, **changes: Any) -> dict[str, Any]:
    """The columns of an event with these properties, and with an odd neighbour that sends the page the lenient way."""
    body = page(event(properties=properties, **changes))
    typed = row(body)
    read = decode(page(event(properties=properties, **changes), event("odd", {"Method": ["odd"]})))
    assert {name: values[0] for name, values in read.columns.items()} == typed
    return typed


def test_the_columns_are_those_that_the_lake_keeps() -> None:
    read = decode(page(event(), event("E2")))

    assert set(read.columns) == {column.name for column in EVENTS.columns}
    assert {len(values) for values in read.columns.values()} == {2}


def test_an_event_without_properties_is_a_bare_one() -> None:
    bare = of({})

    assert bare == {
        **dict.fromkeys(bare),
        "id": "E1",
        "time": datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        "metric": "M1",
        "person": "P1",
        "machine_open": False,
        "bot_click": False,
    }


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0.1", "0.1"),
        ("19.99", "19.99"),
        ("1234567.0000005", "1234567.000001"),
        ("-0.0000005", "-0.000001"),
        ("12345678901234.123456", "12345678901234.123456"),
        ("1e3", "1000"),
        ('"49.90"', "49.90"),
        ('" 7 "', "7"),
        ("100000000000000", None),
        ("1e999", None),
        ('"$12"', None),
        ('"1,234.5"', None),
        ('"1_000"', None),
        ('"NaN"', None),
        ('""', None),
        ("null", None),
        ("true", None),
        ("[1]", None),
        ('{"amount": 1}', None),
    ],
)
def test_money_is_read_from_its_text_and_never_by_way_of_a_float(written: str, value: str | None) -> None:
    body = page(event(properties={"$value": "@"})).replace(b'"@"', written.encode())

    read = row(body)["value"]

    assert read == (None if value is None else Decimal(value))
    assert read is None or read.as_tuple().exponent == -6


@pytest.mark.parametrize(
    ("timestamp", "said", "time"),
    [
        (1_700_000_000, None, "2023-11-14T22:13:20+00:00"),
        (1_700_000_000.9, None, "2023-11-14T22:13:20+00:00"),
        ("1700000000", None, "2023-11-14T22:13:20+00:00"),
        (None, "2024-02-29T23:59:59.999+00:00", "2024-02-29T23:59:59+00:00"),
        (None, "2024-03-31T03:30:00+02:00", "2024-03-31T01:30:00+00:00"),
        (None, "2024-03-31T03:30:00Z", "2024-03-31T03:30:00+00:00"),
        ("soon", "2024-03-31T03:30:00", "2024-03-31T03:30:00+00:00"),
        (1_800_000_000_000_000, "2024-03-31T03:30:00Z", "2024-03-31T03:30:00+00:00"),
        (4_000_000_000, None, "2096-10-02T07:06:40+00:00"),
    ],
)
def test_time_is_whole_seconds_of_the_timestamp_else_of_the_datetime(timestamp: Any, said: Any, time: str) -> None:
    attributes = {"timestamp": timestamp, "datetime": said, "event_properties": {}}

    read = row(page(event(attributes=attributes)))

    assert read["time"] == datetime.fromisoformat(time)


@pytest.mark.parametrize("name", ["machine_open", "Machine Open", "Apple Privacy Open"])
@pytest.mark.parametrize(
    ("said", "is_machine"),
    [
        (True, True),
        ("true", True),
        ("True", True),
        (1, True),
        ("1", True),
        (False, False),
        ("false", False),
        (0, False),
        (None, False),
        ("", False),
        ([], False),
        (2, False),
    ],
)
def test_a_machines_open_is_known_by_any_of_its_names(name: str, said: Any, is_machine: bool) -> None:
    assert of({name: said})["machine_open"] is is_machine
    assert of({"Bot Click": said})["bot_click"] is is_machine


def test_plain_properties_go_where_they_belong() -> None:
    read = of(
        {
            "$message": "01MSG",
            "$flow": "FLoW1",
            "$variation": "V1",
            "$event_id": 4711,
            "$value_currency": "EUR",
            "$currency_code": "USD",
            "Method": "Form",
            "$list": "LiSt1",
            "List": "Newsletter",
            "form_id": "F1",
            "Form Name": "Popup",
            "URL": "https://shop.example/a?email=eve%40example.com#top",
            "Bounce Type": "Hard",
            "Client Type": "Mobile",
            "Source Name": "web",
            "Discount Codes": ["WELCOME", "SPRING"],
            "Subject": "dropped",
        }
    )

    assert {name: value for name, value in read.items() if value} == {
        "id": "E1",
        "time": datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        "metric": "M1",
        "person": "P1",
        "message": "01MSG",
        "flow": "FLoW1",
        "variation": "V1",
        "order_id": "4711",
        "currency": "EUR",
        "method": "Form",
        "list_id": "LiSt1",
        "list_name": "Newsletter",
        "form_id": "F1",
        "form_name": "Popup",
        "url": "https://shop.example/a",
        "bounce_type": "Hard",
        "client_type": "Mobile",
        "source_name": "web",
        "discount_codes": ["WELCOME", "SPRING"],
    }


def test_where_the_first_name_is_missing_the_next_one_counts() -> None:
    assert of({"$currency_code": "JPY"})["currency"] == "JPY"
    assert of({"$currency": "INR"})["currency"] is None
    assert of({"form_name": "Footer"})["form_name"] == "Footer"
    assert of({"Discount Codes": "ONE"})["discount_codes"] == ["ONE"]
    assert of({"Discount Codes": [{"code": "A"}, None, "B", ""]})["discount_codes"] == ["B"]


def test_custom_properties_are_kept_by_name_as_text() -> None:
    said = {"Subject": "Hello", "Size": 42, "Gift": True, "Tags": ["a", 1], "None": None, "Method": "Form", "Other": 1}

    read = row(page(event(properties=said)), ("Subject", "Size", "Gift", "Tags", "None", "Method", "Absent"))

    assert read["properties"] == {
        "Subject": "Hello",
        "Size": "42",
        "Gift": "true",
        "Tags": '["a", 1]',
        "Method": "Form",
    }
    assert read["method"] == "Form"
    assert row(page(event(properties=said)))["properties"] is None


def attribution(id: str, **to: str) -> dict[str, Any]:
    links = {name.replace("_", "-"): {"data": {"type": name, "id": one}} for name, one in to.items()}
    return {
        "type": "attribution",
        "id": id,
        "relationships": {**links, "event": {"data": {"type": "event", "id": "x"}}},
    }


def attributed(*ids: str) -> dict[str, Any]:
    base = event()
    base["relationships"]["attributions"] = {"data": [{"type": "attribution", "id": id} for id in ids]}
    return base


SHOPIFY = {"name": "Shopify", "key": "shopify", "category": "eCommerce"}


def test_klaviyos_attribution_is_joined_to_its_event_once_each() -> None:
    included = [
        attribution("A1", campaign="C1", campaign_message="CM1"),
        attribution("A2", flow="F1", flow_message="FM1"),
        attribution("A3", campaign="C1", campaign_message="CM1"),
        attribution("A4"),
        {"type": "metric", "id": "M1", "attributes": {"name": "Placed Order", "integration": SHOPIFY}},
        {"type": "profile", "id": "P1", "attributes": {"email": "eve@example.com"}},
    ]

    read = decode(page(attributed("A1", "A2", "A3", "A4", "A9"), event("E2"), included=included))

    assert read.columns["attributed"] == [
        [
            {"campaign": "C1", "flow": None, "message": "CM1"},
            {"campaign": None, "flow": "F1", "message": "FM1"},
        ],
        None,
    ]
    assert read.metrics == [
        {"type": "metric", "id": "M1", "attributes": {"name": "Placed Order", "integration": SHOPIFY}}
    ]


@pytest.mark.parametrize("integration", [None, {}, {"name": None}])
def test_a_metric_without_an_integration_has_a_name_all_the_same(integration: Any) -> None:
    included = [{"type": "metric", "id": "M1", "attributes": {"name": "Custom", "integration": integration}}]

    (told,) = decode(page(event(), included=included)).metrics

    assert told["attributes"]["name"] == "Custom"
    assert not any((told["attributes"]["integration"] or {}).values())


def test_an_event_without_a_profile_is_nobodys() -> None:
    lonely = event()
    del lonely["relationships"]["profile"]
    null = event("E2")
    null["relationships"]["profile"] = {"data": None}

    assert decode(page(lonely, null)).columns["person"] == [None, None]


ODD: dict[str, list[Any]] = {
    "attributes": [{"event_properties": "text", "timestamp": 1_700_000_000}, {"timestamp": 1_700_000_000}],
    "relationships": [None, [], {"metric": None, "profile": {"data": []}}, "text"],
}


@pytest.mark.parametrize("where", ODD)
def test_an_odd_event_keeps_its_id_and_time_and_spoils_no_other(where: str) -> None:
    odd = [event(f"odd-{number}", **{where: value}) for number, value in enumerate(ODD[where])]

    read = decode(page(event("first", {"$value": 5}), *odd, event("last", {"$value": 6}), following="http://x/next"))

    assert read.columns["id"] == ["first", *(one["id"] for one in odd), "last"]
    assert set(read.columns["time"]) == {datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)}
    assert (read.columns["value"][0], read.columns["value"][-1]) == (5, 6)
    assert read.next == "http://x/next"


def test_what_is_not_an_event_is_left_out() -> None:
    timeless = event("timeless", attributes={"event_properties": {}, "timestamp": None, "datetime": "?"})

    read = decode(page({"type": "event"}, 5, timeless, event("E9")))

    assert read.columns["id"] == ["E9"]
    assert read.count == 1


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
KNOWN = ["$message", "$flow", "$variation", "$event_id", "$value", "$value_currency", "$currency_code"]
KNOWN += ["machine_open", "Machine Open", "Apple Privacy Open", "Bot Click", "Method", "$list", "List", "form_id"]
KNOWN += ["Form Name", "form_name", "URL", "Bounce Type", "Client Type", "Source Name", "Discount Codes", "Items"]
KNOWN += ["AddedItemProductName", "AddedItemQuantity", "AddedItemPrice", "extra", "$extra", "ProductName"]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(st.sampled_from(KNOWN), anything, max_size=6), min_size=1, max_size=5))
def test_whatever_properties_hold_every_event_is_there(every: list[Any]) -> None:
    read = decode(page(*(event(f"E{number}", said) for number, said in enumerate(every))))

    assert read.columns["id"] == [f"E{number}" for number in range(len(every))]
    alone = [
        {name: values[0] for name, values in decode(page(event(f"E{n}", said))).columns.items()}
        for n, said in enumerate(every)
    ]
    assert [{name: values[n] for name, values in read.columns.items()} for n in range(len(every))] == alone


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"data": {}}', b'{"data": null}', b"null", b"\xff"])
def test_what_is_not_a_page_is_refused(body: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        decode(body)


def test_a_thousand_events_are_decoded_in_a_few_milliseconds() -> None:
    padding = {f"Custom {number}": "x" * 40 for number in range(20)}
    body = page(*(event(f"E{number}", {"$message": "M", "Subject": "S", **padding}) for number in range(1000)))
    decode(body)

    started = time.process_time()
    for _ in range(10):
        decode(body)

    assert time.process_time() - started < 10 * 0.03
