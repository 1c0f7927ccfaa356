"""The words of questions: verbs and the metrics they name, the purchase metric, what counts as an event of a campaign."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from connector.insights.objects import KlaviyoObject, object_of
from connector.insights.refusal import Refusal
from connector.installs.models import Install
from connector.records.models import Kind, Record
from connector.records.names import fold
from connector.records.search import find

# Klaviyo's own metrics, by exact name of its own integration; former names after the present one (Klaviyo renamed some).
KLAVIYO_VERBS: Final[dict[str, tuple[str, ...]]] = {
    "received_email": ("Received Email",),
    "opened_email": ("Opened Email",),
    "clicked_email": ("Clicked Email",),
    "bounced_email": ("Bounced Email",),
    "marked_spam": ("Marked Email as Spam",),
    "unsubscribed_email": ("Unsubscribed from Email Marketing", "Unsubscribed"),
    "received_sms": ("Received SMS",),
    "failed_sms": ("Failed to Deliver SMS",),
    "clicked_sms": ("Clicked SMS",),
    "unsubscribed_sms": ("Unsubscribed from SMS Marketing", "Unsubscribed from SMS"),
    "subscribed_list": ("Subscribed to List",),
    "unsubscribed_list": ("Unsubscribed from List",),
    "subscribed_email": ("Subscribed to Email Marketing",),
    "subscribed_sms": ("Subscribed to SMS Marketing", "Consented to Receive SMS"),
}
SHOP_VERBS: Final[dict[str, tuple[str, ...]]] = {
    "viewed_product": ("Viewed Product",),
    "added_to_cart": ("Added to Cart",),
    "started_checkout": ("Started Checkout", "Checkout Started"),
    "refunded": ("Refunded Order",),
    "cancelled": ("Cancelled Order",),
}
PURCHASE: Final = "Placed Order"
VERBS: Final = (*KLAVIYO_VERBS, *SHOP_VERBS, "ordered", "member")
# A Y of these is of X's own campaign or flow unless the question says otherwise.
MESSAGE_VERBS: Final = frozenset(
    {"received_email", "opened_email", "clicked_email", "bounced_email", "marked_spam", "unsubscribed_email"}
    | {"received_sms", "failed_sms", "clicked_sms", "unsubscribed_sms"}
)


@dataclass(frozen=True)
class Action:
    """What `did` or `but_not` names in one account: the metrics, and whether its events are orders."""

    text: str
    verb: str  # the verb it amounts to; "" for a metric that has none
    metrics: tuple[KlaviyoObject, ...]

    @property
    def is_orders(self) -> bool:
        return self.verb == "ordered"

    @property
    def ids(self) -> list[str]:
        return [metric.id for metric in self.metrics]


def _action(text: str, verb: str, metrics: Iterable[Record]) -> Action:
    return Action(text, verb, tuple(object_of(metric) for metric in metrics))


@dataclass(frozen=True)
class Vocabulary:
    """The metrics of one install. `counts` gives the events held by metric id, asked for only when names collide."""

    install: Install
    metrics: tuple[Record, ...]
    counts: Callable[[], dict[str, int]]
    purchase: Record | Refusal

    def action(self, text: str) -> Action:
        """Resolve a verb, or a metric's own name or id. Raises Refusal."""
        if text in KLAVIYO_VERBS:
            return _action(text, text, _required(klaviyo_metrics(self.metrics, text), text, self.install))
        if text in SHOP_VERBS:
            return _action(text, text, self._shop(text))
        if text == "ordered":
            return _action(text, text, [self.purchase_metric()])
        return self._named(text)

    def purchase_metric(self) -> Record:
        if isinstance(self.purchase, Refusal):
            raise self.purchase
        return self.purchase

    def ids_of(self, *verbs: str) -> list[str]:
        """Metric ids of Klaviyo's own verbs, none where the account has no such metric."""
        return [metric.klaviyo_id for verb in verbs for metric in klaviyo_metrics(self.metrics, verb)]

    def _shop(self, verb: str) -> tuple[Record, ...]:
        named = [metric for metric in self.metrics if metric.name in SHOP_VERBS[verb]]
        if isinstance(self.purchase, Record):
            of_shop = [metric for metric in named if integration(metric) == integration(self.purchase)]
            if of_shop:
                return tuple(of_shop)
        pool = [metric for metric in named if is_ecommerce(metric)] or named
        if len(pool) > 1:
            pool = self._with_events(pool)
        if len({integration(metric) for metric in pool}) > 1:
            raise _which_metric(verb, pool, self.install)
        return _required(pool, verb, self.install)

    def _named(self, text: str) -> Action:
        match = find(self.install, [Kind.METRIC], text).matches
        if len(match) != 1:
            raise _no_metric(text, self.install)
        records = list(match[0].records) or ([] if match[0].missing else list(match[0].choices))
        if not records:
            raise _no_metric(text, self.install, match[0].choices)
        same_name = [metric for metric in self.metrics if metric.folded == fold(text)] if len(records) > 1 else records
        records = self._with_events(same_name or records) if len(records) > 1 else records
        if len(records) > 1:
            raise _which_metric(text, records, self.install)
        return _action(text, self._verb_of(records[0]), records)

    def _verb_of(self, metric: Record) -> str:
        if isinstance(self.purchase, Record) and metric.pk == self.purchase.pk:
            return "ordered"
        verbs = (verb for verb in KLAVIYO_VERBS if metric in klaviyo_metrics(self.metrics, verb))
        return next(verbs, "")

    def _with_events(self, metrics: list[Record]) -> list[Record]:
        counts = self.counts()
        return [metric for metric in metrics if counts.get(metric.klaviyo_id)] or metrics


def vocabulary(install: Install, counts: Callable[[], dict[str, int]], purchase_metric: str = "") -> Vocabulary:
    """The install's metrics and its purchase metric; `purchase_metric` (an id) overrides the install's."""
    metrics = tuple(Record.objects.filter(install=install, kind=Kind.METRIC))
    return Vocabulary(install, metrics, counts, find_purchase_metric(install, metrics, counts, purchase_metric))


def find_purchase_metric(
    install: Install, metrics: Sequence[Record], counts: Callable[[], dict[str, int]], override: str = ""
) -> Record | Refusal:
    """The one asked for; else the one set on the install; else by rule: the only "Placed Order" of an eCommerce
    integration, else the only "Placed Order" of any. A Refusal (needs_choice, or none) in place of the metric."""
    wanted = override or install.purchase_metric
    if wanted:
        chosen = next((metric for metric in metrics if metric.klaviyo_id == wanted), None)
        return chosen or _no_metric(wanted, install)
    named = [metric for metric in metrics if metric.name == PURCHASE]
    pool = [metric for metric in named if is_ecommerce(metric)] or named
    if len(pool) > 1:
        held = counts()
        pool = [metric for metric in pool if held.get(metric.klaviyo_id)] or pool
    if len(pool) > 1:
        return Refusal(
            "needs_choice",
            text=f"{install.name} has {len(pool)} metrics named “Placed Order”.",
            what_to_do="Call again with purchase_metric, or set the purchase metric on the account's page.",
            choices=tuple(pool),
        )
    if not pool:
        return no_purchase_metric(install.name)
    return pool[0]


def no_purchase_metric(account: str) -> Refusal:
    return Refusal(
        "refused",
        "no_purchase_metric",
        f"{account} has no metric named “Placed Order”, so what counts as a purchase is not known.",
        "A manager can set the purchase metric on the account's page; or name one with purchase_metric.",
    )


def klaviyo_metrics(metrics: Sequence[Record], verb: str) -> list[Record]:
    """Klaviyo's own metrics of a verb, the former names too. Where Klaviyo told no integrations at all, names decide."""
    named = [metric for metric in metrics if metric.name in KLAVIYO_VERBS[verb]]
    own = [metric for metric in named if integration(metric) == "klaviyo"]
    return own or [metric for metric in named if not integration(metric)]


def integration(metric: Record) -> str:
    return str(metric.attributes.get("integration") or metric.attributes.get("key") or "").casefold()


def is_ecommerce(metric: Record) -> bool:
    return str(metric.attributes.get("category") or "").casefold() == "ecommerce"


def _required(metrics: Sequence[Record], text: str, install: Install) -> tuple[Record, ...]:
    if not metrics:
        raise _no_metric(text, install)
    return tuple(metrics)


def _no_metric(text: str, install: Install, near: Sequence[Record] = ()) -> Refusal:
    return Refusal(
        "refused",
        "no_such_metric",
        f"{install.name} has no metric for “{text}”.",
        "Use another verb, or a metric's own name or id.",
        choices=tuple(near),
    )


def _which_metric(text: str, metrics: Sequence[Record], install: Install) -> Refusal:
    return Refusal(
        "needs_choice",
        text=f"{install.name} has {len(metrics)} metrics that fit “{text}”.",
        what_to_do="Call again with the id of one of them.",
        choices=tuple(metrics[:10]),
    )
