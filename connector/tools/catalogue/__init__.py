"""Every tool once: its name, words, schemas, rights and function. Doors list and call from here, in this order."""

from typing import Final

from accounts.caller import Caller
from accounts.permissions import can
from connector.tools.catalogue.accounts import GET_PROFILE, LIST_ACCOUNTS
from connector.tools.catalogue.audience_growth import AUDIENCE_GROWTH
from connector.tools.catalogue.jobs import GET_JOB
from connector.tools.catalogue.people_who import PEOPLE_WHO
from connector.tools.catalogue.receipts import GET_RECEIPT
from connector.tools.catalogue.search import FETCH, SEARCH
from connector.tools.tool import TOOLS, Tool

__all__ = ["TOOLS", "listed_for"]

EVERY: Final = (PEOPLE_WHO, AUDIENCE_GROWTH, LIST_ACCOUNTS, SEARCH, FETCH, GET_JOB, GET_RECEIPT, GET_PROFILE)

TOOLS.update((tool.name, tool) for tool in EVERY)


def listed_for(caller: Caller) -> list[Tool]:
    """What this caller's role may use; a scope that was not granted is answered at the call, so that it can be asked for."""
    return [tool for tool in TOOLS.values() if can(caller, tool.ability)]
