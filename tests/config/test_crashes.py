"""A report of an error says where the code broke and nothing of the person it broke for."""

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import env as environment
from tests.klaviyo.conftest import Reply, Told, listening

ROOT = Path(environment.__file__).parent.parent
PROGRAM = """
import django, logging, sentry_sdk
django.setup()
logger = logging.getLogger("connector.sync.work")
try:
    whom = "eve@example.com"
    raise ValueError("no such profile: eve@example.com, Bearer abcdefgh12345678")
except ValueError:
    logger.exception("run %s: broke for %s", "r1", "mallory@example.com", extra={"phone": "+49 170 1234567"})
sentry_sdk.flush(timeout=10)
"""


@pytest.fixture
def collector() -> Iterator[Told]:
    with listening() as server:
        server.script = [Reply(200, b"{}", {"content-type": "application/json"})]
        yield server


def test_a_report_tells_the_place_and_no_person(collector: Told, tmp_path: Path) -> None:
    dsn = collector.url.replace("http://", "http://abcdef@") + "/7"

    subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PLUMBLINE_HOME": str(tmp_path),
            "SENTRY_DSN": dsn,
        },
        cwd=ROOT,
        check=True,
        timeout=60,
    )

    sent = b"".join(
        gzip.decompress(request.body) if request.headers.get("content-encoding") == "gzip" else request.body
        for request in collector.requests
    ).decode()
    assert "ValueError" in sent and "connector.sync.work" in sent and "no such profile" in sent
    assert [private for private in ("mallory@", "+49 170", "Bearer abc") if private in sent] == []
    assert sent.count("eve@example.com") == 0
