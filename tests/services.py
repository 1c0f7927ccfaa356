"""The suite on PostgreSQL and Redis: python -m tests.services [arguments of pytest]

DATABASE_URL and REDIS_URL name servers that are there; what they do not name is started here, on free ports and in a
temporary folder, and ended afterwards. Nothing but these two variables differs from the embedded run.
"""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

NOT_DURABLE: Final = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


class Missing(Exception):
    """A server's program is not on this machine; the text says how to get it."""


def main(arguments: list[str]) -> int:
    with ExitStack() as stack:
        environment = dict(os.environ)
        try:
            if not environment.get("DATABASE_URL"):
                environment["DATABASE_URL"] = stack.enter_context(postgresql())
            if not environment.get("REDIS_URL"):
                environment["REDIS_URL"] = stack.enter_context(redis())
        except Missing as missing:
            sys.stderr.write(f"not run: all tests on PostgreSQL and Redis, {missing}\n")
            return 1
        return subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environment, check=False).returncode


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of a server of our own, empty and gone afterwards."""
    initdb, server = _postgresql_program("initdb"), _postgresql_program("postgres")
    user = _user_of_postgresql()
    with _folder(user) as folder:
        data = folder / "data"
        _run([initdb, "--pgdata", str(data), "--username", "postgres", "--auth", "trust", "--encoding", "UTF8"], user)
        port = _free_port()
        options = [part for setting in NOT_DURABLE for part in ("-c", setting)]
        command = [server, "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", str(folder), *options]
        with _running(command, port, folder / "log", user):
            _wait_until_ready(port)
            yield f"postgres://postgres@127.0.0.1:{port}/postgres"


@contextmanager
def redis() -> Iterator[str]:
    server = shutil.which("redis-server")
    if not server:
        raise Missing("there is no redis-server (apt-get install redis-server)")
    with _folder(None) as folder:
        port = _free_port()
        command = [
            server,
            "--bind",
            "127.0.0.1",
            "--port",
            str(port),
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(folder),
        ]
        with _running([*command, "--databases", "64"], port, folder / "log", None):
            yield f"redis://127.0.0.1:{port}/0"


def _wait_until_ready(port: int) -> None:
    """The server listens a moment before it lets anybody in."""
    command = [_postgresql_program("pg_isready"), "--host", "127.0.0.1", "--port", str(port), "--quiet"]
    deadline = time.monotonic() + 30
    while subprocess.run(command, check=False).returncode and time.monotonic() < deadline:
        time.sleep(0.05)


def _postgresql_program(name: str) -> str:
    """Debian keeps the server's programs out of PATH; the newest version's are taken."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    found = next((str(folder / name) for folder in folders if (folder / name).exists()), None) or shutil.which(name)
    if not found:
        raise Missing(f"there is no PostgreSQL server ({name} is not found; apt-get install postgresql)")
    return found


def _user_of_postgresql() -> str | None:
    """The server refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


@contextmanager
def _folder(user: str | None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="plumbline-services-"))
    try:
        if user:
            shutil.chown(folder, user)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(command: list[str], port: int, log: Path, user: str | None) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, user=user, cwd=log.parent)
    try:
        _wait_for(process, port, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} does not answer:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)


def _run(command: list[str], user: str | None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, user=user, cwd="/", check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
