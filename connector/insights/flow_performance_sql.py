"""flow_performance in SQL: one pass over what happened in the period, one over all opens, one over the orders.

An event can be of two flows: of the one it names, and of the one that its message is of now.
Rows have `level` (all, flow, message), `part` (a flow's number, 0 else), `message` (a message's id, else ''), `bucket`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from connector.insights.objects import KlaviyoObject
from connector.insights.relations import EVENTS, MARKS, SALES, ahead, due, in_buckets, keyed

MAILED, TEXTED, OPENED, OPENED_HUMAN, CLICKED_HUMAN = (1 << place for place in range(5))
# What an event of a verb tells at most; a machine's open and a bot's click tell less.
BITS: Final[Mapping[str, int]] = {
    "received_email": MAILED,
    "received_sms": TEXTED,
    "opened_email": OPENED | OPENED_HUMAN,
    "clicked_email": CLICKED_HUMAN,
    "clicked_sms": CLICKED_HUMAN,
}
PEOPLE: Final = {
    "recipients": MAILED | TEXTED,
    "email_recipients": MAILED,
    "active_openers": OPENED,
    "active_openers_human": OPENED_HUMAN,
    "clickers_human": CLICKED_HUMAN,
}
TELLS: Final = f"""(k.bits - case when machine_open then k.bits & {OPENED_HUMAN} else 0 end
    - case when bot_click then k.bits & {CLICKED_HUMAN} else 0 end)"""
KINDS: Final = "kinds as (select unnest($kind_metrics) as metric, unnest($kind_bits) as bits)"
FLOWS: Final = """flows as (select unnest($flow_ids) as key, unnest($flow_numbers) as flow),
messages as (select unnest($message_ids) as key, unnest($message_flows) as flow),
owners as (from flows union all from messages)"""
COUNTS: Final = ("deliveries", "opens", "machine_opens")
SUMS: Final = ", ".join(f"sum({name}) as {name}" for name in COUNTS)
ACTIVE: Final = ", ".join(f"count(*) filter (told & {bit} <> 0) as {name}" for name, bit in PEOPLE.items())
READ: Final = f"count(*) as openers, count(*) filter (told & {OPENED_HUMAN} <> 0) as openers_human"
NO_EVENTS: Final = ", ".join(f"0 as {name}" for name in COUNTS)
NO_PEOPLE: Final = ", ".join(f"0 as {name}" for name in PEOPLE)
NOT_READ: Final = "0 as openers, 0 as openers_human"
IN_PERIOD: Final = "time >= $start and time < $stop"


def reach(by_message: bool, whole: bool) -> str:
    """What was received, opened, clicked in each bucket, and by how many a mail of the bucket was opened at any time.

    `whole`: also of each flow in the whole period (bucket -1), in which people count once.
    """
    sent_by_flow = "select coalesce(by_flow, by_message) as part, * from sent union all select by_message, * from sent where by_message <> by_flow"
    read_by_flow = """select coalesce(by_flow, by_message) as part, bucket, person, told from letters
        where coalesce(by_flow, by_message) in (read_flow, read_message)
    union all select by_message, bucket, person, told from letters
        where by_message <> by_flow and by_message in (read_flow, read_message)"""
    levels = [_level("all", "sent", "letters", ""), _level("flow", sent_by_flow, read_by_flow, "part")]
    if by_message:
        known = "where by_message is not null and message is not null"
        levels.append(_level("message", f"select * from sent {known}", f"select * from letters {known}", "message"))
    if whole:
        levels.append(_level("flow", sent_by_flow, read_by_flow, "part", "-1"))
    return f"with {FLOWS}, {KINDS}, {_sent()}, {_letters()} {' union all '.join(levels)}"


def _level(level: str, sent: str, letters: str, by: str, bucket: str = "bucket") -> str:
    """Three rows of each bucket of each flow, of each message, of all: its events, its people, who opened its mails."""
    part, message = ("part" if by == "part" else "0"), ("message" if by == "message" else "''")
    named = f"{part} as part, {message} as message, {bucket} as bucket"
    rows, read = (f"({text})" if text.startswith("select") else text for text in (sent, letters))
    return f"""select '{level}' as level, {named}, {SUMS}, {NO_PEOPLE}, {NOT_READ} from {rows} group by all
union all select '{level}', part, message, bucket, {NO_EVENTS}, {ACTIVE}, {NOT_READ} from (
    select {named}, person, bit_or(told) as told from {rows} where person is not null group by all) group by all
union all select '{level}', part, message, bucket, {NO_EVENTS}, {NO_PEOPLE}, {READ} from (
    select {named}, person, bit_or(told) as told from {read} group by all) group by all"""


def _sent() -> str:
    """CTE `sent`: what each person was sent of each message, opened and clicked in each bucket."""
    return f"""happened as ({_of_flows(IN_PERIOD)}),
sent as materialized (
    select by_flow, by_message, message, bucket, person,
        count(*) filter (bits & {MAILED | TEXTED} <> 0) as deliveries, count(*) filter (bits & {OPENED} <> 0) as opens,
        count(*) filter (bits & {OPENED | OPENED_HUMAN} = {OPENED}) as machine_opens, bit_or(bits) as told
    from {in_buckets("happened")} group by by_flow, by_message, message, bucket, person)"""


def _letters() -> str:
    """CTE `letters`: the mails of the buckets that their receiver opened, whenever; a row for each open."""
    return f"""opened as ({_of_flows("e.metric in (select unnest($open_metrics)) and message is not null and person is not null")}),
letters as materialized (
    select s.*, o.by_flow as read_flow, o.by_message as read_message, o.bits as told
    from opened o join (select by_flow, by_message, message, bucket, person from sent where told & {MAILED} <> 0) s
    on o.message = s.message and o.person = s.person)"""


def _of_flows(where: str) -> str:
    """The events of the flows. One that names neither message nor flow is of those that Klaviyo attributed it to."""
    events = f"{EVENTS} e join kinds k on k.metric = e.metric"
    bare = f"""select id, person, epoch_us(time) as us, {TELLS} as bits, message, e.flow, attributed from {events}
        where e.time <= $moment and message is null and e.flow is null and attributed is not null and {where}"""
    return f"""select f.flow as by_flow, m.flow as by_message, message, person, epoch_us(time) as us, {TELLS} as bits
        from {events} left join flows f on f.key = e.flow left join messages m on m.key = e.message
        where e.time <= $moment and (f.flow is not null or m.flow is not null) and {where}
    union all
    select min(o.flow), max(o.flow), null, any_value(person), any_value(us), any_value(bits)
        from ({keyed(f"({bare})", MARKS)}) e join owners o on o.key = e.key group by e.id"""


def sales(by_message: bool, attribution: str) -> str:
    """The orders of each bucket, each once in each flow, in each message and in all of them."""
    of_message = f"""union all select 'message', 0, key, bucket, {SALES} from (
    select distinct on (id, key) * from sold where key in (select key from messages)) group by key, bucket"""
    return f"""with {FLOWS}, {due(attribution, in_period=True)},
sold as (select d.*, o.flow as part from {in_buckets("due")} d join owners o on o.key = d.key)
select 'all' as level, 0 as part, '' as message, bucket, {SALES} from (select distinct on (id) * from sold) group by bucket
union all select 'flow', part, '', bucket, {SALES} from (select distinct on (id, part) * from sold) group by part, bucket
{of_message if by_message else ""}"""


LAST_SENT: Final = f"""with {FLOWS}, last as (
    select e.flow, e.message, max(time) as time from {EVENTS} e
    where e.metric in (select unnest($received_metrics)) and time <= $moment group by e.flow, e.message)
select o.flow as part, max(l.time) as time from last l join owners o on o.key in (l.flow, l.message) group by o.flow"""
AHEAD: Final = f"select {ahead('kind_metrics')} + {ahead('order_metrics')} as ahead"


def bound_kinds(ids_of: Callable[..., list[str]]) -> dict[str, Any]:
    """The metrics that `reach` reads; `ids_of` gives the metric ids of a verb."""
    bits = {metric: bit for verb, bit in BITS.items() for metric in ids_of(verb)}
    return {
        "kind_metrics": list(bits) or [""],
        "kind_bits": list(bits.values()) or [0],
        "open_metrics": ids_of("opened_email") or [""],
    }


def bound_flows(flows: Sequence[KlaviyoObject]) -> dict[str, Any]:
    """The parameters of FLOWS: each flow has its number."""
    messages = [(key, number) for number, each in enumerate(flows) for key in each.event_messages] or [("", -1)]
    keys, owners = zip(*messages, strict=True)
    return {
        "flow_ids": [each.id for each in flows] or [""],
        "flow_numbers": list(range(len(flows))) or [-1],
        "message_ids": list(keys),
        "message_flows": list(owners),
    }
