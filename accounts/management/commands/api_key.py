from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actions import keys
from accounts.caller import SCOPES, member_caller
from accounts.lookup import NoSuchMember, member_named


class Command(BaseCommand):
    help = "Make an API key for a member and print it, alone; it is not stored and cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--as", dest="who", required=True, metavar="EMAIL", help="The member, or OWNER")
        parser.add_argument("--organization", metavar="SLUG")
        parser.add_argument("--name", default="API key")
        parser.add_argument("--scopes", default="read,write", help="read, or read,write (default)")

    def handle(self, *args: Any, **options: Any) -> None:
        scopes = {scope.strip() for scope in options["scopes"].split(",") if scope.strip()}
        if not scopes or scopes - SCOPES:
            raise CommandError("--scopes: takes read, write or both, joined by a comma.")
        try:
            membership = member_named(options["who"], options["organization"])
        except NoSuchMember as error:
            raise CommandError(str(error)) from None
        caller = member_caller(membership, via="cli")
        self.stdout.write(keys.create(membership=membership, name=options["name"], scopes=scopes, caller=caller))
