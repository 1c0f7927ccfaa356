"""flow_performance, counted by hand: what each flow and message did, bucket by bucket."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from hypothesis import strategies as st

from tests.oracle import names
from tests.oracle.account import Account, answered, message_of, people
from tests.oracle.drawing import given_only, periods_in_buckets, rarely
from tests.oracle.figures import amount, quotient
from tests.oracle.ranking import in_order
from tests.oracle.spans import Bucket, buckets, local
from tests.oracle.world import Json, World, related, when

COLUMNS = [
    *["deliveries", "recipients", "email_recipients", "openers", "openers_human", "open_rate", "open_rate_human"],
    *["active_openers", "active_openers_human", "clickers_human", "orders", "revenue"],
]


@dataclass(frozen=True)
class Part:
    """Of what a row tells: `holds` an event that is of it, `marked` an order event that Klaviyo attributed to it."""

    holds: Callable[[Json], bool]
    marked: Callable[[Json], bool]


def count(world: World, args: Json, moment: datetime) -> Json:
    """The account's entry. Raises BadArguments for a period that is none."""
    return answered(lambda: _entry(Account(world, moment, args.get("purchase_metric")), args))


def _entry(account: Account, args: Json) -> Json:
    flows = _asked(account, args)
    span = account.span(args.get("period", "last_6_months"))
    zone, now = account.world.time_zone, account.now
    whole = buckets(span, "total", zone, now)[0]
    ranked = [
        {"id": flow["id"], "flow": flow} | _figures(account, args, _of_flows(account, [flow]), whole) for flow in flows
    ]
    ordered = [row["flow"] for row in in_order(ranked, args, lambda row: row["id"])]
    held = buckets(span, args.get("interval", "month"), zone, now)
    return {
        "flows": [_shown(account, flow) for flow in ordered],
        "rows": [row for bucket in held for row in _rows(account, args, ordered, bucket)],
    }


def _asked(account: Account, args: Json) -> list[Json]:
    world = account.world
    found = names.objects(world, world.flows, args["flow"], many=True) if args.get("flow") else world.flows
    return [flow for flow in found if args.get("status") in (None, status(world, flow))]


def status(world: World, flow: Json) -> str:
    return "deleted" if flow["id"] in world.deleted else str(flow["attributes"]["status"])


def _shown(account: Account, flow: Json) -> Json:
    received = [event for event in account.of("received_email", "received_sms") if account.is_of_flow(event, flow)]
    latest = max((when(event) for event in received), default=None)
    return {
        "id": flow["id"],
        "name": names.named(flow),
        "status": status(account.world, flow),
        "trigger": flow["attributes"]["trigger_type"],
        "last_sent_at": latest and local(latest, account.world.time_zone),
    }


def _rows(account: Account, args: Json, flows: list[Json], bucket: Bucket) -> list[Json]:
    start: Json = {"start": str(bucket.start)}
    rows: list[Json] = [start | {"flow": None} | _figures(account, args, _of_flows(account, flows), bucket)]
    for flow in flows:
        of = start | {"flow": flow["id"]}
        rows.append(of | _figures(account, args, _of_flows(account, [flow]), bucket))
        for message in _messages(flow) if args.get("by") == "message" else []:
            rows.append(
                of | {"message": message} | _figures(account, args, _of_message(account, message["id"]), bucket)
            )
    return rows


def _messages(flow: Json) -> list[Json]:
    actions = [one for one in flow["attributes"]["definition"]["actions"] if one["type"].startswith("send-")]
    return [
        {
            "id": action["data"]["message"]["id"],
            "name": action["data"]["message"]["name"],
            "subject": action["data"]["message"].get("subject_line") or None,
            "channel": action["type"].removeprefix("send-"),
        }
        for action in actions
    ]


def _of_flows(account: Account, flows: list[Json]) -> Part:
    return Part(
        lambda event: any(account.is_of_flow(event, flow) for flow in flows),
        lambda event: any(account.is_marked_with_flow(event, flow) for flow in flows),
    )


def _of_message(account: Account, message: str) -> Part:
    return Part(
        lambda event: message_of(event) == message,
        lambda event: account.is_marked_with_message(event, message),
    )


def _figures(account: Account, args: Json, part: Part, bucket: Bucket) -> Json:
    def here(events: list[Json]) -> list[Json]:
        return [event for event in events if bucket.holds(when(event)) and part.holds(event)]

    mails = here(account.of("received_email"))
    received = mails + here(account.of("received_sms"))
    openers, human = (_who_opened(mails, opens, part) for opens in (account.opens, account.human_opens))
    return {
        "deliveries": len(received),
        "recipients": len(people(received)),
        "email_recipients": len(people(mails)),
        "openers": openers,
        "openers_human": human,
        "open_rate": quotient(openers, len(people(mails))),
        "open_rate_human": quotient(human, len(people(mails))),
        "active_openers": len(people(here(account.opens))),
        "active_openers_human": len(people(here(account.human_opens))),
        "clickers_human": len(people(here(account.human_clicks))),
    } | _sold(account, args, part, bucket)


def _who_opened(mails: list[Json], opens: list[Json], part: Part) -> int:
    """People who opened, whenever, one of the e-mails that they received."""
    got = {(related(mail, "profile"), message_of(mail)) for mail in mails if message_of(mail)}
    return len(people(event for event in opens if part.holds(event) and _letter(event) in got))


def _letter(event: Json) -> tuple[str | None, str | None]:
    return related(event, "profile"), message_of(event)


def _sold(account: Account, args: Json, part: Part, bucket: Bucket) -> Json:
    if account.purchase is None:
        return {"orders": None, "revenue": None}
    orders = account.attributed(args.get("attribution", "klaviyo"), part.marked, part.holds)
    orders = [order for order in orders if bucket.holds(when(order))]
    return {"orders": len(orders), "revenue": amount(account.world, orders)}


def row_key(row: Json) -> tuple[str, str, str]:
    return row["start"], row["flow"] or "", (row.get("message") or {}).get("id", "")


@st.composite
def questions(draw: st.DrawFn, world: World) -> Json:
    return draw(periods_in_buckets(world, total=True)) | given_only(
        flow=draw(rarely(st.sampled_from(["FlowAA", "welcome", "Welcome B", "FlowAA, FlowCC"]))),
        status=draw(rarely(st.sampled_from(["live", "manual", "draft"]))),
        by=draw(st.sampled_from([None, "flow", "message"])),
        sort_by=draw(st.sampled_from([None, *COLUMNS])),
        order=draw(st.sampled_from([None, "asc", "desc"])),
        attribution=draw(st.sampled_from([None, "klaviyo", "last_touch"])),
    )
