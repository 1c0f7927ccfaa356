"""What script/up runs: prepares the state, starts all processes, says when and where it is ready, and keeps it so.

    script/up [--port N] [--no-demo] [--json]

The processes: web, worker, a worker for audiences, beat, and with the demo a sandbox in Klaviyo's place. Standard
output carries the result alone: some lines for a person, or with --json one line {"url", "mcp_url", "login", "password",
"ready_s"}.
"""

import argparse
import contextlib
import http.client
import json
import os
import shlex
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

from config import state
from config.celery import Queue
from config.children import Child, Children, Program, say
from config.state import CannotRun

ROOT: Final = Path(__file__).resolve().parent.parent
# What reads the members of audiences is a process of its own: their turns take 20 s each, and a person waits for them
# as for the increments.
WORKERS: Final = {
    "worker": ("--concurrency", "2", "--queues", ",".join(queue for queue in Queue if queue != Queue.AUDIENCE)),
    "audiences": ("--pool", "solo", "--queues", Queue.AUDIENCE.value),
}
PATIENCE: Final = 120.0  # seconds for a process to answer for the first time
# What `script/manage` in another terminal must know too, to be in the same product as the processes.
KEPT: Final = (
    "PORT", "PUBLIC_URL", "DATABASE_URL", "REDIS_URL", "LAKE_URL", "EMAIL_URL", "KLAVIYO_CLIENT_ID", "KLAVIYO_CLIENT_SECRET",
    "KLAVIYO_API_URL", "KLAVIYO_AUTHORIZE_URL", "KLAVIYO_REVISION",
)  # fmt: skip

WEB: Final = Program("web", (sys.executable, "-m", "uvicorn", "config.asgi:application"))
SANDBOX: Final = Program("sandbox", (sys.executable, "-m", "connector.sandbox"))
PREPARE: Final = Program("prepare", (sys.executable, "-m", "config.prepare"), is_step=True)
DEMO: Final = Program("demo", (sys.executable, "-m", "config.demo"), is_step=True, is_loud=True)


class Stopped(Exception):
    """Somebody asked us to end."""


@dataclass(frozen=True)
class Options:
    port: int
    is_demo: bool
    is_json: bool


def options(arguments: Sequence[str], environment: dict[str, str]) -> Options:
    """Raises CannotRun for a PORT that is none."""
    parser = argparse.ArgumentParser(prog="script/up", description="Set up what is missing and run everything.")
    parser.add_argument(
        "--port", default=environment.get("PORT") or "8000", help="of the web process; else PORT, else 8000"
    )
    parser.add_argument("--no-demo", action="store_true", help="no sandbox and no demo accounts")
    parser.add_argument("--json", action="store_true", help="one line of JSON on standard output when ready")
    given = parser.parse_args(arguments)
    if not given.port.isdigit() or not 1 <= int(given.port) <= 65535:
        raise CannotRun(f"The port must be a number from 1 to 65535, not {given.port!r}: script/up --port 8000")
    is_real = environment.get("KLAVIYO_CLIENT_ID") or environment.get("KLAVIYO_API_URL")
    return Options(port=int(given.port), is_demo=not (given.no_demo or is_real), is_json=given.json)


class Supervisor:
    """One run of the product, from nothing to ready to stopped."""

    def __init__(self, chosen: Options, began: float) -> None:
        self.chosen = chosen
        self.began = began
        self.home = state.open_home(Path(os.environ.get("PLUMBLINE_HOME") or ROOT / "var"))
        self._lock = state.lock(self.home)
        self.secrets = state.secrets_of(self.home)
        self.environment = self._environment()
        self.children = Children(self.home, ROOT, held=self._lock)
        self.is_stopping = False

    def run(self) -> None:
        """Returns never: raises Stopped when asked to end, CannotRun when it cannot go on; all has ended then."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        try:
            self._show(self._start())
            while True:
                self._breathe(0.2)
        finally:
            self.children.stop()

    def _start(self) -> dict[str, Any]:
        """Everything in the order in which it needs each other. Returns what the prepare step said."""
        self._check_port()
        if self.chosen.is_demo:
            self.children.start(self._sandbox(), self.environment | self._sandbox_environment())
        said = self._step(PREPARE, "prepares the database")
        # For script/manage; an environment that the step above refused would lock it out.
        kept = {name: self.environment[name] for name in KEPT if self.environment.get(name)}
        state.write_env(self.home / state.RUNNING_FILE, kept)
        for program in (self._web(), *_workers(), self._beat()):
            self.children.start(program, self.environment)
        self._wait_for("web", self.chosen.port, "/readyz")
        self.children.is_settled = True
        if self.chosen.is_demo and not said["demo"]["is_ready"]:
            self._wait_for("sandbox", self.sandbox_port, "/healthz")
            said["demo"] = self._step(DEMO, "connects the demo accounts")
        return said

    def _environment(self) -> dict[str, str]:
        """Of every process."""
        port = str(self.chosen.port)
        public_url = (os.environ.get("PUBLIC_URL") or f"http://localhost:{port}").rstrip("/")
        environment = dict(os.environ) | {"PLUMBLINE_HOME": str(self.home), "PORT": port, "PUBLIC_URL": public_url}
        environment["PYTHONUNBUFFERED"] = "1"
        if self.chosen.is_demo:
            self.sandbox_port = _free_port(self.chosen.port + 1)
            environment |= self._demo_environment()
        return environment

    def _demo_environment(self) -> dict[str, str]:
        address = f"http://127.0.0.1:{self.sandbox_port}"
        return {
            "KLAVIYO_API_URL": address,
            "KLAVIYO_AUTHORIZE_URL": f"{address}/oauth/authorize",
            "KLAVIYO_CLIENT_ID": self.secrets["SANDBOX_CLIENT_ID"],
            "KLAVIYO_CLIENT_SECRET": self.secrets["SANDBOX_CLIENT_SECRET"],
        }

    def _sandbox_environment(self) -> dict[str, str]:
        return {
            "SANDBOX_CLIENT_ID": self.secrets["SANDBOX_CLIENT_ID"],
            "SANDBOX_CLIENT_SECRET": self.secrets["SANDBOX_CLIENT_SECRET"],
            "SANDBOX_REDIRECT_URI": f"{self.environment['PUBLIC_URL']}/oauth/klaviyo/callback/",
        }

    def _check_port(self) -> None:
        if not _is_free(self.chosen.port):
            raise CannotRun(
                f"Port {self.chosen.port} is in use by another program: end that one, or choose another port, "
                f"such as script/up --port {_free_port(self.chosen.port + 10)}"
            )

    def _web(self) -> Program:
        return _with(WEB, "--host", "127.0.0.1", "--port", str(self.chosen.port), "--no-access-log", "--log-level", "warning",
                     "--timeout-graceful-shutdown", "3")  # fmt: skip

    def _beat(self) -> Program:
        schedule = str(self.home / "beat" / "schedule")
        return Program(
            "beat", (sys.executable, "-m", "celery", "-A", "config", "beat", "--schedule", schedule, "--pidfile=")
        )

    def _sandbox(self) -> Program:
        return _with(SANDBOX, "--port", str(self.sandbox_port), "--state", str(self.home / "sandbox"))

    def _step(self, program: Program, what: str) -> dict[str, Any]:
        """What the step printed at its end. Raises CannotRun when it failed, its last lines shown."""
        say(f"script/up {what}")
        own = {"OWNER_PASSWORD": self.secrets["OWNER_PASSWORD"], "OWNER_EMAIL": "owner@example.com"}
        own["ORGANIZATION_NAME"] = "Demo agency" if self.chosen.is_demo else "My organization"
        child = self.children.start(program, self.environment | own)
        while not self.children.ended(child):
            self._breathe(0.05)
        if child.process.returncode != 0:
            raise self.children.gave_up(program.name, f"failed ({child.farewell()}): {_last_words(child)}")
        said: dict[str, Any] = json.loads(child.said[-1])
        return said

    def _wait_for(self, name: str, port: int, path: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while (answer := _answer(port, path)) != "ok":
            if time.monotonic() > deadline:
                raise self.children.gave_up(name, f"is not ready after {PATIENCE:.0f} s ({answer})")
            self._breathe(0.1)

    def _breathe(self, seconds: float) -> None:
        """A moment between two looks at anything: the children are kept up, a request to stop is heard."""
        if self.is_stopping:
            raise Stopped
        self.children.keep_up()
        time.sleep(seconds)

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        if self.is_stopping:
            self.children.kill()
        self.is_stopping = True

    def _show(self, said: dict[str, Any]) -> None:
        result = {
            "url": self.environment["PUBLIC_URL"],
            "mcp_url": self.environment["PUBLIC_URL"] + "/mcp",
            "login": said["login"],
            "password": said["password"],
            "ready_s": round(time.time() - self.began, 1),
        }
        text = json.dumps(result) if self.chosen.is_json else _for_a_person(result, said["demo"]["question"], self.home)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def _workers() -> list[Program]:
    command = (sys.executable, "-m", "celery", "-A", "config", "worker")
    quiet = ("--loglevel", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat")
    return [
        Program(name, (*command, "--hostname", f"{name}@%h", *own, *quiet), grace=10) for name, own in WORKERS.items()
    ]


def _for_a_person(result: dict[str, Any], question: dict[str, Any] | None, home: Path) -> str:
    password = result["password"] or "(the one you chose)"
    if question:
        args = shlex.quote(json.dumps(question, ensure_ascii=False))
        step = f"Ask a first question, in another terminal:\n    script/manage ask people_who --as OWNER --args {args}"
    else:
        step = "Next: sign in and press Connect to add your first Klaviyo account."
    return f"""
Plumbline is ready ({result["ready_s"]:.0f} s).

  Page      {result["url"]}
  Sign in   {result["login"]}  {password}
  MCP       {result["mcp_url"]}  (the address to give to ChatGPT or Claude)

  {step}

Ctrl-C stops everything. State and logs are in {home}."""


def _with(program: Program, *arguments: str) -> Program:
    return Program(program.name, program.command + arguments, program.grace)


def _last_words(child: Child) -> str:
    return child.errors[-1] if child.errors else "it said nothing"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port(wanted: int) -> int:
    """The wanted one if it can be had, else any."""
    if wanted <= 65535 and _is_free(wanted):
        return wanted
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _answer(port: int, path: str) -> str:
    """`ok` for a 200, else what came instead."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read(300).decode(errors="replace")
        return "ok" if answer.status == 200 else f"HTTP {answer.status} {text}"
    except (OSError, http.client.HTTPException) as error:
        return str(error)
    finally:
        connection.close()


def main() -> int:
    began = float(os.environ.get("UP_BEGAN") or time.time())
    os.umask(0o077)
    try:
        Supervisor(options(sys.argv[1:], dict(os.environ)), began).run()
    except CannotRun as reason:
        say(str(reason))
        return 1
    except Stopped:
        say("Everything has been stopped.")
    return 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
