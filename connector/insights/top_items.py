"""top_items: which products were viewed, added to carts, left behind or ordered most."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from connector.insights import caveats, top_items_sql, top_items_words
from connector.insights.arguments import check_period
from connector.insights.caveats import Caveat
from connector.insights.columns import Column, Kind
from connector.insights.coverage import Span
from connector.insights.metrics import Action
from connector.insights.outcome import Outcome, common_names
from connector.insights.periods import Period
from connector.insights.question import AccountQuestion, Answer, Question, each_account
from connector.insights.ranking import ranked
from connector.insights.relations import bound_objects
from connector.insights.resolver import Resolver, tried
from connector.insights.rounding import money
from connector.insights.top_items_sql import Shape
from connector.insights.top_items_words import PERIOD, event_of, within_days

COLUMNS: Final = (
    Column("item", Kind.TEXT, "Item", "title of the line items"),
    Column("count", Kind.COUNT, "Lines", "line items of that title; of orders, each order once"),
    Column("people", Kind.COUNT, "People", "distinct people of these events"),
    Column("quantity", Kind.COUNT, "Quantity", "sum of the lines' own quantities"),
    Column("revenue", Kind.MONEY, "Price × quantity", "of lines that have both, in the account's currency"),
    Column("catalog", Kind.OBJECT, "Catalog", "the catalog's item of that title"),
)


def top_items(question: Question) -> Outcome:
    """Raises BadArguments; Refusal when no account can be told."""
    args = question.args
    check_period(args, "period", question.moment)
    accounts = each_account(question, items_of)
    names = common_names(accounts)
    return Outcome(
        accounts,
        question=top_items_words.question(args, names),
        definition=top_items_words.definition(args, names),
        period_label=str(args.get("period", PERIOD)),
    )


def items_of(asked: AccountQuestion) -> Answer:
    """One account's rows. Raises Refusal: not_found, needs_choice, no_such_metric, no_purchase_metric, out_of_range, pending."""
    campaigns, flows, only, beside, audience, (about, bought) = tried(
        asked.resolver.campaigns,
        asked.resolver.flows,
        asked.resolver.items,
        lambda: asked.resolver.items("with_item"),
        asked.resolver.audience,
        lambda: _actions(asked.resolver, event_of(asked.args)),
    )
    period = asked.resolver.period(default=PERIOD)
    asked.check_held(period)
    asked.resolver.check_members(audience)
    shape = Shape(
        event_of(asked.args),
        tuple(kind for kind, given in (("campaign", campaigns), ("flow", flows)) if given),
        only=bool(only),
        beside=bool(beside),
        audience=bool(audience),
    )
    params = {
        **bound_objects("x", "campaign", campaigns),
        **bound_objects("x", "flow", flows),
        "only_items": only,
        "beside_items": beside,
        "audience": [each.id for each in audience],
        "metrics": about.ids,
        "order_metrics": (bought or about).ids,
        "within": int(_window(asked).total_seconds()) * 1_000_000,
        "start": period.start,
        "stop": period.end,
    }
    found = asked.rows(top_items_sql.figures(shape), params)
    rows = ranked(
        _rows(asked.resolver, found), str(asked.args.get("sort_by", "count")), "desc", lambda row: str(row["item"])
    )
    told = _caveats(asked, found, asked.rows(top_items_sql.AHEAD, params)[0].ahead)
    sentence = top_items_words.sentence(asked, rows, period.words())
    return Answer({"rows": rows}, sentence, period, _span(asked, period), told)


def _actions(resolver: Resolver, event: str) -> tuple[Action, Action | None]:
    """The events asked about, and the orders that tell an abandoned basket from others."""
    if event != "abandoned_checkout":
        return resolver.verb(event), None
    about, bought = tried(lambda: resolver.verb("started_checkout"), lambda: resolver.verb("ordered"))
    return about, bought


def _window(asked: AccountQuestion) -> timedelta:
    return timedelta(days=within_days(asked.args))


def _span(asked: AccountQuestion, period: Period) -> Span:
    """With the time in which a basket may still be ordered, cut at the moment."""
    end = period.end + _window(asked) if event_of(asked.args) == "abandoned_checkout" else period.end
    return Span(period.start, min(end, asked.moment))


def _rows(resolver: Resolver, found: Sequence[Any]) -> list[dict[str, Any]]:
    catalog = resolver.records.catalog(sorted(row.item for row in found))
    return [
        {
            "item": row.item,
            "count": row.lines,
            "people": row.people,
            "quantity": _number(row.quantity),
            "revenue": money(row.revenue),
            "catalog": catalog.get(row.item),
        }
        for row in found
    ]


def _number(quantity: Decimal | None) -> int | float | None:
    """Whole numbers as such: nobody buys 2.0 mugs."""
    if quantity is None:
        return None
    return int(quantity) if quantity == int(quantity) else float(quantity)


def _caveats(asked: AccountQuestion, found: Sequence[Any], ahead: int) -> list[Caveat]:
    windows = sum(row.windows_open for row in found)
    told = _windows_open(windows, within_days(asked.args))
    told += caveats.duplicate_orders(int(sum(row.repeats for row in found))) + caveats.future_events(ahead)
    if any(row.foreign_lines for row in found):
        told += caveats.other_currency(sum(row.foreign_events for row in found), asked.account.currency)
    return told


def _windows_open(number: int, days: int) -> list[Caveat]:
    if not number:
        return []
    counted = "1 of these checkouts" if number == 1 else f"{number:,} of these checkouts"
    return [
        Caveat(
            "window_open",
            f"For {counted} the {days} days are not over yet; they count as abandoned until an order comes.",
        )
    ]
