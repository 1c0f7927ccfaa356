"""list_accounts: the Klaviyo accounts a caller may see, how they are, and what is held of each."""

from collections.abc import Mapping
from typing import Any

from accounts.caller import Caller
from connector.insights.metrics import find_purchase_metric
from connector.insights.periods import utc_text
from connector.insights.refusal import Refusal
from connector.installs.access import reports_left
from connector.installs.models import Install
from connector.klaviyo.resources import SCOPES
from connector.lake.query import newest, summary
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


def account_row(install: Install) -> dict[str, Any]:
    """One account as list_accounts shows it."""
    row: dict[str, Any] = {
        "account": {"id": install.klaviyo_id, "name": install.name},
        "client": install.client.name if install.client else None,
        "status": install.status,
        "complete": install.is_whole,
        "time_zone": install.time_zone,
        "currency": install.currency,
        "purchase_metric": _purchase_metric_shown(install),
        "connected_at": utc_text(install.connected_at),
        "connected_by": str(install.connected_by) if install.connected_by else None,
        "last_sync_at": utc_text(install.last_sync_at),
        "complete_from": utc_text(install.complete_from),
        "complete_to": utc_text(install.complete_to),
        "reports_left_today": reports_left(install),
        "scopes_missing": sorted(set(SCOPES) - set(install.scopes)),
    }
    if install.status_reason:
        row["reason"] = install.status_reason
    return row


def purchase_metric_of(install: Install) -> Record | Refusal:
    """The metric that counts as a purchase, set or by rule, or why it is not settled."""
    metrics = list(Record.objects.filter(install=install, kind=Kind.METRIC))
    return find_purchase_metric(install, metrics, lambda: _counts(install))


def _purchase_metric_shown(install: Install) -> dict[str, str] | None:
    found = purchase_metric_of(install)
    return None if isinstance(found, Refusal) else {"id": found.klaviyo_id, "name": found.name}


def _counts(install: Install) -> dict[str, int]:
    if newest(install.pk).events < 0:
        return {}
    return {metric["id"]: metric["events"] for metric in summary(install.pk)["metrics"]}
