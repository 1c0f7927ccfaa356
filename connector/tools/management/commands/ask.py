import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from accounts.caller import member_caller
from accounts.lookup import NoSuchMember, member_named
from connector.tools.call import BadArguments, UnknownTool, call, is_error
from connector.tools.group_commit import NotRecorded


class Command(BaseCommand):
    help = "Ask a question as a member, and print the answer as JSON. Exit 0 for ok, partial and pending, else 1."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tool", help="people_who, list_accounts, search, fetch, ...")
        parser.add_argument("--as", dest="who", required=True, metavar="EMAIL", help="The member, or OWNER")
        parser.add_argument("--organization", metavar="SLUG")
        parser.add_argument(
            "--args", dest="arguments", default="{}", metavar="JSON", help="The tool's arguments, a JSON object"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            arguments = json.loads(options["arguments"])
        except ValueError:
            raise CommandError('--args: that is no JSON; give an object such as \'{"did": "ordered"}\'.') from None
        if not isinstance(arguments, dict):
            raise CommandError("--args: give a JSON object, with one member per argument.")
        try:
            caller = member_caller(
                member_named(options["who"], options["organization"]), via="cli", client="command line"
            )
            answer = call(caller, options["tool"], arguments)
        except (NoSuchMember, BadArguments, UnknownTool, NotRecorded) as error:
            raise CommandError(str(error)) from None
        except DatabaseError:
            raise CommandError("The database cannot be reached just now; try again in a moment.") from None
        self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2))
        if is_error(answer) or answer.get("status") == "needs_choice":
            sys.exit(1)
