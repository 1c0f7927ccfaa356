"""people_who in words: the definition, and the sentence that may be repeated as it stands."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connector.insights.definitions import DID, DID_NOT

if TYPE_CHECKING:
    from connector.insights.people_plan import Plan


def definition(args: Mapping[str, Any]) -> str:
    """What is counted, for `method`: no figure in it, no name."""
    did = DID.get(args["did"], f"did “{args['did']}”")
    text = f"People are Klaviyo profiles, each counted once per account: those who {did}"
    if args.get("at_least", 1) > 1:
        text += f" at least {args['at_least']} times"
    if args["did"] == "ordered":
        text += " (an order is one person and order id, at its first delivery)"
    if args.get("but_not"):
        negated = DID_NOT.get(args["but_not"], f"did not do “{args['but_not']}”")
        text += f", and {negated}{_when(args)}"
    if args.get("machine_opens") == "exclude":
        text += "; opens by mail servers and privacy proxies and clicks by bots are left out"
    return text + "."


def _when(args: Mapping[str, Any]) -> str:
    if args["but_not"] == "member":
        return " of the audience at present"
    if "but_not_period" in args:
        return f" in the period {args['but_not_period']}"
    within = f" within {args['within_days']} days (of 24 hours)" if "within_days" in args else ""
    return {
        "after": f" at or after their first one{within}",
        "before": f" before their first one{within}",
        "in_period": " in the same period",
        "ever": " at any time held",
    }[args.get("but_not_when", "after")]


def sentence(made: "Plan", figures: Mapping[str, Any], args: Mapping[str, Any]) -> str:
    """One or two sentences: figures, account, objects, period, definition."""
    people, did = figures["people"], figures["did"]
    what = f"{made.did.words}{_objects(made)}"
    if made.did.verb == "member":
        what = f"are members of {_quoted(made.audience)}" if made.audience else "are known"
    start, end = made.period.shown_days(made.install.time_zone)
    when = "in all the time held" if made.period.label == "all" else f"from {start} to {end}"
    if made.but_not is None:
        return f"{made.install.name}: {did:,} people {what}, {when}."
    share = "" if figures["share"] is None else f" ({figures['share'] * 100:.1f} %)"
    when_not = "" if made.but_not.verb == "member" else _when(args)
    return (
        f"{made.install.name}: of {did:,} people who {what} {when}, {people:,}{share} {made.but_not.negated}{when_not}."
    )


def _objects(made: "Plan") -> str:
    return f" of {_quoted(made.named)}" if made.named else ""


def _quoted(records: list[Any]) -> str:
    """The names, each once with how many bear it; beyond the third a count."""
    counts = Counter(record.name for record in records)
    names = [f"“{name}”" + (f" ({number} of that name)" if number > 1 else "") for name, number in counts.items()]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
