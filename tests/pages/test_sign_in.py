"""Signing in and out, and the pages around it."""

import re
import time
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from tests.factories import PASSWORD, MembershipFactory


def test_one_post_of_login_and_password_signs_in(alice: Any, northwind: Any) -> None:
    client = Client()

    response = client.post("/accounts/login/", {"login": "alice@northwind.test", "password": PASSWORD})

    assert response.status_code == 302
    assert response["Location"] == "/"
    assert "Northwind" in client.get("/").content.decode()


def test_the_address_is_compared_in_its_normal_form(alice: Any) -> None:
    response = Client().post("/accounts/login/", {"login": " Alice@Northwind.TEST ", "password": PASSWORD})

    assert response.status_code == 302


def test_signing_in_leads_on_to_the_page_that_was_wanted(alice: Any) -> None:
    response = Client().post("/accounts/login/", {"login": alice.email, "password": PASSWORD, "next": "/receipts/"})

    assert response["Location"] == "/receipts/"


def test_signing_in_and_out_is_audited_in_each_organization(alice: Any, northwind: Any) -> None:
    other = MembershipFactory(user=alice).organization
    client = Client()

    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    client.post("/accounts/logout/")

    for organization in (northwind, other):
        told = AuditEvent.objects.filter(organization_id=organization.pk).order_by("id")
        assert [event.operation for event in told] == ["member.signed_in", "member.signed_out"]
        assert all(event.actor_id == alice.pk and event.ip == "127.0.0.1" for event in told)


def test_a_wrong_password_is_audited_and_says_nothing_of_who_exists(alice: Any, northwind: Any) -> None:
    known = Client().post("/accounts/login/", {"login": alice.email, "password": "a wrong password"})
    unknown = Client().post("/accounts/login/", {"login": "nobody@example.test", "password": "a wrong password"})

    assert known.status_code == unknown.status_code == 200
    assert errors(known) == errors(unknown) != []
    event = AuditEvent.objects.get()
    assert (event.operation, event.outcome, event.organization_id) == ("member.sign_in_failed", "refused", northwind.pk)


def errors(response: Any) -> list[str]:
    return re.findall(r'class="errorlist[^>]*>(.*?)</ul>', response.content.decode(), re.S)


def test_nobody_signs_up_by_themselves(db: None) -> None:
    response = Client().post(
        "/accounts/signup/", {"email": "new@example.test", "password1": PASSWORD, "password2": PASSWORD}
    )

    assert "by invitation" in response.content.decode()


def test_a_superuser_made_by_djangos_command_signs_in_without_mail(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", interactive=False, email="Root@Plumbline.test", verbosity=0)

    response = Client().post("/accounts/login/", {"login": "root@plumbline.test", "password": PASSWORD})

    assert response["Location"] == "/"
    assert mail.outbox == []


def test_mails_are_of_plumbline_and_not_of_the_host(alice: Any) -> None:
    Client().post("/accounts/password/reset/", {"email": alice.email})

    assert mail.outbox[0].subject.startswith("Plumbline: ")
    assert "Hello from" not in str(mail.outbox[0].body)
    assert "sent by Plumbline at testserver" in str(mail.outbox[0].body)


def test_without_a_mail_server_the_page_says_where_the_mail_is(alice: Any, settings: Any) -> None:
    def told() -> str:
        return Client().post("/accounts/password/reset/", {"email": alice.email}, follow=True).content.decode()

    assert "<code>var/mail</code>" in told()
    settings.MAIL_IS_FILES = False
    assert "var/mail" not in told()


def test_whoever_has_not_verified_their_address_is_told_what_to_do(alice: Any) -> None:
    EmailAddress.objects.update(verified=False)

    page = Client().post("/accounts/login/", {"login": alice.email, "password": PASSWORD}, follow=True)

    assert "We have sent you a mail with a link" in page.content.decode()
    assert "<code>var/mail</code>" in page.content.decode()


def test_a_forgotten_password_is_reset_by_mail(alice: Any) -> None:
    client = Client()
    client.post("/accounts/password/reset/", {"email": alice.email})
    address = re.search(r"http://\S+", str(mail.outbox[0].body))
    assert address

    form = client.get(address[0].replace("http://testserver", ""), follow=True)
    changed = {"password1": "another long password", "password2": "another long password"}
    client.post(form.request["PATH_INFO"], changed)

    assert (
        Client().post("/accounts/login/", {"login": alice.email, "password": "another long password"}).status_code
        == 302
    )


@pytest.mark.parametrize(
    "address",
    [
        "/accounts/password/change/",
        "/accounts/email/",
        "/accounts/2fa/",
        "/accounts/2fa/totp/activate/",
        "/accounts/2fa/webauthn/add/",
        "/accounts/sessions/",
        "/accounts/logout/",
        "/accounts/reauthenticate/",
    ],
)
def test_pages_of_ones_own_sign_in_are_in_the_products_frame(alice: Any, address: str) -> None:
    client = Client()
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})

    response = client.get(address, follow=True)

    assert response.status_code == 200
    assert "css/plumbline.css" in response.content.decode()
    assert "Menu:" not in response.content.decode()


@pytest.mark.parametrize("ago", [0, 30])
def test_an_authenticator_app_is_asked_for_from_then_on(alice: Any, time_machine: Any, ago: int) -> None:
    """A code that changed while it was typed counts as well."""
    time_machine.move_to(timezone.now(), tick=False)
    client = Client()
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    form = client.get("/accounts/2fa/totp/activate/")
    secret = form.context["form"].secret
    code = format_hotp_value(hotp_value(secret, int(time.time() - ago) // 30))

    client.post("/accounts/2fa/totp/activate/", {"code": code})
    shown = client.get("/accounts/2fa/")

    assert "Recovery codes" in shown.content.decode()
    again = Client().post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert again["Location"].startswith("/accounts/2fa/authenticate/")


@pytest.mark.parametrize("address", ["/privacy/", "/privacy", "/terms/", "/terms", "/support/", "/support", "/docs"])
def test_anyone_reads_privacy_terms_and_support(db: None, address: str) -> None:
    response = Client().get(address, follow=True)

    assert response.status_code == 200
    assert "<h1>" in response.content.decode()
