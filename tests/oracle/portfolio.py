"""portfolio, counted by hand: accounts side by side, measure by measure."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from hypothesis import strategies as st

from tests.oracle.account import Account, answered, message_of, people
from tests.oracle.campaign_performance import send_time
from tests.oracle.compare_periods import MEASURES as FIGURES
from tests.oracle.compare_periods import Figure, changed
from tests.oracle.drawing import given_only
from tests.oracle.figures import quotient
from tests.oracle.flow_performance import status
from tests.oracle.names import BadArguments
from tests.oracle.periods import Span
from tests.oracle.spans import compared
from tests.oracle.world import Json, World, related, when

Measure = Callable[[Account, Span], Figure]
MONEY = {"revenue", "attributed_revenue"}
OF_ORDERS = {"revenue", "orders", "attributed_revenue"}


def _of_who_received(events: Callable[[Account], list[Json]]) -> Measure:
    """Of the people who received an e-mail in the period those who, at any time, did it to one of these e-mails."""

    def measure(account: Account, span: Span) -> Decimal | None:
        mails = [event for event in account.of("received_email") if span[0] <= when(event) < span[1]]
        got = {(related(mail, "profile"), message_of(mail)) for mail in mails if message_of(mail)}
        did = {related(one, "profile") for one in events(account) if (related(one, "profile"), message_of(one)) in got}
        return quotient(len(did - {None}), len(people(mails)))

    return measure


def _of_deliveries(verb: str) -> Measure:
    def measure(account: Account, span: Span) -> Decimal | None:
        did = people(event for event in account.of(verb) if span[0] <= when(event) < span[1])
        return quotient(len(did), int(FIGURES["email_deliveries"](account, span) or 0))

    return measure


def _clicked_mails(account: Account) -> list[Json]:
    return account.by_people(account.of("clicked_email"))


def _net(account: Account, span: Span) -> int:
    joined, left = (FIGURES[name](account, span) for name in ("subscribed_list", "unsubscribed_list"))
    return int(joined or 0) - int(left or 0)


def _bounce_rate(account: Account, span: Span) -> Decimal | None:
    bounced, received = (
        sum(span[0] <= when(event) < span[1] for event in account.of(verb))
        for verb in ("bounced_email", "received_email")
    )
    return quotient(bounced, received + bounced)


def _campaigns_sent(account: Account, span: Span) -> int:
    sent = [one for one in account.world.campaigns if one["attributes"]["status"] == "Sent"]
    return sum(bool((at := send_time(one)) and span[0] <= at < span[1]) for one in sent)


MEASURES: dict[str, Measure] = {
    "revenue": FIGURES["revenue"],
    "orders": FIGURES["orders"],
    "attributed_revenue": FIGURES["attributed_revenue"],
    "open_rate_human": _of_who_received(lambda account: account.human_opens),
    "click_rate": _of_who_received(_clicked_mails),
    "email_deliveries": FIGURES["email_deliveries"],
    "subscribed_net": _net,
    "spam_rate": _of_deliveries("marked_spam"),
    "unsubscribe_rate": _of_deliveries("unsubscribed_email"),
    "bounce_rate": _bounce_rate,
    "campaigns_sent": _campaigns_sent,
}


def count(worlds: Mapping[str, World], args: Json, moment: datetime) -> list[Json]:
    """`data.rows` of the accounts by their ids. Raises BadArguments for a period that is none."""
    asked = [name.strip() for name in args.get("measure", "revenue").split(",")]
    if "silent_flows" in asked and args.get("against") == "none":
        raise BadArguments(args)
    return [
        row for name in asked for row in _ranked(name, [_row(worlds[key], key, name, args, moment) for key in worlds])
    ]


def _row(world: World, key: str, name: str, args: Json, moment: datetime) -> Json:
    figures = answered(lambda: _figures(Account(world, moment), name, args))
    held = {"measure": name, "account": {"id": key}, "currency": world.currency, "status": figures["status"]}
    if figures["status"] == "ok":
        return held | figures
    why = {"reason": {"code": figures["reason"]}} if figures["reason"] else {}
    return held | {"value": None, "before": None, "change_rate": None} | why


def _figures(account: Account, name: str, args: Json) -> Json:
    words = args.get("period", "last_30_days")
    span = account.span(words)
    before = _before(account, words, args.get("against", "previous"))
    if name in OF_ORDERS:
        account.needs_purchase_metric()
    if name == "silent_flows":
        return {"value": len(silent(account, span, before)), "before": None, "change_rate": None}
    value, was = MEASURES[name](account, span), MEASURES[name](account, before) if before else None
    return {"value": value, "before": was, "change_rate": changed(value, was)["change_rate"]}


def _before(account: Account, words: str, against: str) -> Span | None:
    try:
        return compared(words, against, account.world.time_zone, account.now, account.first_event)
    except ValueError as wrong:
        raise BadArguments(against) from wrong


def silent(account: Account, span: Span, before: Span | None) -> list[Json]:
    """Live flows that sent something before and nothing since."""
    live = [flow for flow in account.world.flows if status(account.world, flow) == "live"]
    return [flow for flow in live if not _sent(account, flow, span) and before and _sent(account, flow, before)]


def _sent(account: Account, flow: Json, span: Span) -> bool:
    received = account.of("received_email", "received_sms")
    return any(span[0] <= when(event) < span[1] and account.is_of_flow(event, flow) for event in received)


def _ranked(name: str, rows: list[Json]) -> list[Json]:
    """Largest first, nulls last, failed ones after them; money within its currency."""
    rows.sort(key=lambda row: row["account"]["id"])
    rows.sort(key=lambda row: (row["status"] != "ok", row["value"] is None, -(row["value"] or 0)))
    places: dict[str, int] = {}
    for row in (row for row in rows if row["status"] == "ok"):
        among = row["currency"] if name in MONEY else ""
        places[among] = row["rank"] = places.get(among, 0) + 1
    return rows


def by_currency(rows: list[Json]) -> list[Json]:
    """Rows of money currency by currency: how currencies follow each other is open."""
    order = list(dict.fromkeys(row["measure"] for row in rows))
    return sorted(rows, key=lambda row: (order.index(row["measure"]), row["measure"] in MONEY and row["currency"]))


def questions() -> st.SearchStrategy[Json]:
    measures = st.lists(st.sampled_from([*MEASURES, "silent_flows"]), min_size=1, max_size=5, unique=True).map(",".join)
    periods = ["last_30_days", "last_7_days", "this_month", "last_month", "last_2_months..now", "today"]
    against = ["previous", "year_before", "year_before_weekday", "none", "last_quarter"]
    return st.builds(
        lambda **held: given_only(**held),
        measure=st.one_of(measures, measures, st.none()),
        period=st.sampled_from([None, *periods]),
        against=st.sampled_from([None, *against]),
    )
