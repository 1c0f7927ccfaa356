"""Every tool once: its name, words, schemas, rights and function. Doors list and call from here, in this order."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from jsonschema import Draft202012Validator

from accounts.caller import Caller
from accounts.permissions import can
from accounts.roles import Ability
from connector.insights.outcome import Outcome
from connector.insights.people import people_who
from connector.installs.models import Install
from connector.tools import plain
from connector.tools.schemas import (
    ACCOUNT,
    CURSOR,
    DOCUMENT,
    ENVELOPE,
    LIMIT,
    MACHINE_OPENS,
    PERIOD,
    SEARCH_RESULTS,
    VERB,
    Schema,
    number,
    one_of,
    takes,
    text,
)

Run = Callable[[Caller, dict[str, Any], datetime], Outcome | dict[str, Any]]


@dataclass(frozen=True)
class Tool:
    """`rows`: the field of an account's entry that `limit` and the size cap cut; "" where there is none."""

    name: str
    title: str
    description: str
    input_schema: Schema
    run: Run
    output_schema: Schema = field(default_factory=lambda: ENVELOPE)
    scope: str = "read"
    ability: Ability = Ability.ASK
    read_only: bool = True
    destructive: bool = False
    idempotent: bool = True
    open_world: bool = False
    invoking: str = "Counting"
    invoked: str = "Counted"
    rows: str = ""
    required: tuple[str, ...] = ()  # arguments that may only be missing beside a cursor
    validator: Draft202012Validator = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Compiled here, once: a check of the schema at each call would cost a hundred times the check of the arguments.
        object.__setattr__(self, "validator", Draft202012Validator(self.input_schema))


PEOPLE_WHO: Final = Tool(
    name="people_who",
    title="People who did, and did not",
    description=(
        "Use this when someone asks how many people did one thing, or did one and not another: opened a campaign but did not "
        "order, ordered but never came back. Counts each person once per account, exactly, from every event; `share` is the part "
        "that did not. Gives counts and groups, never names or addresses; not open rates of campaigns, not revenue by day."
    ),
    input_schema=takes(
        did=text("Required. " + VERB),
        account=ACCOUNT,
        campaign=text(
            "Of what they did: id or name, several with commas; words* takes every sent campaign with these words"
        ),
        flow=text("Of what they did: id or name"),
        item=text("Product title in the event"),
        audience=text("List or segment: only its present members"),
        at_least=number(1, 1_000_000, "Only people who did it so often in the period"),
        period=PERIOD,
        but_not=text("What they did not do; as did"),
        but_not_when=one_of("after", "before", "in_period", "ever", description="Seen from their first did"),
        within_days=number(1, 3_650, "With after or before: of 24 hours"),
        but_not_campaign=text("Of what they did not do, or any"),
        but_not_flow=text(),
        but_not_item=text(),
        but_not_audience=text("With but_not=member: the list or segment"),
        but_not_period=text("As period"),
        machine_opens=MACHINE_OPENS,
        group_by=text(
            "country, region, city, email_domain, time_zone, email_consent, sms_consent, reachable, times, event:weekday, event:hour, "
            "event:NAME (Bounce Type, Client Type, Discount Codes, Form Name, form_id, List, Method, Source Name, Subject, URL, $variation)"
        ),
        purchase_metric=text("Metric id that counts as an order; one account only"),
        limit=LIMIT,
        cursor=CURSOR,
    ),
    run=people_who,
    rows="groups",
    required=("did",),
)
LIST_ACCOUNTS: Final = Tool(
    name="list_accounts",
    title="List accounts",
    description=(
        "Use this when you need to know which Klaviyo accounts can be asked about, their ids, time zones and currencies, whether "
        "their history is fully loaded and how fresh it is. It gives no figures about people or sales."
    ),
    input_schema=takes(
        query=text("Words of the account's name, or its id"),
        client=text("Only the accounts of this client of the agency"),
        status=one_of(*Install.Status.values),
        limit=LIMIT,
        cursor=CURSOR,
    ),
    run=plain.list_accounts,
    invoking="Reading accounts",
    invoked="Accounts read",
)
SEARCH: Final = Tool(
    name="search",
    title="Search",
    description="Use this when you look for a campaign, flow, list, segment, metric or account by words of its name. Returns ids for fetch.",
    input_schema=takes(("query",), query=text("Words of the name")),
    output_schema=SEARCH_RESULTS,
    run=plain.search,
    invoking="Searching",
    invoked="Searched",
    required=("query",),
)
FETCH: Final = Tool(
    name="fetch",
    title="Fetch",
    description=(
        "Use this when you have an id from search and want the object's facts; for campaigns and flows also its figures with their "
        "definitions. It reads one object; for questions about people use people_who."
    ),
    input_schema=takes(("id",), id=text("An id from search")),
    output_schema=DOCUMENT,
    run=plain.fetch,
    invoking="Reading",
    invoked="Read",
    required=("id",),
)
GET_JOB: Final = Tool(
    name="get_job",
    title="Get a pending answer",
    description="Use this when an answer came back as pending with a job: returns the exact answer once it is worked out, else pending again.",
    input_schema=takes(("job",), job=text("The job's id")),
    run=plain.get_job,
    invoking="Looking",
    invoked="Looked",
    required=("job",),
)
GET_PROFILE: Final = Tool(
    name="get_profile",
    title="Who is connected",
    description="Use this when you need to tell which member, organization and rights this connection has. It reads nothing from Klaviyo.",
    input_schema=takes(),
    run=plain.get_profile,
    invoking="Looking",
    invoked="Looked",
)

TOOLS: Final[dict[str, Tool]] = {
    tool.name: tool for tool in (PEOPLE_WHO, LIST_ACCOUNTS, SEARCH, FETCH, GET_JOB, GET_PROFILE)
}


def listed_for(caller: Caller) -> list[Tool]:
    """What this caller's role may use; a scope that was not granted is answered at the call, so that it can be asked for."""
    return [tool for tool in TOOLS.values() if can(caller, tool.ability)]
