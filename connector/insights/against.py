"""What a period is compared with, as the argument `against` says it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from connector.insights import coverage
from connector.insights.arguments import bad
from connector.insights.caveats import Caveat
from connector.insights.comparisons import previous, year_before, year_before_weekday
from connector.insights.coverage import Span
from connector.insights.periods import HINT, BadPeriod, Period, parse, zone_of
from connector.insights.question import AccountQuestion

NONE: Final = "none"
MOVED: Final = {"previous": previous, "year_before": year_before, "year_before_weekday": year_before_weekday}
FORMS: Final = "previous, year_before, year_before_weekday, none or a period"


def against_of(args: Mapping[str, Any], period: str) -> str:
    """The argument, or what stands for it: `previous`, of `all` nothing."""
    return str(args.get("against") or (NONE if period == "all" else "previous"))


def check_against(args: Mapping[str, Any], period: str, moment: datetime) -> None:
    """Raises BadArguments for what is neither a word nor a period, and where nothing lies before the period."""
    text = against_of(args, period)
    if text in MOVED and period == "all":
        raise bad("against", f"{text} does not go with period=all, which has nothing before it; give none or a period")
    if text in MOVED or text == NONE:
        return
    try:
        parse(text, zone_of("UTC"), moment, lambda: None)
    except BadPeriod:
        raise bad("against", f"{text!r} is none of {FORMS}, {HINT}") from None


def before_of(asked: AccountQuestion, period: Period, name: str) -> Period | None:
    """The period compared with, if any. `name`: the period as it was asked."""
    text = against_of(asked.args, name)
    if text == NONE:
        return None
    moved = MOVED.get(text)
    return moved(period, asked.account.zone, asked.moment) if moved else asked.resolver.period("against")


def held_before(asked: AccountQuestion, period: Period, name: str) -> tuple[Period | None, list[Caveat]]:
    """The same for figures from events; None with a caveat where nothing of it is held."""
    before = before_of(asked, period, name)
    if before is None or not coverage.is_before_held(asked.account, before):
        return before, []
    told = f"Events {before.words()} are not held: there is no figure to compare with."
    return None, [Caveat("outside_range", told)]


def span_of(asked: AccountQuestion, *periods: Period | None) -> Span:
    """All that is read of these periods, cut at the moment."""
    held = [period for period in periods if period]
    end = max(period.end for period in held)
    return Span(min(period.start for period in held), min(end, asked.moment))
