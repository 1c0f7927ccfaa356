"""Klaviyo's SDK, our client and the sandbox's own books: three readings of one world agree on every id."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from openapi_client.exceptions import NotFoundException

from connector.klaviyo import filters
from connector.klaviyo.client import Klaviyo
from connector.klaviyo.errors import InvalidGrant, NotFound, Reconnect, ScopeMissing, UpstreamBroken
from connector.klaviyo.limits import Limiter, MemoryStore
from connector.klaviyo.oauth import Oauth
from connector.klaviyo.payloads import Campaign, Strategy
from connector.klaviyo.resources import BUCKETS, CHANNELS, RESOURCES, Limit, Resource
from connector.klaviyo.writes import Writes
from connector.sandbox.facts import operations
from tests.contract.sdk import Sdk
from tests.sandbox.running import AMERICA, ASIA, EUROPE, Running, running

NESTED_PATH = re.compile(r"/api/([^/]+)/\{id\}/.+")
SINCE, UNTIL = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
ENOUGH = {name: Limit(100_000, 1_000_000) for name in BUCKETS}
BY_PATH = {one.path: one.id for one in operations().values() if one.method == "GET"}
# Universal content and imports have nothing in a world that nobody has written to.
LISTED = [
    row for row in RESOURCES.values() if "{id}" not in row.path and row.name not in ("accounts", "events", "campaigns")
]


# What is read below one object: its messages, tags, members. Imports are made by test_writes.py.
NESTED = [
    row for row in RESOURCES.values() if NESTED_PATH.fullmatch(row.path) and not row.name.startswith("bulk-import")
]


class Tokens:
    """Access tokens of one account, renewed through our own OAuth code."""

    def __init__(self, klaviyo: Running, account: str) -> None:
        self.oauth = Oauth(klaviyo.app.client_id, klaviyo.app.client_secret, klaviyo.url)
        self.granted = klaviyo.grant(account)
        self.token = self.granted["access_token"]
        self.renewals = 0

    def access(self) -> str:
        return str(self.token)

    def renew(self, stale: str) -> str:
        self.renewals += 1
        self.token = self.oauth.refresh(self.granted["refresh_token"]).access_token
        return str(self.token)


@pytest.fixture(scope="module")
def klaviyo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("agreement")) as started:
        yield started


def ours(klaviyo: Running, account: str = AMERICA) -> Klaviyo:
    limiter = Limiter(MemoryStore(), limits=ENOUGH)
    return Klaviyo(account, Tokens(klaviyo, account), limiter, api_url=klaviyo.url, sleep=lambda _: None)


@pytest.mark.parametrize("row", LISTED, ids=lambda row: row.name)
def test_they_agree_on_a_resource(row: object, klaviyo: Running) -> None:
    name, path = RESOURCES[row.name].name, RESOURCES[row.name].path  # type: ignore[attr-defined]  # a row of LISTED

    read = [one["id"] for page in ours(klaviyo).pages(name) for one in page.data]

    truth = [one["id"] for one in klaviyo.raw(RESOURCES[name].type)]
    assert sorted(read) == sorted(Sdk(klaviyo).ids(BY_PATH[path])) == sorted(truth)


@pytest.mark.parametrize("row", NESTED, ids=lambda row: row.name)
def test_they_agree_on_what_is_read_below_an_object(row: Resource, klaviyo: Running) -> None:
    client, sdk = ours(klaviyo), Sdk(klaviyo)
    parents = re.match(NESTED_PATH, row.path)
    assert parents is not None

    for parent in klaviyo.raw(parents[1])[:5]:
        try:
            theirs = ids_of(sdk(BY_PATH[row.path], parent["id"]), lambda one: one.id)
        except NotFoundException:
            with pytest.raises(NotFound):
                client.get(row, parent["id"])
            continue
        if row.default_page_size:
            read = [one["id"] for page in client.pages(row, id=parent["id"]) for one in page.data]
            theirs = sdk.ids(BY_PATH[row.path], id=parent["id"])
        else:
            read = ids_of(client.get(row, parent["id"])["data"], lambda one: one["id"])
        assert sorted(read) == sorted(theirs)


def ids_of(data: Any, id: Callable[[Any], str]) -> list[str]:
    """Of several objects, of one, or of none."""
    held = getattr(data, "data", data)
    return [id(one) for one in (held if isinstance(held, list) else [held] if held else [])]


@pytest.mark.parametrize("channel", CHANNELS)
def test_they_agree_on_the_campaigns_of_a_channel(channel: str, klaviyo: Running) -> None:
    of = filters.equals("messages.channel", channel)

    read = [one["id"] for page in ours(klaviyo).pages("campaigns", filter=of) for one in page.data]

    assert read
    assert sorted(read) == sorted(Sdk(klaviyo).ids("get_campaigns", filter=of))


@pytest.mark.parametrize("account", [AMERICA, EUROPE, ASIA])
def test_they_agree_on_events(account: str, klaviyo: Running) -> None:
    client = ours(klaviyo, account)

    read = [id for page in client.event_pages(since=SINCE, until=UNTIL) for id in page.columns["id"]]
    reread = [
        id for page in client.event_pages(since=SINCE, until=UNTIL, descending=False) for id in page.columns["id"]
    ]

    truth = [one["id"] for one in klaviyo.raw("events", account)]
    assert len(set(truth)) == len(truth)
    assert read == truth[::-1]
    assert reread == truth
    assert sorted(Sdk(klaviyo, account).ids("get_events", page_size=1000)) == sorted(truth)


@pytest.mark.parametrize("account", [AMERICA, EUROPE, ASIA])
def test_our_decoding_of_attributions_is_the_truth(account: str, klaviyo: Running) -> None:
    truth = {one["id"]: one["attributed"] for one in klaviyo.raw("events", account) if one["attributed"]}

    read = {}
    for page in ours(klaviyo, account).event_pages(since=SINCE, until=UNTIL):
        for id, attributed in zip(page.columns["id"], page.columns["attributed"], strict=True):
            if attributed:
                read[id] = [{name: value for name, value in one.items() if value} for one in attributed]

    assert truth
    assert read == {id: [_brief(one) for one in credits] for id, credits in truth.items()}


def _brief(credit: dict[str, str]) -> dict[str, str]:
    message = credit.get("campaign-message") or credit["flow-message"]
    owner: dict[str, str] = {name: credit[name] for name in ("campaign", "flow") if name in credit}
    return {**owner, "message": message}


def test_they_agree_on_who_is_on_a_list_and_in_a_segment(klaviyo: Running) -> None:
    client, sdk = ours(klaviyo), Sdk(klaviyo)
    for kind in ("list", "segment"):
        for thing in klaviyo.raw(kind):
            read = [id for people, _ in client.member_pages(kind, thing["id"]) for id in people]
            assert sorted(read) == sorted(sdk.ids(f"get_profile_ids_for_{kind}", id=thing["id"]))


def test_our_client_gets_through_every_trouble(klaviyo: Running) -> None:
    client = ours(klaviyo)
    truth = sorted(one["id"] for one in klaviyo.raw("lists"))
    for kind in ("429", "500", "503", "html403", "truncated", "malformed", "reset", "slow"):
        klaviyo.trigger(kind, path="/api/lists", seconds=0.2)

        assert sorted(one["id"] for page in client.pages("lists") for one in page.data) == truth, kind


def test_a_looping_cursor_is_noticed_and_a_repeated_page_is_survived(klaviyo: Running) -> None:
    client = ours(klaviyo)
    klaviyo.trigger("looping-cursor", path="/api/templates", times=100)
    with pytest.raises(UpstreamBroken):
        list(client.pages("templates"))
    klaviyo.trigger("clear")


def test_expiry_is_renewed_revocation_asks_to_reconnect_and_a_lost_scope_is_named(klaviyo: Running) -> None:
    tokens = Tokens(klaviyo, EUROPE)
    client = Klaviyo(EUROPE, tokens, Limiter(MemoryStore(), limits=ENOUGH), api_url=klaviyo.url)
    klaviyo.trigger("expire", account=EUROPE)
    assert client.get("lists")["data"]
    assert tokens.renewals == 1

    klaviyo.trigger("scope-removed", account=EUROPE, scope="flows:read")
    with pytest.raises(ScopeMissing) as missing:
        client.get("flows")
    assert missing.value.scope == "flows:read"

    klaviyo.trigger("revoke", account=EUROPE)
    with pytest.raises(Reconnect):
        client.get("lists")
    with pytest.raises(InvalidGrant):
        tokens.oauth.refresh(tokens.granted["refresh_token"])


def test_a_write_whose_answer_is_lost_is_done_once(klaviyo: Running) -> None:
    writes = Writes(ours(klaviyo), now=lambda: datetime.fromtimestamp(klaviyo.clock(), UTC), sleep=lambda _: None)
    newsletter = klaviyo.raw("lists")[0]["id"]
    content = {"label": "x", "content": {"subject": "Once", "from_email": "hello@northwind.example"}}
    campaign = Campaign("Only once", "email", [newsletter], content, Strategy("immediate"))
    for path, write in (
        ("/api/campaigns", lambda: writes.create_campaign(campaign)),
        ("/api/templates", lambda: writes.create_template("Only once", "<p>once</p>")),
        ("/api/lists", lambda: writes.create_list("Only once")),
    ):
        klaviyo.trigger("lost-answer", path=path)

        made = write()

        kind = path.rsplit("/", 1)[1]
        assert [one["id"] for one in klaviyo.raw(kind) if one["attributes"]["name"] == "Only once"] == [made["id"]]
