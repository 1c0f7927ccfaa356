"""Which campaigns campaign_performance is asked about, how they are grouped, and what stands before their figures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from connector.insights.caveats import Caveat
from connector.insights.days import floor
from connector.insights.objects import KlaviyoObject
from connector.insights.periods import Period
from connector.insights.question import AccountQuestion
from connector.insights.ranking import ranked
from connector.insights.resolver import tried
from connector.records.links import klaviyo_url

STATUSES: Final = {"sent": "Sent", "scheduled": "Scheduled", "draft": "Draft"}

Figures = Callable[[str, int, Sequence[int]], dict[str, Any]]


@dataclass(frozen=True)
class Chosen:
    """The campaigns asked for, by id, and what counts as an order (None: not known)."""

    campaigns: list[KlaviyoObject]
    period: Period
    purchase: KlaviyoObject | None


def choose(asked: AccountQuestion, *, check_held: bool = False) -> Chosen:
    """Raises Refusal. `check_held`: also where nothing of the period is held."""
    resolver = asked.resolver
    named, purchase = tried(partial(resolver.campaigns, status="Sent"), resolver.purchase_metric)
    period = resolver.period(default="all" if asked.args.get("campaign") else "last_90_days")
    if check_held:
        asked.check_held(period)
    found = of_period(asked, "Sent", named, period if period.label != "all" else None)
    resolver.rests_on(found)
    tell_deleted(asked, [] if named else found)
    return Chosen(found, period, purchase)


def of_period(
    asked: AccountQuestion, status: str, named: Sequence[KlaviyoObject], period: Period | None
) -> list[KlaviyoObject]:
    """Those named, else all of Klaviyo's status, with a send time in the period, over the channel asked; by id."""
    if named or asked.args.get("campaign"):
        found = [each for each in named if period is None or (each.at and period.start <= each.at < period.end)]
    else:
        bounds = (period.start.isoformat(), period.end.isoformat()) if period else ()
        found = asked.resolver.records.campaigns_of(status, *bounds)
    channel = asked.args.get("channel")
    return sorted((each for each in found if channel in (None, each.channel)), key=lambda each: each.id)


def tell_deleted(asked: AccountQuestion, found: Sequence[KlaviyoObject]) -> None:
    gone = sum(each.deleted for each in found)
    if gone:
        text = f"{gone:,} of these campaigns {'is' if gone == 1 else 'are'} no longer in Klaviyo; what is held counts."
        asked.resolver.tell(Caveat("deleted_object", text))


class Grouping:
    """The value of each campaign that `group_by` asks for, and the values' numbers."""

    def __init__(self, asked: AccountQuestion, campaigns: Sequence[KlaviyoObject]) -> None:
        by = asked.args.get("group_by")
        self.is_asked = by is not None
        self.of = [_value(asked, by, each) if by else None for each in campaigns]
        self.values = sorted(
            dict.fromkeys(self.of), key=lambda value: (value is None, value if value is not None else 0)
        )
        places = {value: number for number, value in enumerate(self.values)}
        self.numbers = [places[value] for value in self.of]


def _value(asked: AccountQuestion, by: str, campaign: KlaviyoObject) -> str | int | None:
    if by == "channel":
        return campaign.channel or None
    if campaign.at is None:
        return None
    there = campaign.at.astimezone(asked.account.zone)
    values: dict[str, str | int] = {
        "month": f"{there:%Y-%m}",
        "week": str(floor(there.date(), "week")),
        "weekday": there.isoweekday(),
        "hour": there.hour,
    }
    return values[by]


@dataclass(frozen=True)
class Table:
    """The campaigns that are shown (`kept`, their numbers) with their figures: of a level (campaign, group, total), its
    part's number and the numbers of its campaigns."""

    chosen: Chosen
    groups: Grouping
    kept: Sequence[int]
    figures: Figures

    def shown(self, asked: AccountQuestion) -> dict[str, Any]:
        total = {"campaigns": len(self.kept), **self.figures("total", 0, self.kept)}
        if not self.groups.is_asked:
            return {"rows": in_order(asked, self._rows(asked)), "total": total}
        return {
            "groups": [row for row in map(self._group, range(len(self.groups.values))) if row["campaigns"]],
            "total": total,
        }

    def _group(self, part: int) -> dict[str, Any]:
        held = [number for number in self.kept if self.groups.numbers[number] == part]
        return {"value": self.groups.values[part], "campaigns": len(held), **self.figures("group", part, held)}

    def _rows(self, asked: AccountQuestion) -> list[dict[str, Any]]:
        heads = described(asked, [self.chosen.campaigns[number] for number in self.kept], "sent_at")
        return [
            head | self.figures("campaign", number, [number]) for head, number in zip(heads, self.kept, strict=True)
        ]


def in_order(asked: AccountQuestion, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by, order = asked.args.get("sort_by", "revenue"), asked.args.get("order", "desc")
    return ranked(rows, by, order, lambda row: str(row["campaign"]["id"]))


def described(asked: AccountQuestion, campaigns: Sequence[KlaviyoObject], time: str) -> list[dict[str, Any]]:
    """What of a campaign stands before its figures; `time` names the field of its send time."""
    subjects: dict[str, str] = {}
    for message in asked.resolver.records.messages_of([each.id for each in campaigns]):
        subjects.setdefault(message.parent, message.subject)
    return [
        {
            "campaign": {"id": each.id, "name": each.name, "url": klaviyo_url(each.kind, each.id)},
            "channel": each.channel,
            time: each.at.astimezone(asked.account.zone).isoformat() if each.at else None,
            "subject": subjects.get(each.id) or None,
        }
        for each in campaigns
    ]
