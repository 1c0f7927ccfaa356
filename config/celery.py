"""The Celery application: queues, schedule, and what a worker process may not do before it has forked."""

import logging.config
import os
from enum import StrEnum

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class Queue(StrEnum):
    """Every task has a route to one of them (a guard test walks them). Workers may be started for some of them only."""

    INCREMENT = "increment"  # short: what a person waits for, and the quarter-hourly increments
    AUDIENCE = "audience"  # members that a question waits for: turns of 20 s, which would hold up the increments
    FIRST_LOAD = "first_load"  # long histories, so that they never starve the increments
    DELIVER = "deliver"  # approved changes on their way to Klaviyo
    MAIL = "mail"


app = Celery("plumbline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.task_routes = {
    "accounts.tasks.*": {"queue": Queue.INCREMENT},
    "connector.sync.tasks.read_members": {"queue": Queue.AUDIENCE},
    "connector.sync.tasks.*": {
        "queue": Queue.INCREMENT
    },  # but turns of a first load: sync/enqueue.py names their queue
    "connector.receipts.tasks.*": {"queue": Queue.INCREMENT},
    "connector.tools.tasks.*": {"queue": Queue.INCREMENT},
}
app.conf.beat_schedule = {
    "schedule-increments": {"task": "connector.sync.tasks.schedule_increments", "schedule": 15.0},
    "requeue-stale-runs": {"task": "connector.sync.tasks.requeue_stale_runs", "schedule": 5.0},
    "schedule-audiences": {"task": "connector.sync.tasks.schedule_audiences", "schedule": 5.0},
    "schedule-jobs": {"task": "connector.tools.tasks.schedule_jobs", "schedule": 5.0},
    "schedule-reconciles": {"task": "connector.sync.tasks.schedule_reconciles", "schedule": 600.0},
    "purge-grants": {"task": "accounts.tasks.purge_grants", "schedule": 3600.0},
    # At night; three times, since a turn is short and the first night after a shorter setting may have much to remove.
    "purge-receipts": {"task": "connector.receipts.tasks.purge_receipts", "schedule": crontab(minute="10", hour="1-3")},
}


@setup_logging.connect
def _keep_django_logging(**_: object) -> None:
    """Celery would replace our handlers, and with them the scrubbing of secrets."""
    logging.config.dictConfig(settings.LOGGING)
