"""compare_cohorts in words: what was asked, by which rule, and what came out."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from connector.insights.question import AccountQuestion
from connector.insights.words import amount, counted, people, percent, spoken

Args = Mapping[str, Any]
Row = Mapping[str, Any]

PERIOD: Final = "this_year"
JOINED: Final = {"sms": "by SMS", "email_form": "by an e-mail form", "other": "in another way"}


def joins_first_ever(args: Args) -> bool:
    return bool(args.get("joined", "first_ever") == "first_ever")


def is_until_end(args: Args) -> bool:
    return bool(args.get("count_until", "now") == "period_end")


def question(args: Args) -> str:
    by = "month" if args.get("by") == "signup_month" else "way"
    until = ", up to its end" if is_until_end(args) else ""
    return f"What did people who subscribed {spoken(str(args.get('period', PERIOD)))} buy{until}, by the {by} in which they joined?"


def definition(args: Args) -> str:
    first = (
        "first subscription held lies in the period"
        if joins_first_ever(args)
        else "subscriptions began or began again in the period, by the first of them in it"
    )
    until = "up to the period's end" if is_until_end(args) else "up to now"
    return (
        f"People whose {first}: the earliest of Subscribed to SMS Marketing (sms), and of Subscribed to List and Subscribed to "
        "Email Marketing (email_form where the method was a form, else other); months are the account's. Orders at or after "
        f"that moment {until}: an order is one person and order id, with the time and value of its earliest delivery."
    )


def sentence(asked: AccountQuestion, rows: Sequence[Row], total: Row, when: str) -> str:
    """All together, then the cohorts: every way of joining, or the months of the largest and smallest share of buyers."""
    first = "first subscribed" if joins_first_ever(asked.args) else "subscribed"
    until = " by the end of the period" if is_until_end(asked.args) else " since"
    whole = (
        f"{asked.account.name}: of {people(total['people'])} who {first} {when}, {total['buyers']:,} "
        f"({percent(total['buyer_rate'])}) ordered{until}: {counted(total['orders'], 'order')}, "
        f"{amount(total['revenue'], asked.account.currency)}."
    )
    if not total["people"]:
        return f"{asked.account.name}: nobody {first} {when}."
    told = _by_month(rows) if asked.args.get("by") == "signup_month" else _by_source(rows)
    return f"{whole} {told}"


def _by_source(rows: Sequence[Row]) -> str:
    parts = [f"{row['people']:,} joined {JOINED[row['cohort']]} ({_bought(row)})" for row in rows if row["people"]]
    return f"{'; '.join(parts)}."


def _by_month(rows: Sequence[Row]) -> str:
    """The months of most and least buyers among those who joined."""
    held = [row for row in rows if row["people"]]
    best = max(held, key=lambda row: row["buyer_rate"])
    worst = min(held, key=lambda row: row["buyer_rate"])
    told = f"{best['cohort']}: {_bought(best)} of {best['people']:,}"
    if len(held) == 1:
        return f"All joined in {told}."
    return f"The largest share ordered of those who joined in {told}; the smallest in {worst['cohort']}: {_bought(worst)} of {worst['people']:,}."


def _bought(row: Row) -> str:
    return f"{row['buyers']:,} ordered, {percent(row['buyer_rate'])}"
