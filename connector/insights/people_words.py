"""people_who in words: the question, the definition, and the sentence that may be repeated as it stands.

A name is shown as quoted text under its argument's name: `{"campaign": "“Spring” or “Summer”", "but_not_item": "“Mug”"}`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from connector.insights.definitions import MESSAGE_VERBS

if TYPE_CHECKING:
    from connector.insights.people_plan import Plan

Args = Mapping[str, Any]
Names = Mapping[str, str]

VERBS: Final = {
    # verb: (past, after "did not")
    "received_email": ("received an e-mail", "receive an e-mail"),
    "opened_email": ("opened an e-mail", "open an e-mail"),
    "clicked_email": ("clicked in an e-mail", "click in an e-mail"),
    "bounced_email": ("had an e-mail bounce", "have an e-mail bounce"),
    "marked_spam": ("marked an e-mail as spam", "mark an e-mail as spam"),
    "unsubscribed_email": ("unsubscribed from e-mail", "unsubscribe from e-mail"),
    "received_sms": ("received an SMS", "receive an SMS"),
    "failed_sms": ("had an SMS fail", "have an SMS fail"),
    "clicked_sms": ("clicked in an SMS", "click in an SMS"),
    "unsubscribed_sms": ("unsubscribed from SMS", "unsubscribe from SMS"),
    "subscribed_list": ("subscribed to a list", "subscribe to a list"),
    "unsubscribed_list": ("unsubscribed from a list", "unsubscribe from a list"),
    "subscribed_email": ("subscribed to e-mail", "subscribe to e-mail"),
    "subscribed_sms": ("subscribed to SMS", "subscribe to SMS"),
    "viewed_product": ("viewed a product", "view a product"),
    "added_to_cart": ("added to the cart", "add to the cart"),
    "started_checkout": ("started a checkout", "start a checkout"),
    "ordered": ("placed an order", "place an order"),
    "refunded": ("had an order refunded", "have an order refunded"),
    "cancelled": ("had an order cancelled", "have an order cancelled"),
}
ARTICLES: Final = ("an e-mail", "an SMS")
MOMENTS: Final = {
    "after": "afterwards",
    "before": "before that",
    "in_period": "in the same period",
    "ever": "at any time",
}
NAMING: Final = ("campaign", "flow", "item", "audience")
SHOWN: Final = 3  # names in a sentence; beyond them a count


def question(args: Args, known: Mapping[str, str]) -> str:
    """`Who opened “Q4 Holiday Campaign” but did not place an order within 7 days afterwards?` `known`: names by id."""
    names = as_asked(args, known)
    among = f", being in {names['audience']}," if _is_among(args) else ""
    text = f"Who {did(args, names)}{among}"
    if args.get("but_not"):
        text += f" but {did_not(args, names)}{timing(args)}"
    if args.get("period", "all") != "all":
        text += f", {spoken(str(args['period']))}"
    if args.get("machine_opens") == "exclude":
        text += ", machine opens left out"
    return f"{text}?"


def definition(args: Args) -> str:
    """What is counted, for `method`: the rule with the objects as they were asked for, no figure in it."""
    names = as_asked(args, {})
    among = f", being present members of {names['audience']}" if _is_among(args) else ""
    text = f"People are Klaviyo profiles, each counted once per account: those who {did(args, names, 'are')}{among}"
    if args["did"] == "ordered":
        text += " (an order is one person and order id, at its first delivery)"
    if args.get("but_not"):
        text += f", and {did_not(args, names, 'are')}{_rule(args)}"
    if args.get("machine_opens") == "exclude":
        text += "; opens by mail servers and privacy proxies and clicks by bots are left out"
    return text + _grouping(str(args.get("group_by") or "")) + "."


def _grouping(group_by: str) -> str:
    """What puts a person into a group: a rule of its own, since groups of events overlap."""
    if not group_by:
        return ""
    if group_by == "times":
        return "; grouped by how often they did so in the period"
    if not group_by.startswith("event:"):
        return f"; grouped by {group_by.removeprefix('property:')} as the profile has it now"
    name = group_by.removeprefix("event:")
    what = {
        "Subject": "the subject that the message now has",
        "weekday": "weekday, local time",
        "hour": "hour, local time",
    }
    return f"; grouped by {what.get(name, name)}, each person in every group that their events are in"


def sentence(made: "Plan", figures: Mapping[str, Any], args: Args) -> str:
    """One or two sentences: figures, account, objects, period, definition."""
    number, left = figures["did"], figures["people"]
    among = f" in {made.names['audience']}" if _is_among(args) else ""
    who = f"{number:,} {'person' if number == 1 else 'people'}{among}"
    deed = did(args, made.names, "is" if number == 1 else "are") + _when(made, args)
    machines = " Opens by machines and clicks by bots are left out." if args.get("machine_opens") == "exclude" else ""
    if not args.get("but_not"):
        return f"{made.install.name}: {who} {deed}.{machines}"
    share = "" if figures["share"] is None else f" ({figures['share'] * 100:.1f} %)"
    undone = did_not(args, made.names, "is" if left == 1 else "are") + _timing_of(made, args)
    return f"{made.install.name}: of {who} who {deed}, {left:,}{share} {undone}.{machines}"


def did(args: Args, names: Names, be: str = "is") -> str:
    """The first deed: `opened “Q4 Holiday Campaign” at least 2 times`."""
    if args.get("did") == "member":
        return f"{be} in {names['audience']}" if args.get("audience") else f"{be} known to the account"
    times = f" at least {args['at_least']} times" if args.get("at_least", 1) != 1 else ""
    return _deed(args, "did", 0, names) + times


def did_not(args: Args, names: Names, be: str = "is") -> str:
    if args.get("but_not") == "member":
        return f"{be} not in {names.get('but_not_audience', 'the account')}"
    return f"did not {_deed(args, 'but_not', 1, names)}"


def _deed(args: Args, name: str, form: int, names: Names) -> str:
    """A verb with the campaign, flow and item that it is about. A metric's own name stands as it is."""
    verb, prefix = str(args.get(name)), "" if name == "did" else f"{name}_"
    text = VERBS[verb][form] if verb in VERBS else f"{('did', 'do')[form]} “{verb}”"
    for argument, kind in ((f"{prefix}campaign", ""), (f"{prefix}flow", "the flow ")):
        if args.get(argument) == "any":
            text = text.replace("an e-mail", "any e-mail").replace("an SMS", "any SMS")
        elif argument in names:
            text = _of(text, f"{kind}{names[argument]}", verb)
    return text + (f" with {names[f'{prefix}item']}" if f"{prefix}item" in names else "")


def _of(text: str, named: str, verb: str) -> str:
    """`opened an e-mail` of a campaign is `opened “Spring”`; an order was not sent by it, but attributed to it."""
    for article in ARTICLES:
        if article in text:
            return text.replace(article, named)
    joint = "of" if "“" in text else "through" if verb in MESSAGE_VERBS else "attributed to"
    return f"{text} {joint} {named}"


def timing(args: Args) -> str:
    """When the other deed is looked for, in a question's words."""
    if args.get("but_not") == "member":
        return ""
    if args.get("but_not_period"):
        return f" {spoken(str(args['but_not_period']))}"
    return f"{_within(args)} {MOMENTS.get(str(args.get('but_not_when') or 'after'), '')}"


def _timing_of(made: "Plan", args: Args) -> str:
    """The same with the dates it came to."""
    if args["but_not"] != "member" and made.other_period is not None:
        return f" {_dates(*made.other_period.shown_days(made.install.time_zone))}"
    if args["did"] != "member" or args["but_not"] == "member":
        return timing(args)
    # Membership has no moment of its own: the period's start stands for it.
    start, end = made.period.shown_days(made.install.time_zone)
    return {
        "after": f"{_within(args)} from {start} on",
        "before": f"{_within(args)} before {start}",
        "in_period": f" {_dates(start, end)}",
        "ever": " at any time",
    }[args.get("but_not_when", "after")]


def _rule(args: Args) -> str:
    if args["but_not"] == "member":
        return " at present"
    if "but_not_period" in args:
        return f" {spoken(str(args['but_not_period']))}"
    moment = "the start of the period" if args["did"] == "member" else "their first one"
    within = f", less than {args['within_days']} × 24 hours later" if "within_days" in args else ""
    earlier = f", at most {args['within_days']} × 24 hours earlier" if "within_days" in args else ""
    return {
        "after": f" at or after {moment}{within}",
        "before": f" before {moment}{earlier}",
        "in_period": " in the same period",
        "ever": " at any time held",
    }[args.get("but_not_when", "after")]


def _within(args: Args) -> str:
    days = args.get("within_days")
    return f" within {days} day{'s' if days != 1 else ''}" if days else ""


def _when(made: "Plan", args: Args) -> str:
    if args["did"] == "member":
        return ""
    if made.period.label == "all":
        return " in all the time held"
    return f" {_dates(*made.period.shown_days(made.install.time_zone))}"


def _dates(start: str, end: str) -> str:
    return f"on {start}" if start == end else f"from {start} to {end}"


def _is_among(args: Args) -> bool:
    return bool(args.get("audience")) and args["did"] != "member"


def spoken(period: str) -> str:
    """`last_6_months` -> `in the last 6 months`; the forms are those of answers' `period` argument."""
    start, between, end = period.partition("..")
    if between and end == "now":
        return f"{spoken(start)} up to now"
    if between and not (start and end):
        return f"from {start} to now" if start else f"from the first event to {end}"
    if between:
        return f"from {start} to {end}"
    if period[:1].isdigit():
        return f"in {period}"
    text = period.replace("_", " ")
    return f"in the {text}" if any(char.isdigit() for char in text) else text


def quoted(names: Iterable[str]) -> str:
    """The names, each once with how many bear it, on one line: any of them is meant."""
    counts = Counter(" ".join(name.split()) for name in names)
    shown = [f"“{name}”" + (f" ({number} of that name)" if number > 1 else "") for name, number in counts.items()]
    if len(shown) > SHOWN:
        return f"{', '.join(shown[:SHOWN])} or {len(shown) - SHOWN} more"
    return " or ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def as_asked(args: Args, known: Mapping[str, str]) -> dict[str, str]:
    """What each argument names, as it was asked for; a Y about a message inherits the campaign and flow of X."""
    texts = {
        f"{prefix}{name}": str(args[f"{prefix}{name}"])
        for prefix in ("", "but_not_")
        for name in NAMING
        if args.get(f"{prefix}{name}") not in (None, "", "any")
    }
    if args.get("but_not") in MESSAGE_VERBS and not (args.get("but_not_campaign") or args.get("but_not_flow")):
        texts |= {f"but_not_{name}": texts[name] for name in ("campaign", "flow") if name in texts}
    return {name: f"“{_known(text, known)}”" for name, text in texts.items()}


def _known(text: str, known: Mapping[str, str]) -> str:
    return ", ".join(known.get(part.strip(), part.strip()) for part in text.split(","))
