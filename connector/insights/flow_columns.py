"""The columns of flow_performance."""

from typing import Final

from connector.insights.columns import Column, Kind

COLUMNS: Final = (
    Column("flow", Kind.OBJECT, "Flow", "its id; null: all of these flows together"),
    Column("message", Kind.OBJECT, "Message", "events whose message it is, orders due to it"),
    Column("start", Kind.TIME, "From", "first local day of the day, week or month"),
    Column("trigger", Kind.TEXT, "Trigger", "what Klaviyo calls trigger_type"),
    Column("last_sent_at", Kind.TIME, "Last sent", "latest Received event held, local time"),
    Column("deliveries", Kind.COUNT, "Deliveries", "Received events"),
    Column("recipients", Kind.COUNT, "Recipients", "people who received in it, by e-mail or SMS"),
    Column("email_recipients", Kind.COUNT, "E-mail recipients", "people who received an e-mail in it"),
    Column("openers", Kind.COUNT, "Opened", "of these, who opened an e-mail received in it, at any time"),
    Column("openers_human", Kind.COUNT, "Opened, no machines", "the same without opens by machines"),
    Column("open_rate", Kind.RATE, "Open rate", "openers / email_recipients"),
    Column("open_rate_human", Kind.RATE, "Open rate, no machines", "openers_human / email_recipients"),
    Column("active_openers", Kind.COUNT, "Opened in it", "people who opened in it, whenever they received"),
    Column("active_openers_human", Kind.COUNT, "Opened in it, no machines", "the same without opens by machines"),
    Column("clickers_human", Kind.COUNT, "Clicked in it", "people who clicked in it, no bots"),
    Column("orders", Kind.COUNT, "Orders", "attributed orders placed in it"),
    Column("revenue", Kind.MONEY, "Revenue", "their value in the account's currency"),
)
NUMBERS: Final = tuple(column.name for column in COLUMNS[5:])
SORTS: Final = (*NUMBERS, "last_sent_at")
