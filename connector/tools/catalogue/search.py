"""search and fetch, in the exact forms that deep research wants."""

from typing import Final

from connector.insights import search
from connector.tools.schemas import DOCUMENT, SEARCH_RESULTS, takes, text
from connector.tools.tool import Tool

SEARCH: Final = Tool(
    name="search",
    title="Search",
    description=(
        "Use this when you look for a campaign, flow, list, segment, metric, template, product or account by words of its name, or "
        "want to see which there are. Returns ids for fetch, no figures; other tools take names as they are, so a question about "
        "figures needs no search first."
    ),
    input_schema=takes(("query",), query=text("Words of the name")),
    output_schema=SEARCH_RESULTS,
    run=search.search,
    invoking="Searching",
    invoked="Searched",
    required=("query",),
)

FETCH: Final = Tool(
    name="fetch",
    title="Fetch",
    description=(
        "Use this when you have an id from search and want the object's facts; for campaigns and flows also its figures over all time "
        "with their definitions. It reads one object: for a period, several objects or people use the tools for figures."
    ),
    input_schema=takes(("id",), id=text("An id from search")),
    output_schema=DOCUMENT,
    run=search.fetch,
    invoking="Reading",
    invoked="Read",
    required=("id",),
)
