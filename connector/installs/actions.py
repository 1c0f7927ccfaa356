"""What a person changes on an install."""

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from accounts.caller import Caller
from accounts.permissions import check
from accounts.roles import Ability
from audit.record import record
from connector.installs.models import Install


@transaction.atomic
def set_purchase_metric(*, install: Install, metric_id: str, caller: Caller) -> None:
    """Which metric counts as a purchase (its Klaviyo id, or "" for the rule that `records.names.purchase_metric` tells)."""
    check(caller, Ability.CONNECT)
    before, install.purchase_metric = install.purchase_metric, metric_id
    install.save(update_fields=["purchase_metric"])
    record(
        "install.purchase_metric_set",
        **caller.audit_columns(),
        install_id=install.pk,
        account_label=str(install),
        before={"metric": before},
        after={"metric": metric_id},
    )


@transaction.atomic
def set_properties(*, install: Install, names: Collection[str], caller: Caller) -> None:
    """Which custom properties of people and events are kept, each from when it was named. Those no longer named are not
    read any more, and no longer offered."""
    check(caller, Ability.SETTINGS)
    now, before = timezone.now().isoformat(), install.properties
    install.properties = {name: before.get(name, now) for name in sorted(names)}
    install.save(update_fields=["properties"])
    record(
        "install.properties_set",
        **caller.audit_columns(),
        install_id=install.pk,
        account_label=str(install),
        before={"properties": sorted(before)},
        after={"properties": sorted(names)},
    )
