"""Questions to people_who: mostly sensible ones, some that contradict themselves."""

from datetime import timedelta

from hypothesis import strategies as st

from tests.insights.worlds import AUDIENCES, CAMPAIGNS, FLOWS
from tests.oracle.asked import ATTRIBUTES
from tests.oracle.drawing import given_only, rarely
from tests.oracle.world import Json, World, titles

VERBS = [
    *["ordered"] * 4,
    *["opened_email"] * 4,
    *["received_email", "clicked_email", "clicked_sms", "bounced_email", "unsubscribed_email", "subscribed_list"],
    *[
        "added_to_cart",
        "started_checkout",
        "viewed_product",
        "refunded",
        "Active on Site",
        "ACTIVE",
        "CARTAD",
        "cancelled",
    ],
]
EVENT_NAMES = [
    "weekday",
    "hour",
    "Bounce Type",
    "Client Type",
    "Discount Codes",
    "form_id",
    "List",
    "Method",
    "Source Name",
    "Subject",
    "URL",
]
PROPERTIES = ["property:Tier", "property:Size", "property:Secret"]  # of the last one nothing is kept
BY = [None, None, *ATTRIBUTES, *PROPERTIES, "times", "times", *(f"event:{name}" for name in EVENT_NAMES)]


@st.composite
def questions(draw: st.DrawFn, world: World) -> Json:
    did = draw(st.sampled_from([*VERBS, "member"]))
    held: Json = {"did": did} | (draw(_of("", world)) if did != "member" else {})
    held |= given_only(
        audience=draw(rarely(_audiences())),
        purchase_metric="ORDAPI"
        if draw(st.integers(0, 29)) == 23 and "ORDAPI" in {one["id"] for one in world.metrics}
        else None,
        at_least=draw(rarely(st.integers(1, 3))) if did != "member" else None,
        period=draw(st.one_of(st.none(), _periods(world))),
        machine_opens=draw(st.sampled_from([None, "include", "exclude"])),
        group_by=draw(st.sampled_from(BY if did != "member" else [None, *ATTRIBUTES, *PROPERTIES])),
    )
    if draw(st.integers(0, 5)) < 5:
        held |= draw(_but_not(world))
    if draw(st.integers(0, 29)) == 23:
        held |= draw(_contradictions())
    return held


@st.composite
def _but_not(draw: st.DrawFn, world: World) -> Json:
    but_not = draw(st.sampled_from([*VERBS, "member"]))
    if but_not == "member":
        return {"but_not": but_not, "but_not_audience": draw(_audiences())}
    held = {"but_not": but_not} | draw(_of("but_not_", world))
    mode = draw(st.sampled_from([None, "after", "before", "in_period", "ever", "but_not_period"]))
    if mode == "but_not_period":
        return held | {"but_not_period": draw(_periods(world))}
    within = draw(rarely(st.sampled_from([1, 7, 30]))) if mode in (None, "after", "before") else None
    return held | given_only(but_not_when=mode, within_days=within)


@st.composite
def _of(draw: st.DrawFn, side: str, world: World) -> Json:
    held = sorted({title for event in world.events for title in titles(event, world)})
    anything = ["any"] if side else []
    return given_only(
        **{
            f"{side}campaign": draw(
                rarely(st.sampled_from([*CAMPAIGNS, ",".join(CAMPAIGNS), "spring a", "Spring*", *anything]))
            ),
            f"{side}flow": draw(rarely(st.sampled_from([*FLOWS, "welcome", "Welcome B", *anything]))),
            f"{side}item": draw(rarely(st.sampled_from([*held * 3, "mug", "Lamp, Mug"]))),
        }
    )


def _audiences() -> st.SearchStrategy[str]:
    return st.sampled_from([*AUDIENCES, "vip", "Newsletter, VIP"])


def _periods(world: World) -> st.SearchStrategy[str]:
    days = st.integers(0, 140).map(lambda ago: world.now.date() - timedelta(days=ago))
    words = [
        "all",
        "today",
        "yesterday",
        "last_7_days",
        "last_week",
        "this_month",
        "last_3_months",
        "last_quarter",
        "this_year",
        "last_year",
    ]
    return st.one_of(
        st.sampled_from(words),
        days.map(str),
        days.map(lambda day: f"{day:%Y-%m}"),
        st.tuples(days, days).map(lambda pair: f"{min(pair)}..{max(pair)}"),
        st.sampled_from([f"{world.now:%Y}", f"{world.now.year + 1}-06"]),
    )


def _contradictions() -> st.SearchStrategy[Json]:
    return st.sampled_from(
        [
            {"but_not_when": "ever", "within_days": 3},
            {"but_not_period": "this_year", "within_days": 3},
            {"but_not_audience": "SegmAA"},
            {"but_not": "member"},
            {"but_not_period": "2025-02-30"},
            {"period": "last_0_days"},
        ]
    )
