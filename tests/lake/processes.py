"""Writers in processes of their own, against the test's database and lake.

python -m tests.lake.processes loop INSTALL SEED     replaces windows for ever, saying what it does
python -m tests.lake.processes hold INSTALL TURNS    takes the lease so many times and marks its stay by a file
"""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote
from uuid import UUID

from tests.lake.events import Row, at, event, event_columns

START = at("2024-11-30 12:00")
WINDOWS = 24  # two hours each, across a month's end


def rows_of(step: int) -> list[Row]:
    """What step number `step` puts into its window: always the same, of 0 to 40 rows."""
    chance = random.Random(step)
    since, _ = window_of(step)
    return [
        event(f"s{step}-{n}", since + timedelta(seconds=chance.randrange(7200)), f"Metric{n % 3}", person=f"p{n}")
        for n in range(chance.randrange(40))
    ]


def window_of(step: int) -> tuple[datetime, datetime]:
    since = START + timedelta(hours=2 * (random.Random(step).randrange(WINDOWS)))
    return since, since + timedelta(hours=2)


def start(what: str, install_id: UUID, argument: int, lake: Path, **popen: Any) -> "subprocess.Popen[str]":
    """A process as `what` above; its output is piped."""
    command = [sys.executable, "-m", "tests.lake.processes", what, str(install_id), str(argument)]
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "LAKE_URL": str(lake),
        "PLUMBLINE_HOME": str(lake.parent),
    }
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, **popen)


def database_url() -> str:
    """The test's own database, for another process."""
    from django.db import connection

    facts = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{facts['NAME']}"
    login = ":".join(quote(str(facts[part]), safe="") for part in ("USER", "PASSWORD") if facts[part])
    return f"postgres://{login}@{facts['HOST'] or 'localhost'}:{facts['PORT'] or 5432}/{facts['NAME']}"


def loop(install_id: UUID, seed: int) -> None:
    """Replace windows and settle, at random, until killed. `begin N` stands before each step, `done N` after it."""
    from connector.lake.store import writing

    with writing(install_id, f"loop {seed}") as writer:
        for step in range(seed * 10_000, (seed + 1) * 10_000):
            say(f"begin {step}")
            writer.replace_events([event_columns(rows_of(step))], *window_of(step))
            say(f"done {step}")
            if step % 7 == 0:
                writer.settle()


def hold(install_id: UUID, turns: int) -> None:
    """Take the lease `turns` times. While inside, a file stands that nobody else may find."""
    from django.conf import settings

    from connector.lake.errors import LeaseHeld
    from connector.lake.store import writing

    mark = Path(settings.HOME) / "inside"
    taken = 0
    while taken < turns:
        try:
            with writing(install_id, f"process {os.getpid()}") as writer:
                mark.touch(exist_ok=False)
                since = START + timedelta(seconds=os.getpid() * 1000 + taken)
                rows = [event(f"{os.getpid()}-{taken}", since)]
                writer.replace_events([event_columns(rows)], since, since + timedelta(seconds=1))
                mark.unlink()
                taken += 1
        except LeaseHeld:
            time.sleep(0.01)
    say("finished")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def kill(process: "subprocess.Popen[str]") -> list[str]:
    """kill -9, then every line that it still said."""
    process.send_signal(signal.SIGKILL)
    output: IO[str] | None = process.stdout
    lines = output.read().splitlines() if output else []
    process.wait()
    return lines


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    {"loop": loop, "hold": hold}[sys.argv[1]](UUID(sys.argv[2]), int(sys.argv[3]))
