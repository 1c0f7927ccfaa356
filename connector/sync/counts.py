"""How many events of each metric are held, kept when a run has written: nobody counts a whole lake while they wait."""

import logging
from uuid import UUID

from connector.lake.errors import LakeError
from connector.lake.query import events_by_metric
from connector.records.models import Kind, Record

logger = logging.getLogger(__name__)


def keep_counts(install_id: UUID) -> None:
    """Count again. Where the lake cannot be read just now the former counts stay, until the next run."""
    try:
        held = events_by_metric(install_id)
    except LakeError as error:
        logger.warning("events of %s not counted: %s", install_id, error)
        return
    metrics = Record.objects.filter(install=install_id, kind=Kind.METRIC).only("klaviyo_id", "events")
    changed = [metric for metric in metrics if metric.events != held.get(metric.klaviyo_id, 0)]
    for metric in changed:
        metric.events = held.get(metric.klaviyo_id, 0)
    Record.objects.bulk_update(changed, ["events"], batch_size=200)
