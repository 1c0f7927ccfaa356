"""The programs that script/up runs: each in a process group of its own, watched, started again, ended together."""

import contextlib
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Final

from config import guardian
from config.state import CannotRun

QUICK: Final = 3.0  # gone within these seconds of its start is no accident
QUICK_BY_ITSELF: Final = 15.0  # the same for one that nobody killed: a slow machine takes this long to find an error
QUICK_TIMES: Final = 3
RESTART_AFTER: Final = 1.0
LOG_BYTES: Final = 5_000_000
LOUD: Final = re.compile(r"(^| )(WARNING|ERROR|CRITICAL)[ :]|^\w+(Error|Exception): ")
MISSING_MODULE: Final = re.compile(r"ModuleNotFoundError: No module named '(?!config|audit|accounts|connector)([^']+)'")


@dataclass(frozen=True)
class Program:
    """What to run. `grace`: seconds between asking it to end and ending it.

    A step does its work and ends; all else is kept up. What a loud one says is for the person at the terminal.
    """

    name: str
    command: tuple[str, ...]
    grace: float = 5.0
    is_step: bool = False
    is_loud: bool = False


class Child:
    """One run of a program."""

    def __init__(self, program: Program, environment: Mapping[str, str], folder: Path, log: "Log") -> None:
        self.program = program
        self.began = time.monotonic()
        self.said: deque[str] = deque(maxlen=50)
        self.errors: deque[str] = deque(maxlen=50)
        self.process = subprocess.Popen(
            program.command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
            errors="replace",
        )
        pipes = ((self.process.stdout, self.said), (self.process.stderr, self.errors))
        self._readers = [threading.Thread(target=self._read, args=(*pipe, log), daemon=True) for pipe in pipes]
        for reader in self._readers:
            reader.start()

    @property
    def lived(self) -> float:
        return time.monotonic() - self.began

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def farewell(self) -> str:
        """How it ended, in words."""
        code = self.process.returncode
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit {code}"

    def clear(self) -> None:
        """End what an ended program left of its group, and take in its last lines."""
        guardian.send(self.process.pid, signal.SIGKILL)
        for reader in self._readers:
            reader.join(timeout=2)

    def _read(self, stream: IO[str], lines: deque[str], log: "Log") -> None:
        is_loud = self.program.is_loud and lines is self.errors
        with contextlib.suppress(ValueError):  # closed under us at the very end
            for line in stream:
                lines.append(line.rstrip("\n"))
                log.add(lines[-1], is_loud=is_loud)


class Log:
    """A bounded file of all that a program says; warnings and errors go to the terminal too, shortened."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.path = folder / f"{name}.log"
        self.last: deque[str] = deque(maxlen=15)
        self._file = logging.Logger(name)
        self._file.addHandler(RotatingFileHandler(self.path, maxBytes=LOG_BYTES, backupCount=2))

    def add(self, line: str, *, is_loud: bool = False) -> None:
        self._file.info("%s", line)
        self.last.append(line)
        if is_loud or LOUD.search(line):
            say(f"{self.name:8}| {line[:200]}")


class Children:
    """All running programs of one supervisor."""

    def __init__(self, home: Path, folder: Path, held: IO[str] | None = None) -> None:
        self._logs_folder = home / "logs"
        self._folder = folder
        self._held = held
        self.running: list[Child] = []
        self._environments: dict[str, Mapping[str, str]] = {}
        self._quick: dict[str, int] = {}
        self._logs: dict[str, Log] = {}
        self.is_settled = False  # until everything has answered once, a program that ends is one that cannot start
        self._guardian = self._start_guardian()

    def start(self, program: Program, environment: Mapping[str, str]) -> Child:
        log = self._logs.setdefault(program.name, Log(program.name, self._logs_folder))
        child = Child(program, environment, self._folder, log)
        self._environments[program.name] = environment
        self.running.append(child)
        self._tell_guardian(f"+{child.process.pid}")
        return child

    def keep_up(self) -> None:
        """Start again what has ended. Raises CannotRun for a program that cannot stay up."""
        if self._guardian.poll() is not None:
            self._guardian = self._start_guardian()
        for child in [child for child in self.running if child.has_ended and not child.program.is_step]:
            self._bury(child)
            self._count(child)
            say(f"{child.program.name} ended ({child.farewell()}) after {child.lived:.0f} s; it is started again")
            time.sleep(min(RESTART_AFTER, child.lived))
            self.start(child.program, self._environments[child.program.name])

    def ended(self, child: Child) -> bool:
        """Whether a step has done its work."""
        if not child.has_ended:
            return False
        self._bury(child)
        return True

    def stop(self) -> None:
        """End all, newest first: each is asked, then what is left of its group is ended."""
        for child in reversed(self.running):
            with contextlib.suppress(ProcessLookupError):
                child.process.terminate()
        asked = time.monotonic()
        for child in list(reversed(self.running)):
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(timeout=max(0.0, asked + child.program.grace - time.monotonic()))
            guardian.send(child.process.pid, signal.SIGKILL)
            child.process.wait()
            self._bury(child)
        self._dismiss_guardian()

    def kill(self) -> None:
        """End all at once."""
        for child in self.running:
            guardian.send(child.process.pid, signal.SIGKILL)

    def _bury(self, child: Child) -> None:
        child.clear()
        self.running.remove(child)
        self._tell_guardian(f"-{child.process.pid}")

    def _count(self, child: Child) -> None:
        name = child.program.name
        is_killed = child.process.returncode < 0
        is_quick = child.lived < (QUICK if is_killed else QUICK_BY_ITSELF) or not self.is_settled
        self._quick[name] = self._quick.get(name, 0) + 1 if is_quick else 0
        if self._quick[name] >= QUICK_TIMES:
            raise self.gave_up(name, f"cannot stay up, it ended {QUICK_TIMES} times running ({child.farewell()})")

    def gave_up(self, name: str, what: str) -> CannotRun:
        """The error for a program that does not do its work, once its last lines have been shown."""
        last = list(self._logs[name].last)
        for line in last:
            say(f"{name:8}| {line[:500]}")
        missing = MISSING_MODULE.search("\n".join(last))
        if missing:
            return CannotRun(
                f"The Python module {missing[1]} is missing: delete the folder .venv and run script/up again, it installs all."
            )
        return CannotRun(f"{name} {what}; all it said is in {self._logs[name].path}")

    def _start_guardian(self) -> subprocess.Popen[str]:
        started = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(guardian.__file__))],
            stdin=subprocess.PIPE,
            start_new_session=True,
            text=True,
            pass_fds=[self._held.fileno()] if self._held else [],
        )
        for child in self.running:
            self._write(started, f"+{child.process.pid}")
        return started

    def _tell_guardian(self, line: str) -> None:
        # One that has just been killed is noticed by keep_up, which tells a new one everything.
        with contextlib.suppress(BrokenPipeError):
            self._write(self._guardian, line)

    @staticmethod
    def _write(process: subprocess.Popen[str], line: str) -> None:
        assert process.stdin is not None  # noqa: S101  (it was opened as a pipe)
        process.stdin.write(line + "\n")
        process.stdin.flush()

    def _dismiss_guardian(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._guardian.stdin.close()  # type: ignore[union-attr]  # it was opened as a pipe
        self._guardian.wait(timeout=10)


def say(text: str) -> None:
    """A line for the person at the terminal; standard output belongs to the result."""
    with contextlib.suppress(OSError):  # the terminal may be gone before we are
        os.write(2, f"{text}\n".encode())
