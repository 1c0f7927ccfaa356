"""The columns of campaign_performance."""

from typing import Final

from connector.insights.columns import Column, Kind

COLUMNS: Final = (
    Column("campaign", Kind.OBJECT, "Campaign"),
    Column("value", Kind.TEXT, "Group", "what the campaigns have in common; times are the account's"),
    Column("campaigns", Kind.COUNT, "Campaigns"),
    Column("channel", Kind.TEXT, "Channel"),
    Column("sent_at", Kind.TIME, "Sent", "local time"),
    Column("send_at", Kind.TIME, "To be sent", "local time"),
    Column("subject", Kind.TEXT, "Subject", "of the first message"),
    Column("deliveries", Kind.COUNT, "Deliveries", "Received events"),
    Column("recipients", Kind.COUNT, "Recipients", "people who received it"),
    Column("bounces", Kind.COUNT, "Bounces", "events"),
    Column("unique_opens", Kind.COUNT, "Opened", "people who opened, machines included"),
    Column("unique_opens_human", Kind.COUNT, "Opened, no machines", "people with an open that is no machine's"),
    Column("unique_clicks", Kind.COUNT, "Clicked", "people who clicked, bots included"),
    Column("unique_clicks_human", Kind.COUNT, "Clicked, no bots", "people with a click that is no bot's"),
    Column("unsubscribes", Kind.COUNT, "Unsubscribed", "people"),
    Column("spam_complaints", Kind.COUNT, "Marked as spam", "people"),
    Column("orders", Kind.COUNT, "Orders", "attributed orders"),
    Column("revenue", Kind.MONEY, "Revenue", "their value in the account's currency"),
    Column("open_rate", Kind.RATE, "Open rate", "unique_opens / deliveries"),
    Column("open_rate_human", Kind.RATE, "Open rate, no machines", "unique_opens_human / deliveries"),
    Column("click_rate", Kind.RATE, "Click rate", "unique_clicks_human / deliveries"),
    Column("unsubscribe_rate", Kind.RATE, "Unsubscribe rate", "unsubscribes / deliveries"),
    Column("spam_rate", Kind.RATE, "Spam rate", "spam_complaints / deliveries"),
    Column("order_rate", Kind.RATE, "Order rate", "orders / deliveries"),
    Column("revenue_per_delivery", Kind.MONEY, "Revenue per delivery", "revenue / deliveries"),
    Column("bounce_rate", Kind.RATE, "Bounce rate", "bounces / (deliveries + bounces)"),
)
NUMBERS: Final = tuple(column.name for column in COLUMNS[7:])
SORTS: Final = (*NUMBERS, "sent_at", "channel", "subject")
