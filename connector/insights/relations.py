"""The SQL that questions share: tables, what counts, what an event is of, orders, touches, line items, local time.

Constant text put together by the shape of a question; every value is a bound parameter. Columns: connector/lake/schema.py.
Every relation drops what is dated after `$moment`; instants are compared as microseconds where they meet between rows.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from connector.insights.buckets import Bucket
from connector.insights.coverage import AccountState
from connector.insights.days import offsets
from connector.insights.objects import KlaviyoObject

EVENTS: Final = "read_parquet($events, hive_partitioning=false)"
AHEAD: Final = "read_parquet($events_ahead, hive_partitioning=false)"
PROFILES: Final = "read_parquet($profiles, hive_partitioning=false)"
MEMBERS: Final = "read_parquet($members, hive_partitioning=false)"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
TABLES: Final = frozenset({"events", "events_ahead", "events_first", "profiles", "members"})
TOUCH_LASTS: Final = timedelta(days=5)  # of 24 hours: how long an order is due to a touch
SOURCES: Final = ("sms", "email_form", "other")  # how people first subscribed, in the order of answers
PARAMETER: Final = re.compile(r"\$([a-z_][a-z_0-9]*)")

FEW: Final = 20


def is_any(column: str, param: str) -> str:
    """The condition that a column has one of the values bound. Of few the reader of files makes a filter, and decodes no
    other column of rows that fail; of many a set is looked up."""
    return f"""case when len(${param}) > {FEW} then {column} in (select unnest(${param}))
        else list_contains(${param}, {column}) end"""


# An event without message and flow (an order) is of those that Klaviyo attributed it to.
OF_CAMPAIGN: Final = f"""({is_any("message", "{side}_campaign_messages")} or (message is null and flow is null and (
    list_has_any(list_transform(attributed, lambda a: a.campaign), ${{side}}_campaigns)
    or list_has_any(list_transform(attributed, lambda a: a.message), ${{side}}_campaign_messages))))"""
OF_FLOW: Final = f"""({is_any("flow", "{side}_flows")} or {is_any("message", "{side}_flow_messages")}
    or (message is null and flow is null and (
    list_has_any(list_transform(attributed, lambda a: a.flow), ${{side}}_flows)
    or list_has_any(list_transform(attributed, lambda a: a.message), ${{side}}_flow_messages))))"""
OF_ITEM: Final = "list_has_any(list_transform(items, lambda i: i.title), ${side}_items)"
OF: Final = {"campaign": OF_CAMPAIGN, "flow": OF_FLOW, "item": OF_ITEM, "either": f"({OF_CAMPAIGN} or {OF_FLOW})"}
BY_PEOPLE: Final = """not (machine_open and metric in (select unnest($open_metrics)))
    and not (bot_click and metric in (select unnest($click_metrics)))"""
IN_CURRENCY: Final = "coalesce(currency, $currency) = $currency"
AMOUNT: Final = f"case when {IN_CURRENCY} then coalesce(value, 0) else 0 end"
FOREIGN: Final = "coalesce(currency, $currency) <> $currency and value is not null"


@lru_cache(maxsize=512)
def parameters(sql: str) -> frozenset[str]:
    """The names that must be bound, besides the tables, which the lake binds."""
    return frozenset(PARAMETER.findall(sql)) - TABLES


def of(side: str, kinds: Iterable[str]) -> list[str]:
    """Conditions that an event is of the objects bound for this side (`x`, `y`): all of the kinds must hold."""
    return [OF[kind].replace("{side}", side) for kind in kinds]


def bound_objects(side: str, kind: str, objects: Iterable[KlaviyoObject]) -> dict[str, Any]:
    """The parameters of `of`: ids of campaigns or flows, and of their messages."""
    objects = list(objects)
    messages = [message for each in objects for message in each.event_messages]
    # An empty list has no type that DuckDB could compare with.
    return {f"{side}_{kind}s": [each.id for each in objects] or [""], f"{side}_{kind}_messages": messages or [""]}


def orders(metrics: str = "order_metrics", columns: str = "*", further: str = "") -> str:
    """Every delivery of an order, `delivery` 1 the earliest by (time, event id), `deliveries` of it in all: an order is a
    person and an order id, `order_key`. `columns` have person, us and id. `further`: a condition, by which no order loses
    its earliest delivery."""
    return f"with {delivered(metrics, columns, further)} {numbered()}"


def delivered(metrics: str, columns: str, further: str = "") -> str:
    """CTEs `delivered`, every delivery of an order with its `order_key`, and `again`, keys of those that came again."""
    return f"""delivered as materialized (select {columns}, coalesce(order_id, id) as order_key
        from {EVENTS} where metric in (select unnest(${metrics})) and time <= $moment {further}),
    again as materialized (select order_key from delivered group by order_key having count(*) > 1)"""


def numbered() -> str:
    """`delivered` with `delivery` and `deliveries`: see `orders`. What came again alone is numbered, which costs a sort."""
    return """select *, 1 as delivery, 1 as deliveries from delivered anti join again using (order_key)
    union all select *, row_number() over (partition by person, order_key order by us, id) as delivery,
        count(*) over (partition by person, order_key) as deliveries from delivered semi join again using (order_key)"""


def among(argument: str = "audience") -> str:
    """The condition that the person is a present member of any of the lists and segments bound."""
    return f"person in (select person from {MEMBERS} where audience in (select unnest(${argument})))"


def first_subscriptions(further: str = "") -> str:
    """Each person's first subscription by (time, event id): person, us, source (SOURCES).

    `further`: a condition on the events. Bound: `text_metrics` and `subscription_metrics`, which hold those too.
    """
    return f"""select person, first.us as us, first.source as source from (
        select person, min({{'us': epoch_us(time), 'id': id, 'source': case when list_contains($text_metrics, metric)
            then 'sms' when method = 'Form' then 'email_form' else 'other' end}}) as first
        from {EVENTS} where metric in (select unnest($subscription_metrics)) and time <= $moment
            and person is not null {further} group by person)"""


def line_items(events: str, columns: str) -> str:
    """One row per line of the events of a CTE that has `items`: the columns named, title, quantity and price of the line,
    and `nth`, its place among those of the event."""
    return f"""select {columns}, unnest(items, recursive := true), generate_subscripts(items, 1) as nth
        from {events} where len(items) > 0"""


MARKS: Final = "list_distinct(flatten(list_transform(attributed, lambda a: [a.campaign, a.flow, a.message])))"
# What an event is of, as ids of campaigns, flows and messages.
KEYS: Final = f"case when message is null and flow is null then {MARKS} else [message, flow] end"


def keyed(events: str, keys: str = KEYS) -> str:
    """One row per event of a CTE and id that it is of (`KEYS`), or that Klaviyo attributed it to (`MARKS`): `key`."""
    return f"select e.* exclude (message, flow, attributed), unnest({keys}) as key from {events} e"


def order_events(in_period: bool = False) -> str:
    """Every delivery of every order, with its `amount` in the account's currency; `in_period`: from `$start` to `$stop`."""
    within = "and time >= $start and time < $stop" if in_period else ""
    return f"""select id, person, epoch_us(time) as us, value, {AMOUNT} as amount, {FOREIGN} as is_foreign, order_id,
        1 as deliveries, message, flow, attributed
    from {EVENTS} where metric in (select unnest($order_metrics)) and time <= $moment {within}"""


def orders_once() -> str:
    """Every order with the time and value of its earliest delivery by (time, event id), and how many there were."""
    first = "{'us': epoch_us(time), 'id': id, 'value': value, 'amount': amount, 'is_foreign': is_foreign}"
    return f"""select first.id as id, person, first.us as us, first.value as value, first.amount as amount,
        first.is_foreign as is_foreign, order_id, deliveries from (
            select person, any_value(order_id) as order_id, count(*) as deliveries, min({first}) as first from (
                select *, coalesce(order_id, id) as order_key, {AMOUNT} as amount, {FOREIGN} as is_foreign
                from {EVENTS} where metric in (select unnest($order_metrics)) and time <= $moment)
            group by person, order_key)"""


def last_touches(orders: str) -> str:
    """The orders of a CTE (person, us) whose person was touched in the 5 days before, with what the last touch was of:
    message, flow, attributed. Touches: opens, clicks that are no bot's; `touch_metrics`, `click_metrics`."""
    return f"""select o.*, t.touch.message as message, t.touch.flow as flow, t.touch.attributed as attributed
    from {orders} o asof join (
        select person, epoch_us(time) as us,
            max({{'id': id, 'message': message, 'flow': flow, 'attributed': attributed}}) as touch
        from {EVENTS} where metric in (select unnest($touch_metrics)) and time <= $moment and time >= $touched_since
            and not (bot_click and metric in (select unnest($click_metrics))) and person in (select person from {orders})
        group by person, time) t on o.person = t.person and o.us >= t.us
    where o.us - t.us <= {TOUCH_LASTS // timedelta(microseconds=1)}"""


def due(attribution: str, in_period: bool = False) -> str:
    """CTE `due`: the orders with the ids (`key`) of campaigns, flows and messages they are attributed to, a row for each.

    `klaviyo`: order events and what Klaviyo marked them with. `last_touch`: orders and what the last touch was of.
    """
    if attribution == "klaviyo":
        return f"sales as ({order_events(in_period)}), due as ({keyed('sales', MARKS)})"
    within = "where us >= epoch_us($start) and us < epoch_us($stop)" if in_period else ""
    return f"""sales as (select * from ({orders_once()}) {within}), touched as ({last_touches("sales")}),
due as ({keyed("touched")})"""


SALES: Final = """count(*) as orders, coalesce(sum(amount), 0) as revenue, count(*) filter (value is not null and not is_foreign) as valued,
    count(*) filter (is_foreign) as foreign_orders, sum(deliveries - 1) as repeats,
    max({'amount': amount, 'us': us, 'id': id, 'order_id': order_id}) as largest"""


def local(events: str) -> str:
    """The rows of a CTE with `us`, and `local`: seconds since 1970 by the account's wall clock (`bound_zone`)."""
    return f"""(select e.*, e.us // 1000000 + z.offset_seconds as local from {events} e asof join (
        select unnest($zone_starts) as since, unnest($zone_offsets) as offset_seconds) z on e.us >= z.since)"""


def bound_zone(account: AccountState, start: datetime, end: datetime) -> dict[str, Any]:
    """The parameters of `local`: the zone's offsets between two instants."""
    starts, shifts = offsets(account.zone, start, end)
    return {"zone_starts": starts, "zone_offsets": shifts}


QUARTER: Final = 900_000_000  # microseconds; every day begins on a quarter of an hour, in whatever zone
# An equal join on quarters of an hour: an asof join would sort all the events first.
BUCKETS: Final = f"""select since, until, bucket,
    unnest(range(since // {QUARTER}, (until - 1) // {QUARTER} + 1)) as quarter
    from (select unnest($bucket_starts) as since, unnest($bucket_ends) as until,
        unnest(range(len($bucket_starts))) as bucket)"""


def in_buckets(events: str) -> str:
    """The rows of a CTE with `us` that lie in a bucket, and its number `bucket` (`bound_buckets`)."""
    return f"""(select e.*, b.bucket from {events} e join ({BUCKETS}) b on b.quarter = e.us // {QUARTER}
        where e.us >= b.since and e.us < b.until)"""


def bound_buckets(buckets: Iterable[Bucket]) -> dict[str, Any]:
    """The parameters of `in_buckets`: microseconds since 1970 at which each begins and ends, oldest first."""
    buckets = list(buckets)
    starts, ends = [micros(each.from_instant) for each in buckets], [micros(each.to_instant) for each in buckets]
    return {"bucket_starts": starts or [0], "bucket_ends": ends or [0]}


def micros(at: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (at - EPOCH) // timedelta(microseconds=1)


def ahead(metrics: str) -> str:
    """How many events of these metrics are dated after the moment, as a scalar."""
    return f"(select count(*) from {AHEAD} where metric in (select unnest(${metrics})) and time > $moment)"
