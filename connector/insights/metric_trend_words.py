"""metric_trend in words: the question, the definition, and the sentence that may be repeated as it stands."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from connector.insights.periods import Period
from connector.insights.question import AccountQuestion
from connector.insights.rounding import quotient
from connector.insights.words import amount, counted, percent, spoken

Args = Mapping[str, Any]
LEADING: Final = 3  # groups named in the sentence
INTERVALS: Final = {"total": "in total"}


def question(args: Args, names: Mapping[str, str]) -> str:
    """`How often did “Opened Email” of “Spring” happen in the last 6 months, by month and campaign?`"""
    of = "".join(f" of {names.get(kind, _quoted(args[kind]))}" for kind in ("campaign", "flow") if kind in args)
    interval = str(args.get("interval", "month"))
    by = f"by {interval}" if interval != "total" else "in total"
    by += f", by {args['group_by']}" if "group_by" in args else ""
    left_out = ", machines and bots left out" if args.get("machine_opens") == "exclude" else ""
    metric = names.get("metric", _quoted(args["metric"]))
    return f"How often did {metric}{of} happen {spoken(str(args.get('period', 'last_6_months')))}, {by}{left_out}?"


def definition(args: Args) -> str:
    text = (
        "Every event of the metric counts, also an order delivered again, as on Klaviyo's metric page; people are distinct "
        "profiles, value is the sum of $value in the account's currency."
    )
    return text + {
        "": "",
        "item": " An event counts once in each of its items.",
        "currency": " Each currency's value is in that one.",
        "country": " The country is the present one of the person's profile.",
    }.get(str(args.get("group_by", "")), _of_others(str(args.get("group_by", ""))))


def _of_others(group: str) -> str:
    if group.startswith("property:"):
        return " The property is the present one of the person's profile."
    if group.startswith("event:"):
        return " An event counts once in each text that it carries."
    return f" An event is of the {group} that its message is of, else of those that Klaviyo attributed it to."


def sentence(asked: AccountQuestion, figures: Mapping[str, Any], notes: Any, period: Period) -> str:
    names = asked.resolver.names
    of = "".join(f" of {names[kind]}" for kind in ("campaign", "flow") if kind in names)
    worth = f", worth {amount(float(notes.amount), asked.account.currency)}" if notes.valued else ""
    text = f"{asked.account.name}: {counted(notes.events, 'event')} {names['metric']}{of} {period.words()}{worth}"
    if "groups" in figures:
        return f"{text}{_leading(figures, notes.events)}."
    return f"{text}{_highest(asked, figures['rows'])}."


def _leading(figures: Mapping[str, Any], events: int) -> str:
    """The largest groups with their shares."""
    counts: Counter[str] = Counter()
    for row in figures["rows"]:
        counts[_key(row["group"])] += 0 if row.get("other") else row["count"]
    told = [
        f"{_named(group)} {counts[_key(group)]:,} ({percent(quotient(counts[_key(group)], events))})"
        for group in figures["groups"][:LEADING]
    ]
    return f"; most: {', '.join(told)}" if told else ""


def _highest(asked: AccountQuestion, rows: list[dict[str, Any]]) -> str:
    """The bucket with most events, where there are several; of equals the first."""
    if len(rows) < 2 or not any(row["count"] for row in rows):
        return ""
    interval = str(asked.args.get("interval", "month"))
    top = max(rows, key=lambda row: row["count"])
    return (
        f"; most in the {interval} of {top['start']}: {top['count']:,}"
        if interval != "day"
        else f"; most on {top['start']}: {top['count']:,}"
    )


def _key(group: Any) -> str:
    return repr(group["id"] if isinstance(group, dict) else group)


def _named(group: Any) -> str:
    if group is None:
        return "none"
    return _quoted(group["name"] if isinstance(group, dict) else group)


def _quoted(text: Any) -> str:
    return f"“{text}”"
