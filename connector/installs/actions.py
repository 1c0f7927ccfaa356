"""What a person changes on an install."""

from django.db import transaction

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
        **caller.facts(),
        install_id=install.pk,
        account_label=str(install),
        before={"metric": before},
        after={"metric": metric_id},
    )
