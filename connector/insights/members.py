"""Present members of lists and segments: recent enough to answer from, still to be fetched, or why they cannot be."""

from collections.abc import Sequence
from datetime import datetime

from connector.insights.held import reconnect_needed
from connector.insights.outcome import Refusal
from connector.insights.periods import utc_text
from connector.installs.models import Install
from connector.records.models import Audience, Record
from connector.sync.audiences import has_failed, is_fresh


def check_fetched(install: Install, records: Sequence[Record], moment: datetime) -> None:
    """Raises Refusal unless the members of all are held and recent enough to stand for "present"."""
    fetched = {audience.record_id: audience for audience in Audience.objects.filter(record__in=records)}
    waiting = [record for record in records if not is_fresh(fetched.get(record.pk), moment)]
    if not waiting:
        return
    if install.status in (Install.Status.NEEDS_RECONNECT, Install.Status.DISCONNECTED):
        raise reconnect_needed(install)
    failed = next((record for record in waiting if has_failed(fetched.get(record.pk), moment)), None)
    if failed:
        raise _unread(install, failed, fetched[failed.pk])
    raise Refusal(
        "pending",
        text=f"The members of “{waiting[0].name}” are being fetched from Klaviyo.",
        waits_for=tuple(str(record.pk) for record in waiting),
    )


def _unread(install: Install, record: Record, audience: Audience) -> Refusal:
    if audience.missing_scope:
        return Refusal(
            "refused",
            "scope_missing",
            f"Klaviyo did not grant {audience.missing_scope} for {install.name}, which reading the members of “{record.name}” needs.",
            "Ask an owner, admin or manager to reconnect the account and grant it.",
        )
    return Refusal(
        "error",
        "klaviyo_unavailable",
        f"The members of “{record.name}” could not be read: {audience.problem}",
        "Ask again in a minute.",
        retry_after=60,
    )


def fetched_at(record: Record) -> str | None:
    """When the present members of a list or segment were read."""
    fetched = Audience.objects.filter(record=record).values_list("fetched_at", flat=True).first()
    return utc_text(fetched)
