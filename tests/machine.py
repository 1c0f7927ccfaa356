"""What a test may need of the machine. Tests whose need is not met do not run, and the last lines of the run say so.

A line `not run: ...` is for the eye and for the check that fails on it; silence means that everything was run.
"""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import pytest

NODE_AT_LEAST: Final = 20


@cache
def chromium() -> str:
    """Why browser tests cannot run, or nothing."""
    return "" if shutil.which("chromium") else "there is no chromium (apt-get install chromium fonts-dejavu-core)"


@cache
def node() -> str:
    """Why tests that need Node.js cannot run, or nothing."""
    found = shutil.which("node")
    if not found:
        return f"there is no Node.js {NODE_AT_LEAST} or newer"
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    major = said.removeprefix("v").split(".")[0]
    is_enough = major.isdigit() and int(major) >= NODE_AT_LEAST
    return "" if is_enough else f"Node.js {said or 'does not start'}, {NODE_AT_LEAST} or newer is needed"


def has_services() -> bool:
    """PostgreSQL and Redis are named in the environment (script/test --services sets them)."""
    return bool(os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"))


def _own_redis() -> None:
    """Each process of the run gets a database of its own, as it gets one of PostgreSQL: caches and queues do not mix."""
    url, process = os.environ.get("REDIS_URL"), os.environ.get("PYTEST_XDIST_WORKER", "")
    if url and process:
        server, _, number = url.rpartition("/")
        os.environ["REDIS_URL"] = f"{server}/{int(number or 0) + 1 + int(process.removeprefix('gw'))}"


_own_redis()
NEEDS: Final[dict[str, Callable[[], str]]] = {"browser": chromium, "node": node}
not_run: Counter[str] = Counter()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        (left_out if _is_left_out(item) else kept).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def _is_left_out(item: pytest.Item) -> bool:
    if item.get_closest_marker("services") and not has_services():
        return True  # the other run has them: nothing that this machine could not do
    for mark, missing in NEEDS.items():
        if item.get_closest_marker(mark) and missing():
            not_run[f"{mark} tests, {missing()}"] += 1
            return True
    return False


def pytest_sessionfinish(session: pytest.Session) -> None:
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["not_run"] = dict(not_run)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """The processes of a run inherit our environment. With this variable in it they would read the settings before
    their conftest gives each its own folder and its own Redis, and share ours."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Each process of the run has collected everything: the largest count is the count."""
    for what, count in getattr(node, "workeroutput", {}).get("not_run", {}).items():
        not_run[what] = max(not_run[what], count)


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    for what, count in sorted(not_run.items()):
        print(f"not run: {count} {what}")
