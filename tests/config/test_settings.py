"""The settings as a deployment gets them: Django's own checks have nothing to say."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import config

ROOT = Path(config.__file__).parent.parent
PROGRAM = """
import json, django
from django.conf import settings
django.setup()
names = %r
print(json.dumps({name: getattr(settings, name) for name in names}, default=str))
"""


def environ(tmp_path: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PLUMBLINE_HOME": str(tmp_path),
        "SECRET_KEY": "x7-of-this-test-alone-0123456789-abcdefghijklmnopqrstuvwxyz-QWERTY",
        "FIELD_KEYS": "c2l4dGVlbiBieXRlcyB0d2ljZSBmb3IgYSBrZXkhISE=",
        **more,
    }


def settings_of(tmp_path: Path, *names: str, **more: str) -> dict[str, Any]:
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM % (names,)],
        capture_output=True, text=True, env=environ(tmp_path, **more), cwd=ROOT, check=True,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(said.stdout)
    return answer


@pytest.mark.parametrize("database", ["", "postgres://name:word@127.0.0.1:9/none"])
def test_behind_https_the_deployment_check_is_clean(tmp_path: Path, database: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        capture_output=True, text=True, cwd=ROOT, check=False,
        env=environ(tmp_path, PUBLIC_URL="https://plumbline.example", DATABASE_URL=database),
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "oauth2_provider.E" not in done.stdout + done.stderr


def test_behind_https_cookies_stay_there_and_on_this_machine_they_work_without(tmp_path: Path) -> None:
    names = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS", "DEBUG", "ALLOWED_HOSTS")

    far = settings_of(tmp_path, *names, PUBLIC_URL="https://plumbline.example")
    near = settings_of(tmp_path, *names)

    assert (far["SESSION_COOKIE_SECURE"], far["CSRF_COOKIE_SECURE"], near["SESSION_COOKIE_SECURE"]) == (
        True,
        True,
        False,
    )
    assert far["SECURE_HSTS_SECONDS"] >= 31_536_000 and near["SECURE_HSTS_SECONDS"] == 0
    assert not far["DEBUG"] and not near["DEBUG"]
    assert "*" not in far["ALLOWED_HOSTS"] and "plumbline.example" in far["ALLOWED_HOSTS"]


def test_two_variables_turn_the_embedded_parts_into_servers(tmp_path: Path) -> None:
    names = ("DATABASES", "CACHES", "CELERY_BROKER_URL", "CELERY_BROKER_TRANSPORT_OPTIONS")

    embedded = settings_of(tmp_path, *names)
    served = settings_of(
        tmp_path, *names, DATABASE_URL="postgres://n:w@127.0.0.1:9/name", REDIS_URL="redis://127.0.0.1:9/3"
    )

    assert embedded["DATABASES"]["default"]["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "WAL" in embedded["DATABASES"]["default"]["OPTIONS"]["init_command"]
    assert embedded["CELERY_BROKER_TRANSPORT_OPTIONS"]["polling_interval"] == 0.1
    assert served["DATABASES"]["default"]["ENGINE"].endswith("postgresql")
    assert "RedisCache" in served["CACHES"]["default"]["BACKEND"]
    assert served["CELERY_BROKER_URL"] == "redis://127.0.0.1:9/3"
