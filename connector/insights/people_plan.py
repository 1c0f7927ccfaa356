"""Resolve a people_who question for one account: names to ids, verbs to metrics, period to instants."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any, Final, cast

from connector.insights.arguments import bad
from connector.insights.days import offsets
from connector.insights.definitions import MESSAGE_VERBS, Deed, Vocabulary, vocabulary
from connector.insights.held import FIRST_MOMENT, Span, check_held, check_loaded
from connector.insights.items import Items, titles_held
from connector.insights.members import check_fetched
from connector.insights.outcome import Caveat, Refusal
from connector.insights.people_sql import EVENT_GROUPS, PROFILE_GROUPS, Shape
from connector.insights.people_words import quoted
from connector.insights.periods import BadPeriod, Period, parse, zone_of
from connector.installs.models import Install
from connector.lake.query import Reader, Versions
from connector.records.models import Kind, Record
from connector.records.search import PRESENT, SENT, Finding, find

Args = Mapping[str, Any]
# Where two apply, the first of these is said; a choice to make (no code) comes before all reasons.
REASONS: Final = ("", "not_found", "no_such_metric", "no_purchase_metric")
# How a name is looked for: a campaign's may end in a star, a flow's takes all that fit.
FINDING: Final[dict[str, dict[str, Any]]] = {
    Kind.CAMPAIGN: {"candidate": SENT, "star": True, "latest": True},
    Kind.FLOW: {"many": True},
}
COUNTS: Final = """select metric, count(*), count(*) filter (where time <= $moment)
    from read_parquet($events, hive_partitioning=false) group by metric"""
NO_MEMBER: Final[Deed] = Deed("member", "member", ())


@dataclass
class Plan:
    """One account's question with nothing left to decide: `shape` and `params` give the SQL and what is bound to it."""

    install: Install
    versions: Versions
    moment: datetime
    period: Period
    shape: Shape
    params: dict[str, Any]
    did: Deed
    but_not: Deed | None
    vocabulary: Vocabulary
    span: Span
    named: list[Record] = field(default_factory=list)  # campaigns, flows, lists, segments
    audience: list[Record] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)  # what each argument names, quoted for a sentence
    other_period: Period | None = None  # but_not_period
    caveats: list[Caveat] = field(default_factory=list)

    @property
    def sources(self) -> list[Record]:
        deeds = [*self.did.metrics, *(self.but_not.metrics if self.but_not else ())]
        return list({record.pk: record for record in [*self.named, *self.audience, *deeds]}.values())


def plan(install: Install, args: Args, moment: datetime, lake: Reader) -> Plan:
    """Raises Refusal: needs_choice, not_found, no_such_metric, no_purchase_metric, out_of_range, pending; in that order."""
    return _Planner(install, args, moment, lake).plan()


class _Planner:
    """Collects what is found on the way: objects named, caveats, parameters."""

    def __init__(self, install: Install, args: Args, moment: datetime, lake: Reader) -> None:
        self.install, self.args, self.moment, self.lake = install, args, moment, lake
        self.items = Items(install, partial(titles_held, lake))
        self.named: list[Record] = []
        self.names: dict[str, str] = {}
        self.other_period: Period | None = None
        self.caveats: list[Caveat] = []
        self.params: dict[str, Any] = {"moment": moment, "currency": install.currency}

    def plan(self) -> Plan:
        check_loaded(self.install)
        vocabulary = self._vocabulary()
        x_of, y_of, x_items, y_items, audience, overlap, (did, but_not) = self._tried(
            lambda: self._of("x", self.args.get("campaign"), self.args.get("flow")),
            lambda: self._of("y", *_but_not_of(self.args)),
            lambda: self._items("x", "item"),
            lambda: self._items("y", "but_not_item"),
            lambda: self._audience("audience", "audience"),
            lambda: self._audience("but_not_audience", "y_audience"),
            lambda: self._deeds(vocabulary),
        )
        x_of, y_of = (*x_of, *x_items), (*(y_of or self._inherited(but_not, x_of)), *y_items)
        period = self._period()
        check_held(self.install, period)
        groups = audience + [group for group in overlap if group not in audience]
        for one_by_one in (audience, overlap):  # fetched at once they would wait for each other's lease of the lake
            check_fetched(self.install, one_by_one, self.moment)
        shape = self._shape(did, but_not, x_of, y_of)
        self._bind(did, but_not, vocabulary, shape, period)
        return Plan(
            self.install, self.lake.versions, self.moment, period, shape, self.params, did, but_not, vocabulary,
            self._span(period, but_not), self.named, groups, self.names, self.other_period, self.caveats,
        )  # fmt: skip

    def _tried(self, *steps: Callable[[], Any]) -> list[Any]:
        """What each step finds. Where some cannot, the reason that stands first in REASONS is the one said."""
        found, refusals = [], []
        for step in steps:
            try:
                found.append(step())
            except Refusal as refusal:
                refusals.append(refusal)
        if refusals:
            raise min(refusals, key=lambda refusal: REASONS.index(refusal.code))
        return found

    def _of(self, side: str, campaign: str | None, flow: str | None) -> tuple[str, ...]:
        """The kinds of object asked for: campaign, flow, both or none."""
        asked = ((Kind.CAMPAIGN, campaign), (Kind.FLOW, flow))
        texts = {kind.value: text for kind, text in asked if text and text != "any"}
        found = self._tried(*(partial(self._find, [kind], text, **FINDING[kind]) for kind, text in texts.items()))
        for kind, records in zip(texts, found, strict=True):
            self._bind_objects(side, kind, records)
        return tuple(texts)

    def _bind_objects(self, side: str, kind: str, found: list[Record]) -> None:
        ids = [record.klaviyo_id for record in found]
        messages = Record.objects.filter(install=self.install, kind=Kind.MESSAGE, parent__in=ids).values_list(
            "klaviyo_id", flat=True
        )
        self.names[kind if side == "x" else f"but_not_{kind}"] = quoted(record.name for record in found)
        self.params[f"{side}_{kind}s"] = ids
        # `$message` of a campaign's event is the campaign's id or a message's: which one, Klaviyo does not say.
        self.params[f"{side}_{kind}_messages"] = [*messages, *(ids if kind == "campaign" else [])] or [""]

    def _find(self, kinds: Sequence[str], text: str, **rules: Any) -> list[Record]:
        found = settled(find(self.install, kinds, text, **rules), kinds[0], self.install, self.args)
        renamed = {
            record.pk: (match.text, record.name) for match in found.matches for record in match.records if match.renamed
        }
        self.caveats += [Caveat("renamed", f"“{text}” is now named “{name}”.") for text, name in renamed.values()]
        self.caveats += [
            Caveat("deleted_object", f"“{record.name}” no longer exists in Klaviyo.")
            for record in found.records
            if record.deleted_at
        ]
        self.named += [record for record in found.records if record not in self.named]
        return found.records

    def _inherited(self, but_not: Deed | None, x_of: tuple[str, ...]) -> tuple[str, ...]:
        """A Y that is about a message is of the campaigns and flows asked, of any of them, unless told otherwise."""
        told = self.args.get("but_not_campaign") or self.args.get("but_not_flow")
        if told or but_not is None or but_not.verb not in MESSAGE_VERBS or not x_of:
            return ()
        for kind in ("campaign", "flow"):
            if kind in self.names:
                self.names[f"but_not_{kind}"] = self.names[kind]
            for name in (f"{kind}s", f"{kind}_messages"):
                if f"x_{name}" in self.params:
                    self.params[f"y_{name}"] = self.params[f"x_{name}"]
        return x_of if len(x_of) == 1 else ("either",)

    def _audience(self, argument: str, param: str) -> list[Record]:
        text = self.args.get(argument)
        if not text:
            return []
        kinds = [Kind.LIST, Kind.SEGMENT]
        every = find(self.install, kinds, text)
        self._check_there(every)
        if every.missing or every.ambiguous:  # what is gone is no choice
            every = find(self.install, kinds, text, candidate=PRESENT)
        found = settled(every, Kind.LIST, self.install, self.args).records
        self.names[argument] = quoted(record.name for record in found)
        self.params[param] = [record.klaviyo_id for record in found]
        return found

    def _check_there(self, found: Finding) -> None:
        """What was deleted has no present members, and must not be taken for another whose name contains its own."""
        gone = next((record for record in found.records if record.deleted_at), None)
        if gone:
            raise Refusal(
                "refused",
                "not_found",
                f"“{gone.name}” no longer exists in Klaviyo, so {self.install.name} has no members of it.",
                "Name another list or segment; search finds those there are.",
            )

    def _vocabulary(self) -> Vocabulary:
        """Which of several metrics of one name is alive is told by all events held, dated ahead or not."""

        def counts() -> dict[str, int]:
            return {metric: held for metric, (held, _) in self._counts.items()}

        return vocabulary(self.install, counts, self.args.get("purchase_metric", ""))

    @cached_property
    def _counts(self) -> dict[str, tuple[int, int]]:
        """Of each metric: events held, and those of them that have happened."""
        return {str(metric): (held, past) for metric, held, past in self.lake.rows(COUNTS, moment=self.moment)}

    def _deeds(self, vocabulary: Vocabulary) -> tuple[Deed, Deed | None]:
        """X and Y."""

        def deed(text: str | None) -> Deed | None:
            return NO_MEMBER if text == "member" else vocabulary.deed(text) if text else None

        found = self._tried(partial(deed, self.args["did"]), partial(deed, self.args.get("but_not")))
        did, but_not = found
        self.caveats += (
            self._second_purchase_metric(vocabulary) if any(deed and deed.is_orders for deed in found) else []
        )
        return cast(Deed, did), but_not

    def _second_purchase_metric(self, words: Vocabulary) -> list[Caveat]:
        """A second metric of the purchase metric's name, with its event count."""
        chosen = words.purchase_metric()
        others = [metric for metric in words.metrics if metric.name == chosen.name and metric.pk != chosen.pk]
        return [
            Caveat(
                "two_purchase_metrics",
                f"Orders are counted by “{chosen.name}” ({chosen.klaviyo_id}); a second metric of that name "
                f"({other.klaviyo_id}) has {self._counts.get(other.klaviyo_id, (0, 0))[1]} events, which are not counted.",
            )
            for other in others
        ]

    def _items(self, side: str, argument: str) -> tuple[str, ...]:
        text = self.args.get(argument)
        if not text:
            return ()
        titles = self.items.named(text)
        self.names[argument] = quoted(titles)
        self.params[f"{side}_items"] = titles
        return ("item",)

    def _period(self) -> Period:
        return self._parsed("period", self.args.get("period", "all"))

    def _parsed(self, argument: str, text: str) -> Period:
        try:
            return parse(text, zone_of(self.install.time_zone), self.moment, self._first_event)
        except BadPeriod as error:
            raise bad(argument, str(error)) from None

    def _first_event(self) -> datetime | None:
        rows = self.lake.rows(
            "select min(time) from read_parquet($events, hive_partitioning=false) where time <= $moment",
            moment=self.moment,
        )
        return cast(datetime | None, rows[0][0])

    def _shape(self, did: Deed, but_not: Deed | None, x_of: tuple[str, ...], y_of: tuple[str, ...]) -> Shape:
        rows = "orders" if did.is_orders else "events"
        if did is NO_MEMBER:
            rows = "members" if self.args.get("audience") else "profiles"
        return Shape(
            did=rows,
            x_of=x_of,
            audience=bool(self.args.get("audience")) and did is not NO_MEMBER,
            humans_only=self.args.get("machine_opens") == "exclude",
            but_not="" if but_not is None else "members" if but_not is NO_MEMBER else "events",
            y_orders=bool(but_not and but_not.is_orders),
            y_of=y_of if but_not else (),
            when="but_not_period" if self.args.get("but_not_period") else self.args.get("but_not_when", "after"),
            within=self.args.get("within_days") is not None,
            group=group_of(self.args.get("group_by")),
            repeated=self.args.get("at_least", 1) > 1,
        )

    def _bind(self, did: Deed, but_not: Deed | None, vocabulary: Vocabulary, shape: Shape, period: Period) -> None:
        y_metrics = but_not.ids if but_not else []
        self.params |= {
            "start": period.start,
            "stop": period.end,
            "x_metrics": did.ids,
            "y_metrics": y_metrics,
            "all_metrics": [*did.ids, *y_metrics],
            "open_metrics": vocabulary.ids_of("opened_email"),
            "click_metrics": vocabulary.ids_of("clicked_email", "clicked_sms"),
            "at_least": self.args.get("at_least", 1),
        }
        if shape.within:
            self.params["within"] = int(timedelta(days=self.args["within_days"]).total_seconds()) * 1_000_000
        if shape.when == "but_not_period":
            self.other_period = self._parsed("but_not_period", self.args["but_not_period"])
            self.params |= {"y_start": self.other_period.start, "y_stop": self.other_period.end}
        self._bind_group_names(shape.group, period)

    def _bind_group_names(self, group: str, period: Period) -> None:
        if group in ("event:hour", "event:weekday"):
            starts, shifts = offsets(zone_of(self.install.time_zone), period.start, min(period.end, self.moment))
            self.params |= {"zone_starts": starts, "zone_offsets": shifts}
        if group == "event:List":
            lists = Record.objects.filter(install=self.install, kind=Kind.LIST).values_list("klaviyo_id", "name")
            self.params |= {"list_ids": [key for key, _ in lists], "list_texts": [name for _, name in lists]}
        if group == "event:Subject":
            self.params |= dict(zip(("message_ids", "message_texts"), _subjects(self.install), strict=True))

    def _span(self, period: Period, but_not: Deed | None) -> Span:
        """What is read, not-Y windows included, cut at now."""
        start, end = period.start, period.end
        if but_not is not None and but_not is not NO_MEMBER:
            y_start, y_end = self._not_y_span(period)
            start, end = min(start, y_start), max(end, y_end)
        return Span(max(start, FIRST_MOMENT), min(end, self.moment))

    def _not_y_span(self, period: Period) -> tuple[datetime, datetime]:
        if "y_start" in self.params:
            return self.params["y_start"], self.params["y_stop"]
        when = self.args.get("but_not_when", "after")
        within = timedelta(days=self.args["within_days"]) if self.args.get("within_days") is not None else None
        if when == "after":
            return period.start, self.moment if within is None else period.end + within
        if when == "before":
            return FIRST_MOMENT if within is None else period.start - within, period.end
        return (period.start, period.end) if when == "in_period" else (FIRST_MOMENT, self.moment)


def settled(found: Finding, kind: str, install: Install, args: Args) -> Finding:
    """The finding, if every part of it means something and only one thing. Raises Refusal."""
    if found.missing:
        raise Refusal(
            "refused",
            "not_found",
            f"{install.name} has no {Kind(kind).label.lower()} “{found.missing.text}”.",
            "Use one of the choices, or search.",
            choices=found.missing.choices,
        )
    if found.ambiguous:
        name, number = found.ambiguous.text, len(found.ambiguous.choices)
        every = {**args, "campaign": f"{name}*"} if kind == Kind.CAMPAIGN and args.get("campaign") == name else None
        raise Refusal(
            "needs_choice",
            text=f"“{name}” fits {number} or more objects of {install.name}."
            if number == 10
            else f"“{name}” fits {number} objects of {install.name}.",
            what_to_do="Call again with the id of the one meant.",
            choices=found.ambiguous.choices,
            suggestion=every,
        )
    return found


def group_of(text: str | None) -> str:
    """The shape's name of a group_by argument. Raises BadArguments."""
    if not text:
        return ""
    if text in PROFILE_GROUPS:
        return f"profile:{text}"
    name = text.removeprefix("event:")
    if text == "times" or (text.startswith("event:") and name in EVENT_GROUPS):
        return text
    if text.startswith("event:"):
        raise bad("group_by", f"{text!r} is not known; event: takes {', '.join(EVENT_GROUPS)}")
    if text.startswith("property:"):
        raise bad(
            "group_by",
            f"{text!r} is not allow-listed for this account; no custom property is kept until an admin allows it",
        )
    raise bad(
        "group_by",
        f"{text!r} is not known; give times, event:NAME, property:NAME or one of {', '.join(PROFILE_GROUPS)}",
    )


def _but_not_of(args: Args) -> tuple[str | None, str | None]:
    return (args.get("but_not_campaign"), args.get("but_not_flow")) if args.get("but_not") else (None, None)


def _subjects(install: Install) -> tuple[list[str], list[str]]:
    """Ids of messages (and of campaigns with one message) and their subjects."""
    texts: dict[str, str] = {}
    for record in Record.objects.filter(install=install, kind=Kind.MESSAGE).order_by("klaviyo_id"):
        subject = str(record.facts.get("subject") or "")
        if subject:
            texts[record.klaviyo_id] = subject
            texts.setdefault(record.parent, subject)
    return list(texts), list(texts.values())
