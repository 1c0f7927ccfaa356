"""Who asks in the bench of load, and what there is to ask about: three organizations of the running product.

The first has the sandbox's first account, fifteen keys and twelve connections; its neighbour has the second account. The
third has a lake written here, in which each of 100,000 clicks has an address of its own.
"""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.bench._product import Product

CLICKS = 100_000
PATIENCE = 300.0
MOST_ROWS = 200  # that a call may ask for


@dataclass(frozen=True)
class Question:
    tool: str
    args: dict[str, Any]


@dataclass
class Cast:
    """Keys and tokens are secrets; `segments` and the `biggest` list are Klaviyo's ids in `account`."""

    keys: list[str]
    tokens: list[str]
    neighbour: str
    many_urls: str
    questions: list[Question] = field(default_factory=list)
    segments: list[str] = field(default_factory=list)
    biggest: str = ""
    account: str = ""

    def wait_until_fetched(self) -> None:
        """Until no audience that somebody asked for is still to be fetched."""
        from connector.records.models import Audience

        wait_until(
            lambda: not Audience.objects.filter(wanted_at__isnull=False).exists(), "the audiences are not fetched"
        )


def cast_of(product: Product, *, keys: int, connections: int) -> Cast:
    from accounts.models import Membership
    from tests.factories import MembershipFactory
    from tests.mcp.serving import granted

    first = Membership.objects.select_related("user", "organization").get()
    second, third = MembershipFactory(organization__slug="second"), MembershipFactory(organization__slug="third")
    shops = product.accounts()
    install = connect(product, first.organization, shops[0])
    connect(product, second.organization, shops[1])
    cast = Cast(
        keys=[key_of(first) for _ in range(keys)],
        tokens=[granted(first) for _ in range(connections)],
        neighbour=key_of(second),
        many_urls=key_of(third),
    )
    lake_of_clicks(third.organization)
    wait_until(lambda: is_whole(2), "the sandbox's accounts are not loaded")
    fill(cast, product, install)
    return cast


def key_of(membership: Any) -> str:
    from accounts.actions import keys
    from accounts.caller import member_caller

    caller = member_caller(membership, via="cli")
    return keys.create(membership=membership, name="bench", scopes=("read",), caller=caller)


def connect(product: Product, organization: Any, shop: dict[str, Any]) -> Any:
    """An account as the consent page would have connected it; the worker loads it."""
    from connector.installs.models import Install
    from connector.sync import enqueue
    from connector.sync.plan import open_run
    from tests.factories import InstallFactory

    grant = product.grant(shop["id"])
    install = InstallFactory(
        organization=organization,
        klaviyo_id=shop["id"],
        name=shop["name"],
        status=Install.Status.CONNECTING,
        time_zone=shop["timezone"],
        currency=shop["currency"],
        access_token=grant["access_token"],
        refresh_token=grant["refresh_token"],
        complete_from=None,
        complete_to=None,
        last_sync_at=None,
    )
    enqueue.work_run(open_run(install).pk, first_load=True)
    return install


def is_whole(accounts: int) -> bool:
    """So many accounts are loaded to the end, and no run is at work."""
    from connector.sync.models import Run

    return (
        Run.objects.filter(state=Run.State.DONE).count() >= accounts
        and not Run.objects.filter(state__in=Run.OPEN).exists()
    )


def fill(cast: Cast, product: Product, install: Any) -> None:
    """What can be asked about, now that it is known."""
    from connector.records.models import Kind, Record

    campaign = Record.objects.filter(install=install, kind=Kind.CAMPAIGN, status="Sent").latest("at").klaviyo_id
    cast.questions = [
        Question("people_who", {"did": "opened_email", "campaign": campaign, "but_not": "ordered", "within_days": 7}),
        Question("list_accounts", {}),
        Question("people_who", {"did": "ordered", "group_by": "country"}),
        Question("search", {"query": "holiday"}),
    ]
    held = Record.objects.filter(install=install)
    lists = held.filter(kind=Kind.LIST).values_list("klaviyo_id", flat=True)
    cast.biggest = max(lists, key=lambda key: product.members(install.klaviyo_id, key))
    cast.segments = list(held.filter(kind=Kind.SEGMENT).values_list("klaviyo_id", flat=True))
    cast.account = install.klaviyo_id


def lake_of_clicks(organization: Any) -> None:
    """An account whose clicks have as many addresses as there are."""
    from connector.lake.store import writing
    from connector.records.upsert import Row, upsert
    from tests.factories import InstallFactory

    install = InstallFactory(organization=organization, klaviyo_id="CLICKS", name="Many links")
    own = {"integration": "Klaviyo", "category": "Internal", "key": "klaviyo"}
    upsert(install, "metric", [Row("CLICK", "Clicked Email", attributes=own)])
    begin, numbers = datetime.now(UTC) - timedelta(days=20), range(CLICKS)
    rows: dict[str, list[Any]] = {
        "id": [f"click{number:06d}" for number in numbers],
        "time": [begin + timedelta(seconds=number) for number in numbers],
        "metric": ["CLICK"] * CLICKS,
        "person": [f"person{number % 5000}" for number in numbers],
        "machine_open": [False] * CLICKS,
        "bot_click": [False] * CLICKS,
        "url": [f"https://shop.example/products/{number}" for number in numbers],
    }
    with writing(install.pk, "bench") as lake:
        lake.replace_events([rows], begin - timedelta(days=1), datetime.now(UTC))


def wide_answer(accounts: int, rows: int) -> dict[str, Any]:
    """The whole envelope of a question by groups, as it is before it is cut."""
    entries = [
        {
            "account": {"id": f"K{number:05d}", "name": f"Shop {number}"},
            "status": "ok",
            "people": 1,
            "groups": groups(rows),
        }
        for number in range(accounts)
    ]
    return {"status": "ok", "answer": "By groups.", "data": {"accounts": entries}, "caveats": [], "receipt": None}


def groups(rows: int) -> list[dict[str, Any]]:
    return [
        {"value": f"https://shop.example/summer/{number}", "people": number, "did": number * 2, "share": 0.5}
        for number in range(rows)
    ]


def cut_to_size(whole: dict[str, Any]) -> None:
    """As tools.call does for every answer with rows, for who wants as many rows as there may be."""
    from connector.tools.fit import fitted
    from connector.tools.tool import Groups

    fitted(whole, Groups(("groups",)), MOST_ROWS)


def wait_until(holds: Any, otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit(f"After {PATIENCE:.0f} s {otherwise}.")
        time.sleep(0.3)
