"""What an orchestrator asks: alive, ready, how much.

`/healthz` touches nothing; `/readyz` names each part that is not ready; `/metrics` answers this machine alone.
"""

import os
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from kombu.exceptions import OperationalError
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from accounts.database import separate_connection
from config.celery import app

WELL: Final = "ok"
QUICKLY: Final = {"connect_timeout": 2, "options": "-c statement_timeout=2000"}


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when everything a question needs is there, else 503; one line per part either way."""
    parts = {**database(), "queue": queue(), "lake": lake()}
    is_ready = all(said == WELL for said in parts.values())
    return JsonResponse({"ready": is_ready, **parts}, status=200 if is_ready else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text, for this machine alone; elsewhere the page does not exist."""
    if not is_local(request):
        raise Http404
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def is_local(request: HttpRequest) -> bool:
    """Asked from this machine, and not by a proxy on it for somebody else."""
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def database() -> dict[str, str]:
    """The database and its migrations, on a connection apart from the pool: one that questions keep busy is no reason to
    be taken out."""
    connection = separate_connection(**({} if settings.IS_SQLITE else QUICKLY))
    try:
        connection.ensure_connection()
        return {"database": WELL, "migrations": migrations(connection)}
    except DatabaseError as error:
        return {"database": f"does not answer ({type(error).__name__})", "migrations": "cannot be read"}
    finally:
        connection.close()


def migrations(connection: BaseDatabaseWrapper) -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select app, name from django_migrations")  # Django's recorder would ask the pool's
            missing = len(wanted_migrations() - set(cursor.fetchall()))
    except DatabaseError as error:
        return f"cannot be read ({type(error).__name__})"
    return f"{missing} are not applied" if missing else WELL


@cache
def wanted_migrations() -> frozenset[tuple[str, str]]:
    """(app, name) of every migration of this code, which stays the same as long as the process lives."""
    return frozenset(MigrationLoader(None).graph.nodes)


def queue() -> str:
    """Redis answers, or the queue's folder can be written to."""
    if settings.REDIS_URL:
        return redis_answers()
    folder = Path(settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_in"])
    return (
        WELL
        if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
        else "the folder is missing or cannot be written to"
    )


def redis_answers() -> str:
    try:
        with app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
    except OperationalError:
        return "Redis does not answer"
    return WELL


def lake() -> str:
    """A folder that can be read, or none yet: the first sync makes it. A bucket is asked by the first question."""
    if "://" in settings.LAKE_URL:
        return WELL
    folder = Path(settings.LAKE_URL)
    return WELL if not folder.exists() or os.access(folder, os.R_OK | os.X_OK) else "the folder cannot be read"
