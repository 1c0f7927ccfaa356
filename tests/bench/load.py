"""What many callers at once meet, on PostgreSQL and Redis, and what a costly question costs.

    python -m tests.bench.load

It starts the whole product and ends it (tests/bench/_product.py); it takes three minutes and gives up after fifteen.
"""

import json
import signal
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Any

import httpx

from tests.bench._cast import Cast, cast_of, cut_to_size, wide_answer
from tests.bench._product import Product, product

GIVES_UP_AFTER = 900
KEYS, REST_CALLS, CONNECTIONS, MCP_CALLS = 15, 60, 12, 48
QUESTIONS_THAT_WAIT, LOOKS = 12, 10
SETTLED_AFTER = 1.5  # seconds until questions that were sent together all wait
MCP_ERA = "2025-11-25"

Send = Callable[[], httpx.Response]


@dataclass(frozen=True)
class Answer:
    """`status` 0: none came. `body` is the JSON of it, where it is one."""

    status: int
    seconds: float
    body: dict[str, Any]


@dataclass
class Probed:
    """What /readyz and /healthz answered while something else went on."""

    slowest: float = 0.0
    failures: int = 0
    over: threading.Event = field(default_factory=threading.Event)


def main() -> int:
    signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(GIVES_UP_AFTER)
    with product(people=3000, events=20_000) as running, httpx.Client(timeout=90, limits=httpx.Limits()) as http:
        doors = Doors(running, cast_of(running, keys=KEYS, connections=CONNECTIONS), http)
        misses = [rest(doors), mcp(doors), neighbours(doors), one_reading(doors), names(doors), groups(doors)]
        return max(*misses, cut(1), cut(20))


def _give_up(number: int, frame: FrameType | None) -> None:
    raise SystemExit(f"The bench was not over after {GIVES_UP_AFTER} s.")


@dataclass(frozen=True)
class Doors:
    """The two doors of the running product, and who stands at them."""

    product: Product
    cast: Cast
    http: httpx.Client

    def rest(self, key: str, tool: str, **args: Any) -> Answer:
        url, headers = f"{self.product.url}/api/v1/tools/{tool}/", {"Authorization": f"Bearer {key}"}
        return timed(lambda: self.http.post(url, json=args, headers=headers))

    def mcp(self, token: str, tool: str, **args: Any) -> Answer:
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": args}}
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": MCP_ERA,
        }
        return timed(lambda: self.http.post(f"{self.product.url}/mcp", json=call, headers=headers))

    def asked(self, door: Callable[..., Answer], secrets: Sequence[str], number: int) -> Callable[[], Answer]:
        """The call of this number: callers and questions take turns."""
        question = self.cast.questions[number % len(self.cast.questions)]
        return lambda: door(secrets[number % len(secrets)], question.tool, **question.args)

    @contextmanager
    def probed(self) -> Iterator[Probed]:
        """Ask both probes all the time meanwhile."""
        seen = Probed()
        thread = threading.Thread(target=self._probe, args=(seen,))
        thread.start()
        try:
            yield seen
        finally:
            seen.over.set()
            thread.join()

    def _probe(self, seen: Probed) -> None:
        while not seen.over.wait(0.1):
            for path in ("/readyz", "/healthz"):
                answer = timed(partial(self.http.get, f"{self.product.url}{path}"))
                seen.slowest = max(seen.slowest, answer.seconds)
                seen.failures += answer.status != 200


def rest(doors: Doors) -> int:
    """All keys at once, four calls each."""
    with doors.probed() as probes:
        answers = at_once([doors.asked(doors.rest, doors.cast.keys, number) for number in range(REST_CALLS)])
    failed = sum(answer.status not in (200, 202) for answer in answers)
    return told(f"REST, {REST_CALLS} at once", answers, failed, probes)


def mcp(doors: Doors) -> int:
    """All connections at once, four calls each."""
    with doors.probed() as probes:
        answers = at_once([doors.asked(doors.mcp, doors.cast.tokens, number) for number in range(MCP_CALLS)])
    failed = sum(
        answer.status != 200 or "error" in answer.body or bool(answer.body.get("result", {}).get("isError"))
        for answer in answers
    )
    return told(f"MCP, {MCP_CALLS} at once", answers, failed, probes)


def told(name: str, answers: Sequence[Answer], failed: int, probes: Probed) -> int:
    return max(
        figure(f"{name}: not answered", failed, "", 0),
        figure(f"{name}: the slowest", max(answer.seconds for answer in answers), "s", 5.0),
        figure(f"{name}: slowest probe meanwhile", probes.slowest, "s", 1.0),
        figure(f"{name}: probes that failed", probes.failures, "", 0),
    )


def neighbours(doors: Doors) -> int:
    """A second organization's list_accounts while questions of the first wait for members that nobody fetches."""
    alone = [doors.rest(doors.cast.neighbour, "list_accounts") for _ in range(LOOKS)]
    segments = doors.cast.segments
    questions = [
        partial(doors.rest, key, "people_who", did="member", audience=segments[number % len(segments)])
        for number, key in enumerate(doors.cast.keys[:QUESTIONS_THAT_WAIT])
    ]
    with doors.product.without_workers(), ThreadPoolExecutor(1) as aside:
        waiting = aside.submit(at_once, questions)
        time.sleep(SETTLED_AFTER)
        meanwhile = [doors.rest(doors.cast.neighbour, "list_accounts") for _ in range(LOOKS)]
        still_waiting = not waiting.done()
        answers = waiting.result()
    failed = sum(answer.status not in (200, 202) for answer in [*alone, *meanwhile, *answers])
    floor, value = median(alone), median(meanwhile)
    return max(
        figure("list_accounts while another organization waits", value, "s", 2.0, floor=floor),
        figure("questions that wait and their neighbours: not answered", failed, "", 0),
        figure("questions that waited to the end of the measurement", QUESTIONS_THAT_WAIT * still_waiting, "",
               QUESTIONS_THAT_WAIT, is_least=True),
    )  # fmt: skip


def one_reading(doors: Doors) -> int:
    """Five ask for one list that was never fetched: as many pages of lists are read as it has."""
    cast, asked = doors.cast, {"did": "member", "audience": doors.cast.biggest}
    cast.wait_until_fetched()
    floor = doors.product.pages_of_list(cast.account, cast.biggest)
    before = doors.product.requests("list", "profile")
    answers = at_once([partial(doors.rest, key, "people_who", **asked) for key in cast.keys[:5]])
    cast.wait_until_fetched()
    pages = doors.product.requests("list", "profile") - before
    failed = sum(answer.status not in (200, 202) for answer in answers)
    return max(
        figure("five askings of one audience: pages read", pages, "", 1.0, floor=floor),
        figure("five askings of one audience: not answered", failed, "", 0),
    )


def names(doors: Doors) -> int:
    """Four hundred names in one argument are refused, and soon."""
    many = ", ".join(f"Summer sale {number}" for number in range(400))
    answers = [doors.rest(doors.cast.keys[1], "people_who", did="opened_email", campaign=many) for _ in range(3)]
    return max(
        figure("400 names in an argument", min(answer.seconds for answer in answers), "s", 0.1),
        figure("400 names in an argument: not refused", sum(answer.status != 400 for answer in answers), "", 0),
    )


def groups(doors: Doors) -> int:
    """Groups by a column of 100,000 values."""
    asked = {"did": "clicked_email", "group_by": "event:URL"}
    answers = [doors.rest(doors.cast.many_urls, "people_who", **asked) for _ in range(3)]
    failed = sum(answer.body.get("status") != "ok" for answer in answers)
    return max(
        figure("group_by=event:URL over 100,000 values", min(answer.seconds for answer in answers), "s", 2.0),
        figure("group_by=event:URL: not answered", failed, "", 0),
    )


def cut(accounts: int) -> int:
    """CPU of cutting an answer to size, in this process."""
    whole, begun = wide_answer(accounts, rows=2000), time.process_time()
    cut_to_size(whole)
    return figure(f"cutting {accounts} × 2,000 rows to size, CPU", time.process_time() - begun, "s", 0.2)


def timed(send: Send) -> Answer:
    begun = time.perf_counter()
    try:
        answer = send()
    except httpx.HTTPError:
        return Answer(0, time.perf_counter() - begun, {})
    return Answer(answer.status_code, time.perf_counter() - begun, body_of(answer))


def body_of(answer: httpx.Response) -> dict[str, Any]:
    text = answer.text
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        text = next((line[6:] for line in reversed(text.splitlines()) if line.startswith("data: ")), "")
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def at_once(calls: Sequence[Callable[[], Answer]]) -> list[Answer]:
    together = threading.Barrier(len(calls))

    def one(call: Callable[[], Answer]) -> Answer:
        together.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(one, calls))


def median(answers: Sequence[Answer]) -> float:
    return statistics.median(answer.seconds for answer in answers)


def figure(
    name: str, value: float, unit: str, goal: float, *, floor: float | None = None, is_least: bool = False
) -> int:
    """Print a line; 1 if the goal is missed. With a floor the goal is of the ratio to it, else of the value itself."""
    ratio = None if floor is None else value / floor
    measured = value if ratio is None else ratio
    ok = measured >= goal if is_least else measured <= goal
    shown = {"name": name, "value": round(value, 4), "unit": unit, "floor": floor and round(floor, 4)}
    print(json.dumps({**shown, "ratio": ratio and round(ratio, 3), "goal": goal, "ok": ok}), flush=True)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
