"""What every test stands on: its own state folder and secrets, a real database, and the cast.

Alice owns the agency Northwind, Bob is an analyst there, Charlie owns another agency and must see nothing of theirs.
"""

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Before Django loads: the suite never reads or writes the state of the person who runs it.
HOME = Path(tempfile.mkdtemp(prefix="plumbline-tests-"))
for folder in ("static", "queue/messages", "queue/control"):
    (HOME / folder).mkdir(parents=True)
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "PLUMBLINE_HOME": str(HOME),
    "PUBLIC_URL": "http://localhost:8000",
    "SECRET_KEY": "of-the-tests-alone-0000000000000000000000000000000000",
    "FIELD_KEYS": "c2l4dGVlbiBieXRlcyB0d2ljZSBmb3IgYSBrZXkhISE=",
    "KLAVIYO_CLIENT_ID": "client-of-the-tests",
    "KLAVIYO_CLIENT_SECRET": "secret-of-the-tests",
    "KLAVIYO_API_URL": "http://127.0.0.1:9",  # nobody listens there: a test that needs Klaviyo starts the sandbox
}

import pytest  # noqa: E402  (the environment comes first)
from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client, override_settings  # noqa: E402

if TYPE_CHECKING:
    from django.db.backends.base.operations import BaseDatabaseOperations


def pytest_configure(config: pytest.Config) -> None:
    """A file, not memory, for SQLite: threads, servers and worker processes of a test see one database, as in life."""
    database = settings.DATABASES["default"]
    if settings.IS_SQLITE:
        database.setdefault("TEST", {})["NAME"] = str(HOME / "test.sqlite3")
    # Hashing slowly is the point of a password hasher, and of no test.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True, scope="session")
def _flush_through_the_gate() -> None:
    """Between tests with real transactions Django empties all tables; the audit's triggers want their gate open for that."""
    from audit.gate import gate_open

    operations = type(connection.ops)
    flush = operations.execute_sql_flush

    def flush_audited(self: "BaseDatabaseOperations", statements: Iterable[str]) -> None:
        with gate_open("flush of a test database"):
            flush(self, [sql for sql in statements if not sql.startswith("DELETE") or "audit_auditgate" not in sql])

    operations.execute_sql_flush = flush_audited  # type: ignore[method-assign,assignment]  # for the whole session


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """PostgreSQL removes no database that the writer of records is still connected to."""
    yield
    from connector.tools import group_commit

    group_commit.stop()


@pytest.fixture
def alice(db: None) -> Any:
    """Owner of Northwind."""
    from tests.factories import MembershipFactory

    return MembershipFactory(
        user__email="alice@northwind.test", user__name="Alice", organization__name="Northwind", role="owner"
    ).user


@pytest.fixture
def northwind(alice: Any) -> Any:
    """Alice's and Bob's organization."""
    return alice.memberships.get().organization


@pytest.fixture
def bob(northwind: Any) -> Any:
    """Analyst at Northwind."""
    from tests.factories import MembershipFactory

    return MembershipFactory(
        user__email="bob@northwind.test", user__name="Bob", organization=northwind, role="analyst"
    ).user


@pytest.fixture
def charlie(db: None) -> Any:
    """Owner of Southpaw, another agency."""
    from tests.factories import MembershipFactory

    return MembershipFactory(
        user__email="charlie@southpaw.test", user__name="Charlie", organization__name="Southpaw", role="owner"
    ).user


@pytest.fixture
def alice_client(alice: Any) -> Client:
    return signed_in(alice)


@pytest.fixture
def bob_client(bob: Any) -> Client:
    return signed_in(bob)


@pytest.fixture
def charlie_client(charlie: Any) -> Client:
    return signed_in(charlie)


def signed_in(user: Any) -> Client:
    """A browser with a session of this person."""
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def install(northwind: Any) -> Any:
    """A Klaviyo account that Northwind has connected and synced."""
    from tests.factories import InstallFactory

    return InstallFactory(
        organization=northwind, name="Fernweh Outdoor", connected_by=northwind.memberships.first().user
    )


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[None]:
    """A lake of the test's own."""
    from connector.lake.engine import close_engines

    with override_settings(LAKE_URL=str(tmp_path / "lake"), HOME=tmp_path):
        yield
        close_engines()


@pytest.fixture
def alice_caller(alice: Any) -> Any:
    """Alice at a page."""
    from accounts.caller import member_caller

    return member_caller(alice.memberships.select_related("user", "organization").get(), via="page")


@pytest.fixture
def klaviyo_sandbox(tmp_path: Path, settings: Any) -> Iterator[Any]:
    """A sandbox of one test's own, without limits, whose history ends now; the product is pointed at it."""
    from tests.connected import forget_limits, point_at
    from tests.sandbox.running import running

    with running(tmp_path, base=int(time.time())) as started:
        point_at(settings, started)
        forget_limits(started)
        yield started
