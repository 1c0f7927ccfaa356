"""What is asked in the bench of answers, and the floor of each: the leanest SQL that tells the headline figures alone.

Written by hand for the account of _shop.py, whose metrics, currency and time zone are known here: the tools find those out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.bench._shop import MONTHS, TODAY, begin_of, message_id, sent_at

EVENTS: Final = "read_parquet($events, hive_partitioning=false)"
ORDERS: Final = f"""select person, coalesce(order_id, id) as k, min(time) as first, max(time) as last, arg_min(value, time) as value,
    arg_min(currency, time) as currency from {EVENTS} where metric = 'ORDERS' and time <= $moment group by all"""
CAMPAIGN: Final = 100
HALF_A_YEAR: Final = begin_of(MONTHS - 6)
DAYS_30: Final = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC) - timedelta(
    days=60
)  # the running month is empty
QUARTER: Final = (begin_of(MONTHS - 6), begin_of(MONTHS - 3))

Entry = Mapping[str, Any]
Totals = tuple[Any, ...]


@dataclass(frozen=True)
class Case:
    """One question to a tool. `sql` gives one row, the same numbers as `figures` of the account's entry."""

    name: str
    tool: str
    args: dict[str, Any]
    sql: str
    figures: Callable[[Entry], Totals]
    bound: dict[str, Any] = field(default_factory=dict)


def _days(start: datetime, stop: datetime) -> str:
    return f"{start:%Y-%m-%d}..{stop - timedelta(days=1):%Y-%m-%d}"


def _people(entry: Entry) -> Totals:
    return entry["did"], entry["people"], entry["human"]["did"], entry["human"]["people"]


def _sums(entry: Entry, *names: str, of: Callable[[Entry], bool] = lambda row: True) -> Totals:
    rows = [row for row in entry["rows"] if of(row)]
    return tuple(round(sum(row[name] or 0 for row in rows), 2) for name in names)


OPENERS: Final = f"""select person, min(time) as first, min(time) filter (where not machine_open) as human
    from {EVENTS} where metric = 'OPENML' and time <= $moment and person is not null"""
PEOPLE_WHO: Final = (
    Case(
        "all opens",
        "people_who",
        {"did": "opened_email"},
        f"""select count(*), count(*), count(*) filter (where human), count(*) filter (where human) from (
            select bool_or(not machine_open) as human from {EVENTS}
            where metric = 'OPENML' and time <= $moment and person is not null group by person)""",
        _people,
    ),
    Case(
        "opened and did not order",
        "people_who",
        {"did": "opened_email", "but_not": "ordered"},
        f"""with x as ({OPENERS} group by person), y as (
            select person, max(time) as last from {EVENTS} where metric = 'ORDERS' and time <= $moment and person is not null group by person)
        select count(*), count(*) filter (where last is null or last < first), count(human),
            count(human) filter (where last is null or last < human) from x left join y using (person)""",
        _people,
    ),
    Case(
        "opened a campaign and did not order in 7 days",
        "people_who",
        {"did": "opened_email", "campaign": f"Campaign {CAMPAIGN}", "but_not": "ordered", "within_days": 7},
        f"""with x as ({OPENERS} and message = $message group by person), y as (
            select person, bool_or(time >= first and time < first + interval 7 days) as done,
                bool_or(time >= human and time < human + interval 7 days) as human_done
            from {EVENTS} e join x using (person) where metric = 'ORDERS' and time <= $moment and time >= $sent group by person)
        select count(*), count(*) filter (where done is not true), count(human), count(human) filter (where human_done is not true)
        from x left join y using (person)""",
        _people,
        {"message": message_id(CAMPAIGN), "sent": sent_at(CAMPAIGN)},
    ),
    Case(
        "ordered in a quarter and not again",
        "people_who",
        {"did": "ordered", "period": _days(*QUARTER), "but_not": "ordered"},
        f"""with o as (select person, coalesce(order_id, id) as k, min(time) as first, max(time) as last
            from {EVENTS} where metric = 'ORDERS' and time <= $moment and person is not null group by all),
        x as (select person, arg_min(k, first) as k, min(first) as first from o where first >= $start and first < $stop group by person),
        told as (select count(*) as did, (select count(distinct x.person) from x join o using (person)
            where o.k <> x.k and o.last >= x.first) as done from x)
        select did, did - done, did, did - done from told""",
        _people,
        {"start": QUARTER[0], "stop": QUARTER[1]},
    ),
)
CAMPAIGNS: Final = Case(
    "campaigns of two years",
    "campaign_performance",
    {"period": _days(begin_of(0), TODAY + timedelta(days=1))},
    f"""with p as (select message, person, bool_or(metric = 'OPENML') as opened, bool_or(metric = 'CLCKML' and not bot_click) as clicked
        from {EVENTS} where metric in ('OPENML', 'CLCKML') and time <= $moment and message is not null and flow is null
            and person is not null group by all),
    d as (select message, count(*) as deliveries from {EVENTS}
        where metric = 'RECVML' and time <= $moment and message is not null and flow is null group by 1),
    each as (select message, count(*) filter (where opened) as opens, count(*) filter (where clicked) as clicks from p group by 1),
    whole as (select count(*) filter (where opened) as opens, count(*) filter (where clicked) as clicks
        from (select bool_or(opened) as opened, bool_or(clicked) as clicked from p group by person)),
    o as (select attributed[1].campaign as campaign, count(*) as orders, sum(value) filter (where currency = 'EUR') as revenue
        from {EVENTS} where metric = 'ORDERS' and time <= $moment and attributed[1].campaign is not null group by 1)
    select (select sum(deliveries) from d join each using (message) where opens >= 0 and clicks >= 0), opens, clicks,
        (select sum(orders) from o), (select sum(revenue) from o) from whole""",
    lambda entry: tuple(
        entry["total"][name] for name in ("deliveries", "unique_opens", "unique_clicks_human", "orders", "revenue")
    ),
)
FLOWS: Final = Case(
    "flows by month",
    "flow_performance",
    {"period": "last_6_months", "interval": "month"},
    f"""with r as (select date_trunc('month', time) as month, flow, person, count(*) as deliveries from {EVENTS}
        where metric = 'RECVML' and flow is not null and time >= $start and time < $stop group by all),
    o as (select distinct flow, person from {EVENTS} where metric = 'OPENML' and flow is not null and time <= $moment),
    told as (select month, r.flow, sum(deliveries) as deliveries, count(distinct r.person) as recipients,
        count(distinct o.person) as openers from r left join o using (flow, person) group by grouping sets ((month, r.flow), (month))),
    s as (select date_trunc('month', time) as month, attributed[1].flow as flow, count(*) as orders,
        sum(value) filter (where currency = 'EUR') as revenue
        from {EVENTS} where metric = 'ORDERS' and attributed[1].flow is not null and time >= $start and time < $stop group by all)
    select sum(deliveries), sum(recipients), sum(openers), (select sum(orders) from s), (select sum(revenue) from s)
    from told where flow is null""",
    lambda entry: _sums(
        entry, "deliveries", "recipients", "openers", "orders", "revenue", of=lambda row: row["flow"] is None
    ),
    {"start": HALF_A_YEAR, "stop": begin_of(MONTHS)},
)
LINES: Final = """lines as (select person, currency, unnest(items) as item from e),
    told as (select item.title as title, count(*) as lines, count(distinct person) as people, sum(item.quantity) as quantity,
        sum(item.price * item.quantity) filter (where coalesce(currency, 'EUR') = 'EUR') as revenue
        from lines group by 1 order by 2 desc, 1 limit 20)
    select sum(lines), sum(people), sum(quantity), sum(revenue) from told"""
ITEMS: Final = (
    Case(
        "items in carts",
        "top_items",
        {"event": "added_to_cart", "period": "last_6_months", "limit": 20},
        f"""with e as (select person, currency, items from {EVENTS} where metric = 'CARTAD' and time >= $start and time < $stop), {LINES}""",
        lambda entry: _sums(entry, "count", "people", "quantity", "revenue"),
        {"start": HALF_A_YEAR, "stop": begin_of(MONTHS)},
    ),
    Case(
        "items sold",
        "top_items",
        {"event": "ordered", "period": "last_6_months", "limit": 20},
        f"""with e as (select person, coalesce(order_id, id) as k, arg_min(currency, time) as currency, arg_min(items, time) as items
            from {EVENTS} where metric = 'ORDERS' and time <= $moment group by 1, 2
            having min(time) >= $start and min(time) < $stop), {LINES}""",
        lambda entry: _sums(entry, "count", "people", "quantity", "revenue"),
        {"start": HALF_A_YEAR, "stop": begin_of(MONTHS)},
    ),
)
COHORTS: Final = Case(
    "cohorts of half a year",
    "compare_cohorts",
    {"period": "last_6_months"},
    f"""with c as (
        select person, min(time) as joined, arg_min({{'by_sms': metric = 'SUBSMS', 'method': method}}, {{'time': time, 'id': id}}) as how
        from {EVENTS} where metric in ('SUBLST', 'SUBSMS') and time <= $moment and person is not null
        group by person having joined >= $start and joined < $stop),
    o as ({ORDERS.replace("time <= $moment", "time <= $moment and person in (select person from c)")}),
    p as (select c.person, how, count(k) as orders, sum(value) filter (where currency = 'EUR') as revenue
        from c left join o on o.person = c.person and o.first >= c.joined group by all),
    told as (select how.by_sms, how.method = 'Form', count(*) as people, count(*) filter (where orders > 0) as buyers, sum(orders) as orders,
        sum(revenue) as revenue from p group by all)
    select sum(people), sum(buyers), sum(orders), sum(revenue) from told""",
    lambda entry: _sums(entry, "people", "buyers", "orders", "revenue"),
    {"start": HALF_A_YEAR, "stop": begin_of(MONTHS)},
)
TREND: Final = Case(
    "opens by week",
    "metric_trend",
    {"metric": "opened_email", "period": "last_6_months", "interval": "week"},
    f"""with p as (select date_trunc('week', time) as week, person, count(*) as events
        from {EVENTS} where metric = 'OPENML' and time >= $start and time < $stop group by all),
    told as (select week, sum(events) as events, count(person) as people from p group by 1)
    select sum(events), sum(people) from told""",
    lambda entry: _sums(entry, "count", "people"),
    {"start": HALF_A_YEAR, "stop": begin_of(MONTHS)},
)
PERIODS: Final = Case(
    "a quarter and the one before",
    "compare_periods",
    {"period": _days(begin_of(MONTHS - 3), begin_of(MONTHS)), "against": _days(*QUARTER)},
    f"""with p as (select time >= $stop as is_late, metric, person, bool_or(not machine_open and not bot_click) as by_people
        from {EVENTS} where metric in ('OPENML', 'CLCKML') and time >= $start and time < $until and person is not null group by all),
    told as (select is_late, count(*) filter (where metric = 'OPENML') as openers,
        count(*) filter (where by_people and metric = 'OPENML') as openers_human,
        count(*) filter (where by_people and metric = 'CLCKML') as clickers_human from p group by 1),
    e as (select time >= $stop as is_late, count(*) filter (where metric = 'RECVML') as deliveries,
        count(*) filter (where metric = 'SUBLST') as subscribed
        from {EVENTS} where metric in ('RECVML', 'SUBLST') and time >= $start and time < $until group by 1),
    sold as (select first >= $stop as is_late, count(*) as orders, count(distinct person) as buyers,
        sum(value) filter (where coalesce(currency, 'EUR') = 'EUR') as revenue
        from ({ORDERS}) where first >= $start and first < $until group by 1)
    select sum(deliveries), sum(openers), sum(openers_human), sum(clickers_human), sum(subscribed), sum(orders), sum(buyers),
        sum(revenue) from told join e using (is_late) join sold using (is_late)""",
    lambda entry: tuple(
        round(sum(row["value"] + row["before"] for row in entry["rows"] if row["measure"] == name), 2)
        for name in (
            "email_deliveries",
            "openers",
            "openers_human",
            "clickers_human",
            "subscribed_list",
            "orders",
            "buyers",
            "revenue",
        )
    ),
    {"start": QUARTER[0], "stop": QUARTER[1], "until": begin_of(MONTHS)},
)
CASES: Final = (*PEOPLE_WHO, CAMPAIGNS, FLOWS, *ITEMS, COHORTS, TREND, PERIODS)
SMALL: Final = PEOPLE_WHO[2]
