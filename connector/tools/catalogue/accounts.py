"""What tells a caller where it stands: the accounts it may ask about, and whose rights it has."""

from typing import Final

from connector.installs.models import Install
from connector.tools import account_tools
from connector.tools.schemas import CURSOR, LIMIT, one_of, takes, text
from connector.tools.tool import Tool

LIST_ACCOUNTS: Final = Tool(
    name="list_accounts",
    title="List accounts",
    description=(
        "Use this when you need to know which Klaviyo accounts can be asked about, their ids, time zones and currencies, whether "
        "their history is fully loaded, how fresh it is, and how many Klaviyo reports are left today. It gives no figures about "
        "people or sales."
    ),
    input_schema=takes(
        query=text("Words of the account's name, or its id"),
        client=text("Only the accounts of this client of the agency"),
        status=one_of(*Install.Status.values),
        limit=LIMIT,
        cursor=CURSOR,
    ),
    run=account_tools.list_accounts,
    invoking="Reading accounts",
    invoked="Accounts read",
)

GET_PROFILE: Final = Tool(
    name="get_profile",
    title="Who is connected",
    description="Use this when you need to tell which member, organization and rights this connection has. It reads nothing from Klaviyo.",
    input_schema=takes(),
    run=account_tools.get_profile,
    invoking="Looking",
    invoked="Looked",
)
