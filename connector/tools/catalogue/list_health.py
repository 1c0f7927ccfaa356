"""list_health as doors list it."""

from typing import Final

from connector.insights.list_health import COLUMNS, list_health
from connector.tools.schemas import ACCOUNT, AUDIENCE, CURSOR, LIMIT, NAMES, PURCHASE_METRIC, number, takes, text
from connector.tools.tool import Groups, Tool

LIST_HEALTH: Final = Tool(
    name="list_health",
    title="Health of lists",
    description=(
        "Use this when someone asks how healthy a list or segment is: members, who may be mailed, who is engaged, lapsed, opened by "
        "machines (Apple Mail Privacy) only, or never did anything. Present members and consent; one person may be in several lists: "
        "never add rows. Not growth over time (audience_growth), not opens of a campaign, not everybody of the account (people_who, "
        "did=member without audience)."
    ),
    input_schema=takes(
        account=ACCOUNT,
        list=text(f"List {NAMES}; neither list nor audience: all lists"),
        audience=text(AUDIENCE),
        days=number(1, 3_650, "In which someone counts as engaged; default 90"),
        at=text("now, a local date (its end) or a time in ISO 8601: what comes after does not count"),
        purchase_metric=PURCHASE_METRIC,
        limit=LIMIT,
        cursor=CURSOR,
    ),
    run=list_health,
    groups=Groups(("rows",)),
    columns=COLUMNS,
)
