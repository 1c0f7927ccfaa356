"""The measures of one account counted: in the period, in the one it is compared with, and bucket by bucket."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from connector.insights import caveats, measures_sql
from connector.insights.buckets import Bucket
from connector.insights.caveats import Caveat
from connector.insights.measures import DEEDS, Count, Figure, Measure, Part, Read, reads_of
from connector.insights.measures_sql import BEFORE, FIRST, VALUE
from connector.insights.objects import KlaviyoObject
from connector.insights.periods import Period
from connector.insights.question import AccountQuestion
from connector.insights.sold import sales_caveats
from connector.records.models import Kind

OF_DEEDS: Final = (Part.EVENTS, Part.PEOPLE, Part.HUMANS)
OF_PURCHASES: Final = (Part.ORDERS, Part.MARKED)
Counts = dict[Read, Count]


@dataclass
class Measured:
    """Figures by measure. `before` is empty where nothing is compared; `counts` are those of the period."""

    value: dict[str, Figure] = field(default_factory=dict)
    before: dict[str, Figure] = field(default_factory=dict)
    series: list[dict[str, Figure]] = field(default_factory=list)
    counts: Counts = field(default_factory=dict)
    caveats: list[Caveat] = field(default_factory=list)


def measured(
    asked: AccountQuestion,
    measures: Sequence[Measure],
    value: Period,
    before: Period | None = None,
    rows: Sequence[Bucket] = (),
) -> Measured:
    """Raises Refusal as `check_choices` does."""
    tally = _Tally(asked, measures, value, before, rows)
    for count in (tally.deeds, tally.purchases, tally.refunds, tally.reactions, tally.sent):
        count()
    found = [{each.name: each.figure(counts) for each in measures} for counts in tally.spans()]
    return Measured(
        found[VALUE],
        found[BEFORE] if before else {},
        found[FIRST:],
        tally.counts[VALUE],
        [*tally.caveats, *tally.future_events()],
    )


def check_choices(asked: AccountQuestion, measures: Sequence[Measure]) -> None:
    """Raises Refusal where the purchase metric, or the one of refunds, must be chosen first."""
    if any(each.is_of_orders for each in measures):
        asked.resolver.purchase_metric()
    if reads_of(measures, Part.REFUNDS):
        asked.resolver.shop_ids("refunded")


class _Tally:
    """What is counted so far, by span and read."""

    def __init__(
        self,
        asked: AccountQuestion,
        measures: Sequence[Measure],
        value: Period,
        before: Period | None,
        rows: Sequence[Bucket],
    ) -> None:
        self.asked, self.measures, self.value, self.before, self.rows = asked, measures, value, before, rows
        self.params = measures_sql.bound_spans(value, before, rows)
        self.counts: dict[int, Counts] = {number: {} for number in self.params["span_numbers"]}
        self.metrics: set[str] = set()
        self.caveats: list[Caveat] = []

    def spans(self) -> list[Counts]:
        """Of VALUE, BEFORE (nothing where nothing is compared) and the buckets."""
        return [self.counts.get(number, {}) for number in range(FIRST + len(self.rows))]

    def future_events(self) -> list[Caveat]:
        if not self.metrics:
            return []
        return caveats.future_events(self._rows(measures_sql.AHEAD, metrics=sorted(self.metrics))[0].ahead)

    def deeds(self) -> None:
        """Events, and people behind them, of Klaviyo's own verbs."""
        reads = self._start(0, *OF_DEEDS)
        by_person = {read.name for read in reads if read.part != Part.EVENTS}
        names = dict.fromkeys(read.name for read in reads)
        bound = [(metric, deed) for deed in names for metric in self.asked.resolver.ids_of(*DEEDS[deed])]
        if not bound:
            return
        params = {
            "deed_metrics": self._read_of(metric for metric, _ in bound),
            "deeds": [deed for _, deed in bound],
            "deed_people": [deed in by_person for _, deed in bound],
        }
        found = self._rows(measures_sql.deeds(self.before is not None, bool(self.rows)), **params)
        for row in found:
            for part, number in zip(OF_DEEDS, (row.events, row.people, row.humans), strict=True):
                self._count(row.span, Read(part, row.deed), int(number))
        if Read(Part.PEOPLE, "opened_email") in reads:
            opens = next((row for row in found if (row.span, row.deed) == (VALUE, "opened_email")), None)
            self.caveats += (
                caveats.machine_opens(int(opens.events), int(opens.events - opens.human_events)) if opens else []
            )

    def purchases(self) -> None:
        """Orders once each, and order events by their marks; nothing is known without a purchase metric."""
        asked = [part for part in OF_PURCHASES if reads_of(self.measures, part)]
        metric = self.asked.resolver.purchase_metric() if asked else None
        if metric is None:
            return
        self._read_of([metric.id])
        if Part.ORDERS in asked:
            self._orders(metric)
        if Part.MARKED in asked:
            self._marked(metric, tells_currency=Part.ORDERS not in asked)

    def _orders(self, metric: KlaviyoObject) -> None:
        reads = self._start(0, Part.ORDERS)
        new_buyers = Read(Part.ORDERS, "new_buyers") in reads
        for row in self._rows(measures_sql.orders(new_buyers), order_metrics=[metric.id]):
            for read in reads:
                self._count(row.span, read, getattr(row, read.name))
            if row.span == VALUE:
                self.caveats += sales_caveats(self.asked, [row])

    def _marked(self, metric: KlaviyoObject, tells_currency: bool) -> None:
        reads = self._start(Decimal(0), Part.MARKED)
        found = self._rows(measures_sql.MARKED, order_metrics=[metric.id])
        marks = _Marks(self.asked, [mark for row in found for mark in row.attributed])
        for row in found:
            for read in reads:
                if any(marks.is_of(read.name, mark) for mark in row.attributed):
                    self._count(row.span, read, self.counts[row.span][read] + row.amount)
        if tells_currency:
            self._tell_currency(found)

    def refunds(self) -> None:
        """Not known without a metric of refunds."""
        ids = self.asked.resolver.shop_ids("refunded") if reads_of(self.measures, Part.REFUNDS) else []
        if not ids:
            return
        (read,) = self._start(Decimal(0), Part.REFUNDS)
        found = self._rows(measures_sql.REFUNDS, refund_metrics=self._read_of(ids))
        for row in found:
            self._count(row.span, read, row.amount)
        self._tell_currency(found)

    def reactions(self) -> None:
        """People who opened or clicked an e-mail that they received in the period."""
        reads = self._start(0, Part.REACTIONS)
        received, opened, clicked = (
            self._read_of(self.asked.resolver.ids_of(verb)) if reads else []
            for verb in ("received_email", "opened_email", "clicked_email")
        )
        if not received or not opened + clicked:
            return
        params = {
            "received_metrics": received,
            "open_metrics": opened or [""],
            "click_metrics": clicked or [""],
            "reaction_metrics": opened + clicked,
        }
        for row in self._rows(measures_sql.reactions(self.before is not None), **params):
            for read in reads:
                self._count(row.span, read, getattr(row, read.name))

    def sent(self) -> None:
        """Campaigns sent; live flows that fell silent, which are then among the sources."""
        for read in self._start(0, Part.SENT):
            if read.name == "silent_flows":
                self.counts.get(BEFORE, {}).pop(read, None)
                self._count(VALUE, read, len(self._silent_flows()) if self.before else None)
                continue
            for span, period in ((VALUE, self.value), (BEFORE, self.before)):
                if period:
                    bounds = (period.start.isoformat(), period.end.isoformat())
                    self._count(span, read, len(self.asked.resolver.records.campaigns_of("Sent", *bounds)))

    def _silent_flows(self) -> list[KlaviyoObject]:
        metrics = self._read_of(self.asked.resolver.ids_of("received_email", "received_sms"))
        found = self._rows(measures_sql.SENDERS, received_metrics=metrics or [""])
        live = [
            flow for flow in self.asked.resolver.records.every("flow") if flow.status == "live" and not flow.deleted
        ]
        heard = {span: _senders(found, span) for span in (VALUE, BEFORE)}
        silent = [flow for flow in live if heard[BEFORE](flow) and not heard[VALUE](flow)]
        self.asked.resolver.rests_on(silent)
        return silent

    def _reads(self, *parts: Part) -> list[Read]:
        return list(dict.fromkeys(read for each in self.measures for read in each.reads if read.part in parts))

    def _start(self, zero: Count, *parts: Part) -> list[Read]:
        """The reads asked of these parts, each at zero."""
        reads = self._reads(*parts)
        for counts in self.counts.values():
            counts |= dict.fromkeys(reads, zero)
        return reads

    def _count(self, span: int, read: Read, number: Any) -> None:
        self.counts[span][read] = number

    def _read_of(self, metrics: Iterable[str]) -> list[str]:
        """Note that the events of these metrics are read."""
        found = list(metrics)
        self.metrics.update(found)
        return found

    def _rows(self, sql: str, **params: Any) -> list[Any]:
        return self.asked.rows(sql, {**self.params, **params})

    def _tell_currency(self, rows: Iterable[Any]) -> None:
        foreign = sum(row.foreign_events for row in rows if row.span == VALUE)
        self.caveats += caveats.other_currency(foreign, self.asked.account.currency)


class _Marks:
    """What Klaviyo's marks on orders are of: campaigns or flows, e-mail or SMS."""

    def __init__(self, asked: AccountQuestion, marks: Sequence[Mapping[str, str | None]]) -> None:
        messages = sorted({mark["message"] for mark in marks if mark["message"]})
        campaigns = sorted({mark["campaign"] for mark in marks if mark["campaign"]})
        self.messages = asked.resolver.records.senders(Kind.MESSAGE.value, messages)
        self.campaigns = asked.resolver.records.senders(Kind.CAMPAIGN.value, campaigns)

    def is_of(self, revenue: str, mark: Mapping[str, str | None]) -> bool:
        """Whether a mark makes its event part of this revenue."""
        if revenue == "attributed_revenue":
            return True
        message = self.messages.get(mark["message"] or "")
        if revenue in ("campaign_revenue", "flow_revenue"):
            kind = revenue.removesuffix("_revenue")
            return bool(mark[kind]) or (message is not None and message.of == kind)
        sender = message or self.campaigns.get(mark["campaign"] or "")
        return sender is not None and sender.channel == revenue.removesuffix("_revenue")


def _senders(rows: Iterable[Any], span: int) -> Callable[[KlaviyoObject], bool]:
    """Whether anything received in the span is of a flow."""
    flows = {row.flow for row in rows if row.span == span}
    messages = {row.message for row in rows if row.span == span}
    return lambda flow: flow.id in flows or not messages.isdisjoint(flow.messages)
