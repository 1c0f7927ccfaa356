"""The phase that reads events. What is committed is a span of time read whole: the lake's span becomes exactly these
rows, so that reading it again, after a crash or as an overlap, neither loses nor doubles anything.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from connector.installs.models import Install
from connector.klaviyo.errors import UpstreamBroken
from connector.klaviyo.events import EventPage
from connector.lake.store import writing
from connector.records import upsert
from connector.records.models import Kind
from connector.sync.plan import FIRST_MOMENT, Window
from connector.sync.step import Step

ROWS: Final = 50_000  # events held in memory before they are committed (300 MiB at most)
SECOND: Final = timedelta(seconds=1)

Rows = dict[str, list[Any]]


def oldest(step: Step) -> bool:
    """When the history begins, so that a first load can say how far it is."""
    begin = datetime.fromisoformat(FIRST_MOMENT)
    for page in step.klaviyo.event_pages(since=begin, until=timezone.now(), descending=False, include=()):
        if page.count:
            step.save(checkpoint={"oldest": min(page.columns["time"]).isoformat()})
        break
    return True


def events(step: Step) -> bool:
    """All events of the run's windows, of all metrics, each window newest first."""
    while step.run.checkpoint["windows"]:
        if not _window(step, Window.of(step.run.checkpoint["windows"][0])):
            return False
    return True


def _window(step: Step, window: Window) -> bool:
    """Read one window from its end; False when the step ends before the window's beginning is reached."""
    held: list[Rows] = []
    until = window.until
    include = ("attributions", "metric") if step.run.checkpoint.get("learn_metrics") else ("attributions",)
    kept = step.install.properties
    for page in step.klaviyo.event_pages(since=window.since, until=until, properties=kept, include=include):
        _check_order(page, until)
        _learn(step.install, page)
        step.run.requests += 1
        held.append(page.columns)
        if page.next is None:
            break
        # The earliest second read may go on on the next page: only what is later is known to be whole.
        cut = min(page.columns["time"], default=until) + SECOND
        if cut < until and (step.is_over or sum(len(rows["id"]) for rows in held) >= ROWS):
            _commit(step, [_at_or_after(rows, cut) for rows in held], window, cut, until)
            held, until = [_before(page.columns, cut)], cut
            if step.is_over:
                return False
    _commit(step, held, window, window.since, until)
    return True


def _check_order(page: EventPage, until: datetime) -> None:
    """A page that goes back to what has been written is a cursor gone astray: the checkpoint is saved, begin again from it."""
    if page.count and max(page.columns["time"]) >= until:
        raise UpstreamBroken("Klaviyo's pages of events came out of order.")


def _commit(step: Step, rows: Sequence[Rows], window: Window, since: datetime, until: datetime) -> None:
    """Write the span, then move the install's complete span and the run's checkpoint over it. A crash between the two reads
    the span once more."""
    with writing(step.install.pk, step.owner) as lake:
        lake.replace_events(rows, since, until)
    is_done = since == window.since
    began = datetime.fromisoformat(step.run.checkpoint["began"])
    _extend(step.install, since, until, began, moves_end=window.recent and is_done)
    left = step.run.checkpoint["windows"][1:]
    windows = left if is_done else [window.cut(since).as_dict(), *left]
    read = sum(len(columns["id"]) for columns in rows)
    step.save(
        checkpoint={"windows": windows},
        events=step.run.events + read,
        requests=step.run.requests,
        **_progress(step, since),
    )


def _extend(install: Install, since: datetime, until: datetime, began: datetime, *, moves_end: bool) -> None:
    """The span of which all events are held grows over what was just written; its end is the start of a complete pass."""
    if install.complete_from is None or install.complete_to is None:
        install.complete_from, install.complete_to = since, began
    elif since < install.complete_from <= until:
        install.complete_from = since
    if moves_end:
        install.complete_to = max(install.complete_to, began)
    install.save(update_fields=["complete_from", "complete_to"])


def _progress(step: Step, reached: datetime) -> dict[str, Any]:
    """Days of history read, of those there are since the oldest event."""
    first = step.run.checkpoint.get("oldest")
    if not first:
        return {}
    now = timezone.now()
    total = max((now - datetime.fromisoformat(first)).days, 1)
    return {"done": min(max((now - reached).days, 0), total), "total": total, "unit": "days"}


def _learn(install: Install, page: EventPage) -> None:
    """Metrics that are told by their events alone."""
    if page.metrics:
        upsert.upsert(install, Kind.METRIC, [upsert.metric_row(payload) for payload in page.metrics])


def _at_or_after(rows: Rows, cut: datetime) -> Rows:
    return _chosen(rows, [index for index, at in enumerate(rows["time"]) if at >= cut])


def _before(rows: Rows, cut: datetime) -> Rows:
    return _chosen(rows, [index for index, at in enumerate(rows["time"]) if at < cut])


def _chosen(rows: Rows, chosen: list[int]) -> Rows:
    if len(chosen) == len(rows["id"]):
        return rows
    return {name: [values[index] for index in chosen] for name, values in rows.items()}
