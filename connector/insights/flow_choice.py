"""Which flows flow_performance is asked about, over which buckets, and how their figures become rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from connector.insights.buckets import Bucket, buckets
from connector.insights.caveats import Caveat
from connector.insights.flow_performance_sql import LAST_SENT, bound_flows
from connector.insights.objects import KlaviyoObject
from connector.insights.periods import Period
from connector.insights.question import AccountQuestion
from connector.insights.ranking import ranked
from connector.insights.resolver import tried
from connector.records.links import klaviyo_url

PERIOD: Final = "last_6_months"
INTERVAL: Final = "month"
WHOLE: Final = -1  # in place of a bucket's number: the whole period as one


@dataclass(frozen=True)
class Key:
    """Whose figures: of all flows together, of a flow (its number), of a message (its id); in which bucket."""

    level: str
    part: int
    message: str
    bucket: int


Figures = Callable[[Key], dict[str, Any]]


@dataclass(frozen=True)
class Chosen:
    """The flows asked for, by id, what counts as an order (None: not known), and the buckets."""

    flows: list[KlaviyoObject]
    period: Period
    purchase: KlaviyoObject | None
    buckets: list[Bucket]
    by_message: bool


def choose(asked: AccountQuestion, *, check_held: bool = False) -> Chosen:
    """Raises Refusal. `check_held`: also where nothing of the period is held."""
    resolver, args = asked.resolver, asked.args
    named, purchase = tried(resolver.flows, resolver.purchase_metric)
    period = resolver.period(default=PERIOD)
    if check_held:
        asked.check_held(period)
    flows = named if args.get("flow") else resolver.records.every("flow")
    wanted = args.get("status")
    flows = sorted((flow for flow in flows if wanted in (None, status_of(flow))), key=lambda flow: flow.id)
    resolver.rests_on(flows)
    gone = sum(flow.deleted for flow in flows)
    if gone and not named:
        text = f"{gone:,} of these flows {'is' if gone == 1 else 'are'} no longer in Klaviyo; what is held counts."
        resolver.tell(Caveat("deleted_object", text))
    held = buckets(period, str(args.get("interval", INTERVAL)), asked.account.zone, asked.moment)
    return Chosen(flows, period, purchase, held, args.get("by") == "message")


def status_of(flow: KlaviyoObject) -> str:
    return "deleted" if flow.deleted else flow.status


def table(asked: AccountQuestion, chosen: Chosen, figures: Figures) -> dict[str, Any]:
    """`flows` in the order asked and `rows` by bucket: all together, then each flow, each with its messages."""
    last_sent = _last_sent(asked, chosen)
    order = _order(asked, chosen, figures, last_sent)
    messages = _messages(asked, chosen) if chosen.by_message else {}
    rows: list[dict[str, Any]] = []
    for place, bucket in enumerate(chosen.buckets):
        start: dict[str, Any] = {"start": str(bucket.start)}
        rows.append(start | {"flow": None} | figures(Key("all", 0, "", place)))
        for number in order:
            flow = start | {"flow": chosen.flows[number].id}
            rows.append(flow | figures(Key("flow", number, "", place)))
            rows += [
                flow | {"message": message} | figures(Key("message", 0, message["id"], place))
                for message in messages.get(chosen.flows[number].id, [])
            ]
    return {"flows": [_head(chosen.flows[number], last_sent.get(number)) for number in order], "rows": rows}


def _order(asked: AccountQuestion, chosen: Chosen, figures: Figures, last_sent: Mapping[int, str]) -> list[int]:
    """The flows' numbers by the column asked, over the whole period."""
    by = str(asked.args.get("sort_by", "revenue"))
    rows = [
        {"number": number, "last_sent_at": last_sent.get(number)} | figures(Key("flow", number, "", WHOLE))
        for number in range(len(chosen.flows))
    ]
    found = ranked(rows, by, str(asked.args.get("order", "desc")), lambda row: chosen.flows[row["number"]].id)
    return [row["number"] for row in found]


def _head(flow: KlaviyoObject, last_sent: str | None) -> dict[str, Any]:
    return {
        "id": flow.id,
        "name": flow.name,
        "status": status_of(flow),
        "trigger": flow.trigger,
        "last_sent_at": last_sent,
        "url": klaviyo_url(flow.kind, flow.id),
    }


def _last_sent(asked: AccountQuestion, chosen: Chosen) -> dict[int, str]:
    """The local time of the latest Received event held of each flow, by its number."""
    received = asked.resolver.ids_of("received_email", "received_sms")
    rows = asked.rows(LAST_SENT, {"received_metrics": received or [""], **bound_flows(chosen.flows)})
    return {row.part: row.time.astimezone(asked.account.zone).isoformat() for row in rows}


def _messages(asked: AccountQuestion, chosen: Chosen) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for each in asked.resolver.records.messages_of([flow.id for flow in chosen.flows]):
        shown = {"id": each.id, "name": each.name, "subject": each.subject or None, "channel": each.channel}
        found.setdefault(each.parent, []).append(shown)
    return found
