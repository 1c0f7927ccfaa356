"""However many processes send, and however Klaviyo's windows are aligned: never more than the limit, hardly less."""

import heapq
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.klaviyo import usage
from connector.klaviyo.errors import TryLater
from connector.klaviyo.limits import Limiter, MemoryStore, Permit
from connector.klaviyo.resources import Limit

ACCOUNT, BUCKET = "AcCt01", "campaigns"


def fullest(arrivals: list[float], window: float) -> int:
    """The most arrivals that any span of this length holds, its start excluded and its end included."""
    arrivals, most, first = sorted(arrivals), 0, 0
    for last, at in enumerate(arrivals):
        while at - arrivals[first] >= window:
            first += 1
        most = max(most, last - first + 1)
    return most


@dataclass
class World:
    """Processes that share a store, each with a clock of its own, under one simulated time."""

    limit: Limit
    chance: random.Random
    latency: float = 0.1
    think: float = 0.0
    crashes: float = 0.0
    many: bool = True
    headers: str | None = None
    now: float = 1000.0
    arrivals: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = MemoryStore(lambda: self.now)
        self.agenda: list[tuple[float, int, Worker, Permit | None]] = []
        self.turn = 0
        self.aligned = self.chance.uniform(0, 60)

    def told(self, arrival: float) -> dict[str, str]:
        """Klaviyo's headers for a request that arrived then: of a fixed minute that begins when it likes."""
        if self.headers is None:
            return {}
        begun = arrival - (arrival - self.aligned) % 60
        used = sum(begun <= at <= arrival for at in self.arrivals)
        return {
            "ratelimit-limit": self.headers.format(burst=self.limit.burst, steady=self.limit.steady),
            "ratelimit-remaining": str(self.limit.steady - used),
            "ratelimit-reset": str(int(begun + 60 - arrival)),
        }

    def run(self, workers: int, seconds: float) -> None:
        for _ in range(workers):
            self.schedule(self.chance.random(), Worker(self), None)
        end = self.now + seconds
        while self.agenda and self.agenda[0][0] < end:
            self.now, _, worker, permit = heapq.heappop(self.agenda)
            if permit is None:
                worker.send()
            else:
                worker.answered(permit)

    def schedule(self, delay: float, worker: "Worker", permit: Permit | None) -> None:
        self.turn += 1
        heapq.heappush(self.agenda, (self.now + delay, self.turn, worker, permit))


class Worker:
    """One process: sends as fast as it may, and dies now and then with a request in the air."""

    def __init__(self, world: World) -> None:
        self.world = world
        offset = world.chance.uniform(-500, 500)
        self.limiter = Limiter(world.store, limits={BUCKET: world.limit}, clock=lambda: world.now + offset)
        self.arrival = 0.0

    def send(self) -> None:
        world = self.world
        try:
            permit = self.limiter.take(ACCOUNT, (BUCKET,), many=world.many, max_wait=0.0)
        except TryLater as wait:
            world.schedule(wait.retry_after, self, None)
            return
        latency = world.chance.expovariate(1 / world.latency) + 0.001
        self.arrival = world.now + min(latency, usage.ANSWER) * world.chance.random()
        world.arrivals.append(self.arrival)
        if world.chance.random() < world.crashes:
            world.schedule(1.0, Worker(world), None)
        else:
            world.schedule(latency, self, permit)

    def answered(self, permit: Permit) -> None:
        permit.answered(self.world.told(self.arrival))
        if not self.world.many:
            permit.settle()
        self.world.schedule(
            self.world.chance.expovariate(1 / self.world.think) if self.world.think else 0.0, self, None
        )


LIMITS = [Limit(1, 2, 10), Limit(1, 15), Limit(3, 60), Limit(10, 150), Limit(75, 750)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    limit=st.sampled_from(LIMITS),
    seed=st.integers(0, 2**32),
    workers=st.integers(1, 6),
    latency=st.sampled_from([0.005, 0.2, 3.0, 30.0]),
    think=st.sampled_from([0.0, 0.3, 5.0]),
    crashes=st.sampled_from([0.0, 0.02, 0.2]),
    many=st.booleans(),
)
def test_no_span_of_a_windows_length_holds_more_than_its_limit(
    limit: Limit, seed: int, workers: int, latency: float, think: float, crashes: float, many: bool
) -> None:
    world = World(limit, random.Random(seed), latency, think, crashes, many)

    world.run(workers, seconds=200.0)

    for window, allowed in limit.windows().items():
        assert fullest(world.arrivals, window) <= allowed


def test_a_day_is_the_last_24_hours() -> None:
    limit = Limit(1, 2, 10)
    world = World(limit, random.Random(1), latency=0.5)

    world.run(workers=3, seconds=3 * 86400.0)

    assert fullest(world.arrivals, 86400) == 10
    assert len(world.arrivals) >= 30


@pytest.mark.parametrize(
    ("limit", "workers"),
    [(Limit(10, 150), 4), (Limit(10, 150), 1), (Limit(3, 60), 4), (Limit(75, 750), 4), (Limit(1, 15), 2)],
)
@pytest.mark.parametrize("many", [True, False])
@pytest.mark.parametrize("headers", [None, "{steady}", "{burst}, {burst};w=1, {steady};w=60"])
def test_nine_tenths_of_the_allowance_are_used_when_there_is_work(
    limit: Limit, workers: int, many: bool, headers: str | None
) -> None:
    """Whether or not Klaviyo's headers tell what they tell, and whichever window their first number names."""
    world = World(limit, random.Random(7), latency=0.05, many=many, headers=headers)

    world.run(workers, seconds=130.0)

    assert len(world.arrivals) >= 0.9 * limit.steady * 130 / 60


def test_what_a_dead_process_reserved_comes_free_by_itself() -> None:
    limit = Limit(10, 150)
    world = World(limit, random.Random(3))
    Worker(world).limiter.take(ACCOUNT, (BUCKET,), many=True)
    survivor = Worker(world).limiter

    taken = survivor.left(ACCOUNT, BUCKET)
    world.now += usage.LEASE + usage.ANSWER + 61

    assert taken.steady < 150
    assert survivor.left(ACCOUNT, BUCKET).steady == 150


def test_unused_slots_are_given_back_when_paging_ends() -> None:
    world = World(Limit(75, 750), random.Random(3))
    limiter = Worker(world).limiter
    for _ in range(40):
        limiter.take(ACCOUNT, (BUCKET,), many=True).answered()

    reserved = limiter.left(ACCOUNT, BUCKET)
    limiter.settle(ACCOUNT)

    assert reserved.steady < 750 - 40
    assert limiter.left(ACCOUNT, BUCKET).steady == 750 - 40


def test_a_page_costs_no_write_of_its_own() -> None:
    world = World(Limit(350, 3500), random.Random(3))
    limiter = Worker(world).limiter
    for _ in range(300):
        limiter.take(ACCOUNT, (BUCKET,), many=True).answered()

    version = world.store.load(ACCOUNT, BUCKET).version

    assert version < 300 / 10


def test_a_stricter_bucket_is_counted_besides_the_resources_own() -> None:
    world = World(Limit(75, 750), random.Random(3))
    limits = {"list": Limit(75, 750), "list-profile-count": Limit(1, 15)}
    limiter = Limiter(world.store, limits=limits, clock=lambda: world.now)
    limiter.take(ACCOUNT, ("list", "list-profile-count")).answered()

    with pytest.raises(TryLater) as refused:
        limiter.take(ACCOUNT, ("list", "list-profile-count"), max_wait=0.0)
    limiter.take(ACCOUNT, ("list",), max_wait=0.0)

    assert 0.9 < refused.value.retry_after < 1.1
    assert limiter.left(ACCOUNT, "list-profile-count").steady == 14


def test_a_429_stops_everybody_for_as_long_as_klaviyo_says() -> None:
    world = World(Limit(10, 150), random.Random(3))
    mine, other = Worker(world).limiter, Worker(world).limiter
    permit = mine.take(ACCOUNT, (BUCKET,))
    permit.answered({"retry-after": "30"})
    permit.refused(30.0)

    with pytest.raises(TryLater) as refused:
        other.take(ACCOUNT, (BUCKET,), max_wait=0.0)
    world.now += 30.1
    other.take(ACCOUNT, (BUCKET,), max_wait=0.0)

    assert 29.9 < refused.value.retry_after < 30.1


def test_headers_correct_a_limit_that_is_lower_than_documented() -> None:
    world = World(Limit(75, 750), random.Random(3))
    limiter = Worker(world).limiter
    headers = {"ratelimit-limit": "75, 75;w=1, 700;w=60", "ratelimit-remaining": "699", "ratelimit-reset": "9"}
    permit = limiter.take(ACCOUNT, (BUCKET,))
    permit.answered(headers)
    permit.settle()
    lower = limiter.left(ACCOUNT, BUCKET).steady
    permit = limiter.take(ACCOUNT, (BUCKET,))
    permit.answered({"ratelimit-limit": "75, 75;w=1, 750;w=60"})
    permit.settle()

    assert lower == 699
    assert limiter.left(ACCOUNT, BUCKET).steady == 748


def test_headers_of_a_request_that_counts_twice_correct_neither_limit() -> None:
    world = World(Limit(75, 750), random.Random(3))
    limits = {"list": Limit(75, 750), "list-profile-count": Limit(1, 15)}
    limiter = Limiter(world.store, limits=limits, clock=lambda: world.now)
    permit = limiter.take(ACCOUNT, ("list", "list-profile-count"))
    permit.answered({"ratelimit-limit": "15, 1;w=1, 15;w=60", "ratelimit-remaining": "3", "ratelimit-reset": "30"})
    permit.settle()

    assert limiter.left(ACCOUNT, "list").steady == 749
    assert limiter.left(ACCOUNT, "list-profile-count").steady == 14


@pytest.mark.parametrize("policy", ["150", "10, 10;w=1, 150;w=60"])
@pytest.mark.parametrize(("remaining", "reset"), [(0, 20), (6, 46), (9, 1)])
def test_headers_tell_of_requests_that_we_did_not_make(policy: str, remaining: int, reset: int) -> None:
    """The allowance was kept elsewhere before, or was lost: Klaviyo knows better."""
    world = World(Limit(10, 150), random.Random(3))
    limiter = Worker(world).limiter
    permit = limiter.take(ACCOUNT, (BUCKET,))
    told = {"ratelimit-limit": policy, "ratelimit-remaining": str(remaining), "ratelimit-reset": str(reset)}
    permit.answered(told)
    permit.settle()

    left = limiter.left(ACCOUNT, BUCKET).steady
    world.now += reset + 1

    assert left == remaining
    assert limiter.left(ACCOUNT, BUCKET).steady == 149


def test_a_slot_that_was_taken_in_vain_is_free_again_at_once() -> None:
    """The stricter limit had room, the other none: nothing was sent, so nothing is counted."""
    world = World(Limit(1, 15), random.Random(3))
    limiter = Limiter(world.store, limits={"list": Limit(1, 1), "strict": Limit(1, 15)}, clock=lambda: world.now)
    limiter.take(ACCOUNT, ("list",)).answered()

    with pytest.raises(TryLater):
        limiter.take(ACCOUNT, ("list", "strict"), max_wait=0.0)

    assert limiter.left(ACCOUNT, "strict").steady == 15


def test_a_wait_that_is_too_long_to_sleep_says_when_to_come_back() -> None:
    world = World(Limit(1, 2, 225), random.Random(3))
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        world.now += seconds

    limiter = Limiter(
        world.store, limits={BUCKET: world.limit}, clock=lambda: world.now, sleep=sleep, jitter=lambda: 0.0
    )
    waits: list[tuple[float, str]] = []
    for _ in range(2):
        limiter.take(ACCOUNT, (BUCKET,), on_wait=lambda seconds, bucket: waits.append((seconds, bucket))).answered()

    with pytest.raises(TryLater) as refused:
        limiter.take(ACCOUNT, (BUCKET,), max_wait=15.0)

    assert slept == [pytest.approx(1.0, abs=0.05)]
    assert [bucket for _, bucket in waits] == [BUCKET]
    assert 58 < refused.value.retry_after < 60.1
    assert limiter.left(ACCOUNT, BUCKET).daily == 223
