"""Little worlds as raw JSON: few people, many collisions, and the odd values that real shops send."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.oracle import making
from tests.oracle.world import Json, World

# On both sides of Berlin's clock change, at a leap day, at a month's end, at a year's end.
NOWS = [
    datetime(2026, 3, 29, 9, 30, 15, tzinfo=UTC),
    datetime(2024, 2, 29, 18, 0, 0, tzinfo=UTC),
    datetime(2025, 10, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 1, 1, 7, 0, 0, tzinfo=UTC),
    datetime(2025, 11, 3, 5, 0, 0, tzinfo=UTC),
]
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata"]
PEOPLE = [f"01PERSON{n}" for n in range(1, 9)]
TITLES = ["Mug", "Mug, blue", "Lamp", "Ламповый", "山のマグ"]
CAMPAIGNS = {"01CAMPAIGNA": ("01MESSAGEA1", "01MESSAGEA2"), "01CAMPAIGNB": ()}
FLOWS = {"FlowAA": ("MesgA1", "MesgA2"), "FlowBB": ("MesgB1",)}
SUBJECTS = {
    "01MESSAGEA1": "Hello",
    "01MESSAGEA2": "Hello again",
    "MesgA1": "Welcome",
    "MesgA2": "Welcome",
    "MesgB1": "Come back",
}
AUDIENCES = {
    "ListAA": ("list", "Newsletter"),
    "ListBB": ("list", "Friends"),
    "SegmAA": ("segment", "VIP"),
    "SegmBB": ("segment", "Nobody"),
}
MAILS = {
    "OPENED": "Opened Email",
    "CLICKD": "Clicked Email",
    "RECEIV": "Received Email",
    "BOUNCE": "Bounced Email",
    "UNSUBS": "Unsubscribed",
}
OTHERS = {"CLKSMS": "Clicked SMS", "SUBLST": "Subscribed to List"}
SHOP = {"ORDERS": "Placed Order", "CARTAD": "Added to Cart", "CHECKO": "Checkout Started", "REFUND": "Refunded Order"}
METRICS = [
    *(making.metric(key, name) for key, name in (MAILS | OTHERS).items()),
    *(making.metric(key, name, "Shopify", "eCommerce") for key, name in SHOP.items()),
    making.metric("ORDAPI", "Placed Order", "API", "API"),
    making.metric("VIEWED", "Viewed Product", "API", "API"),
    making.metric("ACTIVE", "Active on Site", "API", "API"),
]
OTHER_SHOP = making.metric("ORDWOO", "Placed Order", "WooCommerce", "eCommerce")
# One shop and an import; two shops, of which none is the one; no shop at all.
CATALOGUES = [METRICS] * 8 + [
    [*METRICS, OTHER_SHOP],
    [metric for metric in METRICS if metric["attributes"]["name"] != "Placed Order"],
]
FLAGS = st.sampled_from([None, None, True, False, "true", "false", 1, 0])
VALUES = st.one_of(
    st.sampled_from([None, 0, 19.99, 0.005, 10.005, "12.50", "free", 1e2, -5, 0.1, 0.2, "1e1", True, 100000000.01]),
    st.decimals(0, 500, places=3).map(float),
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """2 to 8 people and up to 60 events, many of them in the same second; some dated ahead, some of nobody."""
    now = draw(st.sampled_from(NOWS))
    people = PEOPLE[: draw(st.integers(2, 8))]
    metrics = draw(st.sampled_from(CATALOGUES))
    times = draw(_times(now))
    events: list[Json] = []
    included: list[Json] = []
    for number in draw(st.permutations(range(draw(st.integers(0, 60))))):
        event, marks = draw(_event(f"ev{number:02}", people, times, [metric["id"] for metric in metrics]))
        events.append(event)
        included += marks
    twice = draw(st.booleans())
    if events and twice:
        events.append(draw(st.sampled_from(events)))
    return World(
        now=now,
        time_zone=draw(st.sampled_from(ZONES)),
        currency="EUR",
        metrics=metrics,
        events=events,
        included=included,
        profiles=draw(_profiles(people)),
        campaigns=[making.campaign(key, f"Spring {key[-1]}", messages) for key, messages in CAMPAIGNS.items()],
        campaign_messages=[
            making.campaign_message(message, key, SUBJECTS[message])
            for key, messages in CAMPAIGNS.items()
            for message in messages
        ],
        flows=[making.flow(key, f"Welcome {key[-1]}", messages, subjects=SUBJECTS) for key, messages in FLOWS.items()],
        lists=[making.audience(kind, key, name) for key, (kind, name) in AUDIENCES.items() if kind == "list"],
        segments=[making.audience(kind, key, name) for key, (kind, name) in AUDIENCES.items() if kind == "segment"],
        members={key: draw(st.lists(st.sampled_from(PEOPLE), unique=True)) for key in AUDIENCES if key != "SegmBB"}
        | {"SegmBB": []},
        purchase_metric=draw(st.sampled_from(["", "", "ORDAPI"])) if metrics == METRICS else "",
        floor=draw(st.sampled_from([1, 2, 3])),
    )


@st.composite
def _times(draw: st.DrawFn, now: datetime) -> list[datetime]:
    """A few moments around a few others, so that seconds collide and windows end exactly somewhere."""
    now = now.replace(microsecond=0)
    anchors = [now - timedelta(seconds=draw(st.integers(0, 100 * 86_400))) for _ in range(draw(st.integers(1, 4)))]
    anchors.append(now)
    steps = [
        0,
        0,
        0,
        1,
        -1,
        86_400,
        86_399,
        86_401,
        -86_400,
        7 * 86_400,
        7 * 86_400 - 1,
        3_600,
        40 * 86_400,
        -35 * 86_400,
    ]
    return [
        anchor + timedelta(seconds=step)
        for anchor in anchors
        for step in draw(st.lists(st.sampled_from(steps), min_size=2, max_size=6))
    ]


@st.composite
def _event(
    draw: st.DrawFn, key: str, people: list[str], times: list[datetime], metrics: list[str]
) -> tuple[Json, list[Json]]:
    often = ["ORDERS"] * 6 if "ORDERS" in metrics else []
    metric = draw(st.sampled_from(often + ["OPENED"] * 5 + metrics))
    person = draw(st.sampled_from([*people, *people, None]))
    marks = draw(_marks(key)) if metric not in MAILS and metric != "CLKSMS" else []
    event = making.event(
        key, metric, person, draw(st.sampled_from(times)), [mark["id"] for mark in marks], **draw(_properties(metric))
    )
    if draw(st.integers(0, 9)) == 0:
        event["attributes"]["timestamp"] = None
        event["attributes"]["datetime"] = event["attributes"]["datetime"].replace("+00:00", ".900000+00:00")
    return event, marks


@st.composite
def _marks(draw: st.DrawFn, event: str) -> list[Json]:
    """What Klaviyo attributes an order to: mostly nothing, now and then several."""
    told = []
    for number in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2]))):
        campaign, flow = draw(st.sampled_from(list(CAMPAIGNS))), draw(st.sampled_from(list(FLOWS)))
        targets: list[dict[str, str]] = [{"campaign": campaign}, {"flow": flow}, {"campaign": campaign, "flow": flow}]
        targets += [{"campaign": campaign, "campaign_message": message} for message in CAMPAIGNS[campaign]]
        targets += [{"flow": flow, "flow_message": message} for message in FLOWS[flow]]
        told.append(making.mark(f"at{event}{number}", event, **draw(st.sampled_from(targets))))
    return told


@st.composite
def _properties(draw: st.DrawFn, metric: str) -> Json:
    if metric in MAILS or metric == "CLKSMS":
        return draw(_of_a_message(metric))
    if metric == "SUBLST":
        known = draw(st.sampled_from([{"list_id": "ListAA", "List": "Newsletter"}, {"List": "Friends"}, {}]))
        return known | _without_none(
            Method=draw(st.sampled_from(["Form", "API", None])), form_id=draw(st.sampled_from(["Ab12Cd", None]))
        )
    held = _without_none(value=draw(VALUES), order=draw(st.sampled_from([None, "1001", 1001, "1002", "1003", ""])))
    if isinstance(held.get("value"), int | float | str) and draw(st.integers(0, 3)) == 0:
        held |= draw(st.sampled_from([{"currency": "EUR"}, {"currency": "USD"}, {"$currency_code": "GBP"}]))
    codes = draw(st.sampled_from([None, [], ["A"], ["A", "B", "A"], "B", ["", "B"]]))
    held |= _without_none(**{"Discount Codes": codes, "Source Name": draw(st.sampled_from([None, "web", "pos"]))})
    return held | draw(_items(metric))


@st.composite
def _of_a_message(draw: st.DrawFn, metric: str) -> Json:
    campaign_side = [{"message": message} for key, messages in CAMPAIGNS.items() for message in (key, *messages)]
    flow_side = [{"flow": key, "message": message} for key, messages in FLOWS.items() for message in messages]
    odd: list[Json] = [
        {},
        {"message": "unknown"},
        {"flow": "FlowAA"},
        {"message": "MesgB1"},
        {"flow": "FlowBB", "message": "MesgA1"},
    ]
    held: Json = dict(draw(st.sampled_from(campaign_side * 2 + flow_side + odd)))
    message = {"01CAMPAIGNA": "01MESSAGEA1"}.get(held.get("message", ""), held.get("message"))
    if message in SUBJECTS:
        held["Subject"] = SUBJECTS[message]
    if metric == "OPENED":
        held |= _without_none(
            machine_open=draw(FLAGS),
            **{"Apple Privacy Open": draw(FLAGS), "Client Type": draw(st.sampled_from([None, "mobile"]))},
        )
    if metric in ("CLICKD", "CLKSMS"):
        url = draw(st.sampled_from(["https://shop.test/a?u=1", "https://shop.test/a#x", "https://shop.test/b", None]))
        held |= _without_none(URL=url, **{"Bot Click": draw(FLAGS)})
    if metric == "BOUNCE":
        held |= _without_none(**{"Bounce Type": draw(st.sampled_from(["Hard", "Soft", None]))})
    return held


@st.composite
def _items(draw: st.DrawFn, metric: str) -> Json:
    titles = draw(st.lists(st.sampled_from(TITLES), max_size=3))
    if metric == "VIEWED":
        return {"ProductName": titles[0]} if titles else {}
    if metric == "CARTAD" and draw(st.booleans()):
        return {
            "AddedItemProductName": draw(st.sampled_from(TITLES)),
            "Items": [{"ProductName": title} for title in titles],
        }
    lines = {"line_items": [{"title": title, "quantity": 1, "price": "9.90"} for title in titles]}
    places: list[Json] = [
        {"Items": titles},
        {"Items": [{"ProductName": title, "Quantity": 2} for title in titles]},
        {"extra": lines, "Items": ["Lamp"]},
        {"$extra": lines},
        {"extra": {"note": "no lines"}, "Items": titles},
        {},
    ]
    return dict(draw(st.sampled_from(places)))


@st.composite
def _profiles(draw: st.DrawFn, people: list[str]) -> list[Json]:
    """Of most people, and of some who never did anything."""
    held = [person for person in [*people, "01PERSONQUIET"] if draw(st.integers(0, 4))]
    consents = st.sampled_from(["SUBSCRIBED", "UNSUBSCRIBED", "NEVER_SUBSCRIBED"])
    return [
        making.profile(
            person,
            email=draw(st.sampled_from([None, "a@web.example", "B@Web.Example", "c@post.example"])),
            consent=draw(consents),
            sms=draw(consents),
            suppressed=draw(st.booleans()),
            country=draw(st.sampled_from(["Germany", "France", None])),
            region=draw(st.sampled_from(["Bayern", None])),
            city=draw(st.sampled_from(["Köln", "Paris", None])),
            timezone=draw(st.sampled_from(["Europe/Berlin", None])),
        )
        for person in held
    ]


def _without_none(**values: Any) -> Json:
    return {name: value for name, value in values.items() if value is not None}
