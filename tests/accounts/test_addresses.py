"""Whatever a proxy says of where a person comes from, nothing breaks, and the audit keeps addresses alone."""

from typing import Any

import pytest
from django.test import Client

from audit.models import AuditEvent
from tests.conftest import signed_in
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["10.1.2.3", "2001:db8::1"])
def test_who_signs_in_is_kept_with_the_address(alice: Any, address: str) -> None:
    response = Client(REMOTE_ADDR=address).post("/accounts/login/", {"login": alice.email, "password": PASSWORD})

    assert response.status_code == 302
    assert AuditEvent.objects.get(operation="member.signed_in").ip == address


def test_without_an_address_nobody_signs_in_since_guesses_could_not_be_limited(alice: Any) -> None:
    response = Client(REMOTE_ADDR="unknown").post("/accounts/login/", {"login": alice.email, "password": PASSWORD})

    assert response.status_code == 403
    assert not AuditEvent.objects.exists()


def test_what_a_member_does_is_recorded_without_one(alice: Any) -> None:
    browser = signed_in(alice)

    response = browser.post("/accounts/logout/", REMOTE_ADDR="unknown")

    assert response.status_code == 302
    assert AuditEvent.objects.get(operation="member.signed_out").ip is None
