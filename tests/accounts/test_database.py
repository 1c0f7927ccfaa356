"""Who waits gives its connection back, and a connection apart from the pool is none of the pool's."""

import pytest
from django.db import connection, transaction

from accounts.database import release_connections, separate_connection
from tests.pool import pooled

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


def test_a_released_connection_is_free_for_others_and_the_next_query_takes_another() -> None:
    with pooled(1):
        connection.ensure_connection()
        release_connections()
        assert connection.connection is None

        with connection.cursor() as cursor:
            cursor.execute("select 1")


def test_within_a_transaction_the_connection_stays() -> None:
    with transaction.atomic():
        release_connections()
        assert connection.connection is not None


def test_a_separate_connection_needs_none_of_the_pool() -> None:
    with pooled(1), connection.cursor():
        separate = separate_connection(connect_timeout=2)
        with separate.cursor() as cursor:
            cursor.execute("select 1")
            assert cursor.fetchone() == (1,)
        separate.close()
