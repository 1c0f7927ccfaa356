import time
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from connector.installs.lookup import NoSuchInstall, install_named
from connector.installs.models import Install
from connector.sync import enqueue, work
from connector.sync.models import Run
from connector.sync.plan import open_run

POLL = 0.3


class Command(BaseCommand):
    help = "Read what is new at Klaviyo now, after a first load that is running. Exit 0 when complete."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", metavar="ID", help="Klaviyo account id; without it all accounts")
        parser.add_argument("--organization", metavar="SLUG", help="Needed when two organizations hold the account")
        parser.add_argument("--reconcile", action="store_true", help="Read the last seven days again as well")
        parser.add_argument(
            "--wait", action="store_true", help="Stay until it is complete, working on it if no worker does"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        failed = []
        for install in self._installs(options):
            kind = Run.Kind.RECONCILE if options["reconcile"] else ""
            if not options["wait"]:
                run = open_run(install, kind)
                enqueue.work_run(run.pk, first_load=run.kind == Run.Kind.FIRST)
                continue
            run = self._complete(install, kind)
            self.stdout.write(
                f"{install.klaviyo_id} {run.kind} {run.state} {run.events} events{': ' + run.error if run.error else ''}"
            )
            failed += [install.klaviyo_id] if run.state != Run.State.DONE else []
        if failed:
            raise CommandError(f"Not complete: {', '.join(failed)}.")

    def _installs(self, options: dict[str, Any]) -> list[Install]:
        if options["account"]:
            try:
                return [install_named(options["account"], options["organization"])]
            except NoSuchInstall as error:
                raise CommandError(str(error)) from None
        installs = Install.objects.usable().select_related("organization")
        return list(
            installs.filter(organization__slug=options["organization"]) if options["organization"] else installs
        )

    def _complete(self, install: Install, kind: str) -> Run:
        """Finish whatever runs, then one run of the kind asked for."""
        open_now = Run.objects.filter(install=install, state__in=Run.OPEN).first()
        if open_now:
            finished = self._finish(open_now.pk)
            if finished.state != Run.State.DONE:
                return finished
        install.refresh_from_db()
        return self._finish(open_run(install, kind).pk)

    def _finish(self, run_id: UUID) -> Run:
        while True:
            work.work(run_id)
            run = Run.objects.get(pk=run_id)
            if not run.is_open:
                return run
            time.sleep(POLL)
