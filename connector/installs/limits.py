"""Where Klaviyo's allowances are kept: Redis where there is one, else a row of the database per account and bucket."""

from datetime import datetime
from functools import cache
from typing import Any, cast

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from connector.installs.models import Allowance
from connector.klaviyo import ledger
from connector.klaviyo.ledger import State
from connector.klaviyo.limits import Limiter, Seen, Store


@cache
def limiter() -> Limiter:
    """This process's limiter. It shares every allowance with all other processes of the product."""
    return Limiter(_store())


def _store() -> Store:
    if not settings.REDIS_URL:
        return DatabaseStore()
    # The embedded default runs without the redis package.
    store: Store = import_string("connector.klaviyo.redis_store.RedisStore")(settings.REDIS_URL)
    return store


class DatabaseStore:
    """Compare-and-set on Allowance.version, on the database's clock. Outside of transactions, as all calls to Klaviyo
    are: a reservation must be seen by other processes before the request is sent."""

    def load(self, account: str, bucket: str) -> Seen:
        row = _reading(account, bucket).first()
        if row is None:
            # Two processes may meet here, at the first use of a bucket.
            Allowance.objects.bulk_create([Allowance(account=account, bucket=bucket)], ignore_conflicts=True)
            row = _reading(account, bucket).get()
        version, state, now = row
        return Seen(version, cast(State, state) if state else ledger.fresh(), now.timestamp())

    def save(self, account: str, bucket: str, version: int, state: State) -> bool:
        newest = Allowance.objects.filter(account=account, bucket=bucket, version=version)
        return newest.update(state=state, version=version + 1) == 1


def _reading(account: str, bucket: str) -> QuerySet[Allowance, tuple[int, Any, datetime]]:
    rows = Allowance.objects.filter(account=account, bucket=bucket)
    return rows.annotate(now=Now()).values_list("version", "state", "now")
