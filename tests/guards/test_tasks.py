"""Every Celery task: which queue it runs on, what it takes, and what wakes it."""

import inspect
from datetime import timedelta
from typing import Any

from celery import Task
from celery.schedules import maybe_schedule
from django.utils import timezone

from config.celery import Queue, app
from config.supervisor import WORKERS


def tasks() -> dict[str, Task[Any, Any]]:
    """Ours alone: Celery brings a few of its own."""
    app.loader.import_default_modules()
    return {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}


def test_every_task_has_a_route_to_a_queue_of_ours() -> None:
    routes = {name: app.amqp.router.route({}, name).get("queue") for name in tasks()}

    assert {name for name, queue in routes.items() if queue is None or queue.name not in set(Queue)} == set()
    assert "connector.sync.tasks.work_run" in tasks()


def test_every_queue_is_served_and_no_increment_stands_behind_an_audience() -> None:
    served = {name: set(options[options.index("--queues") + 1].split(",")) for name, options in WORKERS.items()}
    together = [queue for queues in served.values() for queue in queues]

    assert sorted(together) == sorted(Queue)
    assert {Queue.AUDIENCE} in served.values()
    assert app.amqp.router.route({}, "connector.sync.tasks.read_members")["queue"].name == Queue.AUDIENCE


def test_tasks_take_ids_by_name() -> None:
    for name, task in tasks().items():
        for argument in inspect.signature(task.run).parameters.values():
            assert argument.kind is inspect.Parameter.KEYWORD_ONLY, name
            assert argument.annotation is str, name
            assert argument.name.endswith("_id"), name


def test_every_task_says_what_it_does() -> None:
    assert {name for name, task in tasks().items() if not inspect.getdoc(task.run)} == set()


def test_every_entry_of_the_schedule_names_a_task_that_needs_no_arguments() -> None:
    known = tasks()

    for entry, facts in app.conf.beat_schedule.items():
        assert facts["task"] in known, entry
        assert not inspect.signature(known[facts["task"]].run).parameters, entry
        assert maybe_schedule(facts["schedule"]).remaining_estimate(timezone.now()) > timedelta(0), entry


def test_every_chooser_is_on_the_schedule() -> None:
    """A `schedule_*`, `requeue_*` or `purge_*` that beat does not know would never run."""
    choosers = {name for name in tasks() if name.rsplit(".", 1)[1].startswith(("schedule_", "requeue_", "purge_"))}

    assert choosers == {facts["task"] for facts in app.conf.beat_schedule.values()}


def test_messages_are_json_and_acknowledged_after_the_work() -> None:
    assert app.conf.task_serializer == "json" and list(app.conf.accept_content) == ["json"]
    assert app.conf.task_acks_late and app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1
