"""campaign_performance by Klaviyo's own report: for figures that must match its pages, and as an estimate."""

from collections.abc import Sequence
from typing import Any

from connector.insights.campaign_choice import Chosen, Grouping, Table, choose
from connector.insights.campaign_performance_words import sentence
from connector.insights.klaviyo_basis import BOTS, estimated, read, whole_days
from connector.insights.question import AccountQuestion, Answer
from connector.insights.report_requests import CampaignValues
from connector.insights.report_rows import Row, campaign_columns, summed


def answer(asked: AccountQuestion) -> Answer:
    """Raises Refusal."""
    chosen = choose(asked)
    requests = _requests(asked, chosen)
    reading = read(asked, requests)
    figures = _figures(asked, chosen, reading.rows) | {"cost": reading.cost()}
    return Answer(figures, sentence(asked, figures, chosen.period), chosen.period, caveats=[BOTS])


def estimate(asked: AccountQuestion) -> Answer | None:
    """What one report tells, for an account whose events are not held yet; by Klaviyo's attribution alone."""
    if asked.args.get("attribution") == "last_touch":
        return None
    chosen = choose(asked)
    rows = estimated(asked, _requests(asked, chosen))
    if rows is None:
        return None
    figures = _figures(asked, chosen, rows)
    return Answer(figures, sentence(asked, figures, chosen.period), chosen.period, caveats=[BOTS])


def _requests(asked: AccountQuestion, chosen: Chosen) -> list[CampaignValues]:
    """One for all campaigns sent in the period; of no period for the days on which they were sent."""
    times = [each.at for each in chosen.campaigns if each.at]
    if not times:
        return []
    bounded = chosen.period.label != "all"
    start, end = (chosen.period.start, chosen.period.end) if bounded else whole_days(asked, times)
    metric = chosen.purchase.id if chosen.purchase else None
    return [
        CampaignValues(start=start, end=end, conversion_metric=metric, campaigns=[each.id for each in chosen.campaigns])
    ]


def _figures(asked: AccountQuestion, chosen: Chosen, rows: Sequence[Row]) -> dict[str, Any]:
    of: dict[str, list[Row]] = {}
    for row in rows:
        of.setdefault(row.owner, []).append(row)

    def figures(level: str, part: int, members: Sequence[int]) -> dict[str, Any]:
        held = [row for number in members for row in of.get(chosen.campaigns[number].id, [])]
        return campaign_columns(summed(held, has_orders=chosen.purchase is not None))

    least = asked.args.get("min_deliveries", 0)
    every = range(len(chosen.campaigns))
    kept = [number for number in every if figures("campaign", number, [number])["deliveries"] >= least]
    return Table(chosen, Grouping(asked, chosen.campaigns), kept, figures).shown(asked)
