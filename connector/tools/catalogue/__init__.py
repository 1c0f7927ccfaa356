"""Every tool once: its name, words, schemas, rights and function. Doors list and call from here, in this order."""

from typing import Final

from accounts.caller import Caller
from accounts.permissions import can
from connector.tools.catalogue.accounts import GET_PROFILE, LIST_ACCOUNTS
from connector.tools.catalogue.audience_growth import AUDIENCE_GROWTH
from connector.tools.catalogue.campaign_performance import CAMPAIGN_PERFORMANCE
from connector.tools.catalogue.compare_cohorts import COMPARE_COHORTS
from connector.tools.catalogue.compare_periods import COMPARE_PERIODS
from connector.tools.catalogue.copy_brief import COPY_BRIEF
from connector.tools.catalogue.flow_performance import FLOW_PERFORMANCE
from connector.tools.catalogue.jobs import GET_JOB
from connector.tools.catalogue.list_health import LIST_HEALTH
from connector.tools.catalogue.metric_trend import METRIC_TREND
from connector.tools.catalogue.people_who import PEOPLE_WHO
from connector.tools.catalogue.portfolio import PORTFOLIO
from connector.tools.catalogue.receipts import GET_RECEIPT
from connector.tools.catalogue.search import FETCH, SEARCH
from connector.tools.catalogue.top_items import TOP_ITEMS
from connector.tools.tool import TOOLS, Tool

__all__ = ["TOOLS", "listed_for"]

EVERY: Final = (
    PEOPLE_WHO,
    CAMPAIGN_PERFORMANCE,
    FLOW_PERFORMANCE,
    TOP_ITEMS,
    COMPARE_COHORTS,
    METRIC_TREND,
    AUDIENCE_GROWTH,
    LIST_HEALTH,
    COMPARE_PERIODS,
    PORTFOLIO,
    COPY_BRIEF,
    LIST_ACCOUNTS,
    SEARCH,
    FETCH,
    GET_JOB,
    GET_RECEIPT,
    GET_PROFILE,
)

TOOLS.update((tool.name, tool) for tool in EVERY)


def listed_for(caller: Caller) -> list[Tool]:
    """What this caller's role may use; a scope that was not granted is answered at the call, so that it can be asked for."""
    return [tool for tool in TOOLS.values() if can(caller, tool.ability)]
