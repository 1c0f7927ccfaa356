"""Four processes on one account, over real HTTP: through the database, and through Redis where there is one."""

import multiprocessing
import os
import time

import pytest
from django.conf import settings
from django.db import connections

from connector.installs.limit_stores import DatabaseStore
from connector.klaviyo.client import Klaviyo
from connector.klaviyo.errors import TryLater
from connector.klaviyo.limits import Limiter, Store
from connector.klaviyo.redis_store import RedisStore
from connector.klaviyo.resources import REPORT_BUCKETS
from tests.klaviyo.conftest import Reply, Request, Tokens, Told, reply
from tests.klaviyo.test_limits import fullest

# Long enough for the minute's limit only in the full drill; the second's limit is met at once. How much of it four
# processes use in five seconds is the machine's affair too: there the simulation of test_limits.py is the measure.
SECONDS, USED = (130.0, 0.9) if os.environ.get("DRILL") == "full" else (5.0, 0.4)


def store_of(kind: str) -> Store:
    return DatabaseStore() if kind == "database" else RedisStore(settings.REDIS_URL)


def work(kind: str, account: str, url: str, seconds: float, pages: bool) -> None:
    """What one process does: asks as fast as it may, and comes back when it is told to."""
    klaviyo = Klaviyo(account, Tokens(), Limiter(store_of(kind)), api_url=url)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            for _ in klaviyo.pages("campaigns") if pages else [klaviyo.get("campaigns")]:
                if time.monotonic() > end:
                    break
        except TryLater as later:
            time.sleep(min(later.retry_after, max(0.0, end - time.monotonic())))


def run(kind: str, account: str, server: Told, pages: bool) -> list[float]:
    """The times at which requests of four processes arrived."""
    arrivals: list[float] = []

    def answer(request: Request) -> Reply:
        arrivals.append(time.monotonic())
        cursor = len(arrivals) if pages else None
        following = f"{server.url}/api/campaigns?page%5Bcursor%5D={cursor}" if cursor else None
        return reply({"data": [], "links": {"next": following}})

    server.handler = answer
    connections.close_all()
    context = multiprocessing.get_context("fork")
    processes = [
        context.Process(target=work, args=(kind, account, server.url, SECONDS, pages), daemon=True) for _ in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(SECONDS + 30)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    return arrivals


@pytest.mark.drill
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pages", [True, False], ids=["pages", "single reads"])
@pytest.mark.parametrize("kind", ["database", pytest.param("redis", marks=pytest.mark.services)])
def test_four_processes_stay_within_the_limit_and_use_nine_tenths_of_it(kind: str, pages: bool, server: Told) -> None:
    account = f"account-{os.getpid()}-{pages}"

    arrivals = run(kind, account, server, pages)

    assert fullest(arrivals, 1.0) <= 10
    assert fullest(arrivals, 60.0) <= 150
    assert len(arrivals) >= USED * min(10 * SECONDS, 150 * max(1.0, SECONDS / 60))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["database", pytest.param("redis", marks=pytest.mark.services)])
def test_only_one_of_two_writers_of_the_same_version_succeeds(kind: str) -> None:
    store = store_of(kind)
    account = f"account-{os.getpid()}-race"
    seen = store.load(account, "lists")

    first = store.save(account, "lists", seen.version, {**seen.state, "wait": 5.0})
    second = store.save(account, "lists", seen.version, {**seen.state, "wait": 7.0})

    assert (first, second) == (True, False)
    assert store.load(account, "lists").state["wait"] == 5.0


def test_a_store_that_is_away_asks_for_patience() -> None:
    away = Limiter(RedisStore("redis://127.0.0.1:1/0"))
    with pytest.raises(TryLater):
        away.take("account", ("lists",))
    with pytest.raises(TryLater):
        away.left_of_many([("account", "lists")])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["database", pytest.param("redis", marks=pytest.mark.services)])
def test_many_allowances_are_told_at_once_in_the_order_asked_for(kind: str) -> None:
    limiter = Limiter(store_of(kind))
    used, unused = f"account-{os.getpid()}-used", f"account-{os.getpid()}-unused"
    for _ in range(3):
        permit = limiter.take(used, ("lists",))
        permit.answered()
        permit.settle()

    asked = [(unused, "lists"), (used, REPORT_BUCKETS["campaign-values"]), (used, "lists")]
    left = [one.steady for one in limiter.left_of_many(asked)]

    assert left == [limiter.left(*key).steady for key in asked]
    assert left[0] - left[2] == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["database", pytest.param("redis", marks=pytest.mark.services)])
def test_the_days_ledger_outlives_the_process(kind: str) -> None:
    account = f"account-{os.getpid()}-ledger"
    yesterday = Limiter(store_of(kind))
    permit = yesterday.take(account, (REPORT_BUCKETS["flow-values"],))
    permit.answered()
    permit.settle()

    left = Limiter(store_of(kind)).left(account, REPORT_BUCKETS["flow-values"])

    assert (left.daily, left.limit.daily) == (224, 225)
