"""A worker that reads the members of an audience in a process of its own, so that it can be killed.

python -m tests.sync.readers RECORD     step after step, each over after one page, until there is no more to do
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.lake.processes import database_url


def start(record_id: UUID, lake: Path, klaviyo_url: str) -> "subprocess.Popen[bytes]":
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "LAKE_URL": str(lake),
        "PLUMBLINE_HOME": str(lake.parent),
        "KLAVIYO_API_URL": klaviyo_url,
    }
    return subprocess.Popen([sys.executable, "-m", "tests.sync.readers", str(record_id)], env=environment)


def work(record_id: UUID) -> None:
    from connector.sync import members

    steps: Any = members
    steps.STEP = 0.0
    while members.read(record_id):
        pass


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    work(UUID(sys.argv[1]))
