"""Recorded answers, as doors list them."""

from typing import Final

from connector.tools.receipt_tools import get_receipt
from connector.tools.schemas import first_of, takes, text
from connector.tools.tool import Tool

GET_RECEIPT: Final = Tool(
    name="get_receipt",
    title="Get a recorded answer",
    description=(
        "Use this when you have a receipt's id and want its answer as recorded, or to check it: run=same asks again on the same "
        "data, run=latest as of now; `data.changed` lists each figure that differs, before and after. It answers no new question."
    ),
    input_schema=takes(
        ("receipt",),
        receipt=text("The receipt's id, rcp_…"),
        run=first_of("none", "same", "latest"),
    ),
    run=get_receipt,
    invoking="Looking",
    invoked="Looked",
    required=("receipt",),
)
