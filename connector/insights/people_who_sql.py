"""The SQL of people_who: constant pieces put together by the shape of the question; every value is a bound parameter.

One pass over the events of X makes a row per person with all that is asked of them, without machines too; a Y is met by a
join with those rows alone. Columns and tables: connector/lake/schema.py. Instants are compared as microseconds.
"""

from dataclasses import dataclass
from typing import Final

from connector.insights.attributes import value_sql
from connector.insights.carried import CARRIED, name_of, named, rows_of
from connector.insights.relations import (
    BY_PEOPLE,
    EVENTS,
    IN_CURRENCY,
    MEMBERS,
    PROFILES,
    ahead,
    among,
    delivered,
    numbered,
    of,
)

TIMES: Final = "case when p.events > 10 then '11+' else cast(p.events as varchar) end"
WITHIN: Final[dict[str, str]] = {"after": "y.us < {us} + $within", "before": "y.us >= {us} - $within"}
WHEN: Final[dict[str, str]] = {"after": "y.us >= {us}", "before": "y.us < {us}"}
# Bounds of every Y that can matter, where the first X says nothing narrower: files of other months are not read.
Y_SPAN: Final[dict[str, tuple[str, ...]]] = {
    "after": ("time >= $start",),
    "before": ("time < $stop",),
    "in_period": ("time >= $start", "time < $stop"),
    "but_not_period": ("time >= $y_start", "time < $y_stop"),
    "ever": (),
}
# By what a machine's event is told, and what those by people are.
MADE_BY_PEOPLE: Final = {"opens": "not machine_open", "clicks": "not bot_click", "mixed": BY_PEOPLE}
OF_COLUMNS: Final = "message, flow, attributed, items"
NOBODY_DONE: Final = """select cast(null as varchar) as person, cast(null as bigint) as events, cast(null as decimal(38, 6)) as amount,
    cast(null as bigint) as since, cast(null as bigint) as us, cast(null as bigint) as human_us where false"""
MEMBERS_OF: Final = f"select count(distinct person) as members from {MEMBERS} where audience = $audience_id"


@dataclass(frozen=True)
class Shape:
    """Which pieces the question needs."""

    did: str  # events, orders, members, profiles
    x_of: tuple[str, ...] = ()  # campaign, flow, item
    audience: bool = False
    where: tuple[str, ...] = ()  # attributes of people
    humans_only: bool = False
    x_machines: str = ""  # which of X can be made by machines: a key of MADE_BY_PEOPLE, or none
    but_not: str = ""  # "", events, members
    y_of: tuple[str, ...] = ()
    y_machines: str = ""
    overlaps: bool = False  # an event can be X and Y
    when: str = "after"
    within: bool = False
    group: str = ""  # "", times, profile:ATTRIBUTE, event:NAME
    repeated: bool = False  # only people with several X

    @property
    def has_events(self) -> bool:
        return self.did in ("events", "orders")

    @property
    def is_timed(self) -> bool:
        """A Y is looked for seen from the first X."""
        return self.but_not == "events" and self.when in WHEN

    @property
    def tells_humans(self) -> bool:
        """Whether the figures without machines are asked beside the others."""
        return self.has_events and not self.humans_only

    @property
    def humans_differ(self) -> bool:
        return self.tells_humans and bool(self.x_machines or self.y_machines)

    @property
    def counts_nameless(self) -> bool:
        """Events without a person are in the figures: not where only some people, or only those with several, are asked."""
        return self.has_events and not (self.audience or self.where or self.repeated)


def figures(shape: Shape) -> str:
    """One row: of did, people without machines, events and their amounts; the same of those who are `done`; what is worth a
    note; and `groups`, a list of value, people, did, events and amount of did."""
    groups = ", (select list(groups) from groups) as groups" if shape.group else ""
    return f"""{_people(shape)}{_groups(shape)}
select counted.*, others.*, {ahead("all_metrics")} as ahead{groups}
from ({_counted(shape)}) counted, ({_others(shape)}) others"""


def largest(shape: Shape) -> str:
    """One row of the X events that have a value in the account's currency: how many, their sum, the largest; and the same
    of those of people who are not done."""
    each = "{'amount': value, 'us': x.us, 'id': x.id, 'order_id': order_id}"
    undone = "filter (where done.us is null and x.person is not null)" if shape.but_not else ""
    counted = "" if shape.counts_nameless else "and x.person in (select person from people)"
    return f"""{_people(shape, "order_id")}
select count(*) as did_valued, sum(value) as did_amount, max({each}) as did_largest, count(*) {undone} as people_valued,
    sum(value) {undone} as people_amount, max({each}) {undone} as people_largest
from x left join done on done.person = x.person where value is not null and {IN_CURRENCY} {counted}"""


def _counted(shape: Shape) -> str:
    """Sums over all who did X, whether or not they count (`base`, `asked`), and over those who do. The row of those without
    a person counts as events and amount alone."""
    if not shape.has_events:
        return f"""select 0 as base, 0 as asked, 0 as asked_human, {_sums(shape, "true")} from people"""
    human = "human_events" if shape.tells_humans and shape.x_machines else "events"
    return f"""select count(person) as base, sum(events) as asked, sum({human}) as asked_human, {_sums(shape, _counts(shape))}
    from firsts"""


def _sums(shape: Shape, counts: str) -> str:
    named = f"{counts} and person is not null"
    sums = [
        f"count(*) filter (where {named}) as did",
        f"count(*) filter (where {named} and {_is_human(shape)}) as human_did",
        *(
            f"sum({name}) filter (where {counts}) as {name}"
            for name in ("events", "amount", "foreign_events", "further")
        ),
        *(f"sum({name}) filter (where {named}) as named_{name}" for name in ("events", "amount")),
        f"max(largest) filter (where {counts}) as largest",
        f"count(*) filter (where {named} and {_is_open(shape, 'us')}) as windows",
    ]
    return ", ".join(sums)


def _counts(shape: Shape) -> str:
    """The condition that a row of `firsts` is one of `people`."""
    return "events >= $at_least" if shape.repeated else "true"


def _is_open(shape: Shape, since: str) -> str:
    return f"{since} + $within > epoch_us($moment)" if shape.within and shape.when == "after" else "false"


def _others(shape: Shape) -> str:
    """Sums over `done`."""
    if not shape.but_not:
        return "select 0 as done, 0 as human_done, 0 as events_done, 0 as amount_done, null as median_seconds, 0 as windows_done"
    did_y = "filter (where us is not null)"
    return f"""select count(us) as done, count(human_us) as human_done, sum(events) {did_y} as events_done,
    sum(amount) {did_y} as amount_done, median((us - since) // 1000000) as median_seconds,
    count(us) filter (where {_is_open(shape, "since")}) as windows_done from done"""


def _groups(shape: Shape) -> str:
    """CTE `groups`."""
    if not shape.group:
        return ""
    kind, _, name = shape.group.partition(":")
    if name_of(shape.group):
        return _event_groups(shape, name)
    value = TIMES if kind == "times" else value_sql(name)
    join = "" if kind == "times" else f"left join {PROFILES} profile on profile.id = p.person"
    return f""", groups as (select {value} as value, count(*) filter (where done.us is null) as people, count(*) as did,
    sum(p.events) as events, sum(p.amount) as amount
from people p left join done on done.person = p.person {join} where p.person is not null group by 1)"""


def _event_groups(shape: Shape, name: str) -> str:
    nameless = "or c.person is null" if shape.counts_nameless else ""
    return f"""{named(name)}, carried as (
    select person, {CARRIED[name].value} as value, case when {IN_CURRENCY} then value end as amount from {rows_of(name, "x")}
), per_person as (select person, value, count(*) as events, sum(amount) as amount from carried group by all),
groups as (select value, count(p.person) filter (where done.us is null) as people, count(p.person) as did,
    sum(c.events) as events, sum(c.amount) as amount
from per_person c left join people p on p.person = c.person left join done on done.person = p.person
where p.person is not null {nameless} group by value)"""


def _people(shape: Shape, extras: str = "") -> str:
    """CTEs `x`, `firsts` (a row per person with X), `people` (those of them who count) and `done` (those with a Y)."""
    return f"with {_held(shape, extras)}, {_done(shape)}"


def _held(shape: Shape, extras: str) -> str:
    if shape.has_events:
        return f"{_x(shape, extras)}, firsts as ({_firsts(shape)}), people as (select * from firsts where {_counts(shape)})"
    rows = f"select distinct person from {MEMBERS} where audience in (select unnest($audience))"
    if shape.did == "profiles":
        rows = f"select id as person from {PROFILES}"
    return f"""people as (select person, epoch_us($start) as us, cast(0 as bigint) as events,
    cast(null as decimal(38, 6)) as amount, null as largest, 0 as foreign_events, 0 as further
    from ({rows}) where {" and ".join(["true", *_is_asked(shape, audience=False)])})"""


def _is_asked(shape: Shape, audience: bool) -> list[str]:
    """Conditions on the person."""
    conditions = [among()] if audience else []
    if shape.where:
        values = [
            f"{value_sql(each, f'where_name_{at}')} in (select unnest(cast($where_{at} as varchar[])))"
            for at, each in enumerate(shape.where)
        ]
        conditions.append(f"person in (select profile.id from {PROFILES} profile where {' and '.join(values)})")
    return conditions


def _firsts(shape: Shape) -> str:
    """A row per person, and one for all X without a person: number, amount, the largest; when and which was the first."""
    by_people = MADE_BY_PEOPLE[shape.x_machines] if shape.tells_humans and shape.x_machines else ""
    first = "arg_min(action, {'us': us, 'id': id})"
    columns = [
        "person",
        "count(*) as events",
        f"sum(value) filter (where {IN_CURRENCY}) as amount",
        # Opens and clicks seldom have a value: whether one is dominant is then looked into once there is an amount.
        "null as largest" if shape.x_machines else f"max(value) filter (where {IN_CURRENCY}) as largest",
        "count(value) filter (where currency <> $currency) as foreign_events",
        "sum(deliveries - 1) as further" if shape.did == "orders" else "0 as further",
    ]
    if shape.is_timed:
        columns.append("min(us) as us")
    if shape.overlaps:
        columns.append(f"{first} as first")
    if by_people:
        columns.append(f"count(*) filter (where {by_people}) as human_events")
    if by_people and shape.is_timed:
        columns.append(f"min(us) filter (where {by_people}) as human_us")
    if by_people and shape.overlaps:
        columns.append(f"{first} filter (where {by_people}) as human_first")
    return f"select {', '.join(columns)} from x group by person"


def _is_human(shape: Shape) -> str:
    """The condition that a row of `people` counts without machines."""
    return "human_events >= $at_least" if shape.tells_humans and shape.x_machines else "true"


def _x(shape: Shape, extras: str) -> str:
    """CTE `x`: the X events of the period, orders as their earliest delivery."""
    people = _is_asked(shape, shape.audience)
    people += [] if shape.counts_nameless else ["person is not null"]
    kinds = of("x", shape.x_of)
    kinds += [MADE_BY_PEOPLE[shape.x_machines]] if shape.humans_only and shape.x_machines else []
    if shape.did == "orders":
        # An order is of its person, so that people may be chosen before its earliest delivery is.
        further = "".join(f" and {condition}" for condition in people)
        return f"""{delivered("x_metrics", _delivery_columns(shape, extras), further)},
x as (select *, order_key as action from ({numbered()})
    where {" and ".join(["delivery = 1", "us >= epoch_us($start)", "us < epoch_us($stop)", *kinds])})"""
    conditions = ["time <= $moment", "time >= $start", "time < $stop", *people, *kinds]
    return f"""x as (select {_event_columns(shape, extras)} from {EVENTS}
    where metric in (select unnest($x_metrics)) and {" and ".join(conditions)})"""


def _delivery_columns(shape: Shape, extras: str) -> str:
    """Y may be the same deliveries: what X and Y are told by is read once."""
    columns = ["person", "epoch_us(time) as us", "id", "value", "currency", *([extras] if extras else [])]
    columns += ["machine_open", "bot_click"] if shape.x_machines or shape.y_machines else []
    wanted = [OF_COLUMNS] if shape.x_of or (shape.overlaps and shape.y_of) else []
    wanted += [CARRIED[name_of(shape.group)].columns] if name_of(shape.group) else []
    return ", ".join([*columns, *dict.fromkeys(column for each in wanted for column in each.split(", "))])


def _event_columns(shape: Shape, extras: str) -> str:
    columns = ["person", "epoch_us(time) as us", "value", "currency"]
    columns += ["machine_open", "bot_click", "metric"] if shape.x_machines else []
    columns += ["id", "id as action"] if shape.overlaps or extras else []
    columns += [extras] if extras else []
    columns += [CARRIED[name_of(shape.group)].columns] if name_of(shape.group) and not extras else []
    return ", ".join(columns)


def _done(shape: Shape) -> str:
    """CTE `done`: the people with a Y, `us` when the first was; `human_us` the same without machines."""
    if not shape.but_not:
        return f"done as ({NOBODY_DONE})"
    if shape.but_not == "members":
        return f"""done as (select person, events, amount, cast(null as bigint) as since, 0 as us,
    case when {_is_human(shape)} then 0 end as human_us from people where {among("y_audience")})"""
    since = "any_value(p.us)" if shape.is_timed else "cast(null as bigint)"
    is_y, is_human_y = " and ".join(_is_y(shape, "")), " and ".join(_is_y(shape, "human_"))
    told = f"min(y.us) filter (where {is_human_y})" if shape.humans_differ else f"min(y.us) filter (where {is_y})"
    either = f"({is_y}) or ({is_human_y})" if shape.humans_differ else is_y
    return f"""y as ({_y(shape)}), done as (select p.person, any_value(p.events) as events, any_value(p.amount) as amount, {since} as since,
    min(y.us) filter (where {is_y}) as us, {told} as human_us
from people p join y on y.person = p.person where {either} group by p.person)"""


def _is_y(shape: Shape, prefix: str) -> list[str]:
    """That a Y counts for a person, seen from their first X; with the prefix, from their first that no machine made."""
    own = prefix if shape.x_machines and shape.tells_humans else ""
    conditions = []
    if shape.is_timed:
        conditions.append(WHEN[shape.when].format(us=f"p.{own}us"))
    if shape.within:
        conditions.append(WITHIN[shape.when].format(us=f"p.{own}us"))
    if shape.overlaps:  # neither the first X event itself is a Y, nor a further delivery of its order
        conditions.append(f"y.action <> p.{own}first")
    if prefix:
        conditions.append(f"p.{_is_human(shape)}" if own else "true")
        conditions.append("y.by_people")
    return conditions or ["true"]


def _y(shape: Shape) -> str:
    """Every Y event there is that can matter."""
    by_people = MADE_BY_PEOPLE[shape.y_machines] if shape.y_machines else "true"
    conditions = ["person is not null", *of("y", shape.y_of), *([by_people] if shape.humans_only else [])]
    if shape.did == "orders" and shape.overlaps:
        spans = [each.replace("time", "us").replace("$", "epoch_us($") + ")" for each in Y_SPAN[shape.when]]
        return f"""select person, us, order_key as action, {by_people} as by_people
    from delivered where {" and ".join(conditions + spans)}"""
    return f"""select person, epoch_us(time) as us, id as action, {by_people} as by_people from {EVENTS}
    where metric in (select unnest($y_metrics)) and time <= $moment and {" and ".join([*conditions, *Y_SPAN[shape.when]])}"""
