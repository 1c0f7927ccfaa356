"""campaign_performance in words."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from connector.insights.periods import Period
from connector.insights.question import AccountQuestion
from connector.insights.words import amount, counted, percent, quoted, spoken

LEADING: Final = 3  # rows that the sentence names
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
COUNTED: Final = (
    "Campaigns with the status Sent, by the time they were sent; what is of a campaign (its own messages) counts whenever "
    "it happened. Deliveries and bounces are events, openers, clickers and who unsubscribed or complained are people, each "
    "once; rates are of deliveries. "
)
DEFINITIONS: Final = {
    "klaviyo": f"{COUNTED}Orders are order events that Klaviyo attributed to the campaign.",
    "last_touch": f"{COUNTED}Orders belong to the last open or click of the person in the 5 days before them.",
}
REPORTED: Final = (
    "Klaviyo's own campaign report for campaigns sent in the period. People of several campaigns together are added up; "
    "rates of one campaign are Klaviyo's own, which may leave out bots and machines where its counts do not."
)
BY: Final = {
    "channel": "channel",
    "month": "month",
    "week": "week (from Monday)",
    "weekday": "weekday",
    "hour": "hour of the day",
}
SHOWN_AS: Final = {"klaviyo": "attributed by Klaviyo", "last_touch": "by last touch"}

Args = Mapping[str, Any]
Row = Mapping[str, Any]


def question_of(args: Args, names: Mapping[str, str]) -> str:
    """`How did the campaigns sent in the last 90 days do, by weekday?`"""
    what = names.get("campaign") or (f"“{args['campaign']}”" if args.get("campaign") else "")
    status = args.get("status", "sent")
    if status != "sent":
        when = f" {spoken(args['period'])}" if status == "scheduled" and "period" in args else ""
        planned = "scheduled" if status == "scheduled" else "in draft"
        return f"Which campaigns{' of ' + what if what else ''} are {planned}{when}?"
    when = "" if args.get("period", "all") == "all" and what else f" sent {spoken(args.get('period', 'last_90_days'))}"
    by = f", by {BY[args['group_by']]}" if "group_by" in args else ""
    basis = ", by Klaviyo's own report" if args.get("basis") == "klaviyo_report" else ""
    return f"How did {what or 'the campaigns'}{when} do{by}{basis}?"


def sentence(asked: AccountQuestion, figures: Mapping[str, Any], period: Period | None) -> str:
    """One or two sentences: figures, account, objects and period."""
    status, total = asked.args.get("status", "sent"), figures["total"]
    if status != "sent":
        return _unsent(asked, figures, status, period)
    named = asked.resolver.names.get("campaign")
    when = "" if period is None or (named and period.label == "all") else f" sent {period.words()}"
    what = named if named and total["campaigns"] == 1 else counted(total["campaigns"], "campaign")
    if named and total["campaigns"] != 1:
        what += f" ({named})"
    if not total["campaigns"]:
        return f"{asked.account.name}: no campaign{f' {named}' if named else ''}{when or ' was sent'} fits."
    text = f"{asked.account.name}: {what}{when}: {_figures(asked, total)}."
    return text + _leading(asked, figures)


def _figures(asked: AccountQuestion, row: Row) -> str:
    """`1,200 deliveries, 41.2 % opened (30.1 % without machines), 2.0 % clicked, 12 orders worth ...`"""
    human = "" if row["open_rate_human"] is None else f" ({percent(row['open_rate_human'])} without machines)"
    rates = (
        f", {percent(row['open_rate'])} opened{human}, {percent(row['click_rate'])} clicked"
        if row["deliveries"]
        else ""
    )
    sold = ""
    if row["orders"] is not None:
        by = SHOWN_AS[asked.args.get("attribution", "klaviyo")]
        sold = f", {counted(row['orders'], 'order')} worth {amount(row['revenue'], asked.account.currency)} {by}"
    return f"{counted(row['deliveries'], 'delivery', 'deliveries')}{rates}{sold}"


def _leading(asked: AccountQuestion, figures: Mapping[str, Any]) -> str:
    """The first rows by the column they are sorted by; of groups those of most revenue, else of most deliveries."""
    by = str(asked.args.get("sort_by", "revenue"))
    rows = figures.get("rows")
    if rows is None:
        groups, by = figures["groups"], "revenue" if figures["total"]["revenue"] is not None else "deliveries"
        rows = sorted(groups, key=lambda row: -(row[by] or 0))
    known = [row for row in rows if row[by] is not None][:LEADING]
    if len(rows) < 2 or not known:
        return ""
    order = "lowest first" if asked.args.get("order") == "asc" and "rows" in figures else "highest first"
    return f" By {by.replace('_', ' ')}, {order}: {', '.join(f'{_name(asked, row)} {_value(asked, by, row)}' for row in known)}."


def _name(asked: AccountQuestion, row: Row) -> str:
    if "campaign" in row:
        return quoted([row["campaign"]["name"]])
    value, by = row["value"], asked.args.get("group_by")
    if value is None:
        return "no send time" if by != "channel" else "no channel"
    if by == "weekday":
        return WEEKDAYS[value - 1]
    return f"{value}:00" if by == "hour" else f"the week of {value}" if by == "week" else str(value)


def _value(asked: AccountQuestion, by: str, row: Row) -> str:
    value = row[by]
    if by == "revenue":
        return amount(value, asked.account.currency)
    if by.endswith("_rate"):
        return percent(value)
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def _unsent(asked: AccountQuestion, figures: Mapping[str, Any], status: str, period: Period | None) -> str:
    rows: Sequence[Row] = figures["rows"]
    planned = "scheduled" if status == "scheduled" else "in draft"
    when = f" {period.words()}" if period else ""
    head = f"{asked.account.name}: {counted(len(rows), 'campaign')} {planned}{when}"
    shown = [f"{quoted([row['campaign']['name']])}{_planned(row)}" for row in rows[:LEADING]]
    more = f" and {len(rows) - LEADING} more" if len(rows) > LEADING else ""
    return f"{head}: {', '.join(shown)}{more}." if shown else f"{head}."


def _planned(row: Row) -> str:
    return f" ({row['send_at'][:16].replace('T', ' ')})" if row["send_at"] else ""
