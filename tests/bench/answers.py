"""What the tools' answers cost above the leanest SQL for their headline figures, in the same process on the same files.

    python -m tests.bench.answers [TOOL] [--events 10000000]

On an account made here; tools that are not there are left out. Tool and floor take turns, the best turn of each counts, and
both must tell the same totals. Then, of people_who alone: twenty accounts in one call, and a small question through REST.
The goals are those of ten million events: of few, what a call costs besides the lake weighs more than the lake.
"""

import argparse
import json
import logging
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

GOAL: Final = 1.3
TURNS: Final = 5
COLD: Final = 2.0  # seconds more in a new process
MEMORY: Final = 1 << 30
ACCOUNTS: Final = 20
CALLS: Final = 20
TWENTY: Final = 2.0  # seconds
REST_CALLS: Final = 40
TIMES: Final = 1.5  # of the lake's own seconds
MORE: Final = 0.015  # seconds beside
ROOT: Final = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.answers", description=__doc__)
    parser.add_argument("tool", nargs="?", default="")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--first", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.first:
        return first_call(asked.first)
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as home:
        prepare(Path(home))
        bench = made(asked.events)
        misses = [one(bench, case) for case in cases(asked.tool)]
        if asked.tool in ("", "people_who"):
            misses += [rest(bench), twenty(bench, asked.events // 10)]
    return max(misses, default=0)


@dataclass(frozen=True)
class Bench:
    """The member who asks, and the install asked about."""

    caller: Any
    install: Any

    def ask(self, tool: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """The account's entry."""
        from connector.tools.call import call

        answer = call(self.caller, tool, {"account": self.install.klaviyo_id, **args})
        if answer["status"] not in ("ok", "partial"):
            raise SystemExit(f"{tool} answered {answer['status']}: {answer['answer']}")
        return dict(answer["data"]["accounts"][0])

    def floor(self, case: Any) -> tuple[Any, ...]:
        from connector.lake.query import newest, reading

        bound = {"moment": datetime.now(UTC), **case.bound}
        with reading(self.install.pk, newest(self.install.pk), 600) as lake:
            [row] = lake.rows(case.sql, **{name: value for name, value in bound.items() if f"${name}" in case.sql})
        return tuple(row)


def cases(tool: str) -> list[Any]:
    """Those of one tool, or of all there are."""
    from connector.tools.catalogue import TOOLS
    from tests.bench._floors import CASES

    known = [case for case in CASES if case.tool in TOOLS and tool in ("", case.tool)]
    if not known:
        raise SystemExit(f"Nothing is asked of {tool}; there are {', '.join(sorted({case.tool for case in CASES}))}.")
    return known


def one(bench: Bench, case: Any) -> int:
    """A line for the tool against its floor, one for a new process, one for its memory."""
    check_same(case, bench)
    ours, floors = [], []
    for _ in range(TURNS):
        floors.append(timed(lambda: bench.floor(case)))
        ours.append(timed(lambda: bench.ask(case.tool, case.args)))
    name, best, floor = f"{case.tool}, {case.name}", min(ours), min(floors)
    cold, memory = in_new_process(case)
    return max(
        figure(name, best, "s", floor, best / floor, GOAL),
        figure(f"{name}: more in a new process", cold - best, "s", best, cold - best, COLD),
        figure(f"{name}: memory", memory / 2**20, "MiB", MEMORY / 2**20, memory / MEMORY, 1.0),
    )


def check_same(case: Any, bench: Bench) -> None:
    """Tool and floor tell the same totals, which are printed. Raises SystemExit."""
    told = tuple(round(float(number or 0), 2) for number in case.figures(bench.ask(case.tool, case.args)))
    wanted = tuple(round(float(number or 0), 2) for number in bench.floor(case))
    print(json.dumps({"name": f"{case.tool}, {case.name}", "totals": told}), flush=True)
    if told != wanted:
        raise SystemExit(f"{case.tool}, {case.name}: the tool tells {told}, the floor {wanted}.")


def in_new_process(case: Any) -> tuple[float, int]:
    """Seconds of its first call, and the most memory that it took, in bytes."""
    command = [sys.executable, "-m", "tests.bench.answers", "--first", case.name]
    told = subprocess.run(command, env=os.environ, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout
    shown = json.loads(told)
    return float(shown["seconds"]), int(shown["memory"])


def first_call(name: str) -> int:
    """Run in a new process: ask once, say what it took."""
    prepared()
    from tests.bench._floors import CASES

    case, bench = next(case for case in CASES if case.name == name), there()
    seconds = timed(lambda: bench.ask(case.tool, case.args))
    print(json.dumps({"seconds": seconds, "memory": most_memory()}))
    return 0


def most_memory() -> int:
    """Bytes that this process held at most. Not from getrusage: that knows the parent's of before the program began."""
    told = Path("/proc/self/status").read_text()
    return int(told.partition("VmHWM:")[2].split()[0]) * 1024


def rest(bench: Bench) -> int:
    """A small question through REST: all that is not the lake's own work."""
    from django.test import Client, override_settings

    from accounts.actions import keys
    from tests.bench._floors import SMALL

    key = keys.create(membership=member(), name="bench", scopes=("read",), caller=bench.caller)
    http, body = Client(), json.dumps({"account": bench.install.klaviyo_id, **SMALL.args})
    headers = {"Authorization": f"Bearer {key}"}

    def post() -> None:
        answer = http.post("/api/v1/tools/people_who/", body, "application/json", headers=headers)
        if answer.status_code != 200:
            raise SystemExit(f"REST answered {answer.status_code}.")

    with override_settings(ALLOWED_HOSTS=["*"]), lake_time() as spent:
        post()
        spent.clear()
        whole = statistics.median(timed(post) for _ in range(REST_CALLS))
    lake = sum(spent) / REST_CALLS
    return figure("REST, a small question, p50", whole, "s", lake, whole, lake * TIMES + MORE)


@contextmanager
def lake_time() -> Iterator[list[float]]:
    """Seconds that each question to the lake takes meanwhile."""
    from connector.lake.query import Reader

    spent: list[float] = []
    whole = Reader.rows

    def rows(self: Reader, sql: str, **params: object) -> list[Any]:
        begin = time.perf_counter()
        try:
            return whole(self, sql, **params)
        finally:
            spent.append(time.perf_counter() - begin)

    Reader.rows = rows  # type: ignore[method-assign]  # measured, not changed
    try:
        yield spent
    finally:
        Reader.rows = whole  # type: ignore[method-assign]


def twenty(bench: Bench, events: int) -> int:
    """One call about twenty accounts; each is a copy of one that is made here."""
    from connector.tools.call import call
    from tests.bench._floors import SMALL

    installs = copies(bench, events)
    args = {**SMALL.args, "account": ",".join(install.klaviyo_id for install in installs)}

    def ask() -> None:
        answer = call(bench.caller, "people_who", args)
        if answer["status"] not in ("ok", "partial") or len(answer["data"]["accounts"]) != ACCOUNTS:
            raise SystemExit(f"The question to {ACCOUNTS} accounts was answered {answer['status']}.")

    ask()
    times = sorted(timed(ask) for _ in range(CALLS))
    p50, p95 = statistics.median(times), times[-(-CALLS * 95 // 100) - 1]
    name = f"people_who, {ACCOUNTS} accounts of {events:,}"
    figure(f"{name}, p50", p50, "s", TWENTY, p50, TWENTY)
    return figure(f"{name}, p95", p95, "s", TWENTY, p95, TWENTY)


def copies(bench: Bench, events: int) -> list[Any]:
    from connector.lake.location import location_of
    from tests.bench import _shop

    installs = [install_of(bench.install.organization, f"COPY{number:02}") for number in range(ACCOUNTS)]
    _shop.fill(installs[0], events)
    for install in installs[1:]:
        shutil.copytree(location_of(installs[0].pk).root, location_of(install.pk).root, copy_function=os.link)
        _shop.fill_records(install)
    return installs


def made(events: int) -> Bench:
    """The account of so many events, and who asks about it."""
    from tests.bench import _shop
    from tests.factories import MembershipFactory

    organization = MembershipFactory().organization
    _shop.fill(install_of(organization, "BENCH1"), events)
    return there()


def there() -> Bench:
    from accounts.caller import member_caller
    from connector.installs.models import Install

    return Bench(member_caller(member(), via="cli"), Install.objects.get(klaviyo_id="BENCH1"))


def member() -> Any:
    from accounts.models import Membership

    return Membership.objects.select_related("user", "organization").get()


def install_of(organization: Any, key: str) -> Any:
    from tests.factories import InstallFactory

    now = datetime.now(UTC)
    zone = {"time_zone": "UTC", "currency": "EUR", "complete_to": now, "last_sync_at": now}
    return InstallFactory(organization=organization, klaviyo_id=key, name=f"Shop {key}", **zone)


def prepare(home: Path) -> None:
    """Django on a database of its own."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PLUMBLINE_HOME": str(home),
        "SECRET_KEY": "of-the-bench-alone-0000000000000000000000000000000000",
        "FIELD_KEYS": "c2l4dGVlbiBieXRlcyB0d2ljZSBmb3IgYSBrZXkhISE=",
    }
    for name in ("DATABASE_URL", "REDIS_URL", "LAKE_URL"):
        os.environ.pop(name, None)
    (home / "static").mkdir()
    prepared()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def prepared() -> None:
    import django

    django.setup()
    logging.disable(logging.INFO)  # a line for each call


def timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def figure(name: str, value: float, unit: str, floor: float, ratio: float, goal: float) -> int:
    """Prints a line; `ratio` is what is held against the goal. 1 if it is missed."""
    ok = ratio <= goal
    shown = {"name": name, "value": round(value, 4), "unit": unit, "floor": round(floor, 4), "ratio": round(ratio, 4)}
    print(json.dumps({**shown, "goal": round(goal, 4), "ok": ok}), flush=True)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
