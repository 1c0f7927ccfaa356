"""What happened in one account up to a moment, asked in the words of the definitions: received, opened, of a campaign."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property

from tests.oracle import names, periods
from tests.oracle.names import BadArguments, Unanswered
from tests.oracle.world import (
    Json,
    World,
    by_time,
    is_bot_click,
    is_machine_open,
    order_of,
    properties,
    related,
    text,
    when,
)

DAY = timedelta(hours=24)
TOUCH_LASTS = 5 * DAY
EMAIL = ["received_email", "opened_email", "clicked_email", "bounced_email", "marked_spam", "unsubscribed_email"]


class Account:
    """`purchase` None: it has no purchase metric. Raises Unanswered (needs_choice) where several could be it."""

    def __init__(self, world: World, moment: datetime, purchase_metric: str | None = None) -> None:
        self.world = replace(world, now=moment)
        self.now = moment
        self.named_purchase = purchase_metric
        self.events = [event for event in world.distinct_events() if when(event) <= moment]
        self.marks: dict[str, list[Json]] = {event["id"]: world.attributions(event) for event in self.events}

    # Periods

    def span(self, words: str) -> periods.Span:
        """Raises BadArguments, and Unanswered for what lies wholly ahead."""
        try:
            start, stop = periods.parse(words, self.world.time_zone, self.now, self.first_event)
        except ValueError as wrong:
            raise BadArguments(words) from wrong
        if start > self.now:
            raise Unanswered("refused", "out_of_range")
        return start, stop

    @cached_property
    def first_event(self) -> datetime | None:
        return min((when(event) for event in self.world.distinct_events()), default=None)

    # What happened

    def of(self, *verbs: str) -> list[Json]:
        """Events of these verbs; none of a verb that the account has no metric for."""
        ids = set().union(*(self.metric_ids(verb) for verb in verbs))
        return [event for event in self.events if related(event, "metric") in ids]

    def metric_ids(self, verb: str) -> set[str]:
        try:
            return names.metrics_of(self.world, verb, self.named_purchase)
        except Unanswered as why:
            if why.code:
                return set()
            raise

    @cached_property
    def purchase(self) -> str | None:
        try:
            return names.purchase_metric(self.world, self.named_purchase)
        except Unanswered as why:
            if why.code:
                return None
            raise

    def needs_purchase_metric(self) -> None:
        if self.purchase is None:
            raise Unanswered("refused", "no_purchase_metric")

    @cached_property
    def order_events(self) -> list[Json]:
        """Every delivery of every order."""
        return [event for event in self.events if self.purchase and related(event, "metric") == self.purchase]

    @cached_property
    def orders(self) -> list[Json]:
        """Each order once: its earliest delivery."""
        earliest: dict[tuple[str | None, str], Json] = {}
        for event in sorted(self.order_events, key=by_time):
            earliest.setdefault(order_of(event), event)
        return list(earliest.values())

    @cached_property
    def opens(self) -> list[Json]:
        return self.of("opened_email")

    @cached_property
    def human_opens(self) -> list[Json]:
        return [event for event in self.opens if not is_machine_open(event)]

    @cached_property
    def clicks(self) -> list[Json]:
        return self.of("clicked_email", "clicked_sms")

    @cached_property
    def human_clicks(self) -> list[Json]:
        return [event for event in self.clicks if not is_bot_click(event)]

    def by_people(self, events: Iterable[Json]) -> list[Json]:
        """Without what machines opened and bots clicked."""
        opened, clicked = (
            self.metric_ids("opened_email"),
            self.metric_ids(
                "clicked_email",
            )
            | self.metric_ids("clicked_sms"),
        )
        return [
            event
            for event in events
            if not (related(event, "metric") in opened and is_machine_open(event))
            and not (related(event, "metric") in clicked and is_bot_click(event))
        ]

    # Of which campaign, flow, message

    def is_of_campaign(self, event: Json, campaign: Json) -> bool:
        messages = {campaign["id"]} | names.messages_of_campaign(self.world, campaign)
        if message_of(event) or flow_of(event):
            return message_of(event) in messages
        return self.is_marked_with_campaign(event, campaign)

    def is_of_flow(self, event: Json, flow: Json) -> bool:
        if message_of(event) or flow_of(event):
            return flow_of(event) == flow["id"] or message_of(event) in names.messages_of_flow(flow)
        return self.is_marked_with_flow(event, flow)

    def is_marked_with_campaign(self, event: Json, campaign: Json) -> bool:
        messages = names.messages_of_campaign(self.world, campaign)
        return any(
            related(mark, "campaign") == campaign["id"] or related(mark, "campaign-message") in messages
            for mark in self.marks[event["id"]]
        )

    def is_marked_with_flow(self, event: Json, flow: Json) -> bool:
        messages = names.messages_of_flow(flow)
        return any(
            related(mark, "flow") == flow["id"] or related(mark, "flow-message") in messages
            for mark in self.marks[event["id"]]
        )

    def is_marked_with_message(self, event: Json, message: str) -> bool:
        return any(
            message in (related(mark, "campaign-message"), related(mark, "flow-message"))
            for mark in self.marks[event["id"]]
        )

    # Attribution

    def attributed(
        self, attribution: str, marked: Callable[[Json], bool], touched: Callable[[Json], bool]
    ) -> list[Json]:
        """Order events that Klaviyo marked so, or orders whose last touch was so."""
        if attribution == "klaviyo":
            return [event for event in self.order_events if marked(event)]
        return [order for order in self.orders if (touch := self.last_touch(order)) and touched(touch)]

    def last_touch(self, order: Json) -> Json | None:
        person = related(order, "profile")
        before = [
            touch
            for touch in self.opens + self.human_clicks
            if person
            and related(touch, "profile") == person
            and timedelta(0) <= when(order) - when(touch) <= TOUCH_LASTS
        ]
        return max(before, key=by_time, default=None)


def message_of(event: Json) -> str | None:
    return text(properties(event).get("$message"))


def flow_of(event: Json) -> str | None:
    return text(properties(event).get("$flow"))


def people(events: Iterable[Json]) -> set[str]:
    """The persons of the events; an event without one is nobody's."""
    return {person for event in events if (person := related(event, "profile"))}


def answered(ask: Callable[[], Json]) -> Json:
    """The entry, or the status and reason for which there is none."""
    try:
        return {"status": "ok"} | ask()
    except Unanswered as why:
        return {"status": why.status, "reason": why.code}
