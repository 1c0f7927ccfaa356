"""A token is renewed once, however many processes see it refused, and its end is told in words."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from audit.models import AuditEvent
from connector.installs.access import klaviyo, oauth
from connector.installs.models import Install
from connector.installs.tokens import InstallTokens, store
from connector.klaviyo.errors import Reconnect
from connector.klaviyo.oauth import Grant
from tests.connected import connected
from tests.sandbox.running import Running

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def install(klaviyo_sandbox: Running, northwind: Any) -> Install:
    return connected(klaviyo_sandbox, northwind)


def test_eight_who_meet_a_refused_token_at_once_renew_it_once(klaviyo_sandbox: Running, install: Install) -> None:
    stale = install.access_token
    klaviyo_sandbox.trigger("expire", account=install.klaviyo_id)
    together = threading.Barrier(8)

    def ask() -> str:
        together.wait()
        try:
            assert next(klaviyo(install).pages("metrics")).data
            return InstallTokens(install.pk, oauth()).access()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        tokens = {future.result() for future in [pool.submit(ask) for _ in range(8)]}

    assert len(tokens) == 1 and stale not in tokens
    assert AuditEvent.objects.filter(operation="install.token_renewed").count() == 1


def test_a_token_about_to_end_is_renewed_before_it_is_used(install: Install) -> None:
    Install.objects.filter(pk=install.pk).update(token_renew_at=timezone.now() - timedelta(seconds=1))

    token = InstallTokens(install.pk, oauth()).access()

    install.refresh_from_db()
    assert token == install.access_token
    assert install.token_renew_at is not None and install.token_renew_at > timezone.now() + timedelta(minutes=30)


@pytest.mark.parametrize(("life", "used"), [(3600, 3540), (300, 240), (60, 48), (5, 4)])
def test_a_token_of_a_short_life_is_used_for_most_of_it(install: Install, life: int, used: int) -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        store(install, Grant("token", None, life, ()))
    ends = now + timedelta(seconds=used)

    with time_machine.travel(ends - timedelta(milliseconds=10), tick=False):
        assert InstallTokens(install.pk, oauth()).access() == "token"
    with time_machine.travel(ends, tick=False):
        assert InstallTokens(install.pk, oauth()).access() != "token"


def test_a_claim_whose_holder_died_is_overtaken(install: Install) -> None:
    Install.objects.filter(pk=install.pk).update(renewing_until=timezone.now() - timedelta(seconds=1))

    assert InstallTokens(install.pk, oauth()).renew(install.access_token) != install.access_token


def test_a_revoked_connection_forgets_its_tokens_and_says_reconnect_once(
    klaviyo_sandbox: Running, install: Install
) -> None:
    klaviyo_sandbox.trigger("revoke", account=install.klaviyo_id)

    for _ in range(2):
        with pytest.raises(Reconnect):
            klaviyo(install).get("accounts")

    install.refresh_from_db()
    assert (install.status, install.access_token, install.refresh_token) == (Install.Status.NEEDS_RECONNECT, "", "")
    assert AuditEvent.objects.filter(operation="install.needs_reconnect", install_id=install.pk).count() == 1


def test_tokens_are_not_in_the_database_in_clear(install: Install) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select access_token, refresh_token from installs_install")
        stored = cursor.fetchone()

    assert install.access_token not in stored and install.refresh_token not in stored
    assert all(text.startswith("gAAAA") for text in stored)
