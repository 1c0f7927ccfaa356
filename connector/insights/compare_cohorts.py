"""compare_cohorts: what people bought after they first subscribed, by how or when they did."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from connector.insights import caveats, compare_cohorts_sql, compare_cohorts_words
from connector.insights.arguments import check_period
from connector.insights.buckets import Bucket, buckets
from connector.insights.caveats import Caveat
from connector.insights.columns import Column, Kind
from connector.insights.compare_cohorts_words import PERIOD, is_until_end, joins_first_ever
from connector.insights.coverage import FIRST_MOMENT, Span
from connector.insights.outcome import Outcome
from connector.insights.periods import Period
from connector.insights.question import AccountQuestion, Answer, Question, each_account
from connector.insights.relations import SOURCES, bound_buckets
from connector.insights.rounding import days, money, quotient
from connector.insights.sold import sales_caveats

COLUMNS: Final = (
    Column("cohort", Kind.TEXT, "Cohort", "how, or in which month, they first subscribed"),
    Column("people", Kind.COUNT, "People", "people who joined so"),
    Column("buyers", Kind.COUNT, "Buyers", "of them, who ordered at or after that moment"),
    Column("buyer_rate", Kind.RATE, "Buyers, share", "buyers / people"),
    Column("orders", Kind.COUNT, "Orders", "their orders since, each once"),
    Column("order_events", Kind.COUNT, "Order events", "every delivery of an order since they joined"),
    Column("revenue", Kind.MONEY, "Revenue", "value of these orders in the account's currency"),
    Column("average_order_value", Kind.MONEY, "Average order", "revenue / orders"),
    Column("repeat_rate", Kind.RATE, "Ordered again", "people with 2 or more orders / buyers"),
    Column("median_days_to_first_order", Kind.DAYS, "Median time to the first order", "over buyers, from joining"),
)


def compare_cohorts(question: Question) -> Outcome:
    """Raises BadArguments; Refusal when no account can be told."""
    args = question.args
    check_period(args, "period", question.moment)
    return Outcome(
        each_account(question, _answer),
        question=compare_cohorts_words.question(args),
        definition=compare_cohorts_words.definition(args),
        period_label=str(args.get("period", PERIOD)),
    )


def _answer(asked: AccountQuestion) -> Answer:
    resolver = asked.resolver
    bought = resolver.verb("ordered")
    period = resolver.period(default=PERIOD)
    asked.check_held(period)
    months = _months(asked, period)
    subscriptions = ("subscribed_sms", "subscribed_list", "subscribed_email")
    resolver.rests_on(resolver.metrics_of(*subscriptions))
    params = {
        "text_metrics": resolver.ids_of("subscribed_sms") or [""],
        "subscription_metrics": resolver.ids_of(*subscriptions) or [""],
        "order_metrics": bought.ids,
        "start": period.start,
        "stop": period.end,
        **bound_buckets(months),
    }
    by_month = asked.args.get("by") == "signup_month"
    text = compare_cohorts_sql.figures(by_month, joins_first_ever(asked.args), is_until_end(asked.args))
    found = {row.cohort: row for row in asked.rows(text, params)}
    names = [f"{month.start:%Y-%m}" for month in months] if by_month else list(SOURCES)
    rows = [_row(name, found.get(number)) for number, name in enumerate(names)]
    total = found[None]
    told = sales_caveats(asked, [total]) + caveats.future_events(asked.rows(compare_cohorts_sql.AHEAD, params)[0].ahead)
    sentence = compare_cohorts_words.sentence(asked, rows, _row("", total), period.words())
    return Answer({"rows": rows}, sentence, period, _span(asked, period), told + _small_base(rows))


def _months(asked: AccountQuestion, period: Period) -> list[Bucket]:
    return buckets(period, "month", asked.account.zone, asked.moment)


def _span(asked: AccountQuestion, period: Period) -> Span:
    """Whether a subscription is the first is told by all that came before; orders are read up to the end or to now."""
    start = FIRST_MOMENT if joins_first_ever(asked.args) else period.start
    end = min(period.end, asked.moment) if is_until_end(asked.args) else asked.moment
    return Span(start, end)


def _row(cohort: str, found: Any) -> dict[str, Any]:
    """`found` None: nobody joined so."""
    people, buyers, orders = (found.people, found.buyers, found.orders) if found else (0, 0, 0)
    return {
        "cohort": cohort,
        "people": people,
        "buyers": buyers,
        "buyer_rate": quotient(buyers, people),
        "orders": int(orders),
        "order_events": int(found.order_events) if found else 0,
        "revenue": money(found.revenue) if found else 0.0,
        "average_order_value": money(found.revenue / orders) if orders else None,
        "repeat_rate": quotient(found.repeaters, buyers) if found else None,
        "median_days_to_first_order": days(found.median_seconds) if found else None,
    }


def _small_base(rows: Sequence[Mapping[str, Any]]) -> list[Caveat]:
    smallest = min((row["people"] for row in rows if row["people"]), default=None)
    return [] if smallest is None else caveats.small_base(smallest, "people of the smallest cohort")
