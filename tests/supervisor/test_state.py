"""The folder of all state: private, one user at a time, secrets made once."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from dotenv import dotenv_values

from config import state
from config.state import CannotRun


def test_the_folder_and_its_secrets_are_for_the_owner_alone(tmp_path: Path) -> None:
    home = state.open_home(tmp_path / "home")
    state.secrets_of(home)

    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "secrets.env").stat().st_mode) == 0o600


def test_secrets_are_made_once_and_serve_their_purpose(tmp_path: Path) -> None:
    home = state.open_home(tmp_path / "home")
    first = state.secrets_of(home)

    assert state.secrets_of(home) == first
    assert Fernet(first["FIELD_KEYS"])
    assert len({*first.values()}) == len(state.MAKERS)


def test_a_secret_that_a_later_version_needs_is_added_and_the_others_stay(tmp_path: Path) -> None:
    home = state.open_home(tmp_path / "home")
    first = state.secrets_of(home)
    state.write_env(home / "secrets.env", {name: first[name] for name in first if name != "OWNER_PASSWORD"})

    second = state.secrets_of(home)

    assert second.pop("OWNER_PASSWORD") != first.pop("OWNER_PASSWORD")
    assert second == first


@pytest.mark.parametrize("value", ["plain", "it's", 'a "b" c', "back\\slash", "a=b#c $d", "ünï", " spaces "])
def test_a_value_reads_back_as_it_was_here_and_in_the_settings(tmp_path: Path, value: str) -> None:
    path = tmp_path / "running.env"

    state.write_env(path, {"NAME": value})

    assert state.read_env(path) == {"NAME": value}
    assert dotenv_values(path) == {"NAME": value}


def test_a_folder_that_cannot_be_written_is_one_sentence_with_the_fix(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(
        CannotRun, match=r"cannot be written \(Not a directory\): make it writable, or set PLUMBLINE_HOME"
    ):
        state.open_home(tmp_path / "file" / "home")


def test_a_second_supervisor_is_told_who_has_the_folder(tmp_path: Path) -> None:
    home = state.open_home(tmp_path / "home")
    held = state.lock(home)
    second = f"from config import state; from pathlib import Path; state.lock(Path({str(home)!r}), wait=0.2)"

    said = subprocess.run([sys.executable, "-c", second], capture_output=True, text=True, check=False)

    assert f"runs on {home} already (process {os.getpid()})" in said.stderr.splitlines()[-1]
    held.close()
    assert subprocess.run([sys.executable, "-c", second], check=False).returncode == 0
