"""The SQL of compare_cohorts: who joined, each person's orders since, and the sums of each cohort."""

from typing import Final

from connector.insights.relations import (
    AMOUNT,
    FOREIGN,
    SOURCES,
    ahead,
    first_subscriptions,
    in_buckets,
    orders,
)

DELIVERY: Final = f"""person, epoch_us(time) as us, id, order_id, value is not null as has_value, {AMOUNT} as amount,
        {FOREIGN} as is_foreign"""
# Of one person since they joined: all deliveries, and of orders the earliest alone.
PERSON: Final = """count(*) as order_events, count(*) filter (delivery = 1) as orders, count(*) filter (delivery = 1 and is_foreign) as foreign_orders,
    sum(amount) filter (delivery = 1) as revenue, min(us) filter (delivery = 1) as first_us,
    count(*) filter (delivery = 1 and has_value and not is_foreign) as valued, sum(deliveries - 1) filter (delivery = 1) as repeats,
    max({'amount': amount, 'us': us, 'id': id, 'order_id': order_id}) filter (delivery = 1) as largest"""
SUMMED: Final = ("orders", "order_events", "revenue", "foreign_orders", "valued", "repeats")
COHORT: Final = f"""count(*) as people, count(*) filter (orders > 0) as buyers, count(*) filter (orders > 1) as repeaters,
    {", ".join(f"coalesce(sum({name}), 0) as {name}" for name in SUMMED)}, max(largest) as largest,
    median((first_us - joined_us) // 1000000) as median_seconds"""


def figures(by_month: bool, first_ever: bool, until_end: bool) -> str:
    """A row per `cohort` (the place of its source in SOURCES, or the number of the month) that somebody joined in, and
    one over all with null."""
    reached = "and time < $stop" if until_end else ""
    deliveries = orders(columns=DELIVERY, further=f"and person in (select person from joined) {reached}")
    return f"""with firsts as ({_firsts(first_ever)}), joined as materialized ({_cohorts(by_month)}),
since as (select d.person, {PERSON} from ({deliveries}) d join joined j on j.person = d.person and d.us >= j.joined_us group by d.person)
select cohort, {COHORT} from joined left join since on since.person = joined.person group by grouping sets ((cohort), ())"""


AHEAD: Final = f"select {ahead('subscription_metrics')} + {ahead('order_metrics')} as ahead"


def _firsts(first_ever: bool) -> str:
    """The first subscription in the period; `first_ever`: only of those who had none before."""
    if not first_ever:
        return first_subscriptions("and time >= $start and time < $stop")
    return f"select * from ({first_subscriptions('and time < $stop')}) where us >= epoch_us($start)"


def _cohorts(by_month: bool) -> str:
    if by_month:
        return f"select person, us as joined_us, bucket as cohort from {in_buckets('firsts')}"
    places = " ".join(f"when '{source}' then {number}" for number, source in enumerate(SOURCES))
    return f"select person, us as joined_us, case source {places} end as cohort from firsts"
