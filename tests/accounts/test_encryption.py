"""Secrets at rest: unreadable in the database, readable with any key in rotation, blind values by organization."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import connection

from accounts.encryption import decrypt, encrypt
from accounts.models import Organization
from connector.installs.models import Install
from tests.factories import InstallFactory, OrganizationFactory

pytestmark = pytest.mark.django_db


def stored(install: Install) -> str:
    with connection.cursor() as cursor:
        cursor.execute("select access_token from installs_install")
        return str(cursor.fetchone()[0])


def test_what_the_database_holds_cannot_be_read() -> None:
    install = InstallFactory(access_token="klaviyo-token-in-clear")

    assert "klaviyo-token-in-clear" not in stored(install)
    assert Install.objects.get().access_token == "klaviyo-token-in-clear"


def test_equal_secrets_look_different() -> None:
    assert encrypt("same") != encrypt("same")


def test_no_secret_stays_no_secret() -> None:
    install = InstallFactory(access_token="")

    assert stored(install) == "" and Install.objects.get().access_token == ""


def test_a_new_key_in_front_writes_and_the_old_one_still_reads(settings: Any) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_KEYS = (old,)
    token = encrypt("secret")

    settings.FIELD_KEYS = (new, old)
    assert decrypt(token) == "secret"
    assert Fernet(new).decrypt(encrypt("secret")) == b"secret"


def test_without_its_key_a_secret_is_an_error_that_does_not_quote_it(settings: Any) -> None:
    token = encrypt("secret")
    settings.FIELD_KEYS = (Fernet.generate_key().decode(),)

    with pytest.raises(ValueError, match="cannot be read with any of FIELD_KEYS") as error:
        decrypt(token)
    assert token not in str(error.value)


def test_an_address_is_the_same_within_an_organization_and_unlike_in_another() -> None:
    one, other = OrganizationFactory(), OrganizationFactory()

    assert one.blind("maria@shop.example") == Organization.objects.get(pk=one.pk).blind("maria@shop.example")
    assert one.blind("maria@shop.example") != other.blind("maria@shop.example")
    assert len(one.blind("x")) == 64
