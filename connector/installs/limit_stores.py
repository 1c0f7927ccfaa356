"""Where Klaviyo's allowances are kept: Redis where there is one, else a row of the database per account and bucket."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import cast

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.module_loading import import_string

from connector.installs.models import Allowance
from connector.klaviyo import usage
from connector.klaviyo.limits import Key, Limiter, Seen, Store
from connector.klaviyo.usage import State


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
        return self.load_many([(account, bucket)])[0]

    def load_many(self, keys: Sequence[Key]) -> list[Seen]:
        accounts, buckets = {account for account, _ in keys}, {bucket for _, bucket in keys}
        rows = Allowance.objects.filter(account__in=accounts, bucket__in=buckets).annotate(now=Now())
        found = {
            (account, bucket): _seen(version, state, now)
            for account, bucket, version, state, now in rows.values_list("account", "bucket", "version", "state", "now")
        }
        # Where nothing is held yet there is nothing that another clock could be compared with.
        return [found.get(key) or Seen(0, usage.fresh(), timezone.now().timestamp()) for key in keys]

    def save(self, account: str, bucket: str, version: int, state: State) -> bool:
        newest = Allowance.objects.filter(account=account, bucket=bucket, version=version)
        if newest.update(state=state, version=version + 1):
            return True
        return version == 0 and _first(account, bucket, state)


def _seen(version: int, state: object, now: datetime) -> Seen:
    return Seen(version, cast(State, state) if state else usage.fresh(), now.timestamp())


def _first(account: str, bucket: str, state: State) -> bool:
    """The row of a bucket that is used for the first time. Two processes may meet here: one of them was not first."""
    try:
        with transaction.atomic():
            Allowance.objects.create(account=account, bucket=bucket, state=state, version=1)
    except IntegrityError:
        return False
    return True
