"""campaign_performance, counted by hand: what each campaign did, whenever it happened."""

from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from tests.oracle import names, periods
from tests.oracle.account import Account, answered, people
from tests.oracle.drawing import given_only, periods_of, rarely
from tests.oracle.figures import amount, quotient, share
from tests.oracle.names import BadArguments
from tests.oracle.ranking import in_order
from tests.oracle.spans import first_day, local
from tests.oracle.world import Json, World

COLUMNS = [
    *["deliveries", "recipients", "bounces", "unique_opens", "unique_opens_human", "unique_clicks"],
    *["unique_clicks_human", "unsubscribes", "spam_complaints", "orders", "revenue", "open_rate", "open_rate_human"],
    *["click_rate", "unsubscribe_rate", "spam_rate", "order_rate", "revenue_per_delivery", "bounce_rate"],
]
STATUSES = {"sent": "Sent", "scheduled": "Scheduled", "draft": "Draft"}


def count(world: World, args: Json, moment: datetime) -> Json:
    """The account's entry. Raises BadArguments for a period that is none."""
    return answered(lambda: _entry(Account(world, moment, args.get("purchase_metric")), args))


def _entry(account: Account, args: Json) -> Json:
    status = args.get("status", "sent")
    campaigns = _asked(account, args, status)
    if status != "sent":
        return _unsent(account, campaigns)
    rows = [_row(account, args, campaign) for campaign in campaigns]
    rows = [row for row in rows if row["deliveries"] >= args.get("min_deliveries", 0)]
    kept = {row["campaign"]["id"] for row in rows}
    campaigns = [campaign for campaign in campaigns if campaign["id"] in kept]
    entry: Json = {"total": {"campaigns": len(rows)} | figures(account, args, campaigns)}
    if args.get("group_by"):
        return entry | {"groups": _groups(account, args, campaigns)}
    return entry | {"rows": in_order(rows, args, lambda row: row["campaign"]["id"])}


def _asked(account: Account, args: Json, status: str) -> list[Json]:
    """Of the status, the names, the channel and the period asked."""
    world = account.world
    of_status = [one for one in world.campaigns if one["attributes"]["status"] == STATUSES[status]]
    found = names.campaigns(world, args["campaign"], STATUSES[status]) if args.get("campaign") else of_status
    words = args.get("period") or ("all" if args.get("campaign") or status == "scheduled" else "last_90_days")
    if status != "draft" and words != "all":
        start, stop = _ahead(account, words) if status == "scheduled" else account.span(words)
        found = [one for one in found if (at := send_time(one)) and start <= at < stop]
    return [one for one in found if args.get("channel") in (None, channel(world, one))]


def _ahead(account: Account, words: str) -> periods.Span:
    try:
        return periods.parse(words, account.world.time_zone, account.now, account.first_event, ahead=True)
    except ValueError as wrong:
        raise BadArguments(words) from wrong


def send_time(campaign: Json) -> datetime | None:
    at = campaign["attributes"]["send_time"]
    return datetime.fromisoformat(at) if at else None


def channel(world: World, campaign: Json) -> str:
    return "sms" if campaign["id"] in world.sms_campaigns else "email"


def messages(world: World, campaign: Json) -> list[Json]:
    """Of the smallest id first."""
    ids = names.messages_of_campaign(world, campaign)
    return sorted((one for one in world.campaign_messages if one["id"] in ids), key=lambda one: one["id"])


def subject(world: World, campaign: Json) -> str | None:
    """Of its first message; None where it has none, as texts have."""
    found = messages(world, campaign)
    return found[0]["attributes"]["definition"]["content"].get("subject") or None if found else None


def _named(account: Account, campaign: Json) -> Json:
    return {
        "campaign": {"id": campaign["id"], "name": names.named(campaign)},
        "channel": channel(account.world, campaign),
        "subject": subject(account.world, campaign),
    }


def _row(account: Account, args: Json, campaign: Json) -> Json:
    at = send_time(campaign)
    sent_at = at and local(at, account.world.time_zone)
    return _named(account, campaign) | {"sent_at": sent_at} | figures(account, args, [campaign])


def figures(account: Account, args: Json, campaigns: list[Json]) -> Json:
    """Of all these campaigns together: events summed, people and orders once."""

    def of_them(events: list[Json]) -> list[Json]:
        return [event for event in events if any(account.is_of_campaign(event, campaign) for campaign in campaigns)]

    received = of_them(account.of("received_email", "received_sms"))
    held: Json = {
        "deliveries": len(received),
        "recipients": len(people(received)),
        "bounces": len(of_them(account.of("bounced_email", "failed_sms"))),
        "unique_opens": len(people(of_them(account.opens))),
        "unique_opens_human": len(people(of_them(account.human_opens))),
        "unique_clicks": len(people(of_them(account.clicks))),
        "unique_clicks_human": len(people(of_them(account.human_clicks))),
        "unsubscribes": len(people(of_them(account.of("unsubscribed_email", "unsubscribed_sms")))),
        "spam_complaints": len(people(of_them(account.of("marked_spam")))),
    }
    return held | _sold(account, args, campaigns, len(received)) | _rates(held)


def _sold(account: Account, args: Json, campaigns: list[Json], deliveries: int) -> Json:
    if account.purchase is None:
        return dict.fromkeys(["orders", "revenue", "order_rate", "revenue_per_delivery"])
    orders = account.attributed(
        args.get("attribution", "klaviyo"),
        marked=lambda event: any(account.is_marked_with_campaign(event, campaign) for campaign in campaigns),
        touched=lambda touch: any(account.is_of_campaign(touch, campaign) for campaign in campaigns),
    )
    return {
        "orders": len(orders),
        "revenue": amount(account.world, orders),
        "order_rate": quotient(len(orders), deliveries),
        "revenue_per_delivery": share(account.world, orders, deliveries, places=6),
    }


def _rates(held: Json) -> Json:
    of_deliveries = {
        "open_rate": "unique_opens",
        "open_rate_human": "unique_opens_human",
        "click_rate": "unique_clicks_human",
        "unsubscribe_rate": "unsubscribes",
        "spam_rate": "spam_complaints",
    }
    rates = {rate: quotient(held[part], held["deliveries"]) for rate, part in of_deliveries.items()}
    return rates | {"bounce_rate": quotient(held["bounces"], held["deliveries"] + held["bounces"])}


def _groups(account: Account, args: Json, campaigns: list[Json]) -> list[Json]:
    found: dict[Any, list[Json]] = {}
    for campaign in campaigns:
        found.setdefault(_group(account, campaign, args["group_by"]), []).append(campaign)
    return [
        {"value": value, "campaigns": len(held)} | figures(account, args, held)
        for value, held in sorted(found.items(), key=lambda item: (item[0] is None, item[0] or 0))
    ]


def _group(account: Account, campaign: Json, by: str) -> str | int | None:
    if by == "channel":
        return channel(account.world, campaign)
    at = send_time(campaign)
    if at is None:
        return None
    there = local(at, account.world.time_zone)
    values: dict[str, str | int] = {
        "month": f"{there:%Y-%m}",
        "week": str(first_day(there.date(), "week")),
        "weekday": there.isoweekday(),
        "hour": there.hour,
    }
    return values[by]


def _unsent(account: Account, campaigns: list[Json]) -> Json:
    ordered = sorted(campaigns, key=lambda one: (send_time(one) is None, send_time(one) or account.now, one["id"]))
    return {
        "rows": [_planned(account, campaign) for campaign in ordered],
        "total": {"campaigns": len(ordered)} | dict.fromkeys(COLUMNS),
    }


def _planned(account: Account, campaign: Json) -> Json:
    at, told = send_time(campaign), campaign["attributes"]["audiences"]
    known = {one["id"]: one for one in account.world.lists + account.world.segments}
    audiences = {
        side: [{"id": key, "name": names.named(known[key]), "kind": known[key]["type"]} for key in told[field]]
        for side, field in (("include", "included"), ("exclude", "excluded"))
    }
    send_at = at and local(at, account.world.time_zone)
    return _named(account, campaign) | dict.fromkeys(COLUMNS) | {"send_at": send_at} | audiences


def questions(world: World) -> st.SearchStrategy[Json]:
    return _sent_questions(world) | _unsent_questions()


@st.composite
def _sent_questions(draw: st.DrawFn, world: World) -> Json:
    return given_only(
        campaign=draw(rarely(st.sampled_from(["01CAMPAIGNA", "Spring*", "spring b", "latest", "latest:spring", "*"]))),
        period=draw(st.one_of(st.none(), st.just("all"), periods_of(world))),
        channel=draw(rarely(st.sampled_from(["email", "sms"]))),
        min_deliveries=draw(rarely(st.integers(0, 3))),
        group_by=draw(st.sampled_from([None, None, "channel", "month", "week", "weekday", "hour"])),
        sort_by=draw(st.sampled_from([None, *COLUMNS])),
        order=draw(st.sampled_from([None, "asc", "desc"])),
        attribution=draw(st.sampled_from([None, "klaviyo", "last_touch"])),
    )


@st.composite
def _unsent_questions(draw: st.DrawFn) -> Json:
    status = draw(st.sampled_from(["scheduled", "draft"]))
    held: Json = {"status": status}
    if status == "scheduled" and draw(st.booleans()):
        held["period"] = draw(st.sampled_from(["tomorrow", "next_week", "next_7_days", "next_30_days", "this_year"]))
    if draw(st.integers(0, 3)) == 0:
        held["channel"] = draw(st.sampled_from(["email", "sms"]))
    return held
