"""list_accounts: the Klaviyo accounts a caller may see, how they are, and what is held of each."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q

from accounts.caller import Caller
from connector.insights.metrics import PURCHASE, find_purchase_metric
from connector.insights.periods import utc_text
from connector.insights.refusal import Refusal
from connector.installs.access import reports_left_of
from connector.installs.models import Install
from connector.klaviyo.resources import SCOPES
from connector.records.models import Kind, Record
from connector.records.names import contains, fold, words


def accounts_listed(caller: Caller, args: Mapping[str, Any]) -> list[Install]:
    """Installs the caller sees that fit `query` (words of the name, or the id), `client` and `status`."""
    installs = Install.objects.visible_to(caller).select_related("client", "connected_by", "organization")
    return [install for install in installs if _fits(install, args)]


def _fits(install: Install, args: Mapping[str, Any]) -> bool:
    if args.get("status") and install.status != args["status"]:
        return False
    if args.get("client") and (install.client is None or not _named(install.client.name, args["client"])):
        return False
    return not args.get("query") or install.klaviyo_id == args["query"] or _named(install.name, args["query"])


def _named(name: str, text: str) -> bool:
    return fold(name) == fold(text) or contains(words(fold(text)), fold(name), words(fold(name)))


def account_rows(installs: Sequence[Install]) -> list[dict[str, Any]]:
    """Accounts as list_accounts shows them, in the order given; a few queries, however many they are."""
    purchases, left = purchase_metrics(installs), reports_left_of(installs)
    return [_row(install, purchases[install.pk], left.get(install.klaviyo_id)) for install in installs]


def purchase_metrics(installs: Sequence[Install]) -> dict[UUID, Record | Refusal]:
    """By install the metric that counts as a purchase, set or by rule, or why it is not settled. One query."""
    held: dict[UUID, list[Record]] = defaultdict(list)
    chosen = {install.purchase_metric for install in installs} - {""}
    metrics = Record.objects.filter(install__in=installs, kind=Kind.METRIC)
    for metric in metrics.filter(Q(folded=fold(PURCHASE)) | Q(klaviyo_id__in=chosen)):
        held[metric.install_id].append(metric)
    return {install.pk: _purchase_metric(install, held[install.pk]) for install in installs}


def _purchase_metric(install: Install, metrics: Sequence[Record]) -> Record | Refusal:
    return find_purchase_metric(install, metrics, lambda: {metric.klaviyo_id: metric.events or 0 for metric in metrics})


def _row(install: Install, purchase: Record | Refusal, reports_left: int | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "account": {"id": install.klaviyo_id, "name": install.name},
        "client": install.client.name if install.client else None,
        "status": install.status,
        "complete": install.is_whole,
        "time_zone": install.time_zone,
        "currency": install.currency,
        "purchase_metric": None
        if isinstance(purchase, Refusal)
        else {"id": purchase.klaviyo_id, "name": purchase.name},
        "connected_at": utc_text(install.connected_at),
        "connected_by": str(install.connected_by) if install.connected_by else None,
        "last_sync_at": utc_text(install.last_sync_at),
        "complete_from": utc_text(install.complete_from),
        "complete_to": utc_text(install.complete_to),
        "reports_left_today": reports_left,
        "scopes_missing": sorted(set(SCOPES) - set(install.scopes)),
    }
    if install.status_reason:
        row["reason"] = install.status_reason
    return row
