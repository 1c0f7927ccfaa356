"""top_items in words: what was asked, by which rule, and what came out."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from connector.insights.question import AccountQuestion
from connector.insights.words import amount, counted, people, quoted, spoken

Args = Mapping[str, Any]
Names = Mapping[str, str]

PERIOD: Final = "last_6_months"
WITHIN_DAYS: Final = 7
LEADING: Final = 3  # titles that the sentence tells
DONE: Final = {
    "added_to_cart": "added to carts",
    "started_checkout": "in started checkouts",
    "abandoned_checkout": "left in abandoned checkouts",
    "ordered": "ordered",
    "viewed_product": "viewed",
}
EVENTS: Final = {
    "added_to_cart": "items that were added to a cart",
    "started_checkout": "line items of started checkouts",
    "abandoned_checkout": "line items of started checkouts after which the person placed no order within {days} × 24 hours",
    "ordered": "line items of orders (an order is one person and order id, counted once by its earliest delivery)",
    "viewed_product": "products that were viewed",
}


def event_of(args: Args) -> str:
    return str(args.get("event", "added_to_cart"))


def within_days(args: Args) -> int:
    return int(args.get("within_days", WITHIN_DAYS))


def question(args: Args, names: Names) -> str:
    return f"Which items were {DONE[event_of(args)]} most {spoken(str(args.get('period', PERIOD)))}{_of(args, names)}?"


def definition(args: Args, names: Names) -> str:
    events = EVENTS[event_of(args)].format(days=within_days(args))
    return (
        f"All {events}{_of(args, names)}; each line counts one. People are distinct profiles. Quantity and price are the "
        "line's own; a line without both is in no amount."
    )


def sentence(asked: AccountQuestion, rows: Sequence[Mapping[str, Any]], when: str) -> str:
    """The leading titles with the figure they are sorted by first."""
    done, of = DONE[event_of(asked.args)], _of(asked.args, asked.resolver.names)
    if not rows:
        return f"{asked.account.name}: no item was {done} {when}{of}."
    sort_by = str(asked.args.get("sort_by", "count"))
    leading = ", ".join(f"{quoted([row['item']])} ({_figures(row, sort_by, asked)})" for row in rows[:LEADING])
    among = f" of {counted(len(rows), 'item')}" if len(rows) > LEADING else ""
    return f"{asked.account.name}: most {done}{_by(sort_by)} {when}{of} {'was' if len(rows) == 1 else 'were'} {leading}{among}."


def _by(sort_by: str) -> str:
    return {"quantity": " by quantity", "people": " by people", "revenue": " by price × quantity"}.get(sort_by, "")


def _figures(row: Mapping[str, Any], sort_by: str, asked: AccountQuestion) -> str:
    told = {"count": counted(row["count"], "line"), "people": people(row["people"])}
    if row["quantity"] is not None:
        told["quantity"] = f"quantity {row['quantity']:,}"
    if row["revenue"] is not None:
        told["revenue"] = amount(row["revenue"], asked.account.currency)
    chosen = [told[sort_by]] if sort_by in told else []
    return ", ".join(dict.fromkeys([*chosen, told["count"], told["people"]]))


def _of(args: Args, names: Names) -> str:
    """The further conditions, each with a space before it."""

    def name(argument: str) -> str:
        return names.get(argument) or f"“{args[argument]}”"

    attributed = "attributed to" if event_of(args) == "ordered" else "of"
    parts = [
        f" together with {name('with_item')}" if "with_item" in args else "",
        f" by present members of {name('audience')}" if "audience" in args else "",
        f" {attributed} {name('campaign')}" if "campaign" in args else "",
        f" {attributed} the flow {name('flow')}" if "flow" in args else "",
        f", {name('item')} alone" if "item" in args else "",
    ]
    return "".join(parts)
