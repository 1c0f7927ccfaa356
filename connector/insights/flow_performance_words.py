"""flow_performance in words."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from connector.insights.flow_choice import PERIOD, Chosen
from connector.insights.question import AccountQuestion
from connector.insights.words import amount, counted, percent, quoted, spoken

LEADING: Final = 3  # flows that the sentence names
COUNTED: Final = (
    "What is of a flow: events that name it, or a message of it. Recipients, openers and clickers are people, each once in "
    "each row; openers are those of the e-mail recipients of the row who opened, at any time, an e-mail that they received in "
    "it; active_openers and clickers_human are people who did so in it. "
)
DEFINITIONS: Final = {
    "klaviyo": f"{COUNTED}Orders are order events of the row's time that Klaviyo attributed to the flow.",
    "last_touch": f"{COUNTED}Orders belong to the last open or click of the person in the 5 days before them.",
}
REPORTED: Final = (
    "Klaviyo's own flow report. People of several messages together are added up; rates of one message are Klaviyo's own, "
    "which may leave out bots and machines where its counts do not."
)
SHOWN_AS: Final = {"klaviyo": "attributed by Klaviyo", "last_touch": "by last touch"}

Args = Mapping[str, Any]
Row = Mapping[str, Any]


def question_of(args: Args, names: Mapping[str, str]) -> str:
    """`How did the flow “Welcome” do in the last 6 months, by month?`"""
    named = names.get("flow") or (f"“{args['flow']}”" if args.get("flow") else "")
    status = f"{args['status']} " if args.get("status") else ""
    what = f"the {status}flow {named}" if named else f"the {status}flows"
    interval = str(args.get("interval", "month"))
    by = "" if interval == "total" else f", by {interval}"
    message = ", message by message" if args.get("by") == "message" else ""
    basis = ", by Klaviyo's own report" if args.get("basis") == "klaviyo_report" else ""
    return f"How did {what} do {spoken(str(args.get('period', PERIOD)))}{by}{message}{basis}?"


def sentence(asked: AccountQuestion, chosen: Chosen, figures: Mapping[str, Any]) -> str:
    """One or two sentences: figures of all together, the open rate's way, the leading flows."""
    named = asked.resolver.names.get("flow")
    flows, rows = figures["flows"], [row for row in figures["rows"] if row["flow"] is None]
    what = f"the flow {named}" if named and len(flows) == 1 else counted(len(flows), "flow")
    if named and len(flows) > 1:
        what += f" ({named})"
    head = f"{asked.account.name}: {what} {chosen.period.words()}: {_figures(asked, rows)}"
    return f"{head}{_way(rows)}.{_leading(asked, figures)}"


def _figures(asked: AccountQuestion, rows: Sequence[Row]) -> str:
    deliveries = sum(row["deliveries"] for row in rows)
    text = counted(deliveries, "delivery", "deliveries")
    if not rows or rows[0]["orders"] is None:
        return text
    orders, revenue = (sum(row[name] for row in rows) for name in ("orders", "revenue"))
    by = SHOWN_AS[asked.args.get("attribution", "klaviyo")]
    return f"{text}, {counted(orders, 'order')} worth {amount(revenue, asked.account.currency)} {by}"


def _way(rows: Sequence[Row]) -> str:
    """The open rate of the first and the last row with recipients."""
    known = [row for row in rows if row["open_rate"] is not None]
    if not known:
        return ""
    if len(rows) == 1:
        return f"; {_opened(known[0])}"
    ends = [known[0], *([known[-1]] if len(known) > 1 else [])]
    return "; " + ", ".join(f"{_opened(row)} from {row['start']}" for row in ends)


def _opened(row: Row) -> str:
    human = "" if row["open_rate_human"] is None else f" ({percent(row['open_rate_human'])} without machines)"
    return f"{percent(row['open_rate'])} opened{human}"


def _leading(asked: AccountQuestion, figures: Mapping[str, Any]) -> str:
    """The first flows in the order asked, with what they brought."""
    if len(figures["flows"]) < 2 or not figures["rows"]:
        return ""
    shown = [f"{quoted([flow['name']])} {_brought(asked, figures, flow['id'])}" for flow in figures["flows"][:LEADING]]
    by = str(asked.args.get("sort_by", "revenue")).replace("_", " ")
    order = "lowest first" if asked.args.get("order") == "asc" else "highest first"
    return f" By {by}, {order}: {', '.join(shown)}."


def _brought(asked: AccountQuestion, figures: Mapping[str, Any], flow: str) -> str:
    rows = [row for row in figures["rows"] if row["flow"] == flow and "message" not in row]
    deliveries = counted(sum(row["deliveries"] for row in rows), "delivery", "deliveries")
    if rows[0]["revenue"] is None:
        return deliveries
    return f"{amount(sum(row['revenue'] for row in rows), asked.account.currency)} from {deliveries}"
