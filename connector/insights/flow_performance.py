"""flow_performance: what each flow did, bucket by bucket, and all of them together."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from connector.insights import caveats
from connector.insights import flow_performance_klaviyo as klaviyo
from connector.insights import flow_performance_sql as sql
from connector.insights.arguments import bad, check_period
from connector.insights.caveats import Caveat
from connector.insights.coverage import Span
from connector.insights.flow_choice import INTERVAL, PERIOD, WHOLE, Chosen, Key, choose, table
from connector.insights.flow_performance_words import DEFINITIONS, REPORTED, question_of, sentence
from connector.insights.klaviyo_basis import cost_of
from connector.insights.outcome import Outcome, common_names
from connector.insights.question import AccountQuestion, Answer, Question, each_account
from connector.insights.relations import TOUCH_LASTS, bound_buckets
from connector.insights.rounding import money, quotient
from connector.insights.sold import Sold, bound_touches, sales_caveats, sold_of

READ: Final = ("openers", "openers_human")
REACHED: Final = ("deliveries", *sql.PEOPLE, *READ)
ADDITIVE: Final = ("deliveries", "orders", "revenue", "last_sent_at")  # the whole period's is the sum of the buckets'

Args = Mapping[str, Any]


def flow_performance(question: Question) -> Outcome:
    """Raises BadArguments for arguments that exclude each other, Refusal when no account can be told."""
    args = question.args
    check(args, question.moment)
    reported = args.get("basis") == "klaviyo_report"
    accounts = each_account(
        question, _answer, needs_events=not reported, estimate=None if reported else klaviyo.estimate
    )
    return Outcome(
        accounts,
        question=question_of(args, common_names(accounts)),
        definition=REPORTED if reported else DEFINITIONS[args.get("attribution", "klaviyo")],
        period_label=args.get("period", PERIOD),
        basis="klaviyo_report" if reported else "events",
        exactness="klaviyo_report" if reported else "exact",
        method={
            "interval": args.get("interval", INTERVAL),
            "attribution": args.get("attribution", "klaviyo"),
            "machine_opens": "include",
        }
        | cost_of(accounts),
    )


def check(args: Args, moment: datetime) -> None:
    check_period(args, "period", moment)
    if args.get("basis") == "klaviyo_report" and args.get("attribution") == "last_touch":
        raise bad("attribution", "last_touch does not go with basis=klaviyo_report, which has Klaviyo's own")


def _answer(asked: AccountQuestion) -> Answer:
    if asked.args.get("basis") == "klaviyo_report":
        return klaviyo.answer(asked)
    chosen = choose(asked, check_held=True)
    params = _params(asked, chosen)
    counted = _Counted(asked, chosen, params)
    figures = table(asked, chosen, counted.figures)
    told = counted.caveats(asked, figures)
    told += caveats.future_events(asked.rows(sql.AHEAD, params)[0].ahead)
    return Answer(figures, sentence(asked, chosen, figures), chosen.period, _span(asked, chosen), told)


def _params(asked: AccountQuestion, chosen: Chosen) -> dict[str, Any]:
    since = chosen.period.start - TOUCH_LASTS
    return {
        "start": chosen.period.start,
        "stop": chosen.period.end,
        "order_metrics": [chosen.purchase.id] if chosen.purchase else [""],
        **sql.bound_kinds(asked.resolver.ids_of),
        **sql.bound_flows(chosen.flows),
        **bound_buckets(chosen.buckets),
        **bound_touches(asked, since),
    }


def _span(asked: AccountQuestion, chosen: Chosen) -> Span:
    """Mails of the period may be opened until now; orders are due to touches before it."""
    before = TOUCH_LASTS if asked.args.get("attribution") == "last_touch" else timedelta(0)
    return Span(min(chosen.period.start - before, asked.moment), asked.moment)


class _Counted:
    """What was counted, by whose it is; of the whole period what can be added up, and the rest where it is asked for."""

    def __init__(self, asked: AccountQuestion, chosen: Chosen, params: Mapping[str, Any]) -> None:
        self.knows_orders = chosen.purchase is not None
        whole = asked.args.get("sort_by", "revenue") not in ADDITIVE
        self.reached: dict[Key, dict[str, int]] = {}
        for row in asked.rows(sql.reach(chosen.by_message, whole), params):
            self._add(row)
        text = sql.sales(chosen.by_message, asked.args.get("attribution", "klaviyo"))
        self.sales = {_key(row): row for row in asked.rows(text, params)} if self.knows_orders else {}
        self.whole = _summed(self.sales)
        if not whole:
            self._add_up()

    def _add(self, row: Any) -> None:
        """A key has three rows: its events, its people, and who opened what was received in it."""
        held = self.reached.setdefault(_key(row), {})
        for name in (*sql.COUNTS, *sql.PEOPLE, *READ):
            held[name] = held.get(name, 0) + int(getattr(row, name) or 0)

    def _add_up(self) -> None:
        for key, held in list(self.reached.items()):
            of = self.reached.setdefault(Key(key.level, key.part, key.message, WHOLE), {"deliveries": 0})
            of["deliveries"] += held["deliveries"]

    def figures(self, key: Key) -> dict[str, Any]:
        counts = {name: self.reached.get(key, {}).get(name, 0) for name in REACHED}
        sold = self.whole.get(key) if key.bucket == WHOLE else sold_of(self.sales.get(key))
        return columns(counts, (sold or sold_of(None)) if self.knows_orders else None)

    def caveats(self, asked: AccountQuestion, figures: Mapping[str, Any]) -> list[Caveat]:
        of_all = [held for key, held in self.reached.items() if key.level == "all" and key.bucket != WHOLE]
        opens, machines = (sum(held[name] for held in of_all) for name in ("opens", "machine_opens"))
        told = caveats.machine_opens(opens, machines)
        bases = [row["email_recipients"] for row in figures["rows"] if row["flow"] is None and row["email_recipients"]]
        if bases:
            told += caveats.small_base(
                min(bases), "people" if len(bases) == 1 else "people in the smallest row of all flows"
            )
        return told + sales_caveats(asked, [row for key, row in self.sales.items() if key.level == "all"])


def _key(row: Any) -> Key:
    return Key(row.level, row.part, row.message, row.bucket)


def _summed(sales: Mapping[Key, Any]) -> dict[Key, Sold]:
    """An order lies in one bucket, so those of the whole period are the sum."""
    found: dict[Key, Sold] = {}
    for key, row in sales.items():
        whole = Key(key.level, key.part, key.message, WHOLE)
        before = found.get(whole, Sold(0, Decimal(0)))
        found[whole] = Sold(before.orders + row.orders, before.revenue + row.revenue)
    return found


def columns(counts: Mapping[str, int], sold: Sold | None) -> dict[str, Any]:
    """The figures of a row; `sold` None where what counts as an order is not known."""
    mailed = counts["email_recipients"]
    return {
        "deliveries": counts["deliveries"],
        "recipients": counts["recipients"],
        "email_recipients": mailed,
        "openers": counts["openers"],
        "openers_human": counts["openers_human"],
        "open_rate": quotient(counts["openers"], mailed),
        "open_rate_human": quotient(counts["openers_human"], mailed),
        "active_openers": counts["active_openers"],
        "active_openers_human": counts["active_openers_human"],
        "clickers_human": counts["clickers_human"],
        "orders": sold.orders if sold else None,
        "revenue": money(sold.revenue) if sold else None,
    }
