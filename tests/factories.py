"""Rows as the product makes them, for tests. Names are those of a small agency's week."""

from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from allauth.account.models import EmailAddress
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts.models import ApiKey, Application, Connection, Membership, Organization, Role, User
from connector.installs.models import Client, Install
from connector.klaviyo.resources import SCOPES
from connector.receipts.models import Receipt, ReceiptInstall
from connector.records.models import Record
from connector.records.names import fold
from connector.sync.models import Run

PASSWORD = "a long enough password"
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


class UserFactory(DjangoModelFactory[User]):
    """A person with a verified e-mail whose password is PASSWORD."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.test")
    password = factory.django.Password(PASSWORD)

    @factory.post_generation
    def verified(self: User, create: bool, extracted: bool | None, **kwargs: Any) -> None:
        if create and extracted is not False:
            EmailAddress.objects.create(user=self, email=self.email, verified=True, primary=True)


class OrganizationFactory(DjangoModelFactory[Organization]):
    class Meta:
        model = Organization

    name = factory.Sequence(lambda n: f"Agency {n}")
    slug = factory.Sequence(lambda n: f"agency-{n}")


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    organization = factory.SubFactory(OrganizationFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.OWNER


class ClientFactory(DjangoModelFactory[Client]):
    class Meta:
        model = Client

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Client {n}")


class InstallFactory(DjangoModelFactory[Install]):
    """A connected account whose whole history is held up to ten minutes ago."""

    class Meta:
        model = Install

    organization = factory.SubFactory(OrganizationFactory)
    klaviyo_id = factory.Sequence(lambda n: f"K{n:05d}")
    name = factory.Sequence(lambda n: f"Shop {n}")
    status = Install.Status.CONNECTED
    time_zone = "Europe/Berlin"
    currency = "EUR"
    access_token = factory.Sequence(lambda n: f"access-token-{n}")
    refresh_token = factory.Sequence(lambda n: f"refresh-token-{n}")
    token_renew_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=1))
    scopes = factory.LazyFunction(lambda: list(SCOPES))
    complete_from = BEGINNING
    complete_to = factory.LazyFunction(lambda: timezone.now() - timedelta(minutes=10))
    last_sync_at = factory.LazyAttribute(lambda made: made.complete_to)


class RecordFactory(DjangoModelFactory[Record]):
    """A campaign unless told otherwise."""

    class Meta:
        model = Record

    install = factory.SubFactory(InstallFactory)
    organization = factory.LazyAttribute(lambda made: made.install.organization)
    kind = "campaign"
    klaviyo_id = factory.Sequence(lambda n: f"01CAMPAIGN{n:016d}")
    name = factory.Sequence(lambda n: f"Newsletter {n}")
    folded = factory.LazyAttribute(lambda made: fold(made.name))
    seen_at = factory.LazyFunction(timezone.now)


class RunFactory(DjangoModelFactory[Run]):
    """An increment that ended well, unless told otherwise."""

    class Meta:
        model = Run

    install = factory.SubFactory(InstallFactory)
    organization = factory.LazyAttribute(lambda made: made.install.organization)
    kind = Run.Kind.INCREMENT
    state = Run.State.DONE
    due_at = factory.LazyFunction(timezone.now)
    started_at = factory.LazyFunction(lambda: timezone.now() - timedelta(seconds=20))
    finished_at = factory.LazyFunction(timezone.now)


class KeyFactory(DjangoModelFactory[ApiKey]):
    class Meta:
        model = ApiKey

    membership = factory.SubFactory(MembershipFactory)
    organization = factory.LazyAttribute(lambda made: made.membership.organization)
    name = "Nightly report"
    start = "plb_AbCdEf"
    digest = factory.Sequence(lambda n: f"{n:064d}")
    scopes = factory.LazyFunction(lambda: ["read"])


class ApplicationFactory(DjangoModelFactory[Application]):
    class Meta:
        model = Application

    name = "ChatGPT"
    client_type = Application.CLIENT_PUBLIC
    authorization_grant_type = Application.GRANT_AUTHORIZATION_CODE
    redirect_uris = "https://chatgpt.com/connector/oauth/callback"


class ConnectionFactory(DjangoModelFactory[Connection]):
    class Meta:
        model = Connection

    organization = factory.SubFactory(OrganizationFactory)
    user = factory.SubFactory(UserFactory)
    application = factory.SubFactory(ApplicationFactory)
    scope = "read"
    client_name = "ChatGPT"
    client_version = "1.2026.300"


class ReceiptFactory(DjangoModelFactory[Receipt]):
    """The answer to "who opened the newsletter but did not order": 1,204 of 1,851 people."""

    class Meta:
        model = Receipt
        skip_postgeneration_save = True

    class Params:
        install = factory.SubFactory(InstallFactory)

    organization = factory.LazyAttribute(lambda made: made.install.organization)
    tool = "people_who"
    args = factory.LazyAttribute(
        lambda made: {
            "account": made.install.klaviyo_id,
            "did": "opened_email",
            "campaign": "Q4 Holiday Campaign",
            "but_not": "ordered",
            "within_days": 7,
        }
    )
    question = "How many people opened “Q4 Holiday Campaign” but did not place an order within 7 days afterwards?"
    sentence = factory.LazyAttribute(lambda made: made.answer["answer"])
    answer = factory.LazyAttribute(lambda made: people_who_answer(made.install, made.created_at))
    user_label = "alice@northwind.test"
    via = "mcp"
    assistant = "ChatGPT"
    took_ms = 84
    created_at = factory.LazyFunction(timezone.now)

    @factory.post_generation
    def install_rows(made: Receipt, create: bool, extracted: Any, **_: Any) -> None:  # noqa: N805
        """The accounts in it: the one of the answer, or those given."""
        if not create:
            return
        keys = extracted or Install.objects.filter(
            organization=made.organization, klaviyo_id=made.answer["data"]["accounts"][0]["account"]["id"]
        ).values_list("pk", flat=True)
        for key in keys:
            versions = {"events": 12, "profiles": 4, "members": -1}
            ReceiptInstall.objects.create(receipt=made, install_id=key, versions=versions, resolved={})


def people_who_answer(install: Install, now: datetime) -> dict[str, Any]:
    """The envelope of answers.md section 1, as `people_who` fills it."""
    start = now - timedelta(days=40)
    return {
        "status": "ok",
        "answer": f"In {install.name}, 1,204 of the 1,851 people who opened “Q4 Holiday Campaign” did not place an order within 7 days of "
        "their first open (65.0 %).",
        "exactness": "exact",
        "data": {"accounts": [people_who_figures(install, now)]},
        "method": {
            "definition": "People whose first open of the campaign lies in the period and who have no Placed Order at or after that moment, "
            "up to 7 × 24 hours later.",
            "period": {"from": start.isoformat(), "to": now.isoformat(), "label": "all events held"},
            "basis": "events",
            "machine_opens": "include",
        },
        "sources": [
            {
                "kind": "campaign",
                "id": "01HQ4HOLIDAYCAMPAIGN000000",
                "name": "Q4 Holiday Campaign",
                "account": install.klaviyo_id,
                "url": "https://www.klaviyo.com/campaign/01HQ4HOLIDAYCAMPAIGN000000/reports/overview",
            },
            {
                "kind": "metric",
                "id": "PLCORD",
                "name": "Placed Order",
                "account": install.klaviyo_id,
                "url": "https://www.klaviyo.com/metric/PLCORD",
            },
        ],
        "freshness": [
            {
                "account": install.klaviyo_id,
                "complete_from": "2000-01-01T00:00:00+00:00",
                "complete_to": (now - timedelta(minutes=10)).isoformat(),
                "version": 12,
            }
        ],
        "caveats": [
            {
                "code": "machine_opens",
                "text": "41 % of these opens were made by mail servers and privacy proxies; without them 640 of 1,102 people.",
            }
        ],
        "choices": [],
        "reason": None,
        "job": None,
        "receipt": None,
        "more": None,
        "next": [],
    }


def people_who_figures(install: Install, now: datetime) -> dict[str, Any]:
    """The row of one account."""
    return {
        "account": {"id": install.klaviyo_id, "name": install.name},
        "status": "ok",
        "time_zone": install.time_zone,
        "currency": install.currency,
        "period": {"from": (now - timedelta(days=40)).isoformat(), "to": now.isoformat()},
        "people": 1204,
        "did": 1851,
        "also_did": 647,
        "share": 0.650459,
        "also_share": 0.349541,
        "human": {"people": 640, "did": 1102},
        "events": {"people": 2310, "did": 3804},
        "amount": {"people": 0, "did": 0},
        "median_days": 1.204213,
    }
