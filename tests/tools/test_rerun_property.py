"""Any receipt of any tool, run again on the same versions, is equal, whatever has changed in the account since."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from hypothesis import given

from accounts.caller import Caller
from connector.installs.models import Install
from connector.lake.store import writing
from connector.receipts.models import Receipt
from connector.records.models import Kind, Record
from connector.records.upsert import Row, upsert
from connector.tools.call import BadArguments, call
from connector.tools.catalogue import TOOLS
from connector.tools.fit import text_of
from connector.tools.rerun import rerun
from tests.insights.budget import examples
from tests.insights.loading import Loaded, _replace, loaded
from tests.insights.worlds import worlds
from tests.oracle.world import Json, World

EQUAL = ("status", "answer", "exactness", "data", "method", "sources", "freshness", "caveats")
QUESTIONS: Mapping[str, list[Json]] = {
    "people_who": [
        {"did": "opened_email"},
        {"did": "opened_email", "campaign": "Spring*", "but_not": "ordered", "within_days": 7},
        {"did": "received_email", "flow": "Welcome", "group_by": "event:Subject"},
        {"did": "ordered", "item": "Lamp", "group_by": "country"},
        {"did": "ordered", "group_by": "event:Discount Codes"},
        {"did": "member", "audience": "Newsletter", "but_not": "opened_email", "group_by": "property:Tier"},
        {"did": "opened_email", "audience": "VIP,Friends", "group_by": "times"},
        {"did": "viewed_product", "but_not": "added_to_cart", "but_not_when": "ever"},
    ],
    "metric_trend": [
        {"metric": "ordered", "interval": "month"},
        {"metric": "opened_email", "group_by": "campaign", "interval": "week"},
        {"metric": "received_email", "group_by": "flow", "interval": "total"},
        {"metric": "ordered", "group_by": "item", "interval": "total"},
        {"metric": "ordered", "group_by": "currency"},
        {"metric": "opened_email", "group_by": "country", "machine_opens": "exclude"},
        {"metric": "opened_email", "group_by": "property:Tier"},
        {"metric": "clicked_email", "group_by": "event:URL"},
    ],
    "audience_growth": [{}, {"list": "Newsletter", "interval": "day", "period": "last_30_days"}],
    "campaign_performance": [
        {"period": "all"},
        {"campaign": "latest"},
        {"campaign": "Spring*", "attribution": "last_touch"},
        {"period": "last_90_days", "group_by": "weekday"},
        {"period": "all", "group_by": "month"},
        {"status": "scheduled", "period": "all"},
        {"period": "all", "channel": "email", "sort_by": "revenue"},
    ],
    "flow_performance": [
        {},
        {"interval": "month", "attribution": "last_touch"},
        {"flow": "Welcome", "by": "message", "interval": "total"},
        {"status": "live", "period": "last_90_days"},
    ],
    "top_items": [
        {},
        {"event": "ordered", "sort_by": "revenue"},
        {"event": "abandoned_checkout"},
        {"event": "ordered", "with_item": "Lamp"},
        {"event": "viewed_product", "audience": "Newsletter"},
    ],
    "list_health": [{}, {"list": "Newsletter"}, {"audience": "VIP"}, {"at": "2024-02-01"}],
    "compare_cohorts": [{"by": "signup_source"}, {"by": "signup_month", "joined": "first_in_period"}],
    "compare_periods": [
        {"period": "last_30_days"},
        {"period": "last_90_days", "measures": "all", "against": "year_before"},
        {"period": "last_30_days", "measures": "revenue, orders", "interval": "day"},
    ],
    "portfolio": [
        {"period": "last_90_days", "measure": "revenue, open_rate_human, silent_flows"},
        {"period": "last_30_days", "measure": "campaigns_sent, subscribed_net"},
    ],
    "copy_brief": [{"audience": "Newsletter"}, {"audience": "VIP", "about": "spring"}],
}  # fmt: skip


def asked(caller: Caller, world: World, account: str) -> list[tuple[str, Json, Receipt]]:
    """Every question that is answered, with its receipt."""
    found = []
    for tool, sets in QUESTIONS.items():
        for args in sets:
            try:
                with time_machine.travel(world.now, tick=False):
                    answer = call(caller, tool, {"account": account} | args)
            except BadArguments as error:
                pytest.fail(f"{tool} {args}: {error}")
            if answer["receipt"]:
                found.append((tool, args, Receipt.objects.all().named(answer["receipt"]["id"]).get()))
    return found


def change_all(made: Loaded, caller: Caller) -> None:
    """All that can change: names, what is there, the account itself, its events, its people, the members of its lists."""
    install, now = made.install, timezone.now()
    for record in Record.objects.filter(install=install):
        record.name, record.folded = f"Renamed {record.klaviyo_id}", f"renamed {record.klaviyo_id.lower()}"
        record.attributes = {
            name: f"other {value}" for name, value in record.attributes.items() if isinstance(value, str)
        }
        record.status, record.channel, record.archived, record.at = "Draft", "whatsapp", True, now
        record.deleted_at = now if record.klaviyo_id[-1] in "AR1" else None
        record.parent = record.parent and f"no {record.parent}"
        record.save()
    Record.objects.filter(install=install, kind=Kind.CATALOG_ITEM).delete()
    rows = [Row("01NEWSPRING", "Spring A", status="Sent", channel="email", at=made.world.now - timedelta(days=1))]
    upsert(install, Kind.CAMPAIGN, rows)
    upsert(install, Kind.LIST, [Row("ListNew", "Newsletter")])
    upsert(
        install,
        Kind.METRIC,
        [Row("NEWORD", "Placed Order", attributes={"integration": "Shopify", "category": "eCommerce"})],
    )
    Install.objects.filter(pk=install.pk).update(
        name="Renamed",
        currency="JPY",
        time_zone="Pacific/Apia",
        purchase_metric="REFUND",
        properties={},
        complete_from=now,
    )
    caller.organization.privacy_floor = 10 if made.world.floor < 3 else 1
    caller.organization.save()
    _write_others(made)


def _write_others(made: Loaded) -> None:
    """Other events, people and members, as versions of their own."""
    others = [event | {"id": f"{event['id']}new"} for event in made.world.events[::2]]
    with writing(made.install.pk, "test") as lake:
        if others:
            _replace(lake, replace(made.world, events=others, earlier=made.world.events), others)
        for audience in made.world.members:
            lake.replace_members(audience, ["01PERSON8"])


def differing(receipt: Receipt, caller: Caller) -> dict[str, tuple[Any, Any]]:
    made = rerun(caller, receipt, "same")
    pairs = {name: (_read_back(receipt.answer[name]), made.answer[name]) for name in EQUAL}
    found = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    assert made.is_same_definition
    return found | ({"changed": (None, made.changed)} if made.changed else {})


def _read_back(value: Any) -> Any:
    return json.loads(text_of(value))


@pytest.fixture(autouse=True)
def _every_tool_is_asked() -> None:
    assert set(QUESTIONS) == {name for name, tool in TOOLS.items() if tool.columns}, (
        "a new tool needs its questions here"
    )


@pytest.mark.django_db
@examples(3, 60)
@given(world=worlds(often=("OPENED", "RECEIV", "SUBLST")))
def test_whatever_has_changed_since(world: World, alice_caller: Caller, lake: None) -> None:
    made = loaded(world, alice_caller)
    receipts = asked(alice_caller, world, made.install.klaviyo_id)
    change_all(made, alice_caller)

    wrong = {f"{tool} {args}": found for tool, args, receipt in receipts if (found := differing(receipt, alice_caller))}

    assert not wrong, json.dumps(wrong, indent=1, ensure_ascii=False, default=str)[:6000]
    assert len(receipts) > 5


@pytest.mark.django_db
@examples(2, 30)
@given(first=worlds(often=("OPENED", "RECEIV")), second=worlds())
def test_of_several_accounts_too(first: World, second: World, alice_caller: Caller, lake: None) -> None:
    made = [loaded(first, alice_caller), loaded(replace(second, now=first.now, floor=first.floor), alice_caller)]
    receipts = asked(alice_caller, first, ",".join(one.install.klaviyo_id for one in made))
    for one in made:
        change_all(one, alice_caller)

    wrong = {f"{tool} {args}": found for tool, args, receipt in receipts if (found := differing(receipt, alice_caller))}

    assert not wrong, json.dumps(wrong, indent=1, ensure_ascii=False, default=str)[:6000]
