"""The client against a whole Klaviyo: nothing missing after trouble, nothing made twice, no limit overstepped."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.klaviyo.client import Klaviyo
from connector.klaviyo.errors import InvalidGrant, Reconnect, ScopeMissing, TryLater
from connector.klaviyo.filters import at_least, before, equals
from connector.klaviyo.limits import Limiter, MemoryStore
from connector.klaviyo.oauth import Oauth
from connector.klaviyo.payloads import Campaign, Strategy, message_ids
from connector.klaviyo.reports import Reports, Timeframe
from connector.klaviyo.resources import CHANNELS, REPORT_BUCKETS
from connector.klaviyo.writes import Writes
from tests.klaviyo.conftest import Clock
from tests.sandbox.running import AMERICA, Running, running

SINCE, UNTIL = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


class Grant:
    """Tokens of one grant at the sandbox, renewed as an install's are."""

    def __init__(self, sandbox: Running, scopes: list[str] | None = None) -> None:
        self.oauth = Oauth(sandbox.app.client_id, sandbox.app.client_secret, sandbox.url)
        granted = sandbox.grant(AMERICA, scopes)
        self.token, self.refresh_token = granted["access_token"], granted["refresh_token"]
        self.renewals = 0
        self.lock = threading.Lock()

    def access(self) -> str:
        return self.token

    def renew(self, stale: str) -> str:
        with self.lock:
            if self.token == stale:
                grant = self.oauth.refresh(self.refresh_token)
                self.token, self.refresh_token = grant.access_token, grant.refresh_token or self.refresh_token
                self.renewals += 1
            return self.token


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("sandbox"), accounts=1) as started:
        yield started


def client_of(sandbox: Running, grant: Grant | None = None) -> Klaviyo:
    """A client for which waiting takes no time."""
    clock = Clock()
    limiter = Limiter(MemoryStore(clock), clock=clock, sleep=clock.sleep, jitter=lambda: 0.0)
    return Klaviyo(AMERICA, grant or Grant(sandbox), limiter, sandbox.url, max_wait=600.0, sleep=lambda seconds: None)


@pytest.fixture
def api(sandbox: Running) -> Klaviyo:
    return client_of(sandbox)


@pytest.fixture
def writes(sandbox: Running, api: Klaviyo) -> Writes:
    now: Callable[[], datetime] = lambda: datetime.fromtimestamp(sandbox.clock(), UTC)  # noqa: E731 - the sandbox's own clock
    return Writes(api, now=now, sleep=sandbox.clock.forward)


def event_ids(api: Klaviyo) -> set[str]:
    return {id for page in api.event_pages(since=SINCE, until=UNTIL) for id in page.columns["id"]}


def raw_ids(sandbox: Running, kind: str) -> set[str]:
    return {one["id"] for one in sandbox.raw(kind)}


@pytest.mark.parametrize(
    "faults",
    [
        [],
        ["429", "500", "503", "html403", "malformed"],
        ["truncated", "reset", "truncated", "reset", "500"],
        ["duplicate-page", "lost-answer", "truncated"],
    ],
)
def test_every_event_arrives_whatever_happens_on_the_way(sandbox: Running, api: Klaviyo, faults: list[str]) -> None:
    pages = api.event_pages(since=SINCE, until=UNTIL)
    ids = set(next(pages).columns["id"])
    for fault in faults:
        sandbox.trigger(fault, path="/api/events", seconds=1)

    ids.update(id for page in pages for id in page.columns["id"])

    assert ids == raw_ids(sandbox, "events")


@pytest.mark.parametrize("kind", ["profiles", "flows", "lists", "segments", "templates", "metrics", "tags"])
def test_every_object_arrives(sandbox: Running, api: Klaviyo, kind: str) -> None:
    assert {one["id"] for page in api.pages(kind) for one in page.data} == raw_ids(sandbox, kind)


def test_campaigns_of_all_channels_arrive_with_their_messages(sandbox: Running, api: Klaviyo) -> None:
    of = [equals("messages.channel", channel) for channel in CHANNELS]
    pages = [page for one in of for page in api.pages("campaigns", filter=one, include=("campaign-messages",))]

    messages = {one["id"] for page in pages for one in page.included}

    assert {one["id"] for page in pages for one in page.data} == raw_ids(sandbox, "campaigns")
    assert messages == {id for page in pages for one in page.data for id in message_ids(one)}


def test_a_window_holds_exactly_its_events(sandbox: Running, api: Klaviyo) -> None:
    since = datetime(2026, 3, 1, tzinfo=UTC)
    until = since + timedelta(days=31)

    read = {
        id: at
        for page in api.event_pages(since=since, until=until, descending=False)
        for id, at in zip(page.columns["id"], page.columns["time"], strict=True)
    }

    inside = api.pages("events", filter=_span(since, until), fields={"event": ("datetime",)})
    assert set(read) == {one["id"] for page in inside for one in page.data}
    assert all(since <= at < until for at in read.values())


def _span(since: datetime, until: datetime) -> Any:
    return f"{at_least('datetime', since)},{before('datetime', until)}"


def test_a_token_that_ends_is_renewed_once_for_eight_who_notice(sandbox: Running) -> None:
    grant = Grant(sandbox)
    api = client_of(sandbox, grant)
    sandbox.trigger("expire", account=AMERICA)

    with ThreadPoolExecutor(8) as threads:
        read = list(threads.map(lambda _: api.get("metrics"), range(8)))

    assert len(read) == 8
    assert grant.renewals == 1


def test_a_revoked_grant_asks_for_a_person(tmp_path: Path) -> None:
    with running(tmp_path, accounts=1) as sandbox:
        api = client_of(sandbox)
        sandbox.trigger("revoke", account=AMERICA)

        with pytest.raises(Reconnect) as ended:
            api.get("accounts")

    assert isinstance(ended.value, InvalidGrant)


def test_a_scope_that_was_not_granted_is_named(sandbox: Running) -> None:
    api = client_of(sandbox, Grant(sandbox, ["accounts:read", "lists:read"]))

    with pytest.raises(ScopeMissing) as missing:
        next(api.pages("campaigns", filter=equals("messages.channel", "email")))

    assert missing.value.scope == "campaigns:read"


CAMPAIGN = Campaign(
    name='Ünïcode "quoted", 50 % off 日本',
    channel="email",
    included=[],
    definition={"content": {"subject": "Hello", "from_email": "shop@example.com", "from_label": "Shop"}},
    strategy=Strategy("static", at=datetime(2027, 1, 1, tzinfo=UTC)),
)


def any_list(api: Klaviyo) -> str:
    id: str = api.get("lists")["data"][0]["id"]
    return id


@pytest.mark.parametrize(
    ("kind", "path", "make"),
    [
        ("templates", "/api/templates", lambda writes, list: writes.create_template("New, 'one'", "<p>x</p>")),
        ("lists", "/api/lists", lambda writes, list: writes.create_list("New")),
        ("segments", "/api/segments", lambda writes, list: writes.create_segment("New", in_list(list))),
        (
            "campaigns",
            "/api/campaigns",
            lambda writes, list: writes.create_campaign(Campaign(**{**vars(CAMPAIGN), "included": [list]})),
        ),
        ("images", "/api/images", lambda writes, list: writes.image_from_url(f"data:image/png;base64,{PIXEL}", "New")),
    ],
)
@pytest.mark.parametrize("fault", ["lost-answer", "reset", "500", "truncated"])
def test_what_is_made_is_made_once_though_its_answer_is_lost(
    sandbox: Running, api: Klaviyo, writes: Writes, kind: str, path: str, make: Callable[[Writes, str], Any], fault: str
) -> None:
    list = any_list(api)
    earlier = raw_ids(sandbox, kind)
    sandbox.clock.forward(120)
    sandbox.trigger(fault, path=path)

    made = make(writes, list)

    assert raw_ids(sandbox, kind) - earlier == {made["id"]}


def in_list(id: str) -> dict[str, Any]:
    condition = {"type": "profile-group-membership", "is_member": True, "group_ids": [id], "timeframe_filter": None}
    return {"condition_groups": [{"conditions": [condition]}]}


def test_a_campaign_goes_from_draft_to_scheduled_and_back(sandbox: Running, api: Klaviyo, writes: Writes) -> None:
    campaign = writes.create_campaign(Campaign(**{**vars(CAMPAIGN), "included": [any_list(api)]}))
    template = writes.create_template("For the campaign", "<p>Hello {{ first_name }}</p>")
    message = message_ids(campaign)[0]
    sandbox.clock.forward(120)

    writes.assign_template(message, template["id"])
    estimated = writes.estimate_recipients(campaign["id"])
    sandbox.trigger("lost-answer", path="/api/campaign-send-jobs")
    job = writes.send_campaign(campaign["id"])
    sandbox.clock.forward(60)
    scheduled = api.get("campaigns", campaign["id"])["data"]["attributes"]["status"]
    writes.revert_campaign(campaign["id"])

    assert estimated >= 0
    assert job["type"] == "campaign-send-job"
    assert scheduled == "Scheduled"
    assert api.get("campaigns", campaign["id"])["data"]["attributes"]["status"] == "Draft"


def test_members_come_and_go(sandbox: Running, api: Klaviyo, writes: Writes) -> None:
    made = writes.create_list("Members")
    people = sorted(raw_ids(sandbox, "profiles"))[:40]
    path = f"/api/lists/{made['id']}/relationships/profiles"

    sandbox.trigger("lost-answer", path=path)
    writes.add_to_list(made["id"], people)
    joined = {id for people, _ in api.member_pages("list", made["id"]) for id in people}
    sandbox.trigger("500", path=path)
    writes.remove_from_list(made["id"], people[:10])

    assert joined == set(people)
    assert {id for people, _ in api.member_pages("list", made["id"]) for id in people} == set(people[10:])


def test_reports_are_read_whole_and_say_what_the_day_has_left(sandbox: Running, api: Klaviyo) -> None:
    metrics = {one["attributes"]["name"]: one["id"] for page in api.pages("metrics") for one in page.data}
    reports, year = Reports(api), Timeframe(key="last_365_days")
    statistics = ["recipients", "opens_unique", "conversion_value"]

    campaigns = reports.campaign_values(statistics, year, metrics["Placed Order"], group_by=["send_channel"])
    flows = reports.flow_values(statistics, year, metrics["Placed Order"])
    series = reports.flow_series(["opens"], Timeframe(key="last_7_days"), metrics["Placed Order"], "daily")
    reports.segment_values(["total_members"], year)
    reports.segment_series(["total_members"], Timeframe(key="last_7_days"), "daily")
    spring = datetime(2026, 3, 1, tzinfo=UTC)
    counted = reports.aggregates(metrics["Opened Email"], spring, spring + timedelta(days=92), interval="month")

    assert {row.groupings["campaign_id"] for row in campaigns.rows} <= raw_ids(sandbox, "campaigns")
    assert {row.groupings["flow_id"] for row in flows.rows} <= raw_ids(sandbox, "flows")
    assert all(len(row.statistics["opens"] or []) == len(series.times) for row in series.rows)  # type: ignore[arg-type]  # a series
    assert counted.dates
    assert [api._limiter.left(AMERICA, bucket).daily for bucket in REPORT_BUCKETS.values()] == [224] * 5


def test_no_limit_of_klaviyos_is_ever_overstepped(tmp_path: Path) -> None:
    """Four clients with real clocks on buckets of ten and three a second, whose windows begin when Klaviyo likes."""
    store = MemoryStore()
    with running(tmp_path, accounts=1, limits=True) as sandbox:
        tokens = Grant(sandbox)

        def ask(number: int) -> None:
            api = Klaviyo(AMERICA, tokens, Limiter(store), sandbox.url)
            for _ in range(10):
                api.get("flows" if number % 2 else "images")

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(ask, range(4)))

        statuses = [
            status for _, _, operation, status in sandbox.sandbox.seen if operation in ("get_flows", "get_images")
        ]

    assert statuses == [200] * 40


def test_what_others_have_used_of_the_minute_is_learned_from_the_headers(tmp_path: Path) -> None:
    """Somebody else on the same connection, or an allowance that was kept elsewhere before."""
    with running(tmp_path, accounts=1, limits=True) as there:
        sandbox, began = there.sandbox, time.monotonic()
        minute = time.time() // 60 * 60
        sandbox.clock = lambda: minute + time.monotonic() - began  # no minute may end in between
        api = Klaviyo(AMERICA, Grant(there), Limiter(MemoryStore()), there.url, max_wait=3.0)
        for _ in range(138):
            sandbox.windows.take(AMERICA, "get_images", (150, 150, None), sandbox.clock())
        time.sleep(1)

        answered = 0
        with pytest.raises(TryLater):
            while True:
                api.get("images")
                answered += 1

        statuses = [status for _, _, operation, status in sandbox.seen if operation == "get_images"]
    assert answered == 12 and statuses == [200] * 12


def test_a_wait_that_is_too_long_is_told_before_klaviyo_has_to(sandbox: Running) -> None:
    api = Klaviyo(AMERICA, Grant(sandbox), Limiter(MemoryStore()), sandbox.url, max_wait=0.5)
    api.get("accounts")

    with pytest.raises(TryLater) as later:
        api.get("accounts")

    assert 0 < later.value.retry_after <= 1.1
