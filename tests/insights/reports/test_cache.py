"""Reports are kept by question, and asked for once by all who want the same."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from connector.insights.refusal import Refusal
from connector.insights.report_requests import CampaignValues
from connector.insights.reports import Report, run
from connector.installs.models import Install
from connector.records.models import KlaviyoReport
from tests.connected import connected, point_at
from tests.insights.reports.asking import NOW, Klaviyo, asked, month, on, sent
from tests.lake.processes import database_url
from tests.sandbox.running import ASIA, running
from tests.sandbox.test_reports import metric

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_period_that_is_over_is_asked_for_once_and_kept_for_good(
    klaviyo: Klaviyo, install: Install, order: str
) -> None:
    whole = asked(install, month(9, order))[0]
    wanted = [whole.rows[0].owner]
    klaviyo.forward(days=300)

    later = asked(install, month(9, order, campaigns=wanted))[0]

    assert (later.read_at, later.rows) == (whole.read_at, whole.rows[:1])
    assert klaviyo.answers() == [200]


def test_a_running_period_is_asked_for_again_after_a_quarter_of_an_hour(
    klaviyo: Klaviyo, install: Install, order: str
) -> None:
    """`this_month` ends now, `2026-11` with the month: both are what is known until now."""
    this_month = CampaignValues(start=on("2026-11-01"), end=timezone.now(), conversion_metric=order)

    first = asked(install, this_month, month(11, order))
    klaviyo.forward(minutes=14)
    still = asked(install, month(11, order))
    klaviyo.forward(minutes=2)
    newer = asked(install, month(11, order))

    assert first[0].read_at == first[1].read_at == still[0].read_at
    assert newer[0].read_at and newer[0].read_at - NOW > timedelta(minutes=16)
    assert klaviyo.answers() == [200, 200]


def test_a_day_that_ended_an_hour_ago_may_still_grow(klaviyo: Klaviyo, install: Install, order: str) -> None:
    day = sent("2026-11-25", "2026-11-26", order)
    klaviyo.clock.move_to(day.end + timedelta(hours=1))

    asked(install, day)
    klaviyo.forward(hours=1, minutes=1)
    settled = asked(install, day)
    klaviyo.forward(days=30)

    assert asked(install, day)[0].read_at == settled[0].read_at
    assert klaviyo.answers() == [200, 200]


def test_what_is_not_kept_for_good_goes_after_a_day(klaviyo: Klaviyo, install: Install, order: str) -> None:
    asked(install, month(11, order), month(9, order))
    klaviyo.forward(days=1, minutes=1)

    asked(install, month(8, order))

    assert sorted(row["end"] for row in KlaviyoReport.objects.values_list("asked", flat=True)) == [
        "2026-09-01T00:00:00", "2026-10-01T00:00:00"
    ]  # fmt: skip


def test_eight_who_ask_the_same_at_once_spend_one_report(klaviyo: Klaviyo, install: Install, order: str) -> None:
    together = threading.Barrier(8)

    def ask() -> list[Report]:
        together.wait()
        try:
            return asked(install, month(9, order))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = [future.result()[0].rows for future in [pool.submit(ask) for _ in range(8)]]

    assert answers[0] and answers == [answers[0]] * 8
    assert klaviyo.answers() == [200]


def test_two_processes_that_ask_the_same_spend_one_report(tmp_path: Path, settings: Any, northwind: Any) -> None:
    with running(tmp_path, base=int(time.time())) as sandbox:
        point_at(settings, sandbox)
        install = connected(sandbox, northwind, ASIA)
        sandbox.trigger("slow", path="/api/campaign-values-reports", seconds=2)
        environment = os.environ | {"DATABASE_URL": database_url(), "KLAVIYO_API_URL": sandbox.url}
        command = [sys.executable, "-c", ASKING, str(install.pk), metric(sandbox, "Placed Order", ASIA)]
        processes = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        said = [process.communicate(timeout=60)[0] for process in processes]

        assert said[0] and said[0] == said[1]
        assert [operation for _, of, operation, _ in sandbox.sandbox.seen if of == ASIA] == ["query_campaign_values"]


ASKING = """
import sys, time, django
django.setup()
from datetime import timedelta
from django.utils import timezone
from connector.insights.report_requests import CampaignValues
from connector.insights.reports import run
from connector.installs.models import Install
install = Install.objects.get(pk=sys.argv[1])
end = timezone.now().replace(hour=0, minute=0, second=0) - timedelta(days=2)
request = CampaignValues(start=end - timedelta(days=200), end=end, conversion_metric=sys.argv[2])
print(run(install, [request], timezone.now(), deadline=time.monotonic() + 30)[0].rows)
"""


def test_who_died_asking_is_overtaken(klaviyo: Klaviyo, install: Install, order: str) -> None:
    asked(install, month(9, order))
    KlaviyoReport.objects.update(read_at=None, final=False, claimed_until=timezone.now() + timedelta(minutes=2))

    with pytest.raises(Refusal) as said:
        run(install, [month(9, order)], timezone.now(), deadline=time.monotonic() + 0.2)
    klaviyo.forward(minutes=3)

    assert (said.value.status, said.value.retry_after) == ("pending", 1)
    assert asked(install, month(9, order))[0].rows
    assert klaviyo.answers() == [200, 200]
