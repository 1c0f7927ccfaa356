import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from accounts.actions import organizations


class Command(BaseCommand):
    help = "Make an organization and its owner (verified e-mail, no second factor)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--owner", required=True, metavar="EMAIL")
        parser.add_argument("--password", help="A random one is made and printed without it")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            validate_email(options["owner"])
        except ValidationError:
            raise CommandError("--owner: that is no e-mail address; give one such as owner@example.com.") from None
        membership, password = organizations.create(
            name=options["name"], owner_email=options["owner"], password=options["password"]
        )
        made = {
            "id": str(membership.organization.pk),
            "slug": membership.organization.slug,
            "login": membership.user.email,
            "password": password,
        }
        self.stdout.write(
            json.dumps(made) if options["json"] else "\n".join(f"{name}: {value}" for name, value in made.items())
        )
