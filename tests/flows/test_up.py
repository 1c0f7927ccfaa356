"""script/up as a person or a program meets it: from an empty folder to ready, hurt, stopped, and started again."""

import json
import os
import re
import signal
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.flows.product import Up, accounts, answers, processes_of, signed_in, until

pytestmark = pytest.mark.flow

WORDS = {
    "web": "config.asgi:application",
    "worker": "config worker",
    "beat": "config beat",
    "sandbox": "connector.sandbox",
}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """The demo, ready. The tests of this file go on with it in the order in which they stand."""
    running = Up(tmp_path_factory.mktemp("up") / "home")
    yield running
    running.stop()


def test_it_is_ready_with_one_line_of_json_and_the_owner_can_sign_in(up: Up) -> None:
    result = up.ready()

    assert up.out == [json.dumps(result)]
    assert set(result) == {"url", "mcp_url", "login", "password", "ready_s"}
    assert result["url"] == f"http://localhost:{up.port}"
    assert result["mcp_url"] == f"http://localhost:{up.port}/mcp"
    assert 0 < result["ready_s"] < 240
    assert signed_in(result).get("/installs/").status_code == 200


def test_two_demo_accounts_are_connected_and_the_first_is_synced(up: Up) -> None:
    up.ready()

    first, second = accounts(up)

    assert first["complete_from"].startswith("2000")
    assert second["id"] != first["id"]


def test_the_state_is_for_its_owner_alone(up: Up) -> None:
    up.ready()

    assert stat.S_IMODE(up.home.stat().st_mode) == 0o700
    for path in filter(Path.is_file, up.home.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_second_one_on_the_same_folder_says_so_in_one_line(up: Up) -> None:
    up.ready()

    second = Up(up.home)

    assert second.process.wait(timeout=60) == 1
    second.stop()
    assert second.out == []
    assert "already (process" in second.err[-1]


def test_a_busy_port_is_one_line_with_the_fix(up: Up, tmp_path: Path) -> None:
    up.ready()

    second = Up(tmp_path / "home", "--no-demo", port=up.port)

    assert second.process.wait(timeout=60) == 1
    second.stop()
    assert re.fullmatch(rf"Port {up.port} is in use by another program: .* script/up --port \d+", second.err[-1])


@pytest.mark.parametrize("name", ["worker", "web", "beat", "sandbox"])
def test_a_child_that_is_killed_is_back_within_five_seconds(up: Up, name: str) -> None:
    result = up.ready()
    killed = up.pids(WORDS[name])
    assert killed
    time.sleep(3)  # one that has only just started counts as one that cannot stay up

    for pid in killed:
        with suppress(ProcessLookupError):  # the worker's own children may have gone with it
            os.kill(pid, signal.SIGKILL)

    until(lambda: set(up.pids(WORDS[name])) - set(killed), 5)
    until(lambda: any(line.startswith(f"{name} ended (killed by SIGKILL)") for line in up.err), 5)
    until(lambda: answers(result["url"] + "/readyz"), 20)


def test_a_terminated_product_leaves_no_process_and_starts_again_with_its_data(up: Up) -> None:
    before, known = up.ready(), [account["id"] for account in accounts(up)]

    assert up.stop() == 0
    assert up.pids() == []

    again = Up(up.home, port=up.port)
    try:
        result = again.ready(120)
        assert {**result, "ready_s": 0} == {**before, "ready_s": 0}
        assert result["ready_s"] < 90
        assert [account["id"] for account in accounts(again)] == known
        assert not any("connected" in line for line in again.err)
    finally:
        again.stop(signal.SIGINT)
    assert again.pids() == []


def test_without_the_demo_nothing_is_connected_and_a_killed_supervisor_leaves_nothing_in_the_way(
    tmp_path: Path,
) -> None:
    first = Up(tmp_path / "home", "--no-demo")
    result = first.ready()
    assert signed_in(result).get("/").status_code == 200
    assert first.pids("connector.sandbox") == []
    assert accounts(first) == []

    os.kill(first.process.pid, signal.SIGKILL)
    second = Up(tmp_path / "home", "--no-demo")
    try:
        again = second.ready()
        assert (again["login"], again["password"]) == (result["login"], result["password"])
        assert not {pid for pid, line in processes_of(first.home) if f"--port {first.port}" in line}
    finally:
        second.stop()
    until(lambda: first.pids() == [], 10)
