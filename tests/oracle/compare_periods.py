"""compare_periods, counted by hand: each measure in a period, before, and bucket by bucket."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from tests.oracle.account import Account, answered, people
from tests.oracle.campaign_performance import channel
from tests.oracle.drawing import given_only, periods_in_buckets
from tests.oracle.figures import amount, half_up, share
from tests.oracle.names import BadArguments
from tests.oracle.periods import Span
from tests.oracle.spans import buckets, compared
from tests.oracle.world import Json, World, related, when

Figure = int | Decimal | None
Measure = Callable[[Account, Span], Figure]


def _within(events: list[Json], span: Span) -> list[Json]:
    return [event for event in events if span[0] <= when(event) < span[1]]


def _events(*verbs: str) -> Measure:
    return lambda account, span: len(_within(account.of(*verbs), span))


def _people(*verbs: str, human: bool = False) -> Measure:
    def measure(account: Account, span: Span) -> int:
        events = _within(account.of(*verbs), span)
        return len(people(account.by_people(events) if human else events))

    return measure


def _of_purchases(measure: Measure) -> Measure:
    """Null without a purchase metric."""
    return lambda account, span: measure(account, span) if account.purchase else None


def _average(account: Account, span: Span) -> Decimal | None:
    orders = _within(account.orders, span)
    return share(account.world, orders, len(orders), places=2)


def _new_buyers(account: Account, span: Span) -> int:
    """Buyers of the period none of whose orders was before it."""
    before = people(order for order in account.orders if when(order) < span[0])
    return len(people(_within(account.orders, span)) - before)


def _marked(is_so: Callable[[Account, Json], bool]) -> Measure:
    """The value of the order events that bear such a mark, each once."""

    def measure(account: Account, span: Span) -> Decimal:
        events = [
            one
            for one in _within(account.order_events, span)
            if any(is_so(account, m) for m in account.marks[one["id"]])
        ]
        return amount(account.world, events)

    return measure


def _is_of_campaign(account: Account, mark: Json) -> bool:
    return bool(related(mark, "campaign") or related(mark, "campaign-message"))


def _is_of_flow(account: Account, mark: Json) -> bool:
    return bool(related(mark, "flow") or related(mark, "flow-message"))


def _by_channel(wanted: str) -> Callable[[Account, Json], bool]:
    return lambda account, mark: wanted == _channel(account.world, mark)


def _channel(world: World, mark: Json) -> str | None:
    """Of the marked message, else of the campaign; a flow alone has none."""
    message = related(mark, "campaign-message") or related(mark, "flow-message")
    if message:
        found = [one for one in world.campaign_messages if one["id"] == message]
        if found:
            return str(found[0]["attributes"]["definition"]["channel"])
        actions = [action for flow in world.flows for action in flow["attributes"]["definition"]["actions"]]
        sending = [one for one in actions if (one["data"].get("message") or {}).get("id") == message]
        if sending:
            return str(sending[0]["type"].removeprefix("send-"))
    return next((channel(world, one) for one in world.campaigns if one["id"] == related(mark, "campaign")), None)


def _refunds(account: Account, span: Span) -> Decimal | None:
    if not account.metric_ids("refunded"):
        return None
    return amount(account.world, _within(account.of("refunded"), span))


USUAL: dict[str, Measure] = {
    "email_deliveries": _events("received_email"),
    "openers": _people("opened_email"),
    "openers_human": _people("opened_email", human=True),
    "clickers_human": _people("clicked_email", "clicked_sms", human=True),
    "orders": _of_purchases(lambda account, span: len(_within(account.orders, span))),
    "buyers": _of_purchases(lambda account, span: len(people(_within(account.orders, span)))),
    "revenue": _of_purchases(lambda account, span: amount(account.world, _within(account.orders, span))),
    "average_order_value": _of_purchases(_average),
    "subscribed_list": _events("subscribed_list"),
    "unsubscribed_list": _events("unsubscribed_list"),
}
NAMED: dict[str, Measure] = {
    "email_recipients": _people("received_email"),
    "sms_deliveries": _events("received_sms"),
    "bounces": _events("bounced_email", "failed_sms"),
    "spam_complaints": _events("marked_spam"),
    "subscribed_email": _events("subscribed_email"),
    "unsubscribed_email": _events("unsubscribed_email"),
    "new_buyers": _of_purchases(_new_buyers),
    "attributed_revenue": _of_purchases(_marked(lambda account, mark: True)),
    "campaign_revenue": _of_purchases(_marked(_is_of_campaign)),
    "flow_revenue": _of_purchases(_marked(_is_of_flow)),
    "email_revenue": _of_purchases(_marked(_by_channel("email"))),
    "sms_revenue": _of_purchases(_marked(_by_channel("sms"))),
    "refunds": _refunds,
}
MEASURES = USUAL | NAMED
OF_ORDERS = {"orders", "buyers", "revenue", "average_order_value", "new_buyers"} | {
    name for name in NAMED if name.endswith("_revenue")
}


def count(world: World, args: Json, moment: datetime) -> Json:
    """The account's entry. Raises BadArguments for a period that is none, or that has nothing before it."""
    return answered(lambda: _entry(Account(world, moment, args.get("purchase_metric")), args))


def _entry(account: Account, args: Json) -> Json:
    words = args.get("period", "last_30_days")
    span, before = account.span(words), _before(account, args, words)
    asked = _asked(args)
    if OF_ORDERS & set(asked):
        _ = account.purchase  # of several that could be it the caller chooses first
    entry: Json = {"rows": [_row(account, name, span, before) for name in asked]}
    if args.get("interval"):
        held = buckets(span, args["interval"], account.world.time_zone, account.now)
        series = [(bucket.start, (bucket.begin, bucket.end)) for bucket in held]
        entry["series"] = [
            {"start": str(start)} | {name: MEASURES[name](account, part) for name in asked} for start, part in series
        ]
    return entry


def _asked(args: Json) -> list[str]:
    words = args.get("measures")
    if not words:
        return list(USUAL)
    return list(MEASURES) if words == "all" else [name.strip() for name in words.split(",")]


def _before(account: Account, args: Json, words: str) -> Span | None:
    against = args.get("against", "none" if words == "all" else "previous")
    try:
        return compared(words, against, account.world.time_zone, account.now, account.first_event)
    except ValueError as wrong:
        raise BadArguments(against) from wrong


def _row(account: Account, name: str, span: Span, before: Span | None) -> Json:
    value = MEASURES[name](account, span)
    was = MEASURES[name](account, before) if before else None
    return {"measure": name, "value": value, "before": was} | changed(value, was)


def changed(value: Figure, before: Figure) -> Json:
    """Reckoned from the figures shown; no rate of what was not above zero."""
    if value is None or before is None:
        return {"change": None, "change_rate": None}
    change = value - before
    return {"change": change, "change_rate": half_up(Fraction(change) / Fraction(before), 6) if before > 0 else None}


@st.composite
def questions(draw: st.DrawFn, world: World) -> Json:
    held = draw(periods_in_buckets(world))
    some = st.lists(st.sampled_from(list(MEASURES)), min_size=1, max_size=4, unique=True).map(", ".join)
    against = ["previous", "previous", "year_before", "year_before_weekday", "none", "last_month", "2025", "this_year"]
    if held.get("period") == "all":
        against = ["none", "last_month"]
    return held | given_only(
        measures=draw(st.one_of(st.none(), st.just("all"), some)), against=draw(st.sampled_from([None, *against]))
    )
