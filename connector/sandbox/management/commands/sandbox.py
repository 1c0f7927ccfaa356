import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Command(BaseCommand):
    help = "Make trouble in the running sandbox: what Klaviyo does to everybody now and then, on demand."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["trigger"])
        parser.add_argument("kind", help="429 500 503 slow html403 plan403 truncated malformed reset lost-answer duplicate-page "
                            "looping-cursor clear; revoke uninstall expire scope-removed late-events merge delete")  # fmt: skip
        parser.add_argument("--account", help="Klaviyo's id of the account; default: any, or the first")
        parser.add_argument("--times", type=int, help="how many requests meet it (default 1)")
        parser.add_argument(
            "--path", help="only addresses that begin with this, such as /api/events or /api/campaigns?*sms"
        )
        parser.add_argument("--seconds", type=float, help="of slow, or Retry-After of 429 (default 2)")
        parser.add_argument("--scope", help="of scope-removed")
        parser.add_argument("--count", type=int, help="of late-events (default 20)")
        parser.add_argument("--days", type=int, help="how far back late-events are dated (default 7)")
        parser.add_argument("--source", help="of merge: the profile that goes")
        parser.add_argument("--target", help="of merge: the profile that stays")
        parser.add_argument("--profile", help="of delete")

    def handle(self, *args: Any, **options: Any) -> None:
        names = ("kind", "account", "times", "path", "seconds", "scope", "count", "days", "source", "target", "profile")
        body = {name: options[name] for name in names if options[name] is not None}
        try:
            answer = httpx.post(f"{address()}/_sandbox/trigger", json=body, timeout=60)
            said = answer.json()
        except (httpx.HTTPError, ValueError):
            raise CommandError("The sandbox does not answer. Is script/up running with the demo?") from None
        if answer.status_code != 200:
            raise CommandError(said.get("error", "The sandbox refused."))
        self.stdout.write(json.dumps(said))


def address() -> str:
    """Where the sandbox listens: KLAVIYO_API_URL when that is on this machine, else what its last start wrote down."""
    if urlsplit(settings.KLAVIYO_API_URL).hostname in LOOPBACK:
        return str(settings.KLAVIYO_API_URL)
    written = Path(settings.HOME) / "sandbox" / "address"
    if not written.exists():
        raise CommandError("There is no sandbox here: KLAVIYO_API_URL points at Klaviyo itself.")
    return written.read_text().strip()
