"""The SQL of the measures: one pass over the events of each period, one over the orders, one over what is due to whom.

Rows tell by `span` which time they are of: VALUE, BEFORE, or FIRST and following for the buckets of the series.
"""

from collections.abc import Sequence
from typing import Any, Final

from connector.insights.buckets import Bucket
from connector.insights.periods import Period
from connector.insights.relations import (
    AMOUNT,
    BY_PEOPLE,
    EVENTS,
    FOREIGN,
    SALES,
    ahead,
    bound_buckets,
    in_buckets,
    micros,
    order_events,
    orders_once,
)

VALUE, BEFORE, FIRST = 0, 1, 2
SIDES: Final = {VALUE: "value", BEFORE: "before"}
DEEDS: Final = """deeds as (
    select unnest($deed_metrics) as metric, unnest($deeds) as deed, unnest($deed_people) as by_person)"""
HUMAN: Final = "case deed when 'opened_email' then not machine_open when 'clicked' then not bot_click else true end"
DEED_COUNTS: Final = """sum(events) as events, count(person) as people, count(person) filter (where humans > 0) as humans,
    sum(humans) as human_events"""
SPANS: Final = """spans as (
    select unnest($span_numbers) as span, unnest($span_starts) as since, unnest($span_ends) as until)"""
IN_SPANS: Final = "join spans s on o.us >= s.since and o.us < s.until"
AHEAD: Final = f"select {ahead('metrics')} as ahead"

# By all that an event is marked with: so each event is summed up once, however many marks it bears.
MARKED: Final = f"""with {SPANS}
select s.span, attributed, sum(amount) as amount, count(*) filter (where is_foreign) as foreign_events
from ({order_events()}) o {IN_SPANS} where len(attributed) > 0 group by s.span, attributed"""

REFUNDS: Final = f"""with {SPANS}, refunds as (
    select epoch_us(time) as us, {AMOUNT} as amount, {FOREIGN} as is_foreign
    from {EVENTS} where metric in (select unnest($refund_metrics)) and time <= $moment)
select s.span, sum(amount) as amount, count(*) filter (where is_foreign) as foreign_events
from refunds o {IN_SPANS} group by s.span"""


def orders(new_buyers: bool) -> str:
    """Per span: the orders placed in it, their buyers, and those of them whose first order held lies in it."""
    first = "min(us) over (partition by person)" if new_buyers else "null"
    return f"""with {SPANS}, placed as ({orders_once()}), sales as (select *, {first} as first_us from placed)
select s.span, {SALES}, count(distinct person) as buyers,
    count(distinct person) filter (where us = first_us) as new_buyers
from sales o {IN_SPANS} group by s.span"""


def deeds(compared: bool, series: bool) -> str:
    """Per span and deed: events, people (where asked), those of them not by machines (`humans`, `human_events`)."""
    acts = [_in_series() if series else _acts(VALUE)] + ([_acts(BEFORE)] if compared else [])
    every = f"""with {DEEDS}, acts as ({" union all by name ".join(acts)}),
parts as (select {"bucket, " if series else ""}span, deed, person, count(*) as events, count(*) filter (where human) as humans
    from acts group by all)"""
    if not series:
        return f"{every} select span, deed, {DEED_COUNTS} from parts group by span, deed"
    return f"""{every}, wholes as (
    select span, deed, person, sum(events) as events, sum(humans) as humans from parts group by span, deed, person)
select span, deed, {DEED_COUNTS} from wholes group by span, deed
union all select bucket + {FIRST}, deed, {DEED_COUNTS} from parts where bucket is not null group by bucket, deed"""


def _acts(span: int) -> str:
    return f"""select {span} as span, d.deed, case when d.by_person then e.person end as person,
        epoch_us(e.time) as us, {HUMAN} as human
    from {EVENTS} e join deeds d on d.metric = e.metric where {_within(span)}"""


def _in_series() -> str:
    return f"select * from {in_buckets(f'({_acts(VALUE)})')}"


def _within(span: int) -> str:
    side = SIDES[span]
    return f"time >= ${side}_start and time < ${side}_stop and time <= $moment"


def reactions(compared: bool) -> str:
    """Per span: people who opened, who clicked, no machines, an e-mail that they received in it, at any time."""
    received = " union ".join(
        f"""select {span} as span, person, message from {EVENTS} where metric in (select unnest($received_metrics))
        and {_within(span)} and person is not null and message is not null"""
        for span in _sides(compared)
    )
    return f"""with received as ({received}), reactions as (
    select person, message, metric in (select unnest($open_metrics)) as opened from {EVENTS}
    where metric in (select unnest($reaction_metrics)) and time <= $moment and {BY_PEOPLE})
select span, count(distinct person) filter (where opened) as openers,
    count(distinct person) filter (where not opened) as clickers
from received join reactions using (person, message) group by span"""


def _received_both() -> str:
    return " union all ".join(
        f"""select {span} as span, message, flow, attributed from {EVENTS}
        where metric in (select unnest($received_metrics)) and {_within(span)}"""
        for span in SIDES
    )


# Per span: every flow and message (one of the two may be null) that something received in it is of.
SENDERS: Final = f"""with received as ({_received_both()}), marks as (
    select span, unnest(attributed) as mark from received where message is null and flow is null)
select distinct span, flow, message from received where message is not null or flow is not null
union select span, mark.flow, mark.message from marks"""


def _sides(compared: bool) -> list[int]:
    return [VALUE, BEFORE] if compared else [VALUE]


def bound_spans(value: Period, before: Period | None, rows: Sequence[Bucket]) -> dict[str, Any]:
    """The parameters of all of these."""
    found: dict[str, Any] = {"value_start": value.start, "value_stop": value.end}
    spans = [(VALUE, value.start, value.end)]
    if before:
        found |= {"before_start": before.start, "before_stop": before.end}
        spans.append((BEFORE, before.start, before.end))
    spans += [(FIRST + at, row.from_instant, row.to_instant) for at, row in enumerate(rows)]
    return (
        found
        | bound_buckets(rows)
        | {
            "span_numbers": [number for number, _, _ in spans],
            "span_starts": [micros(start) for _, start, _ in spans],
            "span_ends": [micros(end) for _, _, end in spans],
        }
    )
