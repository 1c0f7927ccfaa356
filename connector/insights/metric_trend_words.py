"""metric_trend in words: the question, the definition, and the sentence that may be repeated as it stands."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from connector.insights.periods import Period
from connector.insights.question import AccountQuestion
from connector.insights.rounding import quotient
from connector.insights.words import amount, percent, quoted, spoken

Args = Mapping[str, Any]
LEADING: Final = 3  # groups named in the sentence


def question(args: Args, names: Mapping[str, str]) -> str:
    """`How often did “Opened Email” of “Spring” happen in the last 6 months, by month and campaign?`"""
    of = "".join(f" of {names.get(kind, quoted([str(args[kind])]))}" for kind in ("campaign", "flow") if kind in args)
    interval = str(args.get("interval", "month"))
    by = f"by {interval}" if interval != "total" else "in total"
    by += f", by {args['group_by']}" if "group_by" in args else ""
    left_out = ", machines and bots left out" if args.get("machine_opens") == "exclude" else ""
    metric = names.get("metric", quoted([str(args["metric"])]))
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
    """How often, what it was worth, and the leading groups with their shares, or the bucket with most events."""
    names = asked.resolver.names
    of = "".join(f" of {names[kind]}" for kind in ("campaign", "flow") if kind in names)
    times = "once" if notes.events == 1 else f"{notes.events:,} times"
    worth = f", worth {amount(float(notes.amount), asked.account.currency)}" if notes.valued else ""
    more = _leading(figures, notes.events) if "groups" in figures else _highest(asked, figures["rows"])
    return f"{asked.account.name}: {names['metric']}{of} happened {times} {period.words()}{worth}{more}."


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
    top = max(rows, key=lambda row: row["count"], default=None)
    if top is None or len(rows) < 2 or not top["count"]:
        return ""
    day = date.fromisoformat(top["start"])
    told = {
        "day": f"on {day.day} {day:%b %Y}",
        "week": f"in the week of {day.day} {day:%b %Y}",
        "month": f"in {day:%B %Y}",
    }
    return f"; most {told[str(asked.args.get('interval', 'month'))]} ({top['count']:,})"


def _key(group: Any) -> str:
    return repr(group["id"] if isinstance(group, dict) else group)


def _named(group: Any) -> str:
    if group is None:
        return "none"
    return quoted([group["name"] if isinstance(group, dict) else str(group)])
