"""What questions to every tool are drawn from: periods in all their forms, and arguments that are mostly left out."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from tests.oracle.world import Json, World

WORDS = [
    *["all"] * 8,
    *["today", "yesterday", "last_7_days", "last_week", "this_week", "this_month", "last_month"],
    *[
        "last_3_months",
        "this_quarter",
        "last_quarter",
        "this_year",
        "last_year",
        "last_90_days..now",
        "last_2_months..now",
    ],
]


def rarely(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), st.none(), st.none(), strategy)


def given_only(**values: Any) -> Json:
    return {name: value for name, value in values.items() if value is not None}


def periods_of(world: World) -> st.SearchStrategy[str]:
    """Mostly of the time in which something happened; now and then one that lies wholly ahead."""
    days = st.integers(0, 140).map(lambda ago: world.now.date() - timedelta(days=ago))
    return st.one_of(
        st.sampled_from(WORDS),
        days.map(str),
        days.map(lambda day: f"{day:%Y-%m}"),
        days.map(lambda day: f"{day:%Y}-Q{(day.month + 2) // 3}"),
        st.tuples(days, days).map(lambda pair: f"{min(pair)}..{max(pair)}"),
        days.map(lambda day: f"{day}.."),
        days.map(lambda day: f"..{day}"),
        st.sampled_from([f"{world.now:%Y}", f"{world.now.year + 1}-06"]),
    )


@st.composite
def periods_in_buckets(draw: st.DrawFn, world: World, *, total: bool = False) -> Json:
    """A period and an interval of which it has few buckets."""
    days = st.integers(0, 120).map(lambda ago: world.now.date() - timedelta(days=ago))
    last, length = draw(days), draw(st.sampled_from([0, 1, 6, 20, 45]))
    short = [
        f"{last - timedelta(days=length)}..{last}",
        "last_7_days",
        "this_week",
        "this_month",
        "last_month",
        "today",
    ]
    interval = draw(st.sampled_from([None, "month", "week", "day", *(["total"] if total else [])]))
    period = draw(st.sampled_from(short) if interval in ("day", "week") else rarely(periods_of(world)))
    return given_only(period=period, interval=interval)
