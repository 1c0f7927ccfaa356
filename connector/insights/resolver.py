"""What the words of a question mean in one account: names, audiences, items, periods, metrics, the purchase metric.

Public to every tool. What it found out is kept in its book, so that a receipt can be run again with the same meaning, and
told on the way: `caveats` (renamed, deleted), `sources` (everything named), `names` (quoted, by argument, for sentences).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from django.db.models import Q

from connector.insights import audiences, coverage
from connector.insights.arguments import bad
from connector.insights.attributes import property_of
from connector.insights.caveats import Caveat
from connector.insights.coverage import AccountState
from connector.insights.items import Items, titles_held
from connector.insights.known_records import KnownRecords, of_status
from connector.insights.metrics import Action, Vocabulary, vocabulary
from connector.insights.objects import KlaviyoObject, object_of
from connector.insights.periods import BadPeriod, Period, parse
from connector.insights.recorded import Book, recorded
from connector.insights.refusal import Refusal, foremost
from connector.insights.words import quoted
from connector.installs.models import Install
from connector.lake.query import Lake
from connector.records.models import Kind, Record
from connector.records.names import TooManyParts, parts_of
from connector.records.search import ANY, PRESENT, SENT, Finding, Match, find, ids_in

# How a name is looked for: a campaign's may end in a star, a flow's takes all that fit.
RULES: Final[dict[str, dict[str, Any]]] = {Kind.CAMPAIGN: {"star": True, "latest": True}, Kind.FLOW: {"many": True}}
AUDIENCES: Final = [Kind.LIST.value, Kind.SEGMENT.value]
COUNTS: Final = """select metric, count(*) as held, count(*) filter (where time <= $moment) as past
    from read_parquet($events, hive_partitioning=false) group by metric"""
FIRST: Final = (
    "select min(time) as first from read_parquet($events_first, hive_partitioning=false) where time <= $moment"
)


@dataclass(frozen=True)
class Found:
    """What an argument names: the objects, what is to be said of how they were found, whether to say their dates."""

    objects: list[KlaviyoObject]
    caveats: list[Caveat] = field(default_factory=list)
    dated: bool = False


class Resolver:
    """Of one account's question. Methods raise Refusal (not_found, needs_choice, ...) or BadArguments."""

    def __init__(
        self,
        install: Install,
        args: Mapping[str, Any],
        moment: datetime,
        lake: Lake,
        book: Book,
        asked_too: Sequence[Install] = (),
    ) -> None:
        self.install, self.args, self.moment, self.lake, self.book = install, args, moment, lake, book
        self.records = KnownRecords(install, book)
        self.asked_too = asked_too  # all installs of the question: an id may be another one's
        self.caveats: list[Caveat] = []
        self.names: dict[str, str] = {}
        self.freshness: dict[str, Any] = {}
        self._sources: dict[tuple[str, str], KlaviyoObject] = {}

    @property
    def sources(self) -> list[KlaviyoObject]:
        return list(self._sources.values())

    # --- the account, time --------------------------------------------------------------------------------------------

    @recorded
    def account(self) -> AccountState:
        return coverage.state_of(self.install)

    @recorded
    def first_event(self) -> datetime | None:
        """When the account's first event that is held was."""
        found: datetime | None = self.lake.rows(FIRST, moment=self.moment)[0].first
        return found

    def period(self, argument: str = "period", default: str = "all", *, future: bool = False) -> Period:
        """`future`: periods that begin after now, such as next_week, may be asked too."""
        return self._period(argument, str(self.args.get(argument, default)), future)

    @recorded
    def _period(self, argument: str, text: str, future: bool) -> Period:
        try:
            return parse(text, self.account().zone, self.moment, self.first_event, future=future)
        except BadPeriod as error:
            raise bad(argument, str(error)) from None

    # --- names --------------------------------------------------------------------------------------------------------

    def campaigns(self, argument: str = "campaign", *, status: str = "") -> list[KlaviyoObject]:
        """The campaigns an argument names, none where it is not given: of those sent, or of Klaviyo's `status`."""
        return self._named(argument, ["campaign"], status)

    def flows(self, argument: str = "flow") -> list[KlaviyoObject]:
        return self._named(argument, ["flow"])

    def lists(self, argument: str = "list") -> list[KlaviyoObject]:
        return self._named(argument, ["list"])

    def _named(self, argument: str, kinds: list[str], status: str = "") -> list[KlaviyoObject]:
        text = self.args.get(argument)
        if not text or text == "any":
            return []
        found = self._found(str(text), kinds, argument, status)
        for caveat in found.caveats:
            self.tell(caveat)
        for each in found.objects:
            if each.deleted:
                self.tell(Caveat("deleted_object", f"“{each.name}” no longer exists in Klaviyo."))
        return self.told(argument, found.objects, found.dated)

    def told(self, argument: str, objects: list[KlaviyoObject], dated: bool = False) -> list[KlaviyoObject]:
        """Note that the figures rest on these and that the argument names them, `dated` with their send dates."""
        self.rests_on(objects)
        self.names[argument] = quoted(each.name for each in objects)
        if dated and len(objects) == 1 and objects[0].at:
            self.names[argument] += f" (sent {objects[0].at.astimezone(self.account().zone):%Y-%m-%d})"
        return objects

    def tell(self, caveat: Caveat) -> None:
        """Say it beside the figures, once."""
        if caveat not in self.caveats:
            self.caveats.append(caveat)

    def rests_on(self, objects: Iterable[KlaviyoObject]) -> None:
        for each in objects:
            self._sources.setdefault((each.kind, each.id), each)

    @recorded
    def _found(self, text: str, kinds: list[str], argument: str, status: str) -> Found:
        finding = self._find(text, kinds, argument, of_status(status) if status else SENT)
        settled(finding, kinds[0], self.install, self.args, argument)
        return Found(
            self.records.objects_of(finding.records),
            [told for match in finding.matches for told in self._told_of(match)],
            any(match.latest for match in finding.matches),
        )

    def _find(self, text: str, kinds: list[str], argument: str, candidate: Q = ANY) -> Finding:
        """Raises BadArguments for too many names, Refusal where all are another account's ids."""
        try:
            elsewhere = ids_in(self.asked_too, kinds, parts_of(text)) if len(self.asked_too) > 1 else ()
            rules = RULES.get(kinds[0], {})
            finding = find(self.install, kinds, text, candidate=candidate, elsewhere=elsewhere, **rules)
        except TooManyParts as error:
            raise bad(argument, str(error)) from None
        if finding.is_elsewhere:
            raise Refusal("refused", "not_found", f"“{text}” is of another account than {self.install.name}.")
        return finding

    def _told_of(self, match: Match) -> Iterator[Caveat]:
        """What is to be said of how a name was understood."""
        if match.renamed:
            for record in match.records:
                yield Caveat("renamed", f"“{match.text}” is now named “{record.name}”.")
        if match.also_fits:
            others = ", ".join(f"“{each.name}”{self._sent(each)}" for each in match.also_fits)
            yield Caveat("also_fits", f"Other names contain “{match.text}” too: {others}.")

    def _sent(self, record: Record) -> str:
        return f" (sent {record.at.astimezone(self.account().zone):%Y-%m-%d})" if record.at else ""

    # --- audiences and items ------------------------------------------------------------------------------------------

    def audience(self, argument: str = "audience", kinds: Sequence[str] = AUDIENCES) -> list[KlaviyoObject]:
        """The present lists and segments an argument names; their members must then be checked (`check_members`)."""
        text = self.args.get(argument)
        return self.told(argument, self._audience(str(text), argument, list(kinds))) if text else []

    @recorded
    def _audience(self, text: str, argument: str, kinds: list[str]) -> list[KlaviyoObject]:
        found = self._find(text, kinds, argument)
        self._check_there(found)
        if found.missing or found.ambiguous:  # what is gone is no choice
            found = self._find(text, kinds, argument, PRESENT)
        return [object_of(record) for record in settled(found, Kind.LIST, self.install, self.args, argument).records]

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

    def check_members(self, objects: Sequence[KlaviyoObject]) -> None:
        """Raises Refusal (pending while they are fetched) unless the present members of all are held."""
        fetched = self._fetched_at([each.record for each in objects])
        told = [{"id": each.id, "fetched_at": fetched[each.record]} for each in objects]
        self.freshness["members"] = [*self.freshness.get("members", []), *told]

    @recorded
    def _fetched_at(self, records: list[str]) -> dict[str, str | None]:
        return audiences.fetched(self.install, records, self.moment)

    def items(self, argument: str = "item") -> list[str]:
        """The titles of line items that an argument names."""
        text = self.args.get(argument)
        if not text:
            return []
        titles = self._items(str(text), argument)
        self.names[argument] = quoted(titles)
        return titles

    @recorded
    def _items(self, text: str, argument: str) -> list[str]:
        try:
            return self._titles.named(text)
        except TooManyParts as error:
            raise bad(argument, str(error)) from None

    @cached_property
    def _titles(self) -> Items:
        return Items(self.install, lambda: titles_held(self.lake))

    # --- attributes of people ----------------------------------------------------------------------------------------

    def check_attribute(self, attribute: str, argument: str) -> None:
        """Of a `property:NAME` that this account does not keep: raises Refusal; BadArguments where no account asked does."""
        name = property_of(attribute)
        if not name or name in self._properties():
            return
        kept = sorted({each for install in self.asked_too for each in install.properties})
        if name not in kept:
            there_are = f"there are {', '.join(kept)}" if kept else "an admin can allow it on the account's page"
            raise bad(argument, f"no custom property {name!r} is kept of the accounts asked; {there_are}")
        raise Refusal(
            "refused",
            "not_found",
            f"{self.install.name} keeps no custom property “{name}”.",
            "An admin can allow it on the account's page.",
        )

    @recorded
    def _properties(self) -> list[str]:
        """Names of the custom properties that are kept."""
        return sorted(self.install.properties)

    # --- metrics ------------------------------------------------------------------------------------------------------

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Which of several metrics of one name is alive is told by all events held, dated ahead or not."""

        def counts() -> dict[str, int]:
            return {metric: held for metric, (held, _) in self.counts.items()}

        return vocabulary(self.install, counts, self.args.get("purchase_metric", ""))

    @cached_property
    def counts(self) -> dict[str, tuple[int, int]]:
        """Of each metric: events held, and those of them that have happened."""
        return {str(row.metric): (row.held, row.past) for row in self.lake.rows(COUNTS, moment=self.moment)}

    def action(self, argument: str) -> Action:
        """What the argument's verb, or metric's own name or id, names. Orders tell of a second purchase metric."""
        return self.verb(str(self.args[argument]), argument)

    def verb(self, verb: str, argument: str = "") -> Action:
        """What a verb that the question needs, given by an argument or not, names."""
        action = self._action(verb, argument)
        self.rests_on(action.metrics)
        if action.is_orders:
            self._tell_second_purchase_metric(action.metrics[0])
        return action

    @recorded
    def _action(self, text: str, argument: str) -> Action:
        try:
            return self.vocabulary.action(text)
        except TooManyParts as error:
            raise bad(argument, str(error)) from None

    def purchase_metric(self, without: str = "Orders and revenue are left empty") -> KlaviyoObject | None:
        """The metric of orders; None, with a caveat that says what the answer is `without`, where the account has none.
        Raises Refusal where it must be chosen."""
        found = self._purchase_metric()
        if found is None:
            self.tell(Caveat("no_purchase_metric", f"{without}: what counts as a purchase is not known."))
            return None
        self.rests_on([found])
        self._tell_second_purchase_metric(found)
        return found

    @recorded
    def _purchase_metric(self) -> KlaviyoObject | None:
        purchase = self.vocabulary.purchase
        if not isinstance(purchase, Refusal):
            return object_of(purchase)
        if purchase.code == "no_purchase_metric":
            return None
        raise purchase

    @recorded
    def ids_of(self, *verbs: str) -> list[str]:
        """Metric ids of Klaviyo's own verbs; none where the account has no such metric."""
        return self.vocabulary.ids_of(*verbs)

    @recorded
    def shop_ids(self, verb: str) -> list[str]:
        """Metric ids of a shop's verb; none where the account has no such metric. Raises Refusal where it must be chosen."""
        try:
            return self.vocabulary.action(verb).ids
        except Refusal as refusal:
            if refusal.code != "no_such_metric":
                raise
            return []

    @recorded
    def metrics_of(self, *verbs: str) -> list[KlaviyoObject]:
        """The metrics of Klaviyo's own verbs; none where the account has no such metric."""
        known = {metric.klaviyo_id: metric for metric in self.vocabulary.metrics}
        return [object_of(known[key]) for key in self.vocabulary.ids_of(*verbs)]

    @recorded
    def _namesakes(self, metric: str) -> list[str]:
        """Ids of other metrics with the purchase metric's name."""
        chosen = next((each for each in self.vocabulary.metrics if each.klaviyo_id == metric), None)
        return [
            each.klaviyo_id
            for each in self.vocabulary.metrics
            if chosen and each.name == chosen.name and each.pk != chosen.pk
        ]

    def _tell_second_purchase_metric(self, chosen: KlaviyoObject) -> None:
        for other in self._namesakes(chosen.id):
            events = self.counts.get(other, (0, 0))[1]
            text = (
                f"Orders are counted by “{chosen.name}” ({chosen.id}); a second metric of that name ({other}) has "
                f"{events:,} events, which are not counted."
            )
            self.tell(Caveat("two_purchase_metrics", text))


def tried(*steps: Callable[[], Any]) -> list[Any]:
    """What each step finds. Where some cannot, the foremost reason is the one said."""
    found, refusals = [], []
    for step in steps:
        try:
            found.append(step())
        except Refusal as refusal:
            refusals.append(refusal)
    if refusals:
        raise foremost(refusals)
    return found


def settled(found: Finding, kind: str, install: Install, args: Mapping[str, Any], argument: str) -> Finding:
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
        raise _which(found.ambiguous, kind, install, args, argument)
    return found


def _which(match: Match, kind: str, install: Install, args: Mapping[str, Any], argument: str) -> Refusal:
    name, number = match.text, len(match.choices)
    every = {**args, argument: f"{name}*"} if kind == Kind.CAMPAIGN and args.get(argument) == name else None
    more = " or more" if number == 10 else ""
    return Refusal(
        "needs_choice",
        text=f"“{name}” fits {number}{more} {_kinds(match, kind)} of {install.name}.",
        what_to_do="Call again with the id of the one meant.",
        choices=match.choices,
        suggestion=every,
    )


def _kinds(match: Match, kind: str) -> str:
    """`campaigns`, `lists and segments`."""
    kinds = sorted({choice.kind for choice in match.choices}) or [kind]
    return " and ".join(f"{Kind(each).label.lower()}s" for each in kinds)
