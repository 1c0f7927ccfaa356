"""The SQL of people_who: constant pieces put together by the shape of the question; every value is a bound parameter.

Columns and tables: connector/lake/schema.py. Instants are compared as microseconds where they meet between rows.
"""

from dataclasses import dataclass
from typing import Final

from connector.insights.attributes import value_sql
from connector.insights.carried import CARRIED, name_of, named, rows_of
from connector.insights.relations import (
    AMOUNT,
    BY_PEOPLE,
    EVENTS,
    FOREIGN,
    MEMBERS,
    PROFILES,
    ahead,
    of,
    orders,
)

TIMES: Final = "case when events > 10 then '11+' else cast(events as varchar) end"
WHEN: Final[dict[str, str]] = {
    "after": "y.us >= p.us",
    "before": "y.us < p.us",
    "in_period": "y.time >= $start and y.time < $stop",
    "but_not_period": "y.time >= $y_start and y.time < $y_stop",
    "ever": "true",
}
WITHIN: Final[dict[str, str]] = {"after": "y.us < p.us + $within", "before": "y.us >= p.us - $within"}


MEMBERS_OF: Final = f"select count(distinct person) as members from {MEMBERS} where audience = $audience_id"


@dataclass(frozen=True)
class Shape:
    """Which pieces the question needs. JSON-able, so that a receipt can compose the same SQL again."""

    did: str  # events, orders, members, profiles
    x_of: tuple[str, ...] = ()  # campaign, flow, item
    audience: bool = False
    humans_only: bool = False
    but_not: str = ""  # "", events, members
    y_orders: bool = False
    y_of: tuple[str, ...] = ()
    when: str = "after"
    within: bool = False
    group: str = ""  # "", times, profile:ATTRIBUTE, event:NAME
    repeated: bool = False  # only people with several X

    @property
    def tells_humans(self) -> bool:
        """Whether the figures without machines differ from the others in what they count."""
        return self.did in ("events", "orders") and not self.humans_only

    @property
    def counts_nameless(self) -> bool:
        """Events without a person are in the figures: not where only members, or only people with several, are asked."""
        return self.did in ("events", "orders") and not self.audience and not self.repeated


def figures(shape: Shape) -> str:
    """One row, so that a question reads the events of X and of Y once: the totals, did and people without
    machines, then what is worth a note: X events asked about and those of them by machines; of those in the figures, in
    another currency and further deliveries of orders; events dated ahead."""
    return f"""{_people(shape)}{_without_machines(shape)}
select totals.*, human.*, notes.* from ({_totals(shape)}) totals, ({_humans(shape)}) human, ({_notes(shape)}) notes"""


def _totals(shape: Shape) -> str:
    """One row: did, people, events did/people, amount did/people, median seconds from X to Y, windows still open.

    An event without a person counts as event and value, never as a person: it is of did, and of people while nothing is
    asked that only a person can fail.
    """
    nameless = (
        "(select count(*), coalesce(sum(amount), 0) from x where person is null)"
        if shape.counts_nameless
        else "(select 0, 0)"
    )
    of_people = "" if shape.but_not else " + nameless.events"
    amount_of_people = "" if shape.but_not else " + nameless.amount"
    is_open = "p.us + $within > epoch_us($moment)" if shape.within and shape.when == "after" else "false"
    return f"""select count(p.person) as did, count(p.person) filter (where done.us is null) as people,
    coalesce(sum(p.events), 0) + nameless.events as did_events,
    coalesce(sum(p.events) filter (where done.us is null), 0){of_people} as people_events,
    coalesce(sum(p.amount), 0) + nameless.amount as did_amount,
    coalesce(sum(p.amount) filter (where done.us is null), 0){amount_of_people} as people_amount,
    median((done.us - p.us) // 1000000) as median_seconds,
    count(p.person) filter (where done.us is null and {is_open}) as windows_open
from {nameless} nameless(events, amount) left join people p on true left join done on done.person = p.person
group by nameless.events, nameless.amount"""


def _without_machines(shape: Shape) -> str:
    """The CTEs `people` and `done` again, of the events by people alone; none where nothing is an event, or all are."""
    if not shape.tells_humans:
        return ""
    return f""", human_people as ({_firsts(shape, "and by_people")}), {_done(shape, "human_", "and y.by_people")}"""


def _humans(shape: Shape) -> str:
    if not shape.tells_humans:
        return "select null as human_did, null as human_people"
    return """select count(*) as human_did, count(*) filter (where done.us is null) as human_people
from human_people p left join human_done done on done.person = p.person"""


def _notes(shape: Shape) -> str:
    later = f"{ahead('all_metrics')} as ahead"
    if shape.did not in ("events", "orders"):
        return f"select 0 as asked, 0 as machines, 0 as foreign_currency, 0 as repeats, {later}"
    asked = f"x where true {_among(shape)}"
    counted = f"x left join people p on p.person = x.person where (p.person is not null or {_nameless('x', shape)})"
    repeats = f"""(select count(*) from deliveries d where d.delivery > 1
        and exists (select 1 from {counted} and x.person is not distinct from d.person and x.action = d.order_key))"""
    return f"""select (select count(*) from {asked}) as asked, (select count(*) from {asked} and machine) as machines,
    (select count(*) from {counted} and x.foreign_currency) as foreign_currency,
    {repeats if shape.did == "orders" else "0"} as repeats, {later}"""


def groups(shape: Shape) -> str:
    """Rows of value, people, did, events, amount (of did)."""
    kind, _, name = shape.group.partition(":")
    if kind == "event":
        return f"""{_people(shape)}, carried as (
    select x.person, {CARRIED[name].value} as value, x.amount from {rows_of(name, "x")} x
), per_person as (select person, value, count(*) as events, sum(amount) as amount from carried group by all)
select value, count(p.person) filter (where done.us is null) as people, count(p.person) as did,
    sum(c.events) as events, sum(c.amount) as amount
from per_person c left join people p on p.person = c.person left join done on done.person = p.person
where p.person is not null or {_nameless("c", shape)} group by value"""
    value = TIMES if kind == "times" else value_sql(name)
    return f"""{_people(shape)}
select {value} as value, count(*) filter (where done.us is null) as people, count(*) as did,
    sum(events) as events, sum(amount) as amount
from people p left join done on done.person = p.person left join {PROFILES} profile on profile.id = p.person group by 1"""


def _nameless(row: str, shape: Shape) -> str:
    return f"{row}.person is null" if shape.counts_nameless else "false"


def _people(shape: Shape) -> str:
    """CTEs `people` (person, at, first id, first action, events, amount) and `done` (person, at of the first Y)."""
    return f"{_held(shape)}, {_done(shape)}"


def _held(shape: Shape) -> str:
    if shape.did in ("members", "profiles"):
        rows = (
            f"select distinct person from {MEMBERS} where audience in (select unnest($audience))"
            if shape.did == "members"
            else f"select id as person from {PROFILES}"
        )
        return f"""with people as (select person, epoch_us($start) as us, '' as first_id, '' as first_action,
    cast(null as bigint) as events, cast(null as decimal(38, 6)) as amount from ({rows}))"""
    return f"{_x(shape)}, people as ({_firsts(shape)})"


def _firsts(shape: Shape, further: str = "") -> str:
    """The people of X with the first of their events."""
    return f"""select person, first.us as us, first.id as first_id, first.action as first_action, events, amount from (
        select person, min({{'us': us, 'id': id, 'action': action}}) as first, count(*) as events, coalesce(sum(amount), 0) as amount
        from x where person is not null {_among(shape)} {further} group by person having count(*) >= $at_least)"""


def _among(shape: Shape) -> str:
    if not shape.audience:
        return ""
    return f"and person in (select person from {MEMBERS} where audience in (select unnest($audience)))"


def _x(shape: Shape) -> str:
    """CTE `x`: the X events of the period, orders as their earliest delivery."""
    name = name_of(shape.group)
    extras, names = (f", {CARRIED[name].columns}", named(name)) if name else ("", "")
    conditions = ["time >= $start", "time < $stop", *of("x", shape.x_of)]
    if shape.humans_only:
        conditions.append(BY_PEOPLE)
    action = "order_key" if shape.did == "orders" else "id"
    columns = f"""person, time, epoch_us(time) as us, id, {action} as action,
        {AMOUNT} as amount, {FOREIGN} as foreign_currency,
        machine_open and metric in (select unnest($open_metrics)) as machine, {BY_PEOPLE} as by_people{extras}"""
    where = " and ".join(conditions)
    if shape.did == "orders":
        return f"""with deliveries as ({orders("x_metrics")}),
x as (select {columns} from deliveries where delivery = 1 and {where}){names}"""
    return f"""with x as (select {columns} from {EVENTS}
    where metric in (select unnest($x_metrics)) and time <= $moment and {where}){names}"""


def _done(shape: Shape, prefix: str = "", further: str = "") -> str:
    """CTE `done`; with a prefix, that of the people with the same prefix, over the same Y."""
    if not shape.but_not:
        return f"{prefix}done as (select '' as person, cast(null as bigint) as us where false)"
    if shape.but_not == "members":
        return f"""{prefix}done as (select distinct person, cast(0 as bigint) as us from {MEMBERS}
    where audience in (select unnest($y_audience)))"""
    # Neither the first X event itself is a Y, nor a further delivery of its order.
    timing = [WHEN[shape.when], "y.id <> p.first_id"]
    if shape.did == "orders" and shape.y_orders:
        timing.append("y.action <> p.first_action")
    if shape.within:
        timing.append(WITHIN[shape.when])
    first = f"""{prefix}done as (select p.person, min(y.us) as us from {prefix}people p join y on y.person = p.person
    where {" and ".join(timing)} {further} group by p.person)"""
    return first if prefix else f"{_y(shape)}, {first}"


def _y(shape: Shape) -> str:
    """CTE `y`: every Y event there is."""
    conditions = [
        "metric in (select unnest($y_metrics))",
        "time <= $moment",
        "person is not null",
        *of("y", shape.y_of),
    ]
    if shape.humans_only:
        conditions.append(BY_PEOPLE)
    return f"""y as (select person, time, epoch_us(time) as us, id, coalesce(order_id, id) as action, {BY_PEOPLE} as by_people
    from {EVENTS} where {" and ".join(conditions)})"""
