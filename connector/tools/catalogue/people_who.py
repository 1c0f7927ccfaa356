"""people_who as doors list it."""

from typing import Final

from connector.insights.people_who import COLUMNS, people_who, suggestions
from connector.tools.schemas import (
    ACCOUNT,
    CAMPAIGN,
    CURSOR,
    EVENT_NAMES,
    LIMIT,
    MACHINE_OPENS,
    PURCHASE_METRIC,
    VERB,
    first_of,
    number,
    period,
    takes,
    text,
)
from connector.tools.tool import Groups, Tool

PEOPLE_WHO: Final = Tool(
    name="people_who",
    title="People who did, and did not",
    description=(
        "Use this when someone asks how many people (once each) did one thing, or did one and not "
        "another: opened a campaign but did not order. New customers: ordered, but_not ordered, before. Lapsed: ordered, but_not ordered, but_not_period "
        "last_90_days..now. `share` did not, `amount` is the value of what they did. Never "
        "names or addresses; not rates of campaigns (campaign_performance), not revenue by time (compare_periods)."
    ),
    input_schema=takes(
        did=text(f"Required. {VERB}. member: in audience, without one every profile"),
        account=ACCOUNT,
        campaign=text(f"Of what they did: {CAMPAIGN}"),
        flow=text("Of what they did; all that fit"),
        item=text("Product titles in the event"),
        audience=text("Present members of a list or segment; list:NAME, segment:NAME say which"),
        where=text("Present profile: country=US; email_domain=gmail.com|gmx.de"),
        at_least=number(1, 1_000_000, "Only who did it so often"),
        period=period("all"),
        but_not=text("As did; mail and SMS verbs are of the same campaign or flow"),
        but_not_when=first_of("after", "before", "in_period", "ever", description="Seen from their first did"),
        within_days=number(1, 3_650, "With after or before"),
        but_not_campaign=text("Another one, or any"),
        but_not_flow=text(),
        but_not_item=text(),
        but_not_audience=text("With but_not=member"),
        but_not_period=text("As period; instead of but_not_when"),
        machine_opens=MACHINE_OPENS,
        group_by=text(
            "country, region, city, email_domain, time_zone, email_consent, sms_consent, reachable, property:NAME (custom), times, "
            f"event:weekday, event:hour, {EVENT_NAMES}"
        ),
        purchase_metric=PURCHASE_METRIC,
        limit=LIMIT,
        cursor=CURSOR,
    ),
    run=people_who,
    groups=Groups(("groups",)),
    columns=COLUMNS,
    suggest=suggestions,
    required=("did",),
)
