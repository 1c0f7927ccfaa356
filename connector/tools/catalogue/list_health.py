"""list_health as doors list it."""

from typing import Final

from connector.insights.list_health import COLUMNS, list_health
from connector.tools.schemas import ACCOUNT, CURSOR, LIMIT, number, takes, text
from connector.tools.tool import Groups, Tool

LIST_HEALTH: Final = Tool(
    name="list_health",
    title="Health of lists",
    description=(
        "Use this when someone asks how healthy a list or segment is: members, who may be mailed, who is engaged, lapsed, opened by "
        "machines only, or never did anything. Present members; not growth over time (audience_growth), not opens of a campaign."
    ),
    input_schema=takes(
        account=ACCOUNT,
        list=text("List id or name, several with commas; neither list nor audience: all lists"),
        audience=text("List or segment"),
        days=number(1, 3_650, "In which someone counts as engaged; 90 unless given"),
        at=text("now, a local date (its end) or a time in ISO 8601: what comes after does not count"),
        purchase_metric=text("Metric id that counts as an order; one account only"),
        limit=LIMIT,
        cursor=CURSOR,
    ),
    run=list_health,
    groups=Groups(("rows",)),
    columns=COLUMNS,
)
