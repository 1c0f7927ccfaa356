"""The SQL of metric_trend: events of one metric by bucket and group; every value is a bound parameter.

Columns: connector/lake/schema.py. A group's value is a text: an id, a title, a country; null for none.
"""

from dataclasses import dataclass
from typing import Final

from connector.insights.attributes import is_attribute, value_sql
from connector.insights.carried import CARRIED, name_of, named, rows_of
from connector.insights.relations import (
    AMOUNT,
    BY_PEOPLE,
    EVENTS,
    FOREIGN,
    IN_CURRENCY,
    PROFILES,
    ahead,
    in_buckets,
    of,
)

TITLES: Final = "list_distinct(list_transform(items, lambda i: i.title))"
# Ids of campaigns (of flows) and of their messages, each with its campaign (flow).
OWNERS: Final = "owners as (select unnest($owned) as key, unnest($owners) as owner)"
KEYS: Final = {"campaign": "[a.campaign, a.message]", "flow": "[a.flow, a.message]"}
# Of a flow by its id, by its message, or of two by both.
OWNER: Final = {
    "campaign": "by_message.owner",
    "flow": """unnest(case when by_flow.owner <> by_message.owner then [by_flow.owner, by_message.owner]
        else [coalesce(by_flow.owner, by_message.owner)] end)""",
}
JOINS: Final = {
    "campaign": "left join owners by_message on by_message.key = e.message",
    "flow": """left join owners by_message on by_message.key = e.message
        left join owners by_flow on by_flow.key = e.flow""",
}
AMOUNTS: Final = {"currency": "coalesce(value, 0)", "item": "cast(null as decimal(20, 6))"}
COLUMNS: Final = {
    "": "",
    "campaign": ", id, message, flow, attributed",
    "flow": ", id, message, flow, attributed",
    "item": ", items",
    "currency": ", coalesce(currency, $currency) as currency",
}
FIGURES: Final = "count(*) as events, count(distinct person) as people, sum(amount) as amount"


@dataclass(frozen=True)
class Shape:
    """Which pieces the question needs. `group` as group_by; `whole`: the period is one bucket."""

    of: tuple[str, ...] = ()  # campaign, flow
    humans_only: bool = False
    group: str = ""
    whole: bool = False


def series(shape: Shape) -> str:
    """Rows of bucket, events, people, amount; only of buckets with events."""
    return f"""with e as ({_events(shape)}) select bucket, {FIGURES} from {_in_buckets(shape, "e")} group by bucket"""


def groups(shape: Shape) -> str:
    """Rows of value, bucket, events, people, amount, by (bucket, -events, value); and of each value its `place` among all by
    events in the period, and how many values there are. At most `$most` values."""
    return f"""with e as ({_events(shape)}){_grouped(shape)},
cells as (select value, bucket, {FIGURES} from {_in_buckets(shape, "grouped")} group by value, bucket),
places as (select value, row_number() over (order by sum(events) desc, value nulls last) as place, count(*) over () as held
    from cells group by value)
select cells.*, place, held from cells join places on cells.value is not distinct from places.value where place <= $most
order by bucket, events desc, cells.value nulls last"""


def notes(shape: Shape) -> str:
    """One row of what is worth a note: events and those by machines, in another currency, dated ahead; those with a value in
    the account's currency, their sum and the largest."""
    largest = "{'amount': amount, 'us': us, 'order_id': order_id}"
    return f"""with e as ({_events(shape, f", order_id, machine_open, {FOREIGN} as is_foreign, value is not null and {IN_CURRENCY} as is_valued")})
select count(*) as events, count(*) filter (where machine_open) as machines, count(*) filter (where is_foreign) as foreign_events,
    count(*) filter (where is_valued) as valued, coalesce(sum(amount) filter (where is_valued), 0) as amount,
    max({largest}) filter (where is_valued) as largest, {ahead("metrics")} as ahead from e"""


def _events(shape: Shape, columns: str | None = None) -> str:
    conditions = ["metric in (select unnest($metrics))", "time >= $start", "time < $stop", "time <= $moment"]
    conditions += [*of("x", shape.of), *([BY_PEOPLE] if shape.humans_only else [])]
    amount = AMOUNTS.get(shape.group, AMOUNT) if columns is None else AMOUNT
    return f"""select person, epoch_us(time) as us, {amount} as amount{_columns(shape) if columns is None else columns}
    from {EVENTS} where {" and ".join(conditions)}"""


def _columns(shape: Shape) -> str:
    name = name_of(shape.group)
    return f", {CARRIED[name].columns}" if name else COLUMNS.get(shape.group, "")


def _in_buckets(shape: Shape, events: str) -> str:
    return f"(select *, 0 as bucket from {events})" if shape.whole else in_buckets(events)


def _grouped(shape: Shape) -> str:
    """CTE `grouped`: person, us, amount, value; an event once in each of its groups."""
    name = name_of(shape.group)
    if shape.group in JOINS:
        return _by_owner(shape.group)
    if is_attribute(shape.group):
        return f""", grouped as (select e.person, us, amount, {value_sql(shape.group)} as value
    from e left join {PROFILES} profile on profile.id = e.person)"""
    if name:
        value, rows = CARRIED[name].value, rows_of(name, "e")
    elif shape.group == "item":
        value, rows = f"unnest(case when len({TITLES}) > 0 then {TITLES} else [null] end)", "e"
    else:
        value, rows = "currency", "e"
    return f"{named(name) if name else ''}, grouped as (select person, us, amount, {value} as value from {rows})"


def _by_owner(kind: str) -> str:
    """An event without message and flow (an order) is of those that Klaviyo attributed it to."""
    return f""", {OWNERS},
marks as (select id, unnest(flatten(list_transform(attributed, lambda a: {KEYS[kind]}))) as key
    from e where message is null and flow is null),
marked as (select distinct marks.id, owner from marks join owners on owners.key = marks.key),
grouped as (select person, us, amount, {OWNER[kind]} as value from e {JOINS[kind]} where message is not null or flow is not null
    union all select person, us, amount, marked.owner as value from e left join marked on marked.id = e.id
    where message is null and flow is null)"""
