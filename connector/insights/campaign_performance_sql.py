"""campaign_performance in SQL: one pass over the events of the campaigns asked, one over the orders.

Rows of both have `level` (campaign, group, total) and `part`: the number of the campaign or group, 0 of the total.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from connector.insights.objects import KlaviyoObject
from connector.insights.relations import EVENTS, MARKS, SALES, ahead, due, keyed

RECEIVED, BOUNCED, OPENED, OPENED_HUMAN, CLICKED, CLICKED_HUMAN, UNSUBSCRIBED, COMPLAINED = (
    1 << place for place in range(8)
)
# What an event of a verb tells at most; a machine's open and a bot's click tell less.
BITS: Final[Mapping[str, int]] = {
    "received_email": RECEIVED,
    "received_sms": RECEIVED,
    "bounced_email": BOUNCED,
    "failed_sms": BOUNCED,
    "opened_email": OPENED | OPENED_HUMAN,
    "clicked_email": CLICKED | CLICKED_HUMAN,
    "clicked_sms": CLICKED | CLICKED_HUMAN,
    "unsubscribed_email": UNSUBSCRIBED,
    "unsubscribed_sms": UNSUBSCRIBED,
    "marked_spam": COMPLAINED,
}
PEOPLE: Final = {
    "recipients": RECEIVED,
    "unique_opens": OPENED,
    "unique_opens_human": OPENED_HUMAN,
    "unique_clicks": CLICKED,
    "unique_clicks_human": CLICKED_HUMAN,
    "unsubscribes": UNSUBSCRIBED,
    "spam_complaints": COMPLAINED,
}
TELLS: Final = f"""(k.bits - case when machine_open then k.bits & {OPENED_HUMAN} else 0 end
    - case when bot_click then k.bits & {CLICKED_HUMAN} else 0 end)"""
KINDS: Final = "kinds as (select unnest($kind_metrics) as metric, unnest($kind_bits) as bits)"
OWNERS: Final = """owners as (
    select unnest($keys) as key, unnest($key_campaigns) as campaign, unnest($key_groups) as part)"""
COUNTS: Final = ("deliveries", "bounces", "opens", "machine_opens")
SUMS: Final = ", ".join(f"sum({name}) as {name}" for name in COUNTS)
NO_EVENTS: Final = ", ".join(f"0 as {name}" for name in COUNTS)
KNOWN: Final = ", ".join(
    f"count(*) filter (person is not null and told & {bit} <> 0) as {name}" for name, bit in PEOPLE.items()
)
NO_PEOPLE: Final = ", ".join(f"0 as {name}" for name in PEOPLE)


def reach(groups: bool, at_least: bool) -> str:
    """What was received, opened, clicked. `at_least`: groups and total leave out campaigns of fewer than `$least`."""
    kept = (
        "where campaign in (select campaign from pairs group by campaign having sum(deliveries) >= $least)"
        if at_least
        else ""
    )
    levels = [_together("total", "0", kept), *([_together("group", "part", kept)] if groups else [])]
    return f"""with {OWNERS}, {KINDS}, hits as ({_hits()}),
pairs as materialized (
    select campaign, any_value(part) as part, person, count(*) filter (bits & {RECEIVED} <> 0) as deliveries,
        count(*) filter (bits & {BOUNCED} <> 0) as bounces, count(*) filter (bits & {OPENED} <> 0) as opens,
        count(*) filter (bits & {OPENED | OPENED_HUMAN} = {OPENED}) as machine_opens, bit_or(bits) as told
    from hits group by campaign, person)
select 'campaign' as level, campaign as part, {SUMS}, {KNOWN} from pairs group by campaign
union all {" union all ".join(levels)}"""


def _together(level: str, part: str, kept: str) -> str:
    """Two rows of several campaigns as one: their events, and their people, each once."""
    return f"""select '{level}' as level, {part} as part, {SUMS}, {NO_PEOPLE} from pairs {kept} group by all
union all select '{level}', part, {NO_EVENTS}, {KNOWN} from (
    select {part} as part, person, bit_or(told) as told from pairs {kept} group by all) group by all"""


def _hits() -> str:
    """An event has one message, so it is of one campaign; one without is of those that Klaviyo attributed it to."""
    bare = f"""select id, person, {TELLS} as bits, message, flow, attributed
        from {EVENTS} e join kinds k on k.metric = e.metric
        where e.time <= $moment and message is null and flow is null and attributed is not null"""
    return f"""select o.campaign, o.part, e.person, {TELLS} as bits
        from {EVENTS} e join kinds k on k.metric = e.metric join owners o on o.key = e.message where e.time <= $moment
    union all
    select campaign, any_value(part), any_value(person), any_value(bits)
        from ({keyed(f"({bare})", MARKS)}) e join owners o on o.key = e.key group by e.id, campaign"""


def sales(groups: bool, attribution: str) -> str:
    """The orders attributed to the campaigns, each once in each campaign, group and in the total."""
    by_group = f"""union all select 'group', part, {SALES}
    from (select distinct on (id, part) * from sold) group by part"""
    return f"""with {OWNERS}, {due(attribution)},
sold as (select distinct on (d.id, o.campaign) d.*, o.campaign, o.part from due d join owners o on o.key = d.key)
select 'campaign' as level, campaign as part, {SALES} from sold group by campaign
{by_group if groups else ""}
union all select 'total', 0, {SALES} from (select distinct on (id) * from sold)"""


AHEAD: Final = f"select {ahead('kind_metrics')} + {ahead('order_metrics')} as ahead"


def bound_kinds(ids_of: Callable[..., list[str]]) -> dict[str, Any]:
    """The parameters of KINDS; `ids_of` gives the metric ids of a verb."""
    bits = {metric: bit for verb, bit in BITS.items() for metric in ids_of(verb)}
    return {"kind_metrics": list(bits) or [""], "kind_bits": list(bits.values()) or [0]}


def bound_owners(
    campaigns: Sequence[KlaviyoObject], groups: Sequence[int], numbers: Sequence[int] | None = None
) -> dict[str, Any]:
    """The parameters of OWNERS: every id that `$message` of a campaign's events can be; `groups`: each campaign's.
    `numbers`: those of the campaigns meant, all if none are given."""
    meant = range(len(campaigns)) if numbers is None else numbers
    rows = [(key, number, groups[number]) for number in meant for key in campaigns[number].event_messages]
    keys, owners, parts = zip(*(rows or [("", 0, 0)]), strict=True)
    return {"keys": list(keys), "key_campaigns": list(owners), "key_groups": list(parts)}
