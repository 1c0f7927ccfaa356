"""The SQL of top_items: the events asked about, their lines, one row per title; every value is a bound parameter."""

from dataclasses import dataclass

from connector.insights.relations import EVENTS, IN_CURRENCY, ahead, among, line_items, of, orders_once

# A line's amount is kept as exactly as an event's value may be: what would not fit there is no price of anything.
AMOUNT = "case when own and abs(cast(quantity as double) * cast(price as double)) < 1e14 then quantity * price end"


@dataclass(frozen=True)
class Shape:
    """Which pieces the question needs."""

    event: str
    of: tuple[str, ...] = ()  # campaign, flow
    only: bool = False  # item
    beside: bool = False  # with_item
    audience: bool = False


def figures(shape: Shape) -> str:
    """A row per title: lines, people, quantity, revenue; lines with an amount in another currency, and of the events (each
    in its first line that counts) those in another currency, further deliveries, and windows that are still open."""
    return f"""with x as ({_events(shape)}), l as ({line_items("x", "person, own, repeats, is_open")})
select title as item, count(*) as lines, count(distinct person) as people, sum(quantity) as quantity, sum({AMOUNT}) as revenue,
    count(*) filter (not own and quantity is not null and price is not null) as foreign_lines,
    count(*) filter (nth = 1 and not own) as foreign_events,
    coalesce(sum(repeats) filter (nth = 1), 0) as repeats, count(*) filter (nth = 1 and is_open) as windows_open
from l group by title"""


AHEAD = f"select {ahead('metrics')} as ahead"


def _events(shape: Shape) -> str:
    """Those asked about, each with the lines that count."""
    conditions = [
        "metric in (select unnest($metrics))",
        "time <= $moment",
        "time >= $start",
        "time < $stop",
        "items is not null",
    ]
    conditions += [
        *of("x", shape.of),
        *(of("beside", ["item"]) if shape.beside else ()),
        *([among()] if shape.audience else ()),
    ]
    if shape.event == "ordered":
        return _ordered(shape, conditions)
    if shape.event == "abandoned_checkout":
        return _abandoned(shape, conditions)
    return f"select {_columns(shape, '0', 'false')} from {EVENTS} where {' and '.join(conditions)}"


def _ordered(shape: Shape, conditions: list[str]) -> str:
    """Orders of the period, each as its earliest delivery. Which those are is told by ids: lines are heavy to sort."""
    firsts = (
        f"select id as first, deliveries from ({orders_once()}) where us >= epoch_us($start) and us < epoch_us($stop)"
    )
    return f"""select {_columns(shape, "deliveries - 1", "false")} from {EVENTS} join ({firsts}) on first = id
        where {" and ".join(conditions)}"""


def _abandoned(shape: Shape, conditions: list[str]) -> str:
    """Checkouts of a person who placed no order after them within the window, its end included."""
    is_open = "us + $within > epoch_us($moment)"
    return f"""with begun as (select *, epoch_us(time) as us from {EVENTS} where person is not null and {" and ".join(conditions)}),
    bought as (select person, epoch_us(time) as us from {EVENTS}
        where metric in (select unnest($order_metrics)) and time <= $moment and time >= $start and person is not null)
    select {_columns(shape, "0", is_open)} from begun where not exists (
        select 1 from bought where bought.person = begun.person and bought.us > begun.us and bought.us <= begun.us + $within)"""


def _columns(shape: Shape, repeats: str, is_open: str) -> str:
    return f"person, {IN_CURRENCY} as own, {repeats} as repeats, {is_open} as is_open, {_lines(shape)} as items"


def _lines(shape: Shape) -> str:
    """The lines of an event that count. Where none is left out nothing is looked at one by one."""
    tests = ["list_contains($only_items, i.title)"] if shape.only else []
    tests += ["not list_contains($beside_items, i.title)"] if shape.beside else []
    return f"list_filter(items, lambda i: {' and '.join(tests)})" if tests else "items"
