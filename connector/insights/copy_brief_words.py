"""copy_brief in words: what was asked, by which rule, and what came out."""

from collections.abc import Mapping
from typing import Any

from connector.insights.question import AccountQuestion
from connector.insights.words import counted, percent, quoted

Args = Mapping[str, Any]
Names = Mapping[str, str]


def question(args: Args, names: Names) -> str:
    kind = "an SMS" if args.get("channel") == "sms" else "an e-mail"
    about = f" about “{args['about']}”" if "about" in args else ""
    return f"What should {kind}{about} to {_audience(args, names)} take into account?"


def definition(args: Args, names: Names) -> str:
    first = " Those that hold a word of what it is to be about stand first." if "about" in args else ""
    return (
        f"Sent campaigns whose included lists and segments hold {_audience(args, names)}, of at least 100 deliveries, by the rate of "
        "people who opened them themselves (SMS: who clicked); of fewer than 5 filled up to 5 with the account's best, marked "
        f"audience: false.{first} Patterns are regular expressions over these subjects. Brand words stand in at least two "
        "messages of sent campaigns and flows, common words left out. Figures of campaigns are those of campaign_performance."
    )


def sentence(asked: AccountQuestion, figures: Mapping[str, Any]) -> str:
    name = asked.resolver.names["audience"]
    rows = figures["subjects"]
    own = [row for row in rows if row["audience"]]
    about = " about that" if rows and rows[0].get("about") else ""
    best = f" The best{about}: {_best(rows[0])}." if rows else ""
    filled = f", and {counted(len(rows) - len(own), 'other')} of the account" if len(own) < len(rows) else ""
    items = figures["top_items"]
    sold = f" Most ordered by its members in the last 30 days: {quoted([items[0]['item']])}." if items else ""
    return f"{asked.account.name}: {counted(len(own), 'campaign')} of 100 deliveries or more went to {name}{filled}.{best}{sold}"


def _best(row: Mapping[str, Any]) -> str:
    said = quoted([row["subject"] or row["campaign"]["name"]])
    if not row["open_rate_human"]:  # of a text nobody can tell whether it was opened
        return f"{said}, clicked by {percent(row['click_rate'])}"
    return f"{said}, opened by {percent(row['open_rate_human'])} of deliveries without machines"


def _audience(args: Args, names: Names) -> str:
    return names.get("audience") or f"“{args['audience']}”"
