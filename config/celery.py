"""The Celery application: queues, schedule, and what a worker process may not do before it has forked."""

import logging.config
import os
from enum import StrEnum

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class Queue(StrEnum):
    """Every task names its queue (a guard test walks them). Workers may be started for some of them only."""

    INCREMENT = "increment"  # short: what a person waits for, and the quarter-hourly increments
    FIRST_LOAD = "first_load"  # long histories, so that they never starve the increments
    DELIVER = "deliver"  # approved changes on their way to Klaviyo
    MAIL = "mail"


app = Celery("plumbline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "schedule-increments": {
        "task": "connector.sync.tasks.schedule_increments",
        "schedule": 15.0,
        "options": {"queue": Queue.INCREMENT},
    },
    "requeue-stale-runs": {
        "task": "connector.sync.tasks.requeue_stale_runs",
        "schedule": 5.0,
        "options": {"queue": Queue.INCREMENT},
    },
    "schedule-jobs": {
        "task": "connector.tools.tasks.schedule_jobs",
        "schedule": 5.0,
        "options": {"queue": Queue.INCREMENT},
    },
    "schedule-reconciles": {
        "task": "connector.sync.tasks.schedule_reconciles",
        "schedule": 600.0,
        "options": {"queue": Queue.INCREMENT},
    },
    "purge-grants": {
        "task": "accounts.tasks.purge_grants",
        "schedule": 3600.0,
        "options": {"queue": Queue.INCREMENT},
    },
}


@setup_logging.connect
def _keep_django_logging(**_: object) -> None:
    """Celery would replace our handlers, and with them the scrubbing of secrets."""
    logging.config.dictConfig(settings.LOGGING)
