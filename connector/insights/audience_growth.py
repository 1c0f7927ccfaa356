"""audience_growth: who joined and left each list, by day, week or month."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from connector.insights import caveats
from connector.insights.arguments import check_period
from connector.insights.buckets import Bucket, buckets
from connector.insights.columns import Column, Kind
from connector.insights.coverage import Span
from connector.insights.objects import KlaviyoObject
from connector.insights.outcome import Outcome, common_names
from connector.insights.question import AccountQuestion, Answer, Question, each_account
from connector.insights.relations import EVENTS, ahead, bound_buckets, in_buckets
from connector.insights.words import counted, quoted, spoken

PERIOD: Final = "last_6_months"
COLUMNS: Final = (
    Column("list", Kind.OBJECT, "List"),
    Column("start", Kind.TIME, "From", "first local day of the day, week or month"),
    Column("subscribed", Kind.COUNT, "Joined", "Subscribed to List events that name the list"),
    Column("unsubscribed", Kind.COUNT, "Left", "Unsubscribed from List events that name the list"),
    Column("subscribed_people", Kind.COUNT, "People who joined", "distinct people with such an event in it"),
    Column("unsubscribed_people", Kind.COUNT, "People who left", "distinct people with such an event in it"),
    Column("net", Kind.COUNT, "Net", "subscribed less unsubscribed, of list events only"),
)
DEFINITION: Final = (
    "Events of joining and leaving a list, each counted once, and the people behind them. A list event names its list by id, "
    "else by the list's present name. Who leaves e-mail altogether leaves no list: that is unsubscribed_email in compare_periods."
)
# An event names its list by id; where it does not, by name, and then every list of that name.
SQL: Final = f"""with names as (select unnest($list_ids) as id, unnest($list_names) as name),
moves as (
    select person, epoch_us(time) as us, metric in (select unnest($joining)) as joins, coalesce(list_id, names.id) as list
    from {EVENTS} e left join names on names.name = case when e.list_id is null then e.list_name end
    where metric in (select unnest($metrics)) and time >= $start and time < $stop and time <= $moment)
select list, bucket, count(*) filter (where joins) as subscribed, count(*) filter (where not joins) as unsubscribed,
    count(distinct person) filter (where joins) as subscribed_people,
    count(distinct person) filter (where not joins) as unsubscribed_people
from {in_buckets("moves")} m where list in (select unnest($asked)) group by list, bucket"""
AHEAD: Final = f"select {ahead('metrics')} as ahead"
LEADING: Final = 3  # lists told of in the sentence
NUMBERS: Final = ("subscribed", "unsubscribed", "subscribed_people", "unsubscribed_people")


def audience_growth(question: Question) -> Outcome:
    """Raises BadArguments; Refusal when no account can be told."""
    args = question.args
    check_period(args, "period", question.moment)
    accounts = each_account(question, _answer)
    period, interval = str(args.get("period", PERIOD)), str(args.get("interval", "month"))
    lists = common_names(accounts).get("list", "the lists" if "list" not in args else f"“{args['list']}”")
    return Outcome(
        accounts,
        question=f"How did {lists} grow {spoken(period)}, by {interval}?",
        definition=DEFINITION,
        period_label=period,
    )


def _answer(asked: AccountQuestion) -> Answer:
    resolver = asked.resolver
    lists = resolver.lists()
    period = resolver.period(default=PERIOD)
    asked.check_held(period)
    every = resolver.records.every("list")
    shown = lists or resolver.told("list", every)
    metrics = resolver.ids_of("subscribed_list", "unsubscribed_list")
    rows = buckets(period, str(asked.args.get("interval", "month")), asked.account.zone, asked.moment)
    params = {
        "list_ids": [each.id for each in every] or [""],
        "list_names": [each.name for each in every] or [""],
        "asked": [each.id for each in shown] or [""],
        "joining": resolver.ids_of("subscribed_list"),
        "metrics": metrics,
        "start": period.start,
        "stop": period.end,
        **bound_buckets(rows),
    }
    found = {(row.list, row.bucket): row for row in asked.rows(SQL, params)}
    table = [_row(each, at, bucket, found) for each in shown for at, bucket in enumerate(rows)]
    told = caveats.future_events(asked.rows(AHEAD, params)[0].ahead)
    span = Span(period.start, min(period.end, asked.moment))
    return Answer({"rows": table}, _sentence(asked, shown, table, period.words()), period, span, told)


def _row(of: KlaviyoObject, at: int, bucket: Bucket, found: dict[tuple[str, int], Any]) -> dict[str, Any]:
    counts = found.get((of.id, at))
    numbers = {name: getattr(counts, name) if counts else 0 for name in NUMBERS}
    return {
        "list": {"id": of.id, "name": of.name},
        "start": str(bucket.start),
        **numbers,
        "net": numbers["subscribed"] - numbers["unsubscribed"],
    }


def _sentence(asked: AccountQuestion, lists: list[KlaviyoObject], rows: list[dict[str, Any]], when: str) -> str:
    """The lists that most joined. They are not added up: an event that tells a name alone is of every list of that name."""
    if not lists:
        return f"{asked.account.name} has no lists."
    moves: dict[str, Counter[str]] = {each.id: Counter() for each in lists}
    for row in rows:
        moves[row["list"]["id"]].update({name: row[name] for name in (*NUMBERS, "net")})
    leading = sorted(lists, key=lambda each: (-moves[each.id]["subscribed"], each.id))[:LEADING]
    told = [_told(each.name, moves[each.id]) for each in leading]
    more = f" {counted(len(lists) - LEADING, 'more list')} in the rows." if len(lists) > LEADING else ""
    return f"{asked.account.name} {when}: {'; '.join(told)}.{more}"


def _told(name: str, moves: Mapping[str, int]) -> str:
    net = f"{moves['net']:+,}" if moves["net"] else "0"
    joined, left = counted(moves["subscribed"], "join"), counted(moves["unsubscribed"], "departure")
    return f"{quoted([name])} had {joined} and {left}, net {net}"
