"""people_who as doors list it."""

from typing import Final

from connector.insights.people_who import COLUMNS, people_who, suggestions
from connector.tools.schemas import ACCOUNT, CURSOR, LIMIT, MACHINE_OPENS, PERIOD, VERB, number, one_of, takes, text
from connector.tools.tool import Groups, Tool

PEOPLE_WHO: Final = Tool(
    name="people_who",
    title="People who did, and did not",
    description=(
        "Use this when someone asks how many people did one thing, or did one and not another: opened a campaign but did not "
        "order, ordered but never came back. Counts each person once per account, exactly, from every event; `share` is the part "
        "that did not, `also_did` those who did both; `human` leaves out opens by machines (Apple Mail Privacy, mail servers). "
        "Gives counts, groups and the value of what they did, never names or addresses; not open rates or revenue of campaigns, "
        "not figures over time."
    ),
    input_schema=takes(
        did=text(f"Required. {VERB}. member: who is in audience, without one every profile"),
        account=ACCOUNT,
        campaign=text(
            "Of what they did: id or name, several with commas; words* takes every sent campaign with these words, latest or "
            "latest:words the newest"
        ),
        flow=text("Of what they did: id or name, several with commas; words take every flow with them"),
        item=text("Product title in the event"),
        audience=text("List or segment: only its present members; list:NAME or segment:NAME says which"),
        where=text("Only people whose profile has it: country=US; email_domain=gmail.com|gmx.de"),
        at_least=number(1, 1_000_000, "Only people who did it so often in the period; base: who did it once"),
        period=PERIOD,
        but_not=text("What they did not do; as did. About mails: of the same campaign or flow unless told otherwise"),
        but_not_when=one_of("after", "before", "in_period", "ever", description="Seen from their first did"),
        within_days=number(1, 3_650, "With after or before: of 24 hours"),
        but_not_campaign=text("Of what they did not do, or any"),
        but_not_flow=text(),
        but_not_item=text(),
        but_not_audience=text("With but_not=member: the list or segment"),
        but_not_period=text("As period; nothing in the last 90 days: last_90_days..now"),
        machine_opens=MACHINE_OPENS,
        group_by=text(
            "country, region, city, email_domain, time_zone, email_consent, sms_consent, reachable, property:NAME, times, "
            "event:weekday, event:hour, event:NAME (Bounce Type, Client Type, Discount Codes, Form Name, form_id, List, Method, "
            "Source Name, Subject, URL, $variation)"
        ),
        purchase_metric=text("Metric id that counts as an order; one account only"),
        limit=LIMIT,
        cursor=CURSOR,
    ),
    run=people_who,
    groups=Groups(("groups",)),
    columns=COLUMNS,
    suggest=suggestions,
    required=("did",),
)
