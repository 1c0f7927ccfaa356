"""The folder of all state: private, used by one supervisor at a time, with secrets that are made once.

Nothing here needs Django or a package: this runs before anything of them may be there.
"""

import base64
import fcntl
import os
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Final

SECRETS_FILE: Final = "secrets.env"
RUNNING_FILE: Final = "running.env"
FOLDERS: Final = ("beat", "lake", "logs", "mail", "queue/messages", "queue/control", "sandbox", "static")


class CannotRun(Exception):
    """Why the product cannot run: one sentence for the person, with the fix."""


def open_home(path: Path) -> Path:
    """The folder with all its parts, readable by its owner alone. Raises CannotRun."""
    home = path.expanduser().absolute()
    try:
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o700)
        for folder in FOLDERS:
            (home / folder).mkdir(parents=True, exist_ok=True)
        probe = home / f".probe-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise CannotRun(
            f"{home} cannot be written ({error.strerror}): make it writable, or set PLUMBLINE_HOME to a folder that is."
        ) from None
    return home


def lock(home: Path, *, wait: float = 5.0) -> IO[str]:
    """Hold the folder for this process until the returned file is closed. Raises CannotRun when another has it.

    The wait is for what a killed supervisor left: config/guardian.py ends that within its grace, and holds the lock
    as well until then.
    """
    file = (home / "up.lock").open("a+")
    deadline = time.monotonic() + wait
    while not _locked(file):
        if time.monotonic() > deadline:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise CannotRun(
                f"Plumbline runs on {home} already (process {holder}): stop that one first, "
                "or set PLUMBLINE_HOME to another folder."
            )
        time.sleep(0.1)
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def secrets_of(home: Path) -> dict[str, str]:
    """The secrets of this folder, made at the first call and kept: a later version's new one is added to them."""
    path = home / SECRETS_FILE
    known = read_env(path)
    made = {name: make() for name, make in MAKERS.items() if name not in known}
    if made:
        write_env(path, known | made)
    return known | made


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


MAKERS: Final[dict[str, Callable[[], str]]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "FIELD_KEYS": _fernet_key,
    "OWNER_PASSWORD": lambda: secrets.token_urlsafe(15),
    "SANDBOX_CLIENT_ID": lambda: secrets.token_hex(16),
    "SANDBOX_CLIENT_SECRET": lambda: secrets.token_urlsafe(32),
}


def read_env(path: Path) -> dict[str, str]:
    """The NAME='value' lines that `write_env` wrote; an absent file is an empty one."""
    if not path.exists():
        return {}
    pairs = (line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
    return {name: value.strip("'").replace("\\'", "'").replace("\\\\", "\\") for name, value in pairs}


def write_env(path: Path, values: Mapping[str, str]) -> None:
    """Write for the owner alone, and at once: whoever reads sees the old text or the new, never half of it."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        for name, value in values.items():
            quoted = value.replace("\\", "\\\\").replace("'", "\\'")
            file.write(f"{name}='{quoted}'\n")
    new.rename(path)
