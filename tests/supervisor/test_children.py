"""Programs that die, that cannot live, that leave children behind: what becomes of them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config import state
from config.children import Children, Program
from config.state import CannotRun

ROOT = Path(__file__).resolve().parents[2]
SLEEPER = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)")
# Starts a child of its own, as a worker does, and writes both numbers down.
FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"])
open(sys.argv[1], "w").write(f"{os.getpid()} {child.pid}")
time.sleep(60)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return state.open_home(tmp_path / "home")


@pytest.fixture
def children(home: Path) -> Iterator[Children]:
    children = Children(home, ROOT)
    children.is_settled = True
    yield children
    children.kill()
    children.stop()


def test_a_child_that_is_killed_is_started_again_and_said_so(
    children: Children, capfd: pytest.CaptureFixture[str]
) -> None:
    child = children.start(Program("web", SLEEPER), os.environ)

    child.process.kill()
    until(lambda: child.has_ended)
    children.keep_up()

    assert names(children) == ["web"]
    assert not children.running[0].has_ended
    assert "web ended (killed by SIGKILL)" in capfd.readouterr().err


def test_a_child_that_cannot_stay_up_ends_everything_with_its_last_lines(
    children: Children, capfd: pytest.CaptureFixture[str]
) -> None:
    children.start(Program("web", (sys.executable, "-c", "raise SystemExit('no such port')")), os.environ)

    with pytest.raises(CannotRun, match="web cannot stay up, it ended 3 times running"):
        until(lambda: children.keep_up(), seconds=30)

    assert "web     | no such port" in capfd.readouterr().err


def test_a_child_that_lived_a_while_may_be_killed_more_than_three_times(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.children.QUICK", 0.01)
    children.start(Program("web", SLEEPER), os.environ)

    for _ in range(4):
        time.sleep(0.02)
        children.running[0].process.kill()
        until(lambda: children.running[0].has_ended)
        children.keep_up()

    assert names(children) == ["web"]


def test_a_missing_module_is_named_with_the_fix(children: Children) -> None:
    children.start(Program("web", (sys.executable, "-c", "import no_such_module_here")), os.environ)

    with pytest.raises(CannotRun, match="module no_such_module_here is missing: delete the folder .venv"):
        until(lambda: children.keep_up(), seconds=30)


def test_a_killed_child_takes_its_own_children_along(children: Children, tmp_path: Path) -> None:
    note = tmp_path / "family"
    children.start(Program("worker", (sys.executable, "-c", FAMILY, str(note))), os.environ)
    parent, grandchild = family(note)

    os.kill(parent, signal.SIGKILL)
    until(lambda: children.running[0].has_ended)
    children.keep_up()

    until(lambda: not is_alive(grandchild))


def test_stopping_ends_children_and_grandchildren_that_will_not_listen(home: Path, tmp_path: Path) -> None:
    note = tmp_path / "family"
    children = Children(home, ROOT)
    children.start(Program("worker", (sys.executable, "-c", FAMILY, str(note)), grace=0.5), os.environ)
    pids = family(note)

    children.stop()

    until(lambda: not any(is_alive(pid) for pid in pids))


def test_a_step_ends_and_is_not_started_again(children: Children) -> None:
    step = children.start(Program("prepare", (sys.executable, "-c", "print('done')"), is_step=True), os.environ)

    until(lambda: step.has_ended)
    children.keep_up()

    assert children.ended(step)
    assert list(step.said) == ["done"]
    assert names(children) == []


def test_warnings_are_shown_and_everything_is_in_the_log(
    children: Children, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = (
        "2026-01-01 INFO a quiet\\n2026-01-01 WARNING a careful\\nERROR:    in the application\\n[stderr]@%WARNING\\n"
    )
    step = children.start(Program("web", (sys.executable, "-c", f'print("{lines}")'), is_step=True), os.environ)

    until(lambda: children.ended(step))

    shown = capfd.readouterr().err
    assert "careful" in shown
    assert "in the application" in shown
    assert "quiet" not in shown
    assert "stderr" not in shown
    assert "quiet" in (home / "logs" / "web.log").read_text()


def test_nothing_survives_a_supervisor_that_is_killed(home: Path, tmp_path: Path) -> None:
    note = tmp_path / "family"
    supervisor = subprocess.Popen([sys.executable, "-c", KILLED, str(home), str(ROOT), FAMILY, str(note)], cwd=ROOT)
    pids = family(note)

    supervisor.kill()
    supervisor.wait()

    until(lambda: not any(is_alive(pid) for pid in pids), seconds=10)
    state.lock(home).close()  # and its lock is free again


def test_the_guardian_is_replaced_when_it_is_killed(children: Children, home: Path) -> None:
    children.start(Program("web", SLEEPER), os.environ)
    first = children._guardian

    first.kill()
    first.wait()
    children.keep_up()

    assert children._guardian.pid != first.pid
    assert children._guardian.poll() is None


KILLED = """
import os, sys, time
from pathlib import Path
from config import state
from config.children import Children, Program
home, root, family, note = sys.argv[1:]
children = Children(Path(home), Path(root), held=state.lock(Path(home)))
children.start(Program("worker", (sys.executable, "-c", family, note)), os.environ)
time.sleep(60)
"""


def names(children: Children) -> list[str]:
    return [child.program.name for child in children.running]


def family(note: Path) -> list[int]:
    until(lambda: note.exists() and len(note.read_text().split()) == 2)
    return [int(pid) for pid in note.read_text().split()]


def is_alive(pid: int) -> bool:
    """A process that has ended and that nobody has asked after yet (Z) is not alive."""
    said = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(said.strip()) and not said.startswith("Z")


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)
