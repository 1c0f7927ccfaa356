"""flow_performance by Klaviyo's own reports: for figures that must match its pages, and as an estimate."""

from collections.abc import Sequence
from typing import Any

from connector.insights.flow_choice import INTERVAL, WHOLE, Chosen, Key, choose, table
from connector.insights.flow_performance_words import sentence
from connector.insights.klaviyo_basis import BOTS, estimated, read
from connector.insights.question import AccountQuestion, Answer
from connector.insights.report_requests import FlowValues, flow_series
from connector.insights.report_rows import Row, flow_columns


def answer(asked: AccountQuestion) -> Answer:
    """Raises Refusal."""
    chosen = choose(asked)
    reading = read(asked, _requests(asked, chosen))
    return _answered(asked, chosen, reading.rows, {"cost": reading.cost()})


def estimate(asked: AccountQuestion) -> Answer | None:
    """What one report tells, for an account whose events are not held yet; by Klaviyo's attribution alone."""
    if asked.args.get("attribution") == "last_touch":
        return None
    chosen = choose(asked)
    rows = estimated(asked, _requests(asked, chosen))
    return None if rows is None else _answered(asked, chosen, rows, {})


def _answered(asked: AccountQuestion, chosen: Chosen, rows: Sequence[Row], more: dict[str, Any]) -> Answer:
    figures = _figures(asked, chosen, rows) | more
    return Answer(figures, sentence(asked, chosen, figures), chosen.period, caveats=[BOTS])


def _requests(asked: AccountQuestion, chosen: Chosen) -> Sequence[FlowValues]:
    if not chosen.buckets or not chosen.flows:
        return []
    metric = chosen.purchase.id if chosen.purchase else None
    flows = [flow.id for flow in chosen.flows]
    start, end = chosen.period.start, chosen.period.end
    interval = str(asked.args.get("interval", INTERVAL))
    if interval == "total":
        return [FlowValues(start=start, end=end, conversion_metric=metric, flows=flows)]
    return flow_series(asked.install, start, end, interval, conversion_metric=metric, flows=flows)


def _figures(asked: AccountQuestion, chosen: Chosen, rows: Sequence[Row]) -> dict[str, Any]:
    numbers = {flow.id: number for number, flow in enumerate(chosen.flows)}
    places = {bucket.start: place for place, bucket in enumerate(chosen.buckets)}
    held: dict[Key, list[Row]] = {}
    for row in rows:
        number = numbers[row.owner]
        place = places.get(row.start, 0) if row.start else 0
        for key in (
            Key("all", 0, "", place),
            Key("flow", number, "", place),
            Key("flow", number, "", WHOLE),
            Key("message", 0, row.message, place),
        ):
            held.setdefault(key, []).append(row)
    knows_orders = chosen.purchase is not None
    return table(asked, chosen, lambda key: flow_columns(held.get(key, []), knows_orders))
