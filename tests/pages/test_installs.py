"""Klaviyo accounts: the list, one account, its live progress, and the ways to change it."""

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from audit.models import AuditEvent
from connector.installs.limit_stores import limiter
from connector.installs.models import Install
from connector.klaviyo.resources import REPORT_BUCKETS
from connector.lake.location import location_of
from connector.pages.install_presenters import BADGES
from connector.sync.models import Run
from tests.conftest import signed_in
from tests.factories import ClientFactory, InstallFactory, MembershipFactory, RecordFactory, RunFactory


def test_the_list_says_how_each_account_is(alice_client: Client, northwind: Any, install: Any) -> None:
    install.client = ClientFactory(organization=northwind, name="Fernweh Group")
    install.save()
    InstallFactory(
        organization=northwind, name="Candles", status="needs_reconnect", status_reason="It was removed at Klaviyo."
    )

    page = alice_client.get("/installs/").content.decode()

    assert "Fernweh Group" in page
    assert "Needs reconnect" in page
    assert "It was removed at Klaviyo." in page
    assert "Connected" in page
    assert "by Alice" in page


def test_every_status_has_words_and_an_icon() -> None:
    assert set(BADGES) == set(Install.Status.values)


def test_a_member_with_some_accounts_sees_only_those(northwind: Any, install: Any) -> None:
    hidden = InstallFactory(organization=northwind, name="Candles")
    dora = MembershipFactory(organization=northwind, role="manager", installs=[str(install.pk)]).user
    client = signed_in(dora)

    assert "Candles" not in client.get("/installs/").content.decode()
    assert client.get(f"/installs/{install.pk}/").status_code == 200
    assert client.get(f"/installs/{hidden.pk}/").status_code == 404
    assert client.post(f"/installs/{hidden.pk}/sync/").status_code == 404


@pytest.mark.parametrize("part", ["", "progress/"])
def test_charlie_finds_no_account_of_northwind(charlie_client: Client, install: Any, part: str) -> None:
    assert charlie_client.get(f"/installs/{install.pk}/{part}").status_code == 404


@pytest.mark.parametrize("part", ["sync/", "purchase-metric/"])
def test_charlie_changes_no_account_of_northwind(charlie_client: Client, install: Any, part: str) -> None:
    assert charlie_client.post(f"/installs/{install.pk}/{part}", {"metric": ""}).status_code == 404


def test_the_page_shows_scopes_with_their_reasons_and_those_not_granted(alice_client: Client, install: Any) -> None:
    install.scopes = ["accounts:read", "events:read"]
    install.save()

    page = alice_client.get(f"/installs/{install.pk}/").content.decode()

    assert "to count opens, clicks, orders and sign-ups" in page
    assert page.count("Not granted") == 16


def test_the_page_tells_how_many_reports_the_scarcest_kind_has_left(alice_client: Client, northwind: Any) -> None:
    install = InstallFactory(
        organization=northwind, klaviyo_id=uuid4().hex[:6]
    )  # its ledger outlives the test in Redis
    for kind in ("flow-values", "flow-values", "campaign-values"):
        permit = limiter().take(install.klaviyo_id, (REPORT_BUCKETS[kind],))
        permit.answered()
        permit.settle()

    page = alice_client.get(f"/installs/{install.pk}/").content.decode()

    assert "223 more of its own reports" in page


def test_no_page_shows_a_token(alice_client: Client, install: Any) -> None:
    page = alice_client.get(f"/installs/{install.pk}/").content.decode()

    assert install.access_token not in page
    assert install.refresh_token not in page


def test_a_running_sync_tells_phase_and_count_and_asks_again(alice_client: Client, install: Any) -> None:
    RunFactory(install=install, state="running", phase="events", done=1200, total=4800, unit="events")

    fragment = alice_client.get(f"/installs/{install.pk}/progress/").content.decode()

    assert "Reading events" in fragment
    assert "1,200 of 4,800 events" in fragment
    assert 'value="25"' in fragment
    assert 'hx-trigger="every 2s"' in fragment
    assert "<html" not in fragment


def test_waiting_for_the_rate_limit_is_shown_as_normal(alice_client: Client, install: Any) -> None:
    RunFactory(install=install, state="waiting", phase="profiles", done=100, unit="profiles")

    fragment = alice_client.get(f"/installs/{install.pk}/progress/").content.decode()

    assert "Klaviyo's rate limit. That is normal" in fragment.replace("&#x27;", "'")
    assert "tone-bad" not in fragment


def test_an_idle_account_is_not_asked_about_again(alice_client: Client, install: Any) -> None:
    RunFactory(install=install)

    assert "hx-get" not in alice_client.get(f"/installs/{install.pk}/progress/").content.decode()


def test_a_fragment_whose_session_ended_moves_the_page_to_the_sign_in(install: Any) -> None:
    response = Client().get(f"/installs/{install.pk}/progress/", headers={"HX-Request": "true"})

    assert response["HX-Redirect"] == "/accounts/login/"


@pytest.mark.django_db(transaction=True)
def test_sync_now_opens_one_run_however_often_it_is_pressed(alice: Any, install: Any) -> None:
    client = signed_in(alice)

    for _ in range(2):
        assert client.post(f"/installs/{install.pk}/sync/")["Location"] == f"/installs/{install.pk}/"

    run = Run.objects.get(install=install)
    assert (run.kind, run.state) == ("increment", "queued")
    assert AuditEvent.objects.get(operation="sync.started").actor_id == alice.pk


def test_an_analyst_syncs_nothing(bob_client: Client, install: Any) -> None:
    assert bob_client.post(f"/installs/{install.pk}/sync/").status_code == 403
    assert not Run.objects.exists()


def test_a_manager_chooses_the_purchase_metric(northwind: Any, install: Any) -> None:
    RecordFactory(
        install=install, kind="metric", klaviyo_id="PLACED", name="Placed Order", attributes={"integration": "Shopify"}
    )
    client = signed_in(MembershipFactory(organization=northwind, role="manager").user)

    assert "Placed Order (Shopify)" in client.get(f"/installs/{install.pk}/").content.decode()
    client.post(f"/installs/{install.pk}/purchase-metric/", {"metric": "PLACED"})

    install.refresh_from_db()
    assert install.purchase_metric == "PLACED"
    assert AuditEvent.objects.filter(operation="install.purchase_metric_set", install_id=install.pk).exists()


def test_an_admin_names_the_custom_properties_that_are_kept(northwind: Any, install: Any) -> None:
    install.properties = {"Tier": "2026-01-01T00:00:00+00:00", "Old": "2026-01-01T00:00:00+00:00"}
    install.save()
    client = signed_in(MembershipFactory(organization=northwind, role="admin").user)

    client.post(f"/installs/{install.pk}/properties/", {"names": " Tier \r\nShoe Size\r\nTier\r\n"})

    install.refresh_from_db()
    assert list(install.properties) == ["Shoe Size", "Tier"]
    assert install.properties["Tier"] == "2026-01-01T00:00:00+00:00" < install.properties["Shoe Size"]
    assert "<strong>Shoe Size</strong>" in client.get(f"/installs/{install.pk}/").content.decode()
    assert AuditEvent.objects.filter(operation="install.properties_set", install_id=install.pk).exists()


def test_too_many_custom_properties_are_refused_in_words(alice_client: Client, install: Any) -> None:
    names = "\n".join(f"name {number}" for number in range(21))

    page = alice_client.post(f"/installs/{install.pk}/properties/", {"names": names}, follow=True).content.decode()

    install.refresh_from_db()
    assert "These are 21 names; at most 20 are kept." in page and install.properties == {}


def test_a_manager_does_not_choose_custom_properties(northwind: Any, install: Any) -> None:
    client = signed_in(MembershipFactory(organization=northwind, role="manager").user)

    assert client.post(f"/installs/{install.pk}/properties/", {"names": "Tier"}).status_code == 403
    assert "An owner or admin can change them." in client.get(f"/installs/{install.pk}/").content.decode()


def test_a_purchase_metric_that_is_not_settled_says_why(alice_client: Client, install: Any) -> None:
    for number in range(2):
        RecordFactory(install=install, kind="metric", klaviyo_id=f"PLACED{number}", name="Placed Order")

    page = alice_client.get(f"/installs/{install.pk}/").content.decode()

    assert "has 2 metrics named" in page
    assert "holds no metrics" not in page


def test_of_two_metrics_of_one_name_the_page_shows_the_one_that_has_events(
    alice_client: Client, install: Any, settings: Any, tmp_path: Any
) -> None:
    """As a run has counted them: the page opens where the data itself cannot be read."""
    settings.LAKE_URL = str(tmp_path / "lake")
    for number in range(2):
        name, key = "Placed Order", f"PLACED{number}"
        RecordFactory(install=install, kind="metric", klaviyo_id=key, name=name, events=number * 7)
    log = Path(location_of(install.pk).table("events")) / "_delta_log"
    log.mkdir(parents=True)
    (log / f"{0:020}.json").write_text("no commit")

    page = alice_client.get(f"/installs/{install.pk}/").content.decode()

    assert "<code>PLACED1</code>" in page


def test_a_metric_of_another_account_is_no_choice(alice_client: Client, install: Any) -> None:
    RecordFactory(kind="metric", klaviyo_id="THEIRS", name="Placed Order")

    page = alice_client.post(f"/installs/{install.pk}/purchase-metric/", {"metric": "THEIRS"}, follow=True)

    install.refresh_from_db()
    assert install.purchase_metric == ""
    assert "not one of this account" in page.content.decode()


def test_an_analyst_sees_the_purchase_metric_and_cannot_change_it(bob_client: Client, install: Any) -> None:
    RecordFactory(install=install, kind="metric", klaviyo_id="PLACED", name="Placed Order")

    assert "<select" not in bob_client.get(f"/installs/{install.pk}/").content.decode()
    assert bob_client.post(f"/installs/{install.pk}/purchase-metric/", {"metric": "PLACED"}).status_code == 403


def test_a_link_of_search_opens_the_object_with_its_figures(
    alice_client: Client, charlie_client: Client, install: Any
) -> None:
    campaign = RecordFactory(install=install, name="Spring <b>sale</b>", status="Sent", channel="email")
    address = f"/installs/{install.pk}/campaign/{campaign.klaviyo_id}/"

    page = alice_client.get(address)

    assert page.status_code == 200
    assert "Spring &lt;b&gt;sale&lt;/b&gt;" in page.content.decode()
    assert charlie_client.get(address).status_code == 404
    assert alice_client.get(f"/installs/{install.pk}/campaign/none/").status_code == 404


def test_accounts_of_a_sandbox_say_so_and_link_to_it(alice_client: Client, install: Any, settings: Any) -> None:
    campaign = RecordFactory(install=install, name="Spring Sale")
    addresses = ("/installs/", f"/installs/{install.pk}/", f"/installs/{install.pk}/campaign/{campaign.klaviyo_id}/")

    for address in addresses:
        assert ">Sandbox</span>" in re.sub(r"<svg.*?</svg>", "", alice_client.get(address).content.decode()), address
    page = alice_client.get(addresses[2]).content.decode()
    assert f'href="http://127.0.0.1:9/campaign/{campaign.klaviyo_id}/overview"' in page
    assert "Open in the sandbox" in page
    settings.KLAVIYO_IS_SANDBOX, settings.KLAVIYO_PAGES_URL = False, "https://www.klaviyo.com"
    for address in addresses:
        assert "Sandbox" not in alice_client.get(address).content.decode(), address
    page = alice_client.get(addresses[2]).content.decode()
    assert f'href="https://www.klaviyo.com/campaign/{campaign.klaviyo_id}/overview"' in page
