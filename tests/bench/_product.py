"""The product as a deployment runs it, for benches: PostgreSQL and Redis, web, worker and beat, a sandbox as its Klaviyo.

DATABASE_URL and REDIS_URL name servers that are there (a database of its own is made and dropped); what they do not name
is started here. Everything is ended and removed afterwards.
"""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg

from tests.bench.client import free_port, wait_for
from tests.flows.product import OURS, ROOT, processes_of
from tests.services import postgresql, redis

STARTS_WITHIN = 180.0
APP = {"id": "of-the-bench", "secret": "of-the-bench-alone"}


@dataclass(frozen=True)
class Product:
    """`sandbox` is the address of its Klaviyo."""

    home: Path
    url: str
    sandbox: str

    def accounts(self) -> list[dict[str, Any]]:
        lines = httpx.get(f"{self.sandbox}/_sandbox/accounts", timeout=30).text.splitlines()
        return [json.loads(line) for line in lines]

    def grant(self, account: str) -> dict[str, Any]:
        body = {"account": account, "scopes": None}
        granted: dict[str, Any] = httpx.post(f"{self.sandbox}/_sandbox/grant", json=body, timeout=60).json()
        return granted

    def members(self, account: str, audience: str) -> int:
        return len(httpx.get(f"{self.sandbox}/_sandbox/members/{account}/{audience}", timeout=30).text.splitlines())

    def pages_of_list(self, account: str, audience: str) -> int:
        """Read it, as its members are read at Klaviyo, and count."""
        headers = {"Authorization": f"Bearer {self.grant(account)['access_token']}", "revision": "2026-07-15"}
        address: str | None = f"{self.sandbox}/api/lists/{audience}/relationships/profiles?page[size]=100"
        pages = 0
        while address:
            page = httpx.get(address, headers=headers, timeout=30).raise_for_status().json()
            address, pages = page["links"]["next"], pages + 1
        return pages

    def requests(self, *words: str) -> int:
        """How many requests its Klaviyo has answered whose operation holds all these words."""
        lines = httpx.get(f"{self.sandbox}/_sandbox/requests", timeout=30).text.splitlines()
        return sum(all(word in str(json.loads(line)[2]) for word in words) for line in lines)

    @contextmanager
    def without_workers(self) -> Iterator[None]:
        """The workers stand still, as if all were busy elsewhere."""
        pids = [pid for pid, line in processes_of(self.home) if " celery " in line and " worker " in line]
        _send(pids, signal.SIGSTOP)
        try:
            yield
        finally:
            _send(pids, signal.SIGCONT)


@contextmanager
def product(*, people: int, events: int) -> Iterator[Product]:
    """A running product, into which Django in this process looks too; its Klaviyo has two accounts of about that size."""
    with ExitStack() as stack:
        database = stack.enter_context(_database())
        queue = os.environ.get("REDIS_URL") or stack.enter_context(redis())
        folder = tempfile.TemporaryDirectory(prefix="plumbline-bench-", ignore_cleanup_errors=True)
        home, port = Path(stack.enter_context(folder)), free_port()
        url = f"http://127.0.0.1:{port}"
        sandbox = stack.enter_context(_sandbox(home, url, people, events))
        for name in [name for name in os.environ if name.startswith(OURS)]:
            del os.environ[name]
        os.environ |= _environment(home, url, sandbox, database, queue)
        stack.enter_context(_supervised(home, port))
        _look_into()
        stack.callback(_look_away)
        yield Product(home, url, sandbox)


def _environment(home: Path, url: str, sandbox: str, database: str, queue: str) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PLUMBLINE_HOME": str(home),
        "PUBLIC_URL": url,
        "DATABASE_URL": database,
        "REDIS_URL": queue,
        "KLAVIYO_API_URL": sandbox,
        "KLAVIYO_CLIENT_ID": APP["id"],
        "KLAVIYO_CLIENT_SECRET": APP["secret"],
    }


@contextmanager
def _database() -> Iterator[str]:
    with ExitStack() as stack:
        server, name = os.environ.get("DATABASE_URL") or stack.enter_context(postgresql()), f"bench_{os.getpid()}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"create database {name}")
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"drop database {name} with (force)")


@contextmanager
def _sandbox(home: Path, url: str, people: int, events: int) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "connector.sandbox", "--port", str(port), "--state", str(home / "sandbox")]
    command += ["--accounts", "2", "--people", str(people), "--events", str(events)]
    app = {"SANDBOX_CLIENT_ID": APP["id"], "SANDBOX_CLIENT_SECRET": APP["secret"]}
    redirect = {"SANDBOX_REDIRECT_URI": f"{url}/oauth/klaviyo/callback/"}
    process = subprocess.Popen(command, env=os.environ | app | redirect, cwd=ROOT)
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        _end(process)


@contextmanager
def _supervised(home: Path, port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "config.supervisor", "--json", "--no-demo", "--port", str(port)]
    log = home / "up.log"
    with log.open("wb") as said:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=said, start_new_session=True)
    try:
        assert process.stdout is not None  # it was opened as a pipe
        ready, _, _ = select.select([process.stdout], [], [], STARTS_WITHIN)
        if not ready or not process.stdout.readline():
            raise SystemExit(f"The product did not start:\n{log.read_text(errors='replace')[-3000:]}")
        yield
    finally:
        _end(process)


def _look_into() -> None:
    import django

    django.setup()


def _look_away() -> None:
    from django.db import connections

    connections.close_all()


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _send(pids: list[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
