"""What our client costs above the least that any client must do: fetch the same pages with bare httpx, decode with json.

    python -m tests.bench.client [--events 100000]

The whole client runs: limits in the database, retries ready, typed decoding into columns. Floor and client take turns, and
the best turn of each counts.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

GOAL = 1.5
TURNS = 5
SINCE, UNTIL = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Turn:
    """One reading of all events: pages, events, seconds on the wall and of this process's CPU."""

    pages: int
    events: int
    wall: float
    cpu: float


@dataclass(frozen=True)
class Source:
    """The sandbox and a token for its first account."""

    url: str
    account: str
    token: str

    def access(self) -> str:
        return self.token

    def renew(self, stale: str) -> str:
        raise RuntimeError("the sandbox refused its own token")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.client", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    events = parser.parse_args().events
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as home, sandbox(Path(home), events) as source:
        prepare(Path(home))
        floors, ours = [], []
        for _ in range(TURNS):
            floors.append(timed(lambda: bare(source)))
            ours.append(timed(lambda: client(source)))
    return report(floors, ours)


def report(floors: list[Turn], ours: list[Turn]) -> int:
    """Prints a line per figure; 1 if a goal is missed."""
    if {(turn.pages, turn.events) for turn in floors} != {(turn.pages, turn.events) for turn in ours}:
        raise SystemExit("The client and the floor did not read the same.")
    wall, floor_wall = min(turn.wall for turn in ours), min(turn.wall for turn in floors)
    cpu, floor_cpu = min(turn.cpu for turn in ours), min(turn.cpu for turn in floors)
    pages, events = ours[0].pages, ours[0].events
    return max(
        figure("client pages per second", pages / wall, "1/s", pages / floor_wall, wall / floor_wall),
        figure("client CPU per 100,000 events", cpu / events * 1e5, "s", floor_cpu / events * 1e5, cpu / floor_cpu),
    )


def figure(name: str, value: float, unit: str, floor: float, ratio: float) -> int:
    """`ratio` is what ours costs in units of the floor."""
    ok = ratio <= GOAL
    shown = {"name": name, "value": round(value, 3), "unit": unit, "floor": round(floor, 3)}
    print(json.dumps({**shown, "ratio": round(ratio, 3), "goal": GOAL, "ok": ok}), flush=True)
    return 0 if ok else 1


def timed(read: Callable[[], tuple[int, int]]) -> Turn:
    wall, cpu = time.perf_counter(), time.process_time()
    pages, events = read()
    return Turn(pages, events, time.perf_counter() - wall, time.process_time() - cpu)


def bare(source: Source) -> tuple[int, int]:
    """The floor: the same pages, one decode each, everything dropped."""
    pages = events = 0
    headers = {"authorization": f"Bearer {source.token}", "revision": "2026-07-15"}
    span = "greater-or-equal(datetime,2000-01-01T00:00:00Z),less-than(datetime,2100-01-01T00:00:00Z)"
    query = {
        "fields[event]": "datetime,timestamp,event_properties",
        "include": "attributions",
        "filter": span,
        "sort": "-datetime",
        "page[size]": "1000",
    }
    address: str | None = str(httpx.URL(f"{source.url}/api/events", params=query))
    with httpx.Client(headers=headers, timeout=60) as session:
        while address:
            page = json.loads(session.get(address).raise_for_status().content)
            pages, events = pages + 1, events + len(page["data"])
            address = page["links"]["next"]
    return pages, events


def client(source: Source) -> tuple[int, int]:
    """Ours. Imported here, since Django's settings are read when models are, and the bench makes its own."""
    from connector.installs.limit_stores import DatabaseStore
    from connector.klaviyo.client import Klaviyo
    from connector.klaviyo.limits import Limiter

    pages = events = 0
    klaviyo = Klaviyo(source.account, source, Limiter(DatabaseStore()), api_url=source.url, max_wait=120.0)
    for page in klaviyo.event_pages(since=SINCE, until=UNTIL):
        pages, events = pages + 1, events + page.count
    return pages, events


def prepare(home: Path) -> None:
    """Django on a database of its own, with the one table that limits are kept in."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PLUMBLINE_HOME": str(home),
        "SECRET_KEY": "of-the-bench-alone-0000000000000000000000000000000000",
        "FIELD_KEYS": "c2l4dGVlbiBieXRlcyB0d2ljZSBmb3IgYSBrZXkhISE=",
    }
    os.environ.pop("DATABASE_URL", None)
    import django
    from django.db import connection

    django.setup()
    from connector.installs.models import Allowance

    with connection.schema_editor() as editor:
        editor.create_model(Allowance)


@contextmanager
def sandbox(home: Path, events: int) -> Iterator[Source]:
    """A sandbox with one account of about so many events, in a process of its own."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "connector.sandbox", "--port", str(port), "--state", str(home / "sandbox")]
    command += ["--accounts", "1", "--people", str(max(100, events // 20)), "--events", str(events)]
    app = {"SANDBOX_CLIENT_ID": "bench", "SANDBOX_CLIENT_SECRET": "bench", "SANDBOX_REDIRECT_URI": f"{url}/cb/"}
    process = subprocess.Popen(command, env=os.environ | app)
    try:
        wait_for(f"{url}/healthz", process)
        account = httpx.get(f"{url}/_sandbox/accounts").json()["id"]
        grant = httpx.post(f"{url}/_sandbox/grant", json={"account": account, "scopes": ["events:read"]}, timeout=120)
        yield Source(url, account, grant.json()["access_token"])
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_for(address: str, process: "subprocess.Popen[bytes]", seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(address, timeout=5).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("The sandbox did not start.")


if __name__ == "__main__":
    sys.exit(main())
