"""Present members of lists and segments: recent enough to answer from, still to be fetched, or why they cannot be."""

from collections.abc import Sequence
from datetime import datetime

from connector.insights.coverage import reconnect_needed
from connector.insights.periods import utc_text
from connector.insights.refusal import Refusal
from connector.installs.models import Install
from connector.records.models import Audience, Record
from connector.sync.audiences import has_failed, is_fresh


def fetched(install: Install, records: Sequence[str], moment: datetime) -> dict[str, str | None]:
    """When the present members of each record (by our key) were read. Raises Refusal unless all are held and recent
    enough to stand for "present"; while they are fetched, `pending`."""
    known = {str(audience.record_id): audience for audience in Audience.objects.filter(record_id__in=records)}
    waiting = [key for key in records if not is_fresh(known.get(key), moment)]
    if not waiting:
        return {key: utc_text(known[key].fetched_at) for key in records}
    if install.status in (Install.Status.NEEDS_RECONNECT, Install.Status.DISCONNECTED):
        raise reconnect_needed(install)
    failed = next((key for key in waiting if has_failed(known.get(key), moment)), None)
    if failed:
        raise _unread(install, Record.objects.get(pk=failed), known[failed])
    name = Record.objects.get(pk=waiting[0]).name
    raise Refusal("pending", text=f"The members of “{name}” are being fetched from Klaviyo.", waits_for=tuple(waiting))


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
