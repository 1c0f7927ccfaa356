"""search and fetch, in the exact forms that deep research wants."""

from typing import Final

from connector.tools import search_tools
from connector.tools.schemas import DOCUMENT, SEARCH_RESULTS, takes, text
from connector.tools.tool import Tool

SEARCH: Final = Tool(
    name="search",
    title="Search",
    description=(
        "Use this when you look for an account, campaign, flow, list, segment, metric, template, product or receipt by words of its "
        "name, or want to see which there are; newest first. Returns ids for fetch, no figures; other tools take names as they "
        "are, so a question about figures needs no search first."
    ),
    input_schema=takes(("query",), query=text("Words of the name")),
    output_schema=SEARCH_RESULTS,
    run=search_tools.search,
    invoking="Searching",
    invoked="Searched",
    required=("query",),
)

FETCH: Final = Tool(
    name="fetch",
    title="Fetch",
    description=(
        "Use this when you have an id from search and want the object's facts; for campaigns and flows also its figures over all time "
        "with their definitions, of a receipt its answer. It reads one object: for a period, several objects or people use the "
        "tools for figures."
    ),
    input_schema=takes(("id",), id=text("An id from search")),
    output_schema=DOCUMENT,
    run=search_tools.fetch,
    invoking="Reading",
    invoked="Read",
    required=("id",),
)
