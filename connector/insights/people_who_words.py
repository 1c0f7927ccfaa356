"""people_who in words: the question, the definition, and the sentence that may be repeated as it stands.

A name is shown as quoted text under its argument's name: `{"campaign": "“Spring” or “Summer”", "but_not_item": "“Mug”"}`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from connector.insights.attributes import conditions
from connector.insights.metrics import MESSAGE_VERBS
from connector.insights.people_who_plan import Plan
from connector.insights.question import AccountQuestion
from connector.insights.words import people, percent, spoken

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


def question(args: Args, resolved: Names) -> str:
    """`How many people opened “Q4 Holiday Campaign” but did not place an order within 7 days afterwards?`"""
    names = named(args, resolved)
    among = f" in {names['audience']}" if _is_among(args) else ""
    text = f"How many people{among}{_whose(args)} {did(args, names, 'are')}"
    if args.get("but_not"):
        text += f" but {did_not(args, names, 'are')}{timing(args)}"
    if args.get("period", "all") != "all":
        text += f" {spoken(str(args['period']))}"
    if args.get("machine_opens") == "exclude":
        text += ", machine opens left out"
    return f"{text}{_by(str(args.get('group_by') or ''))}?"


def _by(group_by: str) -> str:
    return f", by {'number of times' if group_by == 'times' else _label(group_by)}" if group_by else ""


def _label(attribute: str) -> str:
    """`email_domain` -> `email domain`; `property:Tier` -> `Tier`."""
    if attribute.startswith(("event:", "property:")):
        return attribute.partition(":")[2]
    return attribute.replace("_", " ")


def _whose(args: Args) -> str:
    """` whose country is “US” or “CA” and whose email domain is “gmail.com”`."""
    found = (
        f"whose {_label(attribute)} is {' or '.join(f'“{value}”' for value in values)}"
        for attribute, values in conditions(args.get("where"))
    )
    text = " and ".join(found)
    return f" {text}" if text else ""


def definition(args: Args, resolved: Names) -> str:
    """What is counted, for `method`: the rule with the objects' own names, no figure in it."""
    names = named(args, resolved)
    among = f", being present members of {names['audience']}" if _is_among(args) else ""
    text = f"People are Klaviyo profiles, each counted once per account: those{_whose(args)} who {did(args, names, 'are')}{among}"
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


def sentence(asked: AccountQuestion, made: Plan, figures: Mapping[str, Any]) -> str:
    """Figures, account, objects, period and definition; both sides of a split; the leading groups."""
    args, names, number = asked.args, asked.resolver.names, figures["did"]
    among = f" in {names['audience']}" if _is_among(args) else ""
    who = f"{people(number)}{among}{_whose(args)}"
    action = did(args, names, "is" if number == 1 else "are") + _when(asked, made)
    text = f"{who} {action}."
    if args.get("but_not"):
        text = f"of {who} who {action}, {_both_sides(asked, made, figures)}."
    machines = "Opens by machines and clicks by bots are left out." if args.get("machine_opens") == "exclude" else ""
    further = [_of_base(figures), machines, leading(str(args.get("group_by") or ""), figures)]
    return " ".join([f"{asked.account.name}: {text}", *(each for each in further if each)])


def _both_sides(asked: AccountQuestion, made: Plan, figures: Mapping[str, Any]) -> str:
    """`41 (8.9 %) placed an order again, median 28.0 days; 418 (91.1 %) did not`."""
    args, names = asked.args, asked.resolver.names
    also, left = figures["also_did"], figures["people"]
    median = "" if figures["median_days"] is None else f", median {_days(figures['median_days'])}"
    if args["but_not"] == "member":
        done, undone = f"{_is(also)} in {names.get('but_not_audience', 'the account')} too", f"{_is(left)} not"
    else:
        again = _is_again(args, names)
        when = f" again{_within(args)}" if again else _timing_of(asked, made)
        done, undone = _action(args, "but_not", 0, names) + when, "did not"
    return f"{also:,}{_share(figures['also_share'])} {done}{median}; {left:,}{_share(figures['share'])} {undone}"


def _share(share: float | None) -> str:
    return "" if share is None else f" ({percent(share)})"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _days(number: float) -> str:
    """A time between two moments in the largest unit of which it has one: `28 days`, `4.5 hours`, `10 minutes`."""
    size, unit = next(
        (each for each in ((number, "day"), (number * 24, "hour")) if each[0] >= 1), (number * 1440, "minute")
    )
    shown = f"{size:,.1f}".removesuffix(".0")
    return f"{shown} {unit if shown == '1' else unit + 's'}"


def _of_base(figures: Mapping[str, Any]) -> str:
    if figures["base_share"] is None:
        return ""
    return f"That is {percent(figures['base_share'])} of the {people(figures['base'])} who did so at least once."


LEADING: Final = 3  # groups that the sentence names
DAYS_OF_WEEK: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
REACHABLE: Final = {"email": "by e-mail alone", "sms": "by SMS alone", "both": "by both", "none": "by neither"}


def leading(group_by: str, figures: Mapping[str, Any]) -> str:
    """`Most by country: Germany 120 (40.0 %), no country 30 (10.0 %).`; none where nobody is left."""
    groups: Iterable[Mapping[str, Any]] = figures.get("groups") or ()
    shown = [group for group in groups if group["people"] and not group.get("other")][:LEADING]
    if not shown:
        return ""
    told = (
        f"{group_name(group_by, group['value'])} {group['people']:,} ({percent(group['people'] / figures['people'])})"
        for group in shown
    )
    return f"Most by {'number of times' if group_by == 'times' else _label(group_by)}: {', '.join(told)}."


def group_name(group_by: str, value: str | int | None) -> str:
    """A group as a sentence calls it: `no country`, `Monday`, `14:00`, `3 times`."""
    if value is None:
        return "no profile" if group_by == "reachable" else f"no {_label(group_by)}"
    if group_by == "event:weekday":
        return DAYS_OF_WEEK[int(value) - 1]
    if group_by == "event:hour":
        return f"{int(value):02}:00"
    if group_by == "times":
        return "once" if value == "1" else f"{value} times"
    return REACHABLE.get(str(value), str(value)) if group_by == "reachable" else " ".join(str(value).split())


def did(args: Args, names: Names, be: str = "is") -> str:
    """The first action: `opened “Q4 Holiday Campaign” at least 2 times`."""
    if args.get("did") == "member":
        return f"{be} in {names['audience']}" if args.get("audience") else f"{be} known to the account"
    times = f" at least {args['at_least']} times" if args.get("at_least", 1) != 1 else ""
    return _action(args, "did", 0, names) + times


def did_not(args: Args, names: Names, be: str = "is") -> str:
    if args.get("but_not") == "member":
        return f"{be} not in {names.get('but_not_audience', 'the account')}"
    return f"did not {_action(args, 'but_not', 1, names)}"


def _is_again(args: Args, names: Names) -> bool:
    """The other action is the first once more."""
    is_after = "but_not_period" not in args and args.get("but_not_when", "after") == "after"
    return is_after and _action(args, "but_not", 0, names) == _action(args, "did", 0, names)


def _action(args: Args, name: str, form: int, names: Names) -> str:
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
    """When the other action is looked for, in a question's words."""
    if args.get("but_not") == "member":
        return ""
    if args.get("but_not_period"):
        return f" {spoken(str(args['but_not_period']))}"
    return f"{_within(args)} {MOMENTS.get(str(args.get('but_not_when') or 'after'), '')}"


def _timing_of(asked: AccountQuestion, made: Plan) -> str:
    """The same with the dates it came to."""
    args, zone = asked.args, asked.account.time_zone
    if args["but_not"] != "member" and made.other_period is not None:
        return f" {_dates(*made.other_period.shown_days(zone))}"
    if args["did"] != "member" or args["but_not"] == "member":
        return timing(args)
    # Membership has no moment of its own: the period's start stands for it.
    start, end = made.period.shown_days(zone)
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
        "ever": " at any time",
    }[args.get("but_not_when", "after")]


def _within(args: Args) -> str:
    days = args.get("within_days")
    return f" within {days} day{'s' if days != 1 else ''}" if days else ""


def _when(asked: AccountQuestion, made: Plan) -> str:
    if asked.args["did"] == "member":
        return ""
    if made.period.label == "all":
        return " in the whole history"
    return f" {_dates(*made.period.shown_days(asked.account.time_zone))}"


def _dates(start: str, end: str) -> str:
    return f"on {start}" if start == end else f"from {start} to {end}"


def _is_among(args: Args) -> bool:
    return bool(args.get("audience")) and args["did"] != "member"


def named(args: Args, resolved: Names) -> dict[str, str]:
    """What each argument names: as it was resolved, else as it was asked for; a Y about a message inherits the campaign
    and flow of X."""
    texts = {
        f"{prefix}{name}": f"“{args[f'{prefix}{name}']}”"
        for prefix in ("", "but_not_")
        for name in NAMING
        if args.get(f"{prefix}{name}") not in (None, "", "any")
    }
    texts |= {name: text for name, text in resolved.items() if name in texts}
    if args.get("but_not") in MESSAGE_VERBS and not (args.get("but_not_campaign") or args.get("but_not_flow")):
        texts |= {f"but_not_{name}": texts[name] for name in ("campaign", "flow") if name in texts}
    return texts
