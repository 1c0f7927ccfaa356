"""Pages of events, profiles and members: complete, in order, and steady while things change underneath."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.sandbox.running import AMERICA, BASE, EMPTY, EUROPE, Running


def walked(api: httpx.Client, path: str, **parameters: Any) -> Iterator[dict[str, Any]]:
    """Every page, by following the links."""
    address: str | None = f"{path}?{urlencode(parameters)}"
    while address:
        answer = api.get(address)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        yield page
        address = page["links"]["next"]


def ids(api: httpx.Client, path: str, **parameters: Any) -> list[str]:
    return [one["id"] for page in walked(api, path, **parameters) for one in page["data"]]


def stamp(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("size", [1000, 357, 200])
@pytest.mark.parametrize("sort", ["datetime", "-datetime", "timestamp", "-timestamp"])
def test_events_come_once_each_in_order(api: httpx.Client, klaviyo: Running, size: int, sort: str) -> None:
    truth = [one["id"] for one in klaviyo.raw("events")]

    read = ids(api, "/api/events", sort=sort, **{"page[size]": size})

    assert read == (truth[::-1] if sort.startswith("-") else truth)


@pytest.mark.parametrize(
    ("operator", "kept"),
    [
        ("greater-than", lambda at, edge: at > edge),
        ("greater-or-equal", lambda at, edge: at >= edge),
        ("less-than", lambda at, edge: at < edge),
        ("less-or-equal", lambda at, edge: at <= edge),
    ],
)
def test_bounds_of_time_are_exact_to_the_second(api: httpx.Client, klaviyo: Running, operator: str, kept: Any) -> None:
    truth = klaviyo.raw("events")
    edge = truth[-500]["timestamp"]
    wanted = [one["id"] for one in truth if kept(one["timestamp"], edge)]

    for field, written in (("datetime", stamp(edge)), ("timestamp", edge)):
        text = f"{operator}({field},{written})"
        assert ids(api, "/api/events", filter=text, **{"page[size]": 1000, "sort": "datetime"}) == wanted


def test_a_bound_between_two_seconds(api: httpx.Client, klaviyo: Running) -> None:
    truth = klaviyo.raw("events")
    edge = truth[-500]["timestamp"]
    between = stamp(edge).replace("Z", ".500000Z")

    after = ids(api, "/api/events", filter=f"greater-or-equal(datetime,{between})", **{"page[size]": 1000})
    before = ids(api, "/api/events", filter=f"less-than(datetime,{between})", **{"page[size]": 1000})

    assert sorted(after) == sorted(one["id"] for one in truth if one["timestamp"] > edge)
    assert sorted(before) == sorted(one["id"] for one in truth if one["timestamp"] <= edge)


def test_events_of_metrics_of_a_person_and_of_somebody(api: httpx.Client, klaviyo: Running) -> None:
    truth = klaviyo.raw("events")
    orders = sorted({one["metric"] for one in truth if one["metric_name"] == "Placed Order"})
    assert len(orders) == 2
    person = next(one["profile"] for one in truth if one["profile"])

    def read(text: str) -> list[str]:
        return sorted(ids(api, "/api/events", filter=text, **{"page[size]": 1000}))

    assert read(f'equals(metric_id,"{orders[0]}")') == sorted(one["id"] for one in truth if one["metric"] == orders[0])
    both = f'equals(metric_id,["{orders[0]}","{orders[1]}"])'
    assert read(both) == sorted(one["id"] for one in truth if one["metric"] in orders)
    assert read(f'equals(profile_id,"{person}")') == sorted(one["id"] for one in truth if one["profile"] == person)
    assert read(f'{both},equals(profile_id,"{person}")') == sorted(
        one["id"] for one in truth if one["metric"] in orders and one["profile"] == person
    )
    assert read(f"{both},has(profile)") == sorted(
        one["id"] for one in truth if one["metric"] in orders and one["profile"]
    )
    assert read('equals(profile_id,"nobody")') == []
    assert api.get("/api/events", params={"filter": 'equals(metric_id,"none")'}).status_code == 400


def test_what_arrives_late_while_pages_are_read_disturbs_nothing(klaviyo: Running) -> None:
    with klaviyo.client(EUROPE) as api:
        before = [one["id"] for one in klaviyo.raw("events", EUROPE)]
        read = []
        for page in walked(api, "/api/events", sort="-datetime", **{"page[size]": 200}):
            read += [one["id"] for one in page["data"]]
            if len(read) <= 800:
                klaviyo.trigger("late-events", account=EUROPE, count=3, days=400)

    assert len(set(read)) == len(read)
    assert set(read) >= set(before)
    after = {one["id"] for one in klaviyo.raw("events", EUROPE)}
    assert len(after) == len(before) + 12


def test_sparse_fields_leave_out_and_change_nothing_else(api: httpx.Client) -> None:
    whole = api.get("/api/events?page[size]=50&include=metric,profile").json()
    sparse = api.get(
        "/api/events?page[size]=50&include=metric,profile&fields[event]=timestamp&fields[metric]=name&fields[profile]=location.city"
    ).json()

    for one, less in zip(whole["data"], sparse["data"], strict=True):
        assert less["attributes"] == {"timestamp": one["attributes"]["timestamp"]}
        assert less["relationships"] == one["relationships"]
    for one, less in zip(whole["included"], sparse["included"], strict=True):
        assert (one["type"], one["id"]) == (less["type"], less["id"])
        if one["type"] == "metric":
            assert less["attributes"] == {"name": one["attributes"]["name"]}
        else:
            assert less["attributes"] == {"location": {"city": one["attributes"]["location"]["city"]}}


def test_included_objects_come_once_and_are_the_ones_referred_to(api: httpx.Client) -> None:
    page = api.get("/api/events?page[size]=1000&sort=-datetime&include=attributions,metric,profile").json()
    given = [(one["type"], one["id"]) for one in page["included"]]

    referred = set()
    for event in page["data"]:
        for relationship in event["relationships"].values():
            data = relationship.get("data") or []
            referred |= {(one["type"], one["id"]) for one in (data if isinstance(data, list) else [data])}

    assert len(set(given)) == len(given)
    assert set(given) == referred


def test_an_order_read_alone_names_what_it_is_credited_to(api: httpx.Client, klaviyo: Running) -> None:
    order = next(one for one in klaviyo.raw("events") if one["attributed"])

    document = api.get(f"/api/events/{order['id']}?include=attributions").json()

    credit = document["included"][0]["relationships"]
    named = {name: one["data"]["id"] for name, one in credit.items() if "data" in one}
    assert named == order["attributed"][0]


def test_profiles_are_sorted_and_bounded_by_their_last_change(api: httpx.Client, klaviyo: Running) -> None:
    truth = sorted((one["attributes"]["updated"], one["id"]) for one in klaviyo.raw("profiles"))
    edge = truth[60][0]

    read = ids(api, "/api/profiles", sort="updated", filter=f"greater-than(updated,{edge})", **{"page[size]": 7})

    assert read == [id for updated, id in truth if updated > edge]
    assert ids(api, "/api/profiles", sort="-updated", **{"page[size]": 100}) == [id for _, id in truth[::-1]]


def test_profiles_are_found_by_what_identifies_them(api: httpx.Client, klaviyo: Running) -> None:
    known = [one for one in klaviyo.raw("profiles") if one["attributes"]["email"] and one["attributes"]["phone_number"]]
    for one in known[:3]:
        for name in ("email", "phone_number"):
            value = one["attributes"][name]
            assert ids(api, "/api/profiles", filter=f'equals({name},"{value}")') == [one["id"]]
    three = ",".join(f'"{one["attributes"]["email"]}"' for one in known[:3])
    assert sorted(ids(api, "/api/profiles", filter=f"any(email,[{three}])")) == sorted(one["id"] for one in known[:3])


def test_members_say_since_when_and_can_be_bounded(api: httpx.Client, klaviyo: Running) -> None:
    newsletter = next(one["id"] for one in klaviyo.raw("lists") if one["attributes"]["name"] == "Newsletter")
    members = httpx.get(f"{klaviyo.url}/_sandbox/members/{AMERICA}/{newsletter}").text.split()
    whole = [one for page in walked(api, f"/api/lists/{newsletter}/profiles") for one in page["data"]]
    assert sorted(one["id"] for one in whole) == sorted(one.strip('"') for one in members)
    joined = [one["attributes"]["joined_group_at"] for one in whole]
    assert joined == sorted(joined)

    later = ids(
        api, f"/api/lists/{newsletter}/relationships/profiles", filter=f"greater-than(joined_group_at,{joined[10]})"
    )

    assert sorted(later) == sorted(one["id"] for one in whole if one["attributes"]["joined_group_at"] > joined[10])


def test_an_empty_account_answers_with_nothing(klaviyo: Running) -> None:
    with klaviyo.client(EMPTY) as api:
        for path in ("events", "profiles", "flows"):
            assert api.get(f"/api/{path}").json()["data"] == []
        assert api.get("/api/metrics").json()["data"]


def test_a_deleted_profile_is_gone_with_its_events_and_a_merged_ones_events_move(klaviyo: Running) -> None:
    with klaviyo.client(EUROPE) as api:
        before = klaviyo.raw("events", EUROPE)
        pair = klaviyo.trigger("merge", account=EUROPE)["what"]
        moved = [one["id"] for one in before if one["profile"] in pair.values()]
        assert api.get(f"/api/profiles/{pair['source']}").status_code == 404
        held = ids(api, "/api/events", filter=f'equals(profile_id,"{pair["target"]}")', **{"page[size]": 1000})
        assert sorted(held) == sorted(moved)

        gone = klaviyo.trigger("delete", account=EUROPE, profile=pair["target"])["what"]

        assert api.get(f"/api/profiles/{gone}").status_code == 404
        assert api.get(f"/api/events/{moved[0]}").status_code == 404
        assert gone not in ids(api, "/api/profiles", **{"page[size]": 100})
        assert len(klaviyo.raw("events", EUROPE)) == len(before) - len(moved)


def test_no_event_is_lost_to_the_clock(api: httpx.Client, klaviyo: Running) -> None:
    """Dated ahead is legal: they are there when no upper bound is asked for."""
    ahead = [one["id"] for one in klaviyo.raw("events") if one["timestamp"] > BASE]
    read = ids(api, "/api/events", filter=f"greater-than(datetime,{stamp(BASE)})")
    assert sorted(read) == sorted(ahead)
    assert ahead
