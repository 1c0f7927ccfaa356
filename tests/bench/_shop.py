"""An account of as many events as are wanted, made here in seconds: two years of a shop's mails, orders and carts.

Skewed as shops are: few people do much, mails arrive together and are opened within days, the shop grows. Its time zone is
UTC and its currency EUR, so that a floor need not turn clocks. The same day and number give the same account.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from django.utils import timezone

from connector.lake.layout import make_table, writer_properties
from connector.lake.location import location_of
from connector.lake.schema import EVENTS, MEMBERS, PROFILES, Table
from connector.records.models import Audience, Kind, Record
from connector.records.upsert import Row, upsert

MONTHS: Final = 24
TODAY: Final = datetime.now(UTC)
FIRST_MONTH: Final = (
    TODAY.year * 12 + TODAY.month - 1 - MONTHS
)  # counted from the year 0; the running month has no event
PEOPLE_PER: Final = 20  # events of a person
CAMPAIGNS_A_MONTH: Final = 8
FLOWS: Final = 6
SEGMENT: Final = "SegVip"
# Metric id, its name, and of 1,000 events how many are its own.
METRICS: Final = (
    ("RECVML", "Received Email", 560),
    ("OPENML", "Opened Email", 250),
    ("CLCKML", "Clicked Email", 30),
    ("BNCEML", "Bounced Email", 6),
    ("SPAMML", "Marked Email as Spam", 1),
    ("UNSUML", "Unsubscribed from Email Marketing", 3),
    ("SUBLST", "Subscribed to List", 10),
    ("SUBSMS", "Subscribed to SMS Marketing", 3),
    ("VIEWED", "Viewed Product", 65),
    ("CARTAD", "Added to Cart", 30),
    ("CHEKST", "Checkout Started", 17),
    ("ORDERS", "Placed Order", 25),
)
OF_SHOP: Final = ("VIEWED", "CARTAD", "CHEKST", "ORDERS")

EVENTS_OF_MONTH: Final = """
with numbers as (
    select i, hash(i, 1) as one, hash(i, 2) as two, hash(i, 3) as three, hash(i, 4) as four from range($first, $last) r(i)
), drawn as (
    select i, $metrics[1 + (one % 1000)::int] as metric, (two % 1000000) / 1e6 as early, (three % 1000000) / 1e6 as who,
        (four % 1000)::int as lot, (four // 1000 % 1000)::int as chance, (one // 1000 % 1000)::int as choice from numbers
), told as (
    select *, metric in ('RECVML', 'OPENML', 'CLCKML', 'BNCEML', 'SPAMML', 'UNSUML') as of_mail, metric in ('VIEWED', 'CARTAD', 'CHEKST', 'ORDERS') as of_shop,
        choice < 650 as of_campaign, choice % $campaigns as campaign, choice % $flows as flow_number
    from drawn
), timed as (
    select *, case when of_mail and of_campaign
        then least($seconds - 1, (campaign * ($seconds // $campaigns)) + 32400 + case when metric = 'RECVML' then early * 1800 else -ln(1 - early) * 90000 end)
        else early * $seconds end as second from told
), delivered as (
    select *, unnest(case when metric = 'ORDERS' and chance between 20 and 50 then [0, 1] else [0] end) as further from timed
)
select md5((i * 2 + further)::varchar)[1:11] as id,
    to_timestamp($since + floor(second) + further * 30) as time, metric,
    case when chance = 7 and of_shop then null else '01' || upper(md5(floor($people * pow(who, 2.2))::bigint::varchar))[1:24] end as person,
    case when not of_mail then null when of_campaign then '01MESSAGEOFCAMPAIGN' || lpad(($month * $campaigns + campaign)::varchar, 7, '0')
        else 'FlMsg' || flow_number end as message,
    case when of_mail and not of_campaign then 'Flow' || flow_number end as flow,
    case when metric in ('ORDERS', 'CHEKST', 'CARTAD') then (5 + floor(pow(1000 - lot, 2) / 5000) + 0.99)::decimal(20, 6) end as value,
    case when metric in ('ORDERS', 'CHEKST') then case when chance < 15 then 'USD' else 'EUR' end end as currency,
    case when metric = 'ORDERS' then 'order-' || i end as order_id,
    metric = 'OPENML' and chance < 350 as machine_open,
    metric = 'CLCKML' and chance < 60 as bot_click,
    case when metric = 'SUBLST' then case when chance < 600 then 'Form' else 'API' end end as method,
    case when metric = 'SUBLST' then 'List' || (lot % 3) end as list_id,
    case when metric = 'CLCKML' then 'https://shop.example/p/' || (lot % 300) end as url,
    case when metric = 'OPENML' then ['Gmail', 'Apple Mail', 'Outlook', 'Yahoo'][1 + lot % 4] end as client_type,
    case when of_shop then [{'title': 'Product ' || (lot * lot // 4000), 'quantity': (1 + chance % 3)::decimal(20, 6), 'price': (5 + lot % 90)::decimal(20, 6)},
        {'title': 'Product ' || (chance * chance // 4000), 'quantity': 1::decimal(20, 6), 'price': (7 + chance % 50)::decimal(20, 6)}][:1 + lot % 2] end as items,
    case when metric = 'ORDERS' and chance < 250 then [{'campaign': '01CAMPAIGNOFMONTHS' || lpad(($month * $campaigns + campaign)::varchar, 8, '0'),
            'flow': null, 'message': '01MESSAGEOFCAMPAIGN' || lpad(($month * $campaigns + campaign)::varchar, 7, '0')}]
        when metric = 'ORDERS' and chance < 450 then [{'campaign': null, 'flow': 'Flow' || flow_number, 'message': 'FlMsg' || flow_number}] end as attributed
from delivered order by metric, time
"""
PROFILES_OF_ALL: Final = """
with numbers as (select n, hash(n, 5) as one, hash(n, 6) as two from range($people) r(n))
select '01' || upper(md5(n::varchar))[1:24] as id, make_timestamptz(2024, 1, 1, 0, 0, 0) as created, make_timestamptz(2026, 1, 1, 0, 0, 0) as updated,
    ['gmail.com', 'web.example', 'post.example', 'mail.example'][1 + (one % 4)::int] as email_domain,
    case when one % 100 < 92 then ['Germany', 'France', 'Austria', 'Italy', 'Spain'][1 + least((one % 7)::int, 4)] end as country,
    'City ' || (two % 500) as city, 'Europe/Berlin' as time_zone,
    case when two % 10 < 7 then 'SUBSCRIBED' else 'NEVER_SUBSCRIBED' end as email_consent,
    case when two % 10 < 2 then 'SUBSCRIBED' else 'NEVER_SUBSCRIBED' end as sms_consent, two % 50 = 0 as suppressed
from numbers order by id
"""
MEMBERS_OF_ALL: Final = """select $audience as audience, '01' || upper(md5(n::varchar))[1:24] as person
from range($people) r(n) where hash(n, 7) % 8 = 0 order by person"""


def fill(install: Any, events: int) -> None:
    """Write the lake and the records of an install that has neither."""
    people = max(200, events // PEOPLE_PER)
    _write_lake(install.pk, events, people)
    fill_records(install)


def _write_lake(install_id: UUID, events: int, people: int) -> None:
    place = location_of(install_id)
    with duckdb.connect() as made:
        made.execute("set timezone='UTC'")
        for table, sql, bound in (
            (PROFILES, PROFILES_OF_ALL, {"people": people}),
            (MEMBERS, MEMBERS_OF_ALL, {"people": people, "audience": SEGMENT}),
        ):
            _append(make_table(place, table), table, _rows(made, sql, bound))
        for bound in _months(events, people):
            rows = _rows(made, EVENTS_OF_MONTH, bound)
            rows = rows.append_column("month", pc.strftime(rows["time"], "%Y-%m"))
            _append(make_table(place, EVENTS), EVENTS, rows)


def _rows(made: duckdb.DuckDBPyConnection, sql: str, bound: dict[str, Any]) -> pa.Table:
    return made.sql(sql, params=bound).to_arrow_table()


def _append(table: DeltaTable, spec: Table, rows: pa.Table) -> None:
    """Columns that are left out are empty; empty lists of the maker have no type of their own."""
    columns = [
        rows[field.name].cast(field.type) if field.name in rows.column_names else pa.nulls(len(rows), field.type)
        for field in spec.stored
    ]
    whole = pa.table(columns, schema=spec.stored)
    write_deltalake(table, whole, mode="append", writer_properties=writer_properties(spec))


def _months(events: int, people: int) -> Iterator[dict[str, Any]]:
    """What is bound for each month: each has more events than the one before."""
    weights = [1 + month / MONTHS for month in range(MONTHS)]
    ends = [round(events * sum(weights[:month]) / sum(weights)) for month in range(MONTHS + 1)]
    metrics = [key for key, _, of_thousand in METRICS for _ in range(of_thousand)]
    for month, (first, last) in enumerate(pairwise(ends)):
        yield {
            "first": first,
            "last": last,
            "month": month,
            "since": begin_of(month).timestamp(),
            "seconds": seconds_of(month),
            "metrics": metrics,
            "campaigns": CAMPAIGNS_A_MONTH,
            "flows": FLOWS,
            "people": people,
        }


def begin_of(month: int) -> datetime:
    """The first moment of the month with this number."""
    return datetime((FIRST_MONTH + month) // 12, (FIRST_MONTH + month) % 12 + 1, 1, tzinfo=UTC)


def seconds_of(month: int) -> int:
    return int((begin_of(month + 1) - begin_of(month)).total_seconds())


def sent_at(campaign: int) -> datetime:
    """As EVENTS_OF_MONTH lets its mails arrive."""
    month, number = divmod(campaign, CAMPAIGNS_A_MONTH)
    return begin_of(month) + timedelta(seconds=number * (seconds_of(month) // CAMPAIGNS_A_MONTH) + 32400)


def campaign_id(number: int) -> str:
    return f"01CAMPAIGNOFMONTHS{number:08d}"


def message_id(number: int) -> str:
    return f"01MESSAGEOFCAMPAIGN{number:07d}"


def fill_records(install: Any) -> None:
    upsert(install, Kind.METRIC, [_metric(key, name) for key, name, _ in METRICS])
    upsert(install, Kind.CAMPAIGN, [_campaign(number) for number in range(MONTHS * CAMPAIGNS_A_MONTH)])
    upsert(install, Kind.FLOW, [Row(f"Flow{n}", f"Flow {n}", status="live") for n in range(FLOWS)])
    upsert(install, Kind.MESSAGE, list(_messages()))
    upsert(install, Kind.SEGMENT, [Row(SEGMENT, "VIP")])
    upsert(install, Kind.LIST, [Row(f"List{n}", f"Newsletter {n}") for n in range(3)])
    record = Record.objects.get(install=install, kind=Kind.SEGMENT)
    Audience.objects.create(organization=install.organization, record=record, fetched_at=timezone.now(), members=0)


def _metric(key: str, name: str) -> Row:
    shop = {"integration": "Shopify", "category": "eCommerce", "key": "shopify"}
    own = {"integration": "Klaviyo", "category": "Internal", "key": "klaviyo"}
    return Row(key, name, attributes=shop if key in OF_SHOP else own)


def _campaign(number: int) -> Row:
    return Row(campaign_id(number), f"Campaign {number:03d}", status="Sent", channel="email", at=sent_at(number))


def _messages() -> Iterator[Row]:
    for number in range(MONTHS * CAMPAIGNS_A_MONTH):
        yield Row(
            message_id(number),
            "mail",
            parent=campaign_id(number),
            channel="email",
            attributes={"of": "campaign", "subject": f"Subject {number}"},
        )
    for number in range(FLOWS):
        yield Row(f"FlMsg{number}", "mail", parent=f"Flow{number}", channel="email", attributes={"of": "flow"})
