"""portfolio by Klaviyo's own reports, for figures that must match its pages."""

from collections.abc import Sequence
from typing import Any, Final

from connector.insights.klaviyo_basis import read
from connector.insights.measures import Figure, Measure
from connector.insights.periods import Period
from connector.insights.question import AccountQuestion
from connector.insights.report_requests import CampaignValues, FlowValues, Request
from connector.insights.report_rows import Row, attributed_revenue, email_deliveries
from connector.insights.rounding import money

MEASURES: Final = ("attributed_revenue", "email_deliveries")
FORMS: Final = " or ".join(MEASURES)
DEFINITION: Final = (
    "Klaviyo's own reports: of campaigns sent in the period all that came of them until now, of flows what they did in the "
    "period. Ranks largest first, money within its currency."
)


def figures(
    asked: AccountQuestion, measures: Sequence[Measure], period: Period, before: Period | None
) -> tuple[dict[str, tuple[Figure, Figure]], dict[str, Any]]:
    """Value and before by measure, and what the reports cost. Raises Refusal as reports.run does."""
    requests = [_requests(asked, measures, each) for each in (period, before) if each]
    reading = read(asked, [request for both in requests for request in both])
    campaigns, flows = reading.by_request[::2], reading.by_request[1::2]
    parts = [sent + flowing for sent, flowing in zip(campaigns, flows, strict=True)]
    found = {each.name: (_figure(each, parts[0]), _figure(each, parts[1]) if before else None) for each in measures}
    return found, reading.cost()


def _requests(asked: AccountQuestion, measures: Sequence[Measure], period: Period) -> list[Request]:
    """Reports of deliveries alone ask for the same orders where they are known: both cost one report then."""
    purchase = asked.resolver.purchase_metric() if any(each.is_of_orders for each in measures) else None
    metric = purchase.id if purchase else None
    return [
        CampaignValues(start=period.start, end=period.end, conversion_metric=metric),
        FlowValues(start=period.start, end=period.end, conversion_metric=metric),
    ]


def _figure(measure: Measure, rows: Sequence[Row]) -> Figure:
    return money(attributed_revenue(rows)) if measure.is_money else email_deliveries(rows)
