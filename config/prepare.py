"""The step of script/up before anything is started: the database as the code wants it, an organization, its owner.

Safe to run at every start. Prints one JSON object: {"login", "password", "demo"}. `password` is null once the owner has
chosen another one; `demo` is config/demo.py's account of itself.
"""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  (Django must be set up first)

from accounts.actions import organizations  # noqa: E402
from accounts.lookup import NoSuchMember, member_named  # noqa: E402
from accounts.models import Membership  # noqa: E402
from config import demo  # noqa: E402


def prepare(*, organization: str, email: str, password: str) -> dict[str, object]:
    """Migrate, and make the organization and its owner unless there is one already."""
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    owner = _owner(organization, email, password)
    is_unchanged = owner.user.check_password(password)
    return {
        "login": owner.user.email,
        "password": password if is_unchanged else None,
        "demo": demo.standing(owner.organization),
    }


def _owner(organization: str, email: str, password: str) -> Membership:
    try:
        return member_named("OWNER")
    except NoSuchMember:
        return organizations.create(name=organization, owner_email=email, password=password)[0]


if __name__ == "__main__":
    result = prepare(
        organization=os.environ["ORGANIZATION_NAME"],
        email=os.environ["OWNER_EMAIL"],
        password=os.environ["OWNER_PASSWORD"],
    )
    sys.stdout.write(json.dumps(result) + "\n")
