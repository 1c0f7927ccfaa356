"""Every tool once: its name, words, schemas, rights and function. Doors list and call from here, in this order."""

from typing import Final

from accounts.caller import Caller
from accounts.permissions import can
from connector.tools.catalogue.accounts import GET_PROFILE, LIST_ACCOUNTS
from connector.tools.catalogue.audience_growth import AUDIENCE_GROWTH
from connector.tools.catalogue.jobs import GET_JOB
from connector.tools.catalogue.list_health import LIST_HEALTH
from connector.tools.catalogue.metric_trend import METRIC_TREND
from connector.tools.catalogue.people_who import PEOPLE_WHO
from connector.tools.catalogue.search import FETCH, SEARCH
from connector.tools.tool import Tool

TOOLS: Final[dict[str, Tool]] = {
    tool.name: tool
    for tool in (
        PEOPLE_WHO,
        METRIC_TREND,
        AUDIENCE_GROWTH,
        LIST_HEALTH,
        LIST_ACCOUNTS,
        SEARCH,
        FETCH,
        GET_JOB,
        GET_PROFILE,
    )
}


def listed_for(caller: Caller) -> list[Tool]:
    """What this caller's role may use; a scope that was not granted is answered at the call, so that it can be asked for."""
    return [tool for tool in TOOLS.values() if can(caller, tool.ability)]
