"""copy_brief as doors list it."""

from typing import Final

from connector.insights.copy_brief import COLUMNS, copy_brief
from connector.tools.schemas import ACCOUNT, AUDIENCE, CURSOR, LIMIT, PURCHASE_METRIC, first_of, takes, text
from connector.tools.tool import Groups, Tool

COPY_BRIEF: Final = Tool(
    name="copy_brief",
    title="Evidence for copy",
    description=(
        "Use this when you are to write a subject or message to a list or segment: which subjects worked there, what they have in "
        "common, how the shop speaks, what these people buy, which subjects are used up. It is evidence only: it drafts nothing and "
        "gives no bodies of messages; to rank campaigns use campaign_performance, products alone top_items."
    ),
    input_schema=takes(
        audience=text(f"Required. {AUDIENCE}"),
        account=ACCOUNT,
        channel=first_of("email", "sms"),
        about=text("Words of the topic: campaigns that hold one stand first"),
        purchase_metric=PURCHASE_METRIC,
        limit=LIMIT,
        cursor=CURSOR,
    ),
    run=copy_brief,
    groups=Groups(("subjects",), limit=20),
    columns=COLUMNS,
    invoking="Gathering",
    invoked="Gathered",
    required=("audience",),
)
