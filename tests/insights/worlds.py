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
# Sent ones with their messages: of two variations, of one id for both, of a text, of a name with a comma.
CAMPAIGNS = {
    "01CAMPAIGNA": ("01MESSAGEA1", "01MESSAGEA2"),
    "01CAMPAIGNB": (),
    "01CAMPAIGNC": ("01MESSAGEC1",),
    "01CAMPAIGND": ("01MESSAGED1",),
}
CAMPAIGN_NAMES = {
    "01CAMPAIGNA": "Spring A",
    "01CAMPAIGNB": "Spring B",
    "01CAMPAIGNC": "Texts C",
    "01CAMPAIGND": "Spring, late",
}
PLANNED = {"01SCHEDULE1": "Scheduled", "01SCHEDULE2": "Scheduled", "01DRAFTONE1": "Draft"}
FLOWS = {"FlowAA": ("MesgA1", "MesgA2"), "FlowBB": ("MesgB1",), "FlowCC": ("MesgC1", "MesgC2")}
TEXTS = {"01CAMPAIGNC", "01MESSAGEC1", "MesgC2"}
SUBJECTS = {
    "01MESSAGEA1": "Hello {{ first_name }}",
    "01MESSAGEA2": "Hello again",
    "01MESSAGED1": "Hello 🌷 10% off",
    "MesgA1": "Welcome",
    "MesgA2": "Welcome",
    "MesgB1": "Come back",
    "MesgC1": "You forgot something",
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
    "SPAMEM": "Marked Email as Spam",
}
SMS = {
    "CLKSMS": "Clicked SMS",
    "RECSMS": "Received SMS",
    "FAISMS": "Failed to Deliver SMS",
    "UNSSMS": "Unsubscribed from SMS Marketing",
}
JOINS = {
    "SUBLST": "Subscribed to List",
    "UNSLST": "Unsubscribed from List",
    "SUBEML": "Subscribed to Email Marketing",
    "SUBSMS": "Subscribed to SMS Marketing",
}
SHOP = {"ORDERS": "Placed Order", "CARTAD": "Added to Cart", "CHECKO": "Checkout Started", "REFUND": "Refunded Order"}
METRICS = [
    *(making.metric(key, name) for key, name in (MAILS | SMS | JOINS).items()),
    *(making.metric(key, name, "Shopify", "eCommerce") for key, name in SHOP.items()),
    making.metric("ORDAPI", "Placed Order", "API", "API"),
    making.metric("VIEWED", "Viewed Product", "API", "API"),
    making.metric("ACTIVE", "Active on Site", "API", "API"),
]
OTHER_SHOP = making.metric("ORDWOO", "Placed Order", "WooCommerce", "eCommerce")
# As Klaviyo tells them without the scope metrics:read.
NAMES_ALONE = [
    making.metric(metric["id"], metric["attributes"]["name"], None) for metric in METRICS if metric["id"] != "ORDAPI"
]
# One shop and an import; names alone; two shops, of which none is the one; no shop at all.
CATALOGUES = [METRICS] * 8 + [
    NAMES_ALONE,
    [*METRICS, OTHER_SHOP],
    [metric for metric in METRICS if metric["attributes"]["name"] != "Placed Order"],
]
FLAGS = st.sampled_from([None, None, True, False, "true", "false", 1, 0])
VALUES = st.one_of(
    st.sampled_from([None, 0, 19.99, 0.005, 10.005, "12.50", "free", 1e2, -5, 0.1, 0.2, "1e1", True, 100000000.01]),
    st.decimals(0, 500, places=3).map(float),
)
CUSTOM: list[Json] = [{}, {"Tier": "gold", "Secret": "x"}, {"Tier": "Silver", "Size": 42}, {"Tier": True}]
# Of line items: how many, and what one costs.
MANY = st.sampled_from([None, 1, 1, 2, "3"])
PRICES = st.sampled_from([None, 9.9, "9.90", 19.995, 0, 5])
CATALOG = [
    making.catalog_item("$custom:::$default:::1", "Mug", 9.9, "https://shop.test/mug", "https://shop.test/mug.png"),
    making.catalog_item("$custom:::$default:::2", "Lamp", 45, "https://shop.test/lamp"),
]


@st.composite
def worlds(draw: st.DrawFn, often: tuple[str, ...] = ("OPENED",), now: datetime | None = None) -> World:
    """2 to 8 people and up to 60 events, many of them in the same second; some dated ahead, some of nobody.

    `often`: metrics of which there is more than of others.
    """
    now = now or draw(st.sampled_from(NOWS))
    people = PEOPLE[: draw(st.integers(2, 8))]
    metrics = draw(st.sampled_from(CATALOGUES))
    times = draw(_times(now))
    known = [metric["id"] for metric in metrics]
    weighed = [key for key in ("ORDERS", *often) * 5 if key in known] + known
    events: list[Json] = []
    included: list[Json] = []
    for number in draw(st.permutations(range(draw(st.integers(30, 60) | st.integers(0, 60))))):
        event, marks = draw(_event(f"ev{number:02}", people, times, weighed))
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
        campaigns=draw(_campaigns(now)),
        campaign_messages=[_message(message, key) for key, messages in CAMPAIGNS.items() for message in messages],
        flows=draw(_flows()),
        lists=[making.audience(kind, key, name) for key, (kind, name) in AUDIENCES.items() if kind == "list"],
        segments=[making.audience(kind, key, name) for key, (kind, name) in AUDIENCES.items() if kind == "segment"],
        members={key: draw(st.lists(st.sampled_from(PEOPLE), unique=True)) for key in AUDIENCES if key != "SegmBB"}
        | {"SegmBB": []},
        catalog=CATALOG,
        sms_campaigns={key for key in (*CAMPAIGNS, *PLANNED) if key in TEXTS},
        deleted=draw(st.sets(st.sampled_from(["01CAMPAIGND", "FlowBB"]))),
        former_names=draw(st.sampled_from([{}, {"01CAMPAIGNB": "Winter B", "FlowAA": "Hello A", "ListBB": "Pals"}])),
        earlier=draw(_earlier(events)),
        properties=("Tier", "Size"),
        purchase_metric=draw(st.sampled_from(["", "", "ORDAPI"])) if metrics == METRICS else "",
        floor=draw(st.sampled_from([1, 2, 3])),
    )


@st.composite
def _campaigns(draw: st.DrawFn, now: datetime) -> list[Json]:
    """Sent at times of which one may not be told; two to be sent, of which one has no time yet; a draft."""
    ago = st.sampled_from([0, 60, 3_600, 86_400, 7 * 86_400, 20 * 86_400, 45 * 86_400, 89 * 86_400, 400 * 86_400])
    included = st.sampled_from([(), ("ListAA",), ("ListAA", "SegmAA")])
    sent = [
        making.campaign(
            key,
            CAMPAIGN_NAMES[key],
            messages,
            sent=now.replace(microsecond=0) - timedelta(seconds=draw(ago)),
            include=draw(included),
        )
        for key, messages in CAMPAIGNS.items()
    ]
    ahead = draw(st.sampled_from([60, 86_400, 3 * 86_400, 8 * 86_400]))
    times = {"01SCHEDULE1": now + timedelta(seconds=ahead), "01SCHEDULE2": None, "01DRAFTONE1": None}
    planned = [
        making.campaign(
            key, f"Plan {key[-1]}", (), status, times[key], include=("ListAA", "SegmAA"), exclude=("ListBB",)
        )
        for key, status in PLANNED.items()
    ]
    return sent + planned


def _message(key: str, campaign: str) -> Json:
    return making.campaign_message(key, campaign, SUBJECTS.get(key, ""), "sms" if key in TEXTS else "email", "Read on")


@st.composite
def _flows(draw: st.DrawFn) -> list[Json]:
    status = st.sampled_from(["live", "live", "manual", "draft"])
    return [
        making.flow(
            key,
            f"Welcome {key[-1]}",
            tuple(message for message in messages if message not in TEXTS),
            SUBJECTS,
            texts=tuple(message for message in messages if message in TEXTS),
            status=draw(status),
            archived=key == "FlowBB",
        )
        for key, messages in FLOWS.items()
    ]


@st.composite
def _earlier(draw: st.DrawFn, events: list[Json]) -> list[Json]:
    """What a first reading told: people under ids that were merged into others since, and one who was erased."""
    if not draw(st.booleans()):
        return []
    told = []
    for event in events:
        relations = dict(event["relationships"])
        if "profile" in relations:
            relations["profile"] = {"data": {"type": "profile", "id": "01PERSONMERGED"}}
        told.append(event | {"relationships": relations})
    erased = [event | {"id": f"{event['id']}erased"} for event in told[:3]]
    return told + erased


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
    metric = draw(st.sampled_from(metrics))
    person = draw(st.sampled_from([*people, *people, None]))
    marks = draw(_marks(key)) if metric not in MAILS | SMS else []
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
    if metric in MAILS | SMS:
        return draw(_of_a_message(metric))
    if metric in JOINS:
        named: list[Json] = [
            {"list_id": "ListAA", "List": "Newsletter"},
            {"list_id": "ListBB"},
            {"List": "Friends"},
            {},
        ]
        known = draw(st.sampled_from(named))
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
    of_texts = metric in SMS
    campaign_side = [
        {"message": message}
        for key, messages in CAMPAIGNS.items()
        for message in (key, *messages)
        if (message in TEXTS) == of_texts
    ]
    flow_side = [
        {"flow": key, "message": message}
        for key, messages in FLOWS.items()
        for message in messages
        if (message in TEXTS) == of_texts
    ]
    # Of a message that is no longer in its flow, of one whose campaign is not known, without the flow's id.
    odd: list[Json] = [{"message": "unknown"}, {"flow": "FlowAA", "message": "MesgA0"}, {"message": "MesgB1"}]
    if metric not in ("RECEIV", "RECSMS"):
        odd += [{}, {"flow": "FlowAA"}]
    held: Json = dict(draw(st.sampled_from(campaign_side * 2 + flow_side * 2 + odd)))
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
            **_without_none(AddedItemQuantity=draw(MANY), AddedItemPrice=draw(PRICES)),
            "Items": [{"ProductName": title} for title in titles],
        }
    lines = {"line_items": [_without_none(title=title, quantity=draw(MANY), price=draw(PRICES)) for title in titles]}
    objects = [_without_none(ProductName=title, Quantity=draw(MANY), ItemPrice=draw(PRICES)) for title in titles]
    places: list[Json] = [
        {"Items": titles},
        {"Items": objects},
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
            custom=draw(st.sampled_from(CUSTOM)),
            timezone=draw(st.sampled_from(["Europe/Berlin", None])),
        )
        for person in held
    ]


def _without_none(**values: Any) -> Json:
    return {name: value for name, value in values.items() if value is not None}
