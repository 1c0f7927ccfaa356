import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from connector.installs.lookup import NoSuchInstall, install_named
from connector.installs.models import Install
from connector.lake.query import summary
from connector.records.models import Kind, Record


class Command(BaseCommand):
    help = "Show what is held of an account's events: how many, of how many people, and the same per metric."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", required=True, metavar="ID", help="Klaviyo's id of the account")
        parser.add_argument("--organization", metavar="SLUG", help="Needed when two organizations hold the account")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            install = install_named(options["account"], options["organization"])
        except NoSuchInstall as error:
            raise CommandError(str(error)) from None
        held = _with_names(install, summary(install.pk))
        self.stdout.write(json.dumps(held) if options["json"] else _in_lines(held))


def _with_names(install: Install, held: dict[str, Any]) -> dict[str, Any]:
    """Metrics by name; one whose name is not known yet (no metrics:read) has none."""
    names = dict(Record.objects.filter(install=install, kind=Kind.METRIC).values_list("klaviyo_id", "name"))
    metrics = [{"id": metric["id"], "name": names.get(metric["id"]), **metric} for metric in held["metrics"]]
    return {**held, "metrics": metrics}


def _in_lines(held: dict[str, Any]) -> str:
    lines = [
        f"{held['events']:,} events of {held['people']:,} people in {held['bytes']:,} bytes, version {held['version']}"
    ]
    for metric in held["metrics"]:
        name = metric["name"] or metric["id"]
        lines.append(
            f"  {name}: {metric['events']:,} events, {metric['people']:,} people, values {metric['sum_value']:,.2f}"
        )
    return "\n".join(lines)
