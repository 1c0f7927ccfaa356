"""A sync ends with exactly what Klaviyo holds, whatever happens on the way."""

from typing import Any

import pytest

from connector.installs.models import Install
from connector.klaviyo.resources import SCOPES
from connector.lake.query import newest, reading
from connector.records.models import FormerName, Kind, Record
from connector.records.upsert import Row, upsert
from connector.sync import history, profile_sync, work
from connector.sync.models import Run
from connector.sync.plan import open_run
from tests.connected import connected, finished, held, truth
from tests.sandbox.running import Running

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def klaviyo(klaviyo_sandbox: Running) -> Running:
    return klaviyo_sandbox


@pytest.fixture
def install(klaviyo: Running, northwind: Any) -> Install:
    return connected(klaviyo, northwind)


@pytest.fixture
def short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps that are over at once, so that every safe point of a sync is where some step ends."""
    monkeypatch.setattr(work, "STEP", 0.0)
    monkeypatch.setattr(history, "ROWS", 700)
    monkeypatch.setattr(profile_sync, "ROWS", 100)


def test_a_first_load_holds_every_event_person_and_cent(klaviyo: Running, install: Install) -> None:
    run = finished(install)

    assert run.state == Run.State.DONE
    assert held(install) == truth(klaviyo)
    assert (install.status, install.is_whole) == (Install.Status.CONNECTED, True)
    assert run.events == sum(count[0] for count in truth(klaviyo).values())


def test_events_of_each_metric_are_counted_when_a_run_ends(klaviyo: Running, install: Install) -> None:
    finished(install)
    counted = dict(Record.objects.filter(install=install, kind=Kind.METRIC).values_list("klaviyo_id", "events"))
    assert {metric: events for metric, events in counted.items() if events} == {
        metric: events for metric, (events, _, _) in truth(klaviyo).items()
    }
    assert None not in counted.values()

    Record.objects.filter(install=install, kind=Kind.METRIC).update(events=7)
    finished(install, Run.Kind.RECONCILE)

    assert dict(Record.objects.filter(install=install, kind=Kind.METRIC).values_list("klaviyo_id", "events")) == counted


def test_a_first_load_counts_what_it_has_so_far(klaviyo: Running, install: Install, short_turns: None) -> None:
    run = open_run(install)
    while not Record.objects.filter(install=install, events__gt=0).exists():
        assert work.work(run.pk)

    rows = Record.objects.filter(install=install, events__gt=0)
    counted = {metric.klaviyo_id: metric.events or 0 for metric in rows}
    assert counted == {metric: count[0] for metric, count in held(install).items()}
    assert sum(counted.values()) < sum(count[0] for count in truth(klaviyo).values())


def test_names_of_everything_are_known(klaviyo: Running, install: Install) -> None:
    finished(install)

    for kind, raw in (
        (Kind.CAMPAIGN, "campaigns"),
        (Kind.FLOW, "flows"),
        (Kind.LIST, "lists"),
        (Kind.SEGMENT, "segments"),
        (Kind.METRIC, "metrics"),
    ):
        names = dict(Record.objects.filter(install=install, kind=kind).values_list("klaviyo_id", "name"))
        assert names == {thing["id"]: thing["attributes"]["name"] for thing in klaviyo.raw(raw)}, kind
    campaigns = {
        message.parent
        for message in Record.objects.filter(install=install, kind=Kind.MESSAGE)
        if message.attributes["of"] == "campaign"
    }
    assert campaigns == {thing["id"] for thing in klaviyo.raw("campaigns")}


def test_profiles_are_kept_without_address_or_name(klaviyo: Running, install: Install) -> None:
    finished(install)

    raw = {person["id"]: person["attributes"] for person in klaviyo.raw("profiles")}
    with reading(install.pk, newest(install.pk)) as lake:
        rows = lake.rows(
            "select id, country, email_domain, email_hmac from read_parquet($profiles, hive_partitioning=false)"
        )
    assert {row[0] for row in rows} == set(raw)
    assert {row[0]: row[1] for row in rows} == {
        key: (facts.get("location") or {}).get("country") for key, facts in raw.items()
    }
    emails = {key: facts.get("email") for key, facts in raw.items()}
    assert all(
        (digest is None) == (emails[key] is None) and (digest is None or len(digest) == 64)
        for key, _, _, digest in rows
    )


def test_of_custom_properties_those_are_kept_that_are_named(klaviyo: Running, install: Install) -> None:
    install.properties = {"Loyalty Tier": "2026-01-01T00:00:00+00:00", "Source Name": "2026-01-01T00:00:00+00:00"}
    install.save()
    finished(install)

    tiers = {person["id"]: person["attributes"]["properties"].get("Loyalty Tier") for person in klaviyo.raw("profiles")}
    with reading(install.pk, newest(install.pk)) as lake:
        people = lake.rows("select id, properties from read_parquet($profiles, hive_partitioning=false)")
        [(sources,)] = lake.rows(
            "select count(*) from read_parquet($events, hive_partitioning=false) "
            "where map_extract_value(properties, 'Source Name') is distinct from source_name"
        )
    assert any(tiers.values()) and sources == 0
    assert {row.id: row.properties for row in people} == {
        key: {"Loyalty Tier": tier} if tier else None for key, tier in tiers.items()
    }


def test_turns_that_end_at_every_safe_point_end_in_the_same(
    klaviyo: Running, install: Install, short_turns: None
) -> None:
    run = finished(install)

    assert run.state == Run.State.DONE
    assert held(install) == truth(klaviyo)


def test_a_worker_that_dies_between_lake_and_place_doubles_nothing(
    klaviyo: Running, install: Install, short_turns: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaths = iter(range(4))
    extend = history._extend

    def dying(*args: Any, **kwargs: Any) -> None:
        if next(deaths, None) is not None:
            raise SystemExit  # what was written to the lake is not yet in the run's checkpoint
        extend(*args, **kwargs)

    monkeypatch.setattr(history, "_extend", dying)
    for _ in range(4):
        with pytest.raises(SystemExit):
            finished(install)
    run = finished(install)

    assert run.state == Run.State.DONE
    assert held(install) == truth(klaviyo)


@pytest.mark.parametrize(
    "trouble", ["429", "500", "503", "truncated", "malformed", "reset", "html403", "duplicate-page", "looping-cursor"]
)
def test_trouble_on_the_way_loses_nothing(
    klaviyo: Running, install: Install, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "ROWS", 1000)
    klaviyo.trigger(trouble, times=3, path="/api/events")

    run = finished(install)

    assert run.state == Run.State.DONE, run.error
    assert held(install) == truth(klaviyo)


def test_late_events_come_in_with_the_next_increment_or_the_reconcile(klaviyo: Running, install: Install) -> None:
    finished(install)
    klaviyo.trigger("late-events", account=install.klaviyo_id, days=6)

    finished(install, Run.Kind.RECONCILE)

    assert held(install) == truth(klaviyo)


def test_an_increment_without_news_writes_nothing(klaviyo: Running, install: Install) -> None:
    finished(install)
    before = newest(install.pk)

    run = finished(install)

    assert (run.kind, run.state) == (Run.Kind.INCREMENT, Run.State.DONE)
    assert newest(install.pk) == before


def test_a_connection_that_klaviyo_ended_says_reconnect_and_goes_on_after_it(
    klaviyo: Running, install: Install, short_turns: None
) -> None:
    run = finished(install, turns=12)
    klaviyo.trigger("revoke", account=install.klaviyo_id)

    failed = finished(install)

    assert (failed.state, install.status) == (Run.State.FAILED, Install.Status.NEEDS_RECONNECT)
    assert not install.access_token and not install.refresh_token

    grant = klaviyo.grant(install.klaviyo_id)
    install.access_token, install.refresh_token, install.status = (
        grant["access_token"],
        grant["refresh_token"],
        Install.Status.CONNECTING,
    )
    install.save()
    again = finished(install)

    assert (again.state, again.kind) == (Run.State.DONE, Run.Kind.FIRST)
    assert again.pk != run.pk
    assert held(install) == truth(klaviyo)


def without(klaviyo: Running, northwind: Any, *scopes: str) -> Install:
    return connected(klaviyo, northwind, scopes=[scope for scope in SCOPES if scope not in scopes])


def test_without_the_scope_for_metrics_their_events_name_them(klaviyo: Running, northwind: Any) -> None:
    install = without(klaviyo, northwind, "metrics:read")

    run = finished(install)

    metrics = Record.objects.filter(install=install, kind=Kind.METRIC)
    known = {metric.klaviyo_id: (metric.name, metric.attributes["category"]) for metric in metrics}
    of_events = truth(klaviyo)
    assert run.state == Run.State.DONE
    assert known == {  # the category too: it tells the shop's orders from those of another source
        thing["id"]: (thing["attributes"]["name"], thing["attributes"]["integration"]["category"])
        for thing in klaviyo.raw("metrics")
        if thing["id"] in of_events
    }


def test_what_was_not_granted_is_left_out_and_the_rest_works(klaviyo: Running, northwind: Any) -> None:
    install = without(klaviyo, northwind, "flows:read", "catalogs:read")

    run = finished(install)

    assert run.state == Run.State.DONE
    assert run.checkpoint["skipped"] == ["catalog", "flow_messages", "flows"] or run.checkpoint["skipped"] == [
        "catalog",
        "flows",
    ]
    assert held(install) == truth(klaviyo)


def test_what_the_plan_lacks_is_left_out_and_the_rest_works(klaviyo: Running, install: Install) -> None:
    for path in ("/api/metrics", "/api/catalog-items", "/api/campaigns?*'sms'", '/api/campaigns?*"sms"'):
        klaviyo.trigger("plan403", times=2, path=path)

    run = finished(install)
    klaviyo.trigger("clear")

    campaigns = dict(Record.objects.filter(kind=Kind.CAMPAIGN).values_list("klaviyo_id", "channel"))
    assert (run.state, run.checkpoint["skipped"], run.checkpoint["learn_metrics"]) == (
        Run.State.DONE,
        ["catalog"],
        True,
    )
    assert held(install) == truth(klaviyo)
    assert set(campaigns.values()) == {"email", "mobile_push"}
    assert set(campaigns) < {thing["id"] for thing in klaviyo.raw("campaigns")}


def test_a_flow_that_is_gone_since_it_was_listed_is_marked_deleted(klaviyo: Running, install: Install) -> None:
    finished(install)
    upsert(install, Kind.FLOW, [Row("Gone99", "Was here when listed")])

    run = finished(install, Run.Kind.INCREMENT)

    gone = Record.objects.filter(install=install, kind=Kind.FLOW).exclude(deleted_at=None)
    assert run.state == Run.State.DONE
    assert [flow.klaviyo_id for flow in gone] == ["Gone99"]


def test_without_events_the_account_says_which_scope_is_missing(klaviyo: Running, northwind: Any) -> None:
    install = without(klaviyo, northwind, "events:read")

    run = finished(install)

    assert (run.state, install.status) == (Run.State.FAILED, Install.Status.SCOPE_MISSING)
    assert "events:read" in run.error


def test_a_renamed_campaign_keeps_its_former_name(klaviyo: Running, install: Install) -> None:
    finished(install)
    campaign = Record.objects.filter(install=install, kind=Kind.CAMPAIGN).latest("klaviyo_id")
    upsert(install, Kind.CAMPAIGN, [Row(campaign.klaviyo_id, "What it was called before")])

    finished(install, Run.Kind.RECONCILE)

    campaign.refresh_from_db()
    assert campaign.name in {thing["attributes"]["name"] for thing in klaviyo.raw("campaigns")}
    assert FormerName.objects.filter(record=campaign).latest("id").name == "What it was called before"
