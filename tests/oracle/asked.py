"""What the arguments of people_who mean in one account: metrics, moments, and tests that an event must pass."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.oracle import names, periods
from tests.oracle.groups import attribute
from tests.oracle.names import BadArguments, Unanswered
from tests.oracle.world import Json, World, properties, related, text, titles, when

Test = Callable[[Json], bool]
DAY = timedelta(hours=24)
ATTRIBUTES = ["country", "region", "city", "email_domain", "time_zone", "email_consent", "sms_consent", "reachable"]


@dataclass
class Asked:
    """What the arguments mean. `x_metrics` None: did=member; `y_metrics` None: no but_not, or but_not=member."""

    start: datetime
    stop: datetime
    x_metrics: set[str] | None
    x_orders: bool
    x_of: Test
    y_metrics: set[str] | None
    y_of: Test
    y_mode: str  # after, before, in_period, ever, but_not_period, member or "" without but_not
    y_start: datetime | None
    y_stop: datetime | None
    within: timedelta | None
    at_least: int
    audience: set[str] | None
    y_audience: set[str]
    purchase: str | None


def refuse_contradictions(args: Json) -> None:
    but_not, mode, within = args.get("but_not"), args.get("but_not_when"), args.get("within_days")
    only_people = not args.get("group_by") or args["group_by"] in ATTRIBUTES or args["group_by"].startswith("property:")
    bad = [
        but_not == "member" and not args.get("but_not_audience"),
        but_not != "member" and "but_not_audience" in args,
        but_not == "member" and any(name in args for name in ("but_not_when", "within_days", "but_not_period")),
        "but_not_period" in args and (mode is not None or within is not None),
        within is not None and mode in ("in_period", "ever"),
        args["did"] == "member" and any(name in args for name in ("campaign", "flow", "item", "at_least")),
        args["did"] == "member" and not only_people,
    ]
    if any(bad):
        raise BadArguments(args)


def understood(world: World, args: Json) -> Asked:
    """Raises Unanswered with the first of the reasons that apply."""
    named = args.get("purchase_metric")
    start, stop = _period(world, args.get("period", "all"))
    y_start, y_stop = _period(world, args["but_not_period"]) if "but_not_period" in args else (None, None)
    _refuse(world, args, start)
    x_metrics = _metrics(world, args["did"], named)
    y_metrics = _metrics(world, args.get("but_not"), named)
    of, purchase = Of(world), _purchase(world, named)
    return Asked(
        start=start,
        stop=stop,
        x_metrics=x_metrics,
        x_orders=x_metrics is not None and x_metrics == {purchase},
        x_of=of.all(args.get("campaign"), args.get("flow"), args.get("item")),
        y_metrics=y_metrics,
        y_of=_y_of(world, args, of, y_metrics),
        y_mode=_mode(args),
        y_start=y_start,
        y_stop=y_stop,
        within=args["within_days"] * DAY if args.get("within_days") else None,
        at_least=args.get("at_least", 1),
        audience=_among(world, args),
        y_audience=members(world, args["but_not_audience"]) if args.get("but_not_audience") else set(),
        purchase=purchase,
    )


def _refuse(world: World, args: Json, start: datetime) -> None:
    """Try everything that may not be found, and tell what comes first."""
    named, of = args.get("purchase_metric"), Of(world)
    attempts: list[Callable[[], object]] = [
        lambda: of.all(args.get("campaign"), args.get("flow"), args.get("item")),
        lambda: _y_of(world, args, of, None),
        lambda: [members(world, args[name]) for name in ("audience", "but_not_audience") if args.get(name)],
        lambda: _metrics(world, args["did"], named),
        lambda: _metrics(world, args.get("but_not"), named),
    ]
    reasons = [Unanswered("refused", "out_of_range")] if start > world.now else []
    for attempt in attempts:
        try:
            attempt()
        except Unanswered as why:
            reasons.append(why)
    if reasons:
        raise min(reasons, key=lambda why: names.ORDER.index(why.code) if why.code else -1)


def _metrics(world: World, verb: str | None, named_purchase: str | None) -> set[str] | None:
    return None if verb in (None, "member") else names.metrics_of(world, str(verb), named_purchase)


def _period(world: World, words: str) -> tuple[datetime, datetime]:
    times = [when(event) for event in world.distinct_events()]
    try:
        return periods.parse(words, world.time_zone, world.now, min(times, default=None))
    except ValueError as wrong:
        raise BadArguments(words) from wrong


def _purchase(world: World, named: str | None) -> str | None:
    try:
        return names.purchase_metric(world, named)
    except Unanswered:
        return None


def _mode(args: Json) -> str:
    if not args.get("but_not"):
        return ""
    if args["but_not"] == "member":
        return "member"
    return "but_not_period" if "but_not_period" in args else args.get("but_not_when", "after")


def _y_of(world: World, args: Json, of: "Of", y_metrics: set[str] | None) -> Test:
    """Of the same campaign or flow where Y is something that happens to a message; else as the arguments say."""
    same = _message_metrics(world)
    said_otherwise = args.get("but_not_campaign") or args.get("but_not_flow")
    campaign, flow = args.get("but_not_campaign"), args.get("but_not_flow")
    told = of.all(None if campaign == "any" else campaign, None if flow == "any" else flow, args.get("but_not_item"))
    if said_otherwise or not y_metrics or not y_metrics <= same:
        return told
    inherited = [test for test in (of.campaign(args.get("campaign")), of.flow(args.get("flow"))) if test]
    return lambda event: told(event) and (not inherited or any(test(event) for test in inherited))


def _message_metrics(world: World) -> set[str]:
    """Ids of the metrics of what happens to a message: received, opened, clicked, bounced, ..."""
    found: set[str] = set()
    for verb in names.OF_THE_SAME:
        try:
            found |= names.metrics_of(world, verb, None)
        except Unanswered:
            continue
    return found


def _among(world: World, args: Json) -> set[str] | None:
    """The people of the audience whose profile is as asked; None for everybody, also without a profile."""
    audience = members(world, args["audience"]) if args.get("audience") else None
    if not args.get("where"):
        return audience
    found = {profile["id"] for profile in world.profiles if fits(profile, args["where"])}
    return found if audience is None else found & audience


def fits(profile: Json, where: str) -> bool:
    """`country=US; email_domain=gmail.com|gmx.de`: all hold, each with any of its values, compared like names."""
    for part in where.split(";"):
        by, _, values = part.partition("=")
        held = attribute(profile, by.strip())
        if held is None or names.fold(str(held)) not in {names.fold(value) for value in values.split("|")}:
            return False
    return True


def members(world: World, wanted: str) -> set[str]:
    return {person for audience in names.audiences(world, wanted) for person in world.members.get(audience["id"], [])}


class Of:
    """Whether an event is of a campaign, a flow, an item."""

    def __init__(self, world: World) -> None:
        self.world = world

    def all(self, campaign: str | None, flow: str | None, item: str | None) -> Test:
        tests = [test for test in (self.campaign(campaign), self.flow(flow), self.item(item)) if test]
        return lambda event: all(test(event) for test in tests)

    def campaign(self, wanted: str | None) -> Test | None:
        if not wanted:
            return None
        campaigns = names.campaigns(self.world, wanted)
        ids = {campaign["id"] for campaign in campaigns}
        messages = ids.union(*(names.messages_of_campaign(self.world, campaign) for campaign in campaigns))
        return lambda event: self._is_of_campaign(event, ids, messages)

    def _is_of_campaign(self, event: Json, ids: set[str], messages: set[str]) -> bool:
        message, flow = text(properties(event).get("$message")), text(properties(event).get("$flow"))
        if message or flow:
            return message in messages
        marks = self.world.attributions(event)
        return any(related(mark, "campaign") in ids or related(mark, "campaign-message") in messages for mark in marks)

    def flow(self, wanted: str | None) -> Test | None:
        if not wanted:
            return None
        flows = names.objects(self.world, self.world.flows, wanted, many=True)
        ids = {flow["id"] for flow in flows}
        messages: set[str] = set().union(*(names.messages_of_flow(flow) for flow in flows))
        return lambda event: self._is_of_flow(event, ids, messages)

    def _is_of_flow(self, event: Json, ids: set[str], messages: set[str]) -> bool:
        message, flow = text(properties(event).get("$message")), text(properties(event).get("$flow"))
        if message or flow:
            return flow in ids or message in messages
        marks = self.world.attributions(event)
        return any(related(mark, "flow") in ids or related(mark, "flow-message") in messages for mark in marks)

    def item(self, wanted: str | None) -> Test | None:
        if not wanted:
            return None
        asked = names.item_titles(self.world, wanted)
        return lambda event: any(title in asked for title in titles(event, self.world))
