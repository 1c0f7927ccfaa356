"""What an orchestrator asks."""

import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from tests.pool import pooled


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


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_ready_while_all_connections_of_the_pool_are_in_use() -> None:
    with pooled(1), connection.cursor():
        said: list[Any] = []
        asking = threading.Thread(target=lambda: said.append(Client().get("/readyz").json()))
        asking.start()
        asking.join(20)

    assert [answer["ready"] for answer in said] == [True]


@pytest.mark.django_db(transaction=True)
def test_not_ready_while_a_migration_is_not_applied() -> None:
    applied = MigrationRecorder.Migration.objects.filter(app="audit").latest("id")
    kept = {"app": applied.app, "name": applied.name, "applied": applied.applied}
    applied.delete()
    try:
        response = Client().get("/readyz")
    finally:
        MigrationRecorder.Migration.objects.create(**kept)

    assert (response.status_code, response.json()["migrations"]) == (503, "1 are not applied")


def test_a_lake_that_is_still_empty_is_ready(db: None) -> None:
    shutil.rmtree(settings.LAKE_URL, ignore_errors=True)

    assert Client().get("/readyz").json()["lake"] == "ok"


def test_metrics_answer_this_machine_alone() -> None:
    assert b"python_info" in Client().get("/metrics").content
    assert Client().get("/metrics", REMOTE_ADDR="203.0.113.7").status_code == 404
    assert Client().get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 404
