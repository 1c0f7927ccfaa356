"""The whole product as a test starts it: script/up --json on a free port, with a state folder of its own.

With DATABASE_URL and REDIS_URL in the environment each folder gets its own database and its own number at Redis.
"""

import itertools
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import psycopg

ROOT: Final = Path(__file__).resolve().parents[2]
# The suite's own environment is not the product's.
OURS: Final = ("PLUMBLINE_", "KLAVIYO_", "SECRET_KEY", "FIELD_KEYS", "PUBLIC_URL", "PORT", "DJANGO_", "PYTEST_")
REDIS_FIRST: Final = 8
numbers = itertools.count(2 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")))


class Up:
    """One run of script/up --json, with what it has said so far."""

    def __init__(self, home: Path, *arguments: str, port: int | None = None) -> None:
        self.home, self.port = home, port or free_port()
        command = [str(ROOT / "script" / "up"), "--json", "--port", str(self.port), *arguments]
        self.process = subprocess.Popen(
            command,
            env=environment(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.out: list[str] = []
        self.err: list[str] = []
        self._readers = [threading.Thread(target=self._read, args=pair, daemon=True) for pair in self._pipes()]
        for reader in self._readers:
            reader.start()

    def _pipes(self) -> tuple[tuple[Any, list[str]], ...]:
        return ((self.process.stdout, self.out), (self.process.stderr, self.err))

    @staticmethod
    def _read(stream: Any, lines: list[str]) -> None:
        lines.extend(line.rstrip("\n") for line in iter(stream.readline, ""))

    def ready(self, seconds: float = 240) -> dict[str, Any]:
        until(lambda: self.out or self.process.poll() is not None, seconds, lambda: "\n".join(self.err[-30:]))
        assert self.out, "\n".join(self.err[-30:])
        result: dict[str, Any] = json.loads(self.out[0])
        return result

    def pids(self, word: str = "") -> list[int]:
        """Processes of this run (they have its folder in their environment), whose command line holds the word."""
        return [pid for pid, line in processes_of(self.home) if word in line]

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=30)
        for reader in self._readers:
            reader.join(timeout=5)
        return code


def environment(home: Path) -> dict[str, str]:
    """Of a run with this folder: this machine's, without what the suite has set for itself."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return plain | {"PLUMBLINE_HOME": str(home)} | servers(home)


@cache
def servers(home: Path) -> dict[str, str]:
    """The database and the Redis number of this folder, if the suite runs on servers."""
    found, number = {}, next(numbers)
    if url := os.environ.get("DATABASE_URL"):
        name = f"up_{os.getpid()}_{number}"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"drop database if exists {name}")
            connection.execute(f"create database {name}")
        found["DATABASE_URL"] = urlsplit(url)._replace(path=f"/{name}").geturl()
    if url := os.environ.get("REDIS_URL"):
        found["REDIS_URL"] = f"{url.rpartition('/')[0]}/{REDIS_FIRST + number % 8}"
    return found


def manage(home: Path, *arguments: str) -> str:
    """What script/manage printed."""
    command = [str(ROOT / "script" / "manage"), *arguments]
    done = subprocess.run(command, env=environment(home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def signed_in(result: dict[str, Any]) -> httpx.Client:
    """A browser in which the owner has signed in by one POST of `login`, `password`."""
    browser = httpx.Client(base_url=result["url"], follow_redirects=True, timeout=30)
    page = browser.get("/accounts/login/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    form = {"login": result["login"], "password": result["password"], "csrfmiddlewaretoken": token[1]}
    answer = browser.post("/accounts/login/", data=form, headers={"Referer": f"{result['url']}/accounts/login/"})
    assert answer.status_code == 200
    assert "/accounts/login/" not in str(answer.url)
    return browser


def accounts(up: Up) -> list[dict[str, Any]]:
    """As REST tells them, with a key made on the command line."""
    url = f"http://127.0.0.1:{up.port}/api/v1/accounts/"
    answer = httpx.get(
        url, headers={"Authorization": f"Bearer {manage(up.home, 'api_key', '--as', 'OWNER')}"}, timeout=30
    )
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["results"]
    return rows


def processes_of(home: Path) -> list[tuple[int, str]]:
    """(pid, command line) of what runs with this folder as its state; what has ended but was not asked after is left out."""
    wanted, found = f"PLUMBLINE_HOME={home}".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found += [(int(folder.name), line)] if line else []
    return found


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def until(condition: Callable[[], object], seconds: float, tell: Callable[[], str] = lambda: "") -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not come about in {seconds} s\n{tell()}"
        time.sleep(0.05)
