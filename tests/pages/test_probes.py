"""What an orchestrator asks."""

import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import Client


def test_alive_needs_nothing() -> None:
    response = Client().get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok")


def test_ready_when_every_part_is(db: None) -> None:
    response = Client().get("/readyz")

    assert response.json() == {"ready": True, "database": "ok", "migrations": "ok", "queue": "ok", "lake": "ok"}
    assert response.status_code == 200


def test_not_ready_names_the_part(db: None, settings: Any, tmp_path: Path) -> None:
    lost = tmp_path / "messages"
    settings.REDIS_URL = ""
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"data_folder_in": str(lost)}

    response = Client().get("/readyz")

    assert response.status_code == 503
    assert response.json()["ready"] is False
    assert "cannot be written to" in response.json()["queue"]


def test_a_lake_that_is_still_empty_is_ready(db: None) -> None:
    shutil.rmtree(settings.LAKE_URL, ignore_errors=True)

    assert Client().get("/readyz").json()["lake"] == "ok"


def test_metrics_answer_this_machine_alone() -> None:
    assert b"python_info" in Client().get("/metrics").content
    assert Client().get("/metrics", REMOTE_ADDR="203.0.113.7").status_code == 404
    assert Client().get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 404
