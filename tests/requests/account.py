"""The account that the requests are asked of: small, with an object of every kind, and a second one beside it."""

from datetime import timedelta

from tests.oracle.cases import NOW, happened, shop
from tests.oracle.making import audience, campaign, campaign_message, catalog_item, flow, mark, profile
from tests.oracle.world import Json, World

EVENTS = """
RECV p1 2025-11-20T10:00:00 message=m1
RECV p2 2025-11-20T10:00:00 message=m1
OPEN p1 2025-11-20T11:00:00 message=m1
OPEN p2 2025-11-20T11:00:00 message=m1
CLCK p1 2025-11-20T11:01:00 message=m1 URL=https://shop.test/mug
ORDR p1 2025-11-20T12:00:00 marks=a1 id=o1 order=A value=20
RECV p1 2026-06-20T10:00:00 message=m2
OPEN p1 2026-06-20T10:05:00 message=m2 machine_open=true
CLCK p1 2026-06-20T10:06:00 message=m2
RECV p2 2026-05-20T10:00:00 flow=f1 message=m4
OPEN p2 2026-05-20T11:00:00 flow=f1 message=m4
CLCK p2 2026-05-20T11:01:00 flow=f1 message=m4
RECV p3 2026-06-11T10:00:00 flow=f2 message=m5
CART p2 2026-05-20T09:00:00 AddedItemProductName=Mug
VIEW p2 2026-06-20T09:00:00 ProductName=Lamp
CHEK p3 2026-06-12T09:00:00
ORDR p2 2026-06-13T12:00:00 order=B value=30 DiscountCode=JUNE
BNCE p4 2026-06-12T10:00:00 message=m2
SPAM p4 2026-06-12T11:00:00 message=m2
UNSU p4 2026-06-12T12:00:00 message=m2
LIST p3 2026-02-12T12:00:00
SUBS p3 2026-02-12T12:00:00
RSMS p3 2026-06-12T12:00:00
LEFT p4 2026-06-12T12:00:00
REFU p2 2026-06-15T12:00:00 value=5
"""


def fernweh() -> World:
    events = [*happened(EVENTS), *orders_of_many()]
    return shop(
        *events,
        included=[mark("a1", "o1", campaign="c1", campaign_message="m1")],
        campaigns=[
            campaign("c1", "Q4 Holiday Campaign", ("m1",), sent="2025-11-20 10:00:00", include=("S1",)),
            campaign("c2", "Newsletter June", ("m2",), sent="2026-06-20 10:00:00"),
            campaign("c3", "Spring sale A", ("m3",), sent="2026-03-20 10:00:00"),
            campaign("c4", "Spring sale B", ("m6",), sent="2026-03-21 10:00:00"),
            campaign("c5", "Summer", (), "Scheduled", "2026-07-08 10:00:00"),
            campaign("c6", "Lamps, an idea", (), "Draft"),
        ],
        campaign_messages=[
            campaign_message("m1", "c1", "Happy holidays"),
            campaign_message("m2", "c2", "News of June"),
            campaign_message("m3", "c3", "Spring"),
            campaign_message("m6", "c4", "Spring again"),
        ],
        flows=[flow("f1", "Abandoned cart", ("m4",)), flow("f2", "Welcome series", ("m5",))],
        lists=[audience("list", "L1", "Newsletter")],
        segments=[audience("segment", "S1", "VIP")],
        members={"L1": ["p1", "p2", "p3"], "S1": ["p1", "p2"]},
        profiles=[
            profile(f"p{n}", f"p{n}@gmail.com", "SUBSCRIBED", country=("Germany", "France")[n % 2])
            for n in range(1, 31)
        ],
        catalog=[catalog_item("I1", "Mug", 5), catalog_item("I2", "Lamp", 30)],
    )


def orders_of_many() -> list[Json]:
    """Enough people for groups by country and by mail provider: under the privacy floor there are none."""
    rows = []
    for number in range(5, 31):
        at = (NOW - timedelta(days=number)).strftime("%Y-%m-%dT%H:%M:%S")
        rows += [f"ORDR p{number} {at} id=x{number} order=X{number} value=10", f"SPAM p{number} {at} id=s{number}"]
    return happened("\n".join(rows))


def second() -> World:
    return shop(*happened("ORDR p1 2026-06-12T12:00:00 value=99"), currency="USD")
